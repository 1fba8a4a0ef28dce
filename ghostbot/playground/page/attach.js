// Files and snippets on their way into a message.

import { dialog, el, menu, shut, toast } from "./dom.js";
import { tell } from "./line.js";
import { state } from "./state.js";

const MOST_BYTES = 16 * 2 ** 20;
const KINDS = {
  "Plain text": "txt",
  Diff: "diff",
  Python: "py",
  JSON: "json",
  Markdown: "md",
  Shell: "sh",
  YAML: "yaml",
};

// The menu under the plus: what else than words can be sent from here.
export function plus(anchor, { share, words }) {
  const shortcuts = state.all.shortcuts
    .filter((one) => one.type === "global")
    .map((one) => ({
      value: one.callback_id,
      label: one.name,
      about: one.description,
      run: () => tell("shortcut", { callback_id: one.callback_id }),
    }));
  const files = [
    {
      value: "upload",
      label: "Upload a file",
      run: () => pickFiles((list) => send(list, share, words)),
    },
    { value: "snippet", label: "Create a snippet", run: () => snippet(share) },
  ];
  menu(anchor, {
    load: async () => [
      { options: files },
      ...(shortcuts.length ? [{ label: "Shortcuts", options: shortcuts }] : []),
    ],
    pick: (one) => one.run(),
  });
}

function pickFiles(picked) {
  const input = el("input", {
    type: "file",
    multiple: true,
    hidden: true,
    "data-testid": "file-input",
  });
  input.addEventListener("change", () => {
    picked([...input.files]);
    input.remove();
  });
  input.addEventListener("cancel", () => input.remove());
  document.body.append(input);
  input.click();
}

export async function send(files, share, words = () => "") {
  const large = files.find((file) => file.size > MOST_BYTES);
  if (large) return toast(`cannot send ${large.name}: it is over 16 MB`, "bad");
  const made = await Promise.all(
    files.map(async (file) => ({ name: file.name, data: base64(await file.arrayBuffer()) })),
  );
  if (made.length) await share(made, words());
}

export function base64(buffer) {
  const bytes = new Uint8Array(buffer);
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000)
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

// A text with a name, as Slack's own dialog makes it.
export function snippet(share, begun = "") {
  const close = () => shut(node);
  const title = el("input", { type: "text", placeholder: "untitled", maxLength: 200 });
  const kind = el(
    "select",
    {},
    Object.keys(KINDS).map((name) => el("option", { value: name }, name)),
  );
  const text = el("textarea", { rows: 12, value: begun, spellcheck: false, autofocus: true });
  const words = el("input", { type: "text" });
  const field = (name, input) =>
    el("label", { class: "input" }, el("span", { class: "title" }, name), input);
  const form = el(
    "form",
    {
      class: "snippet",
      onsubmit: async (event) => {
        event.preventDefault();
        if (!text.value) return text.focus();
        const name = title.value.trim() || `untitled.${KINDS[kind.value]}`;
        const full = /\.\w+$/.test(name) ? name : `${name}.${KINDS[kind.value]}`;
        const data = base64(new TextEncoder().encode(text.value));
        close();
        await share([{ name: full, data }], words.value);
      },
    },
    el(
      "header",
      {},
      el("h2", {}, "Create a snippet"),
      el("button", { type: "button", class: "close", "aria-label": "Close", onclick: close }, "✕"),
    ),
    el(
      "div",
      { class: "blocks" },
      field("Title", title),
      field("Type", kind),
      field("Content", text),
      field("Message", words),
    ),
    el(
      "footer",
      {},
      el("button", { type: "button", class: "button", onclick: close }, "Cancel"),
      el("button", { class: "button primary", "data-testid": "create-snippet" }, "Create snippet"),
    ),
  );
  const node = dialog("snippet-of", close, form);
  node.setAttribute("data-testid", "snippet");
  text.focus();
}
