// Modals and the Home tab.

import { blocks } from "./blocks.js";
import { dialog, el, shut, toast } from "./dom.js";
import { ask, tell } from "./line.js";
import { focusIn } from "./list.js";
import { textObject } from "./text.js";

const typed = new Map(); // view id → { block_id: { action_id: value } }
let open = null; // { node, id, hash }

export function showModal(view, surfaceOf) {
  if (!view) {
    typed.clear();
    if (open) shut(open.node);
    open = null;
    return;
  }
  if (open?.hash === view.hash) return;
  const form = drawForm(view, surfaceOf);
  if (!open) {
    const node = dialog("modal", () => tell("close"), form);
    node.setAttribute("data-testid", "modal");
    node.setAttribute("aria-labelledby", "modal-title");
    open = { node };
  } else {
    const again = open.id === view.id ? focusIn(open.node) : null;
    const { scrollTop } = open.node;
    open.node.replaceChildren(form);
    if (again) {
      again(open.node);
      open.node.scrollTop = scrollTop;
    }
  }
  if (open.id !== view.id) firstField(form)?.focus();
  open.id = view.id;
  open.hash = view.hash;
}

const firstField = (form) =>
  form.querySelector(".focus-first") ??
  form.querySelector(".blocks :is(input, textarea, .button.select)") ??
  form.querySelector("footer .primary") ??
  form.querySelector("footer .button");

function drawForm(view, surfaceOf) {
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
      noValidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        if (view.submit) submit(form, values);
      },
    },
    el(
      "header",
      {},
      view.previous_view_id
        ? el(
            "button",
            { type: "button", class: "close", "aria-label": "Back", onclick: close },
            "←",
          )
        : null,
      el("h2", { id: "modal-title" }, textObject(view.title)),
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
        ...(view.close ? textObject(view.close) : [view.submit ? "Cancel" : "Close"]),
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
  return form;
}

function begun(view, block) {
  const slot = view.state.values[block.block_id]?.[block.element.action_id] ?? {};
  const value = Object.entries(slot).find(([key]) => key !== "type")?.[1];
  if (block.element.type.includes("external")) return value ?? null;
  if (block.element.type === "rich_text_input") return value ?? null;
  if (Array.isArray(value)) return value.map((one) => one.value ?? one);
  return value?.value ?? value ?? null;
}

async function submit(form, values) {
  const button = form.querySelector("footer .primary");
  button.disabled = true;
  button.classList.add("busy");
  try {
    told(form, await ask("submit", { values }));
  } catch (error) {
    toast(error.message, "bad");
  } finally {
    button.disabled = false;
    button.classList.remove("busy");
  }
}

// Each mistake under its field; the first of them gets the focus.
function told(form, errors) {
  let first = null;
  for (const place of form.querySelectorAll(".error[role=alert]")) {
    const holder = place.closest("[data-block-id]");
    const words = errors[place.dataset.blockId ?? holder?.dataset.blockId] ?? "";
    place.textContent = words;
    holder?.classList.toggle("wrong", Boolean(words));
    const field = holder?.querySelector("input, textarea, button");
    field?.setAttribute("aria-invalid", String(Boolean(words)));
    if (words) first ??= field;
  }
  first?.focus();
}

export function homeView(view, draw) {
  if (!view)
    return el("div", { class: "home faint" }, "The app has not published its Home tab yet.");
  return el("div", { class: "home", "data-testid": "home" }, draw(view));
}
