// What a person can press, pick or fill in. A surface has `act(element, block, value)` for what is
// done, `suggest(element, block, typed)` for external selects, and in a modal `values`, where
// inputs keep what was typed until it is submitted.

import { confirmed, el, image, menu, safeUrl } from "./dom.js";
import { plainNames, textObject } from "./text.js";

export function element(item, block, surface) {
  const draw = ELEMENTS[item.type];
  if (!draw) return el("span", { class: "faint" }, item.type);
  const node = draw(item, block, surface);
  node.dataset.actionId = item.action_id ?? "";
  if (item.value !== undefined) node.dataset.value = item.value;
  if (item.focus_on_load) queueMicrotask(() => node.focus());
  return node;
}

async function act(item, block, surface, value, node) {
  if (item.confirm && !(await confirmed(item.confirm, textObject))) return;
  node?.classList.add("busy");
  try {
    await surface.act(item, block, value);
  } finally {
    node?.classList.remove("busy");
  }
}

const label = (words) => plainNames(words?.text ?? "");
const keep = (surface, block, item, value) => {
  if (!surface.values || block.type !== "input") return false;
  (surface.values[block.block_id] ??= {})[item.action_id] = value;
  return !block.dispatch_action;
};
const kept = (surface, block, item, initial) =>
  surface.values?.[block.block_id]?.[item.action_id] ?? initial;

const ELEMENTS = {
  button: (item, block, surface) => {
    const url = safeUrl(item.url);
    const node = el(
      url ? "a" : "button",
      {
        class: `button ${item.style ?? ""}`,
        "aria-label": item.accessibility_label,
        onclick: () => act(item, block, surface, item.value ?? null, node),
        ...(url ? { href: url, target: "_blank", rel: "noopener noreferrer" } : { type: "button" }),
      },
      item.text ? textObject(item.text) : (item.icon ?? "•"),
    );
    return node;
  },
  image: (item) => image(item.image_url, item.alt_text, "thumb"),
  static_select: (item, block, surface) => select(item, block, surface, local(item)),
  external_select: (item, block, surface) =>
    select(item, block, surface, remote(item, block, surface), item.min_query_length ?? 3),
  users_select: (item, block, surface) =>
    select(item, block, surface, named(surface.people(), "@"), 0, item.initial_user),
  channels_select: (item, block, surface) =>
    select(item, block, surface, named(surface.channels(), "#"), 0, item.initial_channel),
  conversations_select: (item, block, surface) =>
    select(item, block, surface, named(surface.channels(), "#"), 0, item.initial_conversation),
  multi_static_select: (item, block, surface) =>
    many(item, block, surface, options(item).map(choice), "initial_options"),
  multi_users_select: (item, block, surface) =>
    many(
      item,
      block,
      surface,
      surface.people().map((p) => ({ value: p.id, label: `@${p.name}` })),
      "initial_users",
    ),
  checkboxes: (item, block, surface) =>
    many(item, block, surface, item.options.map(choice), "initial_options"),
  radio_buttons: (item, block, surface) =>
    ticks("radio", item, block, surface, item.options.map(choice), [item.initial_option?.value]),
  overflow: (item, block, surface) => {
    const pick = (option) => {
      if (safeUrl(option.url)) open(option.url, "_blank", "noopener");
      act(item, block, surface, option.value, node);
    };
    const load = () => [{ options: item.options.map((o) => ({ ...choice(o), url: o.url })) }];
    const node = el(
      "button",
      {
        type: "button",
        class: "button overflow",
        "aria-label": "More",
        "aria-haspopup": "listbox",
        onclick: () => menu(node, { load, pick }),
      },
      "⋯",
    );
    return node;
  },
  plain_text_input: (item, block, surface) =>
    field(
      item,
      block,
      surface,
      item.multiline ? "textarea" : "input",
      { ...(item.multiline ? { rows: 6 } : { type: "text" }), maxLength: item.max_length ?? 3000 },
      item.initial_value,
    ),
  email_text_input: (item, block, surface) =>
    field(item, block, surface, "input", { type: "email" }, item.initial_value),
  url_text_input: (item, block, surface) =>
    field(item, block, surface, "input", { type: "url" }, item.initial_value),
  number_input: (item, block, surface) =>
    field(
      item,
      block,
      surface,
      "input",
      { type: "number", step: item.is_decimal_allowed ? "any" : "1" },
      item.initial_value,
    ),
  datepicker: (item, block, surface) =>
    field(item, block, surface, "input", { type: "date" }, item.initial_date, true),
  timepicker: (item, block, surface) =>
    field(item, block, surface, "input", { type: "time" }, item.initial_time, true),
};

