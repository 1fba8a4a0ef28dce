// Modals and the Home tab.

import { blocks } from "./blocks.js";
import { dialog, el, toast } from "./dom.js";
import { textObject } from "./text.js";
import { ask, tell } from "./line.js";

const typed = new Map(); // view id → { block_id: { action_id: value } }
let open = null;

export function showModal(view, surfaceOf) {
  if (open && (!view || open.hash !== view.hash)) {
    open.node.remove();
    open = null;
  }
  if (!view) typed.clear();
  if (!view || open) return;
  if (!typed.has(view.id)) typed.set(view.id, {});
  const values = typed.get(view.id);
  for (const block of view.blocks) {
    if (block.type === "input")
      (values[block.block_id] ??= {})[block.element.action_id] ??= begun(view, block);
  }
  const close = () => tell("close");
  const form = el(
    "form",
    {
      class: "view",
      method: "dialog",
      onsubmit: (event) => {
        event.preventDefault();
        submit(form, values);
      },
    },
    el(
      "header",
      {},
      el("h2", {}, textObject(view.title)),
      el("button", { type: "button", class: "close", "aria-label": "Close", onclick: close }, "✕"),
    ),
    el("div", { class: "blocks" }, blocks(view.blocks, surfaceOf({ view, values }))),
    el("div", { class: "error", role: "alert", "data-block-id": "" }),
    el(
      "footer",
      {},
      el(
        "button",
        { type: "button", class: "button", onclick: close },
        ...(view.close ? textObject(view.close) : ["Cancel"]),
      ),
      view.submit
        ? el(
            "button",
            { class: "button primary", "data-testid": "submit", disabled: view.submit_disabled },
            textObject(view.submit),
          )
        : null,
    ),
  );
  const node = dialog("modal", close, form);
  node.setAttribute("data-testid", "modal");
  open = { node, hash: view.hash };
}

function begun(view, block) {
  const slot = view.state.values[block.block_id]?.[block.element.action_id] ?? {};
  const value = Object.entries(slot).find(([key]) => key !== "type")?.[1];
  if (Array.isArray(value)) return value.map((one) => one.value ?? one);
  if (block.element.type === "external_select") return value ?? null;
  return value?.value ?? value ?? null;
}

async function submit(form, values) {
  const button = form.querySelector("footer .primary");
  button.disabled = true;
  try {
    const errors = await ask("submit", { values });
    for (const place of form.querySelectorAll(".error")) {
      const block = place.dataset.blockId ?? place.closest("[data-block-id]")?.dataset.blockId;
      place.textContent = errors[block] ?? "";
    }
  } catch (error) {
    toast(error.message, "bad");
  } finally {
    button.disabled = false;
  }
}

export function homeView(view, draw) {
  if (!view)
    return el("div", { class: "home faint" }, "The app has not published its Home tab yet.");
  return el("div", { class: "home", "data-testid": "home" }, draw(view));
}
