// What a person fills in: text, numbers, days and times, files.

import { base64 } from "./attach.js";
import { el, toast } from "./dom.js";
import { act, keep, kept, label } from "./elements.js";
import { ask } from "./line.js";

export const INPUTS = {
  plain_text_input: (item, block, surface) =>
    typed(
      item,
      block,
      surface,
      item.multiline ? "textarea" : "input",
      { ...(item.multiline ? { rows: 6 } : { type: "text" }), maxLength: item.max_length ?? 3000 },
      item.initial_value,
    ),
  email_text_input: (item, block, surface) =>
    typed(item, block, surface, "input", { type: "email" }, item.initial_value),
  url_text_input: (item, block, surface) =>
    typed(item, block, surface, "input", { type: "url" }, item.initial_value),
  number_input: (item, block, surface) =>
    typed(
      item,
      block,
      surface,
      "input",
      { type: "text", inputMode: item.is_decimal_allowed ? "decimal" : "numeric" },
      item.initial_value,
    ),
  rich_text_input: (item, block, surface) => {
    const words = (value) =>
      (value?.elements ?? [])
        .flatMap((part) => part.elements.map((one) => one.text ?? ""))
        .join("");
    return written(
      item,
      block,
      surface,
      "textarea",
      { rows: 6 },
      {
        initial: item.initial_value,
        show: words,
        read: (text) => (text ? richText(text) : null),
      },
    );
  },
  datepicker: (item, block, surface) =>
    picked(item, block, surface, { type: "date" }, { initial: item.initial_date }),
  timepicker: (item, block, surface) =>
    picked(item, block, surface, { type: "time" }, { initial: item.initial_time }),
  datetimepicker: (item, block, surface) =>
    picked(
      item,
      block,
      surface,
      { type: "datetime-local" },
      {
        initial: item.initial_date_time,
        show: (unix) => (unix ? localTime(unix) : ""),
        read: (text) => (text ? Math.floor(new Date(text).getTime() / 1000) : null),
      },
    ),
  file_input: files,
};

const same = (value) => value ?? "";
const richText = (text) => ({
  type: "rich_text",
  elements: [{ type: "rich_text_section", elements: [{ type: "text", text }] }],
});

function localTime(unix) {
  const when = new Date(unix * 1000);
  return new Date(when.getTime() - when.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

const typed = (item, block, surface, tag, props, initial) =>
  written(item, block, surface, tag, props, { initial });

function written(item, block, surface, tag, props, { initial, show = same, read = (x) => x }) {
  const node = el(tag, {
    ...props,
    value: show(kept(surface, block, item, initial)),
    placeholder: label(item.placeholder),
    oninput: () => tellNow("on_character_entered"),
    onkeydown: (event) => {
      if (event.key === "Enter" && block.dispatch_action && !item.multiline) {
        event.preventDefault(); // the app is told of it; the modal is not submitted
        tellNow("on_enter_pressed");
      }
    },
  });
  // What dispatches says when: by default Enter alone.
  function tellNow(why) {
    const value = read(node.value);
    const when = item.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
    if (!keep(surface, block, item, value) && when.includes(why)) act(item, block, surface, value);
  }
  return node;
}

function picked(item, block, surface, props, { initial, show = same, read = (x) => x }) {
  const node = el("input", {
    ...props,
    value: show(kept(surface, block, item, initial)),
    "aria-label": block.type === "input" ? null : label(item.placeholder) || props.type,
    onchange: () => {
      const value = read(node.value);
      if (!keep(surface, block, item, value) && value) act(item, block, surface, value);
    },
  });
  return node;
}

function files(item, block, surface) {
  const names = el("small", {});
  const node = el("input", {
    type: "file",
    multiple: (item.max_files ?? 10) > 1,
    accept: (item.filetypes ?? []).map((one) => `.${one}`).join(","),
    onchange: async () => {
      const chosen = [...node.files].slice(0, item.max_files ?? 10);
      const sent = await Promise.all(
        chosen.map(async (one) => ({ name: one.name, data: base64(await one.arrayBuffer()) })),
      );
      try {
        keep(surface, block, item, await ask("upload", { files: sent }));
        names.textContent = chosen.map((one) => one.name).join(", ");
      } catch (error) {
        toast(error.message, "bad");
      }
    },
  });
  return el("span", { class: "several" }, node, names);
}
