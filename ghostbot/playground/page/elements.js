// What a person can press or pick. A surface has `act(element, block, value)` for what is done,
// `suggest(element, block, typed)` for external selects, and in a modal `values`, where inputs
// keep what was typed until it is submitted (inputs.js has those that are filled in).

import { confirmed, el, image, menu, safeUrl } from "./dom.js";
import { INPUTS } from "./inputs.js";
import { plainNames, textObject } from "./text.js";

export function element(item, block, surface) {
  const draw = ELEMENTS[item.type] ?? INPUTS[item.type];
  if (!draw) return el("span", { class: "faint" }, item.type);
  const node = draw(item, block, surface);
  node.dataset.actionId = item.action_id ?? "";
  if (item.value !== undefined) node.dataset.value = item.value;
  if (item.focus_on_load) node.classList.add("focus-first");
  return node;
}

export async function act(item, block, surface, value, node) {
  if (item.confirm && !(await confirmed(item.confirm, textObject))) return;
  node?.classList.add("busy");
  node?.setAttribute("aria-busy", "true");
  try {
    await surface.act(item, block, value);
  } finally {
    node?.classList.remove("busy");
    node?.removeAttribute("aria-busy");
  }
}

export const label = (words) => plainNames(words?.text ?? "");

// Keep what was put in until it is submitted; true when nothing more is to be done about it.
export const keep = (surface, block, item, value) => {
  if (!surface.values || block.type !== "input") return false;
  (surface.values[block.block_id] ??= {})[item.action_id] = value;
  return !block.dispatch_action;
};
export const kept = (surface, block, item, initial) =>
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
    select(item, block, surface, remote(item, block, surface), least(item)),
  users_select: (item, block, surface) =>
    select(item, block, surface, named(surface.people(), "@"), 0, item.initial_user),
  channels_select: (item, block, surface) =>
    select(item, block, surface, named(surface.channels(), "#"), 0, item.initial_channel),
  conversations_select: (item, block, surface) =>
    select(item, block, surface, named(surface.channels(), "#"), 0, item.initial_conversation),
  multi_static_select: (item, block, surface) =>
    many(item, block, surface, local(item), item.initial_options),
  multi_external_select: (item, block, surface) =>
    many(item, block, surface, remote(item, block, surface), item.initial_options, least(item)),
  multi_users_select: (item, block, surface) =>
    many(item, block, surface, named(surface.people(), "@"), item.initial_users),
  multi_channels_select: (item, block, surface) =>
    many(item, block, surface, named(surface.channels(), "#"), item.initial_channels),
  multi_conversations_select: (item, block, surface) =>
    many(item, block, surface, named(surface.channels(), "#"), item.initial_conversations),
  checkboxes: (item, block, surface) =>
    ticks(
      "checkbox",
      item,
      block,
      surface,
      (item.initial_options ?? []).map((one) => one.value),
    ),
  radio_buttons: (item, block, surface) =>
    ticks("radio", item, block, surface, [item.initial_option?.value]),
  overflow: (item, block, surface) => {
    const pick = (option) => {
      if (safeUrl(option.url)) open(option.url, "_blank", "noopener");
      act(item, block, surface, option.value, node);
    };
    const load = async () => [{ options: item.options.map((o) => ({ ...choice(o), url: o.url })) }];
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
};

const least = (item) => item.min_query_length ?? 3;
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
  if (typed.length < least(item)) return [];
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

// Of an external select the whole option is kept: nobody else knows its text.
const valueOf = (item, option) => (item.type.includes("external") ? option.option : option.value);
const noteOf = (count) => (count > 0 ? `Type at least ${count} characters` : "Nothing fits");
const known = (item, surface, value) => {
  const people = [...surface.people(), ...surface.channels()].find((one) => one.id === value);
  const option = value?.text ?? options(item).find((one) => one.value === value)?.text;
  return label(option) || people?.name || value;
};

function opener(item, face, open) {
  return el(
    "button",
    {
      type: "button",
      class: "button select",
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      onclick: open,
    },
    face,
    el("i", { class: "arrow", "aria-hidden": "true" }, "▾"),
  );
}

function select(item, block, surface, load, count = 0, initial = item.initial_option) {
  const face = el("span", {});
  const show = (words) => {
    face.textContent = words || label(item.placeholder) || "Choose an option";
    face.classList.toggle("faint", !words);
  };
  const chosen = kept(surface, block, item, initial);
  show(chosen && known(item, surface, chosen));
  const pick = (option) => {
    const value = valueOf(item, option);
    show(option.label);
    if (!keep(surface, block, item, value)) act(item, block, surface, value, node);
  };
  const node = opener(item, face, () =>
    menu(node, { load, pick, search: true, note: noteOf(count) }),
  );
  return node;
}

// Several of them: what was picked stands as chips, and picking it again takes it away.
function many(item, block, surface, load, initial = [], count = 0) {
  const first = kept(surface, block, item, initial) ?? [];
  let chosen = first.map((one) => ({
    id: one.value ?? one,
    value: item.type.includes("external") ? one : (one.value ?? one),
    words: known(item, surface, one),
  }));
  const chips = el("span", { class: "chips" });
  const face = el("span", { class: "faint" }, label(item.placeholder) || "Choose options");
  const changed = () => {
    draw();
    const values = chosen.map((one) => one.value);
    if (!keep(surface, block, item, values)) act(item, block, surface, values, node);
  };
  const pick = (option) => {
    const without = chosen.filter((one) => one.id !== option.value);
    const most = item.max_selected_items ?? Infinity;
    if (without.length < chosen.length) chosen = without;
    else if (chosen.length < most)
      chosen = [...chosen, { id: option.value, value: valueOf(item, option), words: option.label }];
    changed();
  };
  const button = opener(item, face, () =>
    menu(button, { load, pick, search: true, note: noteOf(count) }),
  );
  const draw = () =>
    chips.replaceChildren(
      ...chosen.map((one) =>
        el(
          "button",
          {
            type: "button",
            class: "chip",
            "aria-label": `Remove ${one.words}`,
            onclick: () => pick({ value: one.id }),
          },
          one.words,
          " ✕",
        ),
      ),
    );
  draw();
  const node = el("span", { class: "several" }, chips, button);
  return node;
}

let groups = 0;

function ticks(type, item, block, surface, initial) {
  const name = `ticks-${++groups}`;
  const chosen = [kept(surface, block, item, initial)].flat();
  const node = el(
    "span",
    { class: "ticks", role: type === "radio" ? "radiogroup" : "group" },
    item.options.map(choice).map((one) =>
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
        el("span", {}, one.node, one.about ? el("small", {}, ` ${one.about}`) : null),
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