const options = (item) =>
  item.options ?? (item.option_groups ?? []).flatMap((group) => group.options);
const choice = (option) => ({
  value: option.value,
  label: label(option.text),
  node: el("span", {}, textObject(option.text)),
  about: option.description ? label(option.description) : "",
  option,
});
const local = (item) => async (typed) => {
  const fits = (option) => label(option.text).toLowerCase().includes(typed.toLowerCase());
  const groups = item.option_groups ?? [{ options: item.options ?? [] }];
  return groups
    .map((group) => ({
      label: label(group.label),
      options: group.options.filter(fits).map(choice),
    }))
    .filter((group) => group.options.length);
};
const remote = (item, block, surface) => async (typed) => {
  if (typed.length < (item.min_query_length ?? 3)) return [];
  const found = await surface.suggest(item, block, typed);
  return (found.option_groups ?? [{ options: found.options ?? [] }]).map((group) => ({
    label: label(group.label),
    options: group.options.map(choice),
  }));
};
const named = (list, sign) => async (typed) => [
  {
    options: list
      .filter((one) => one.name.includes(typed))
      .map((one) => ({ value: one.id, label: sign + one.name })),
  },
];

function select(item, block, surface, load, least = 0, initial = item.initial_option) {
  const chosen = kept(surface, block, item, initial);
  const words = (value) =>
    label(value?.text ?? options(item).find((one) => one.value === value)?.text) || value;
  const face = el("span", {}, words(chosen) ?? label(item.placeholder) ?? "Choose");
  if (!face.textContent) face.textContent = "Choose an option";
  const pick = (option) => {
    const value = item.type === "external_select" ? option.option : option.value;
    face.textContent = option.label;
    if (!keep(surface, block, item, value)) act(item, block, surface, value, node);
  };
  const note = least > 0 ? `Type at least ${least} characters` : "Nothing fits";
  const node = el(
    "button",
    {
      type: "button",
      class: "button select",
      "aria-haspopup": "listbox",
      onclick: () => menu(node, { load, pick, search: true, note }),
    },
    face,
    el("i", { class: "arrow" }, "▾"),
  );
  return node;
}

function many(item, block, surface, choices, initial) {
  const first = (item[initial] ?? []).map((one) => one.value ?? one);
  return ticks("checkbox", item, block, surface, choices, first);
}

function ticks(type, item, block, surface, choices, initial) {
  const name = `${block.block_id}-${item.action_id}-${Math.random()}`;
  const chosen = [kept(surface, block, item, initial)].flat();
  const node = el(
    "span",
    { class: "ticks", role: type === "radio" ? "radiogroup" : "group" },
    choices.map((one) =>
      el(
        "label",
        {},
        el("input", {
          type,
          name,
          value: one.value,
          checked: chosen.includes(one.value),
          onchange: changed,
        }),
        el("span", {}, one.node ?? one.label, one.about ? el("small", {}, ` ${one.about}`) : null),
      ),
    ),
  );
  function changed() {
    const ticked = [...node.querySelectorAll("input:checked")].map((input) => input.value);
    const value = type === "radio" ? ticked[0] : ticked;
    if (!keep(surface, block, item, value)) act(item, block, surface, value);
  }
  return node;
}

function field(item, block, surface, tag, props, initial, picks = false) {
  const node = el(tag, {
    ...props,
    value: kept(surface, block, item, initial) ?? "",
    placeholder: label(item.placeholder),
    oninput: () => keep(surface, block, item, node.value),
    onchange: () => {
      if (picks && !keep(surface, block, item, node.value)) act(item, block, surface, node.value);
    },
  });
  return node;
}
