// Block Kit as DOM. `act(element, block, value)` is called for what a person does, and
// `suggest(element, block, typed)` answers for external selects. With `values` (a modal) inputs
// keep what was typed there until it is submitted.

import { confirmed, el, image, link, menu, safeUrl } from "./dom.js";
import { markdown, richText, table } from "./rich.js";
import { mrkdwn, plainNames, textObject } from "./text.js";

export function blocks(list, surface) {
  return list.map((block) => {
    const draw = BLOCKS[block.type] ?? unknown;
    const node = draw(block, surface);
    node.dataset.blockId = block.block_id ?? "";
    node.classList.add("block", block.type);
    return node;
  });
}

const BLOCKS = {
  section: (block, surface) => el("div", {},
    el("div", { class: "words" },
      block.text ? el("div", { class: "text" }, folded(block)) : null,
      block.fields ? el("div", { class: "fields" }, block.fields.map((field) => el("div", {}, textObject(field)))) : null),
    block.accessory ? el("div", { class: "accessory" }, element(block.accessory, block, surface)) : null),
  header: (block) => el(`h${(block.level ?? 1) + 1}`, {}, textObject(block.text)),
  divider: () => el("hr"),
  context: (block) => el("div", {}, block.elements.map((item) =>
    item.type === "image" ? image(item.image_url, item.alt_text, "small") : el("span", {}, textObject(item)))),
  actions: (block, surface) => el("div", {}, block.elements.map((item) => element(item, block, surface))),
  context_actions: (block, surface) => el("div", {}, block.elements.flatMap((item) =>
    item.type === "feedback_buttons"
      ? [item.positive_button, item.negative_button].map((half) => element({ ...item, type: "button", text: half.text, value: half.value }, block, surface))
      : [element({ ...item, type: "button" }, block, surface)])),
  image: (block) => el("figure", {},
    block.title ? el("figcaption", {}, textObject(block.title)) : null, image(block.image_url, block.alt_text, "wide")),
  rich_text: richText,
  markdown: (block) => markdown(block.text),
  table, data_table: table,
  input: (block, surface) => el("label", { class: "input" },
    el("span", { class: "title" }, textObject(block.label), block.optional ? el("small", {}, " (optional)") : null),
    element(block.element, block, surface),
    block.hint ? el("small", { class: "hint" }, textObject(block.hint)) : null,
    el("span", { class: "error", role: "alert" })),
  alert: (block) => el("div", { class: block.level ?? "default" }, textObject(block.text)),
  container: (block, surface) => el("details", { open: block.expanded !== false },
    el("summary", {}, textObject(block.title)), blocks(block.child_blocks ?? [], surface)),
  card: (block, surface) => el("div", {},
    block.hero_image ? image(block.hero_image.image_url, block.hero_image.alt_text, "wide") : null,
    block.title ? el("b", {}, textObject(block.title)) : null,
    block.subtitle ? el("div", { class: "faint" }, textObject(block.subtitle)) : null,
    block.body ? el("div", {}, textObject(block.body)) : null,
    el("div", { class: "actions" }, (block.actions ?? []).map((item) => element(item, block, surface)))),
  carousel: (block, surface) => el("div", {}, blocks(block.elements, surface)),
  plan: (block) => el("div", {}, el("b", {}, textObject(block.title)), (block.tasks ?? []).map(task)),
  task_card: (block) => task(block),
  file: (block) => el("div", { class: "faint" }, `file ${block.external_id}`),
};

const STATUS = { pending: "○", in_progress: "◐", complete: "●", error: "✕" };
const task = (item) => el("div", { class: `task ${item.status}` }, `${STATUS[item.status] ?? "○"} `, textObject(item.title));
const unknown = (block) => el("div", { class: "faint" }, `${block.type} (the page does not draw this block)`);

// Slack folds long sections unless they say expand.
function folded(block) {
  const words = textObject(block.text);
  if (block.expand || (block.text.text.length < 700 && block.text.text.split("\n").length <= 10)) return words;
  const node = el("div", { class: "folded" }, words);
  const more = el("button", { type: "button", class: "more", onclick: () => { node.classList.toggle("folded"); more.textContent = node.classList.contains("folded") ? "See more" : "See less"; } }, "See more");
  return [node, more];
}

function element(item, block, surface) {
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
const kept = (surface, block, item, initial) => surface.values?.[block.block_id]?.[item.action_id] ?? initial;

const ELEMENTS = {
  button: (item, block, surface) => {
    const url = safeUrl(item.url);
    const node = el(url ? "a" : "button", {
      class: `button ${item.style ?? ""}`, "aria-label": item.accessibility_label,
      onclick: () => act(item, block, surface, item.value ?? null, node),
      ...(url ? { href: url, target: "_blank", rel: "noopener noreferrer" } : { type: "button" }),
    }, item.text ? textObject(item.text) : (item.icon ?? "•"));
    return node;
  },
  image: (item) => image(item.image_url, item.alt_text, "thumb"),
  static_select: (item, block, surface) => select(item, block, surface, local(item)),
  external_select: (item, block, surface) => select(item, block, surface, remote(item, block, surface), item.min_query_length ?? 3),
  users_select: (item, block, surface) => select(item, block, surface, named(surface.people(), "@"), 0, item.initial_user),
  channels_select: (item, block, surface) => select(item, block, surface, named(surface.channels(), "#"), 0, item.initial_channel),
  conversations_select: (item, block, surface) => select(item, block, surface, named(surface.channels(), "#"), 0, item.initial_conversation),
  multi_static_select: (item, block, surface) => many(item, block, surface, options(item).map(choice), "initial_options"),
  multi_users_select: (item, block, surface) => many(item, block, surface, surface.people().map((p) => ({ value: p.id, label: `@${p.name}` })), "initial_users"),
  checkboxes: (item, block, surface) => many(item, block, surface, item.options.map(choice), "initial_options"),
  radio_buttons: (item, block, surface) => ticks("radio", item, block, surface, item.options.map(choice), [item.initial_option?.value]),
  overflow: (item, block, surface) => {
    const pick = (option) => {
      if (safeUrl(option.url)) open(option.url, "_blank", "noopener");
      act(item, block, surface, option.value, node);
    };
    const load = () => [{ options: item.options.map((o) => ({ ...choice(o), url: o.url })) }];
    const node = el("button", { type: "button", class: "button overflow", "aria-label": "More", "aria-haspopup": "listbox", onclick: () => menu(node, { load, pick }) }, "⋯");
    return node;
  },
  plain_text_input: (item, block, surface) => field(item, block, surface, item.multiline ? "textarea" : "input", { ...(item.multiline ? { rows: 6 } : { type: "text" }), maxLength: item.max_length ?? 3000 }, item.initial_value),
  email_text_input: (item, block, surface) => field(item, block, surface, "input", { type: "email" }, item.initial_value),
  url_text_input: (item, block, surface) => field(item, block, surface, "input", { type: "url" }, item.initial_value),
  number_input: (item, block, surface) => field(item, block, surface, "input", { type: "number", step: item.is_decimal_allowed ? "any" : "1" }, item.initial_value),
  datepicker: (item, block, surface) => field(item, block, surface, "input", { type: "date" }, item.initial_date, true),
  timepicker: (item, block, surface) => field(item, block, surface, "input", { type: "time" }, item.initial_time, true),
};

const options = (item) => item.options ?? (item.option_groups ?? []).flatMap((group) => group.options);
const choice = (option) => ({ value: option.value, label: label(option.text), node: el("span", {}, textObject(option.text)), about: option.description ? label(option.description) : "", option });
const local = (item) => async (typed) => {
  const fits = (option) => label(option.text).toLowerCase().includes(typed.toLowerCase());
  const groups = item.option_groups ?? [{ options: item.options ?? [] }];
  return groups.map((group) => ({ label: label(group.label), options: group.options.filter(fits).map(choice) })).filter((group) => group.options.length);
};
const remote = (item, block, surface) => async (typed) => {
  if (typed.length < (item.min_query_length ?? 3)) return [];
  const found = await surface.suggest(item, block, typed);
  return (found.option_groups ?? [{ options: found.options ?? [] }]).map((group) => ({ label: label(group.label), options: group.options.map(choice) }));
};
const named = (list, sign) => async (typed) => [{ options: list.filter((one) => one.name.includes(typed)).map((one) => ({ value: one.id, label: sign + one.name })) }];

function select(item, block, surface, load, least = 0, initial = item.initial_option) {
  const chosen = kept(surface, block, item, initial);
  const words = (value) => label(value?.text ?? options(item).find((one) => one.value === value)?.text) || value;
  const face = el("span", {}, words(chosen) ?? label(item.placeholder) ?? "Choose");
  if (!face.textContent) face.textContent = "Choose an option";
  const pick = (option) => {
    const value = item.type === "external_select" ? option.option : option.value;
    face.textContent = option.label;
    if (!keep(surface, block, item, value)) act(item, block, surface, value, node);
  };
  const note = least > 0 ? `Type at least ${least} characters` : "Nothing fits";
  const node = el("button", { type: "button", class: "button select", "aria-haspopup": "listbox", onclick: () => menu(node, { load, pick, search: true, note }) }, face, el("i", { class: "arrow" }, "▾"));
  return node;
}

function many(item, block, surface, choices, initial) {
  const first = (item[initial] ?? []).map((one) => one.value ?? one);
  return ticks("checkbox", item, block, surface, choices, first);
}

function ticks(type, item, block, surface, choices, initial) {
  const name = `${block.block_id}-${item.action_id}-${Math.random()}`;
  const chosen = [kept(surface, block, item, initial)].flat();
  const node = el("span", { class: "ticks", role: type === "radio" ? "radiogroup" : "group" }, choices.map((one) => el("label", {},
    el("input", { type, name, value: one.value, checked: chosen.includes(one.value), onchange: changed }),
    el("span", {}, one.node ?? one.label, one.about ? el("small", {}, ` ${one.about}`) : null))));
  function changed() {
    const ticked = [...node.querySelectorAll("input:checked")].map((input) => input.value);
    const value = type === "radio" ? ticked[0] : ticked;
    if (!keep(surface, block, item, value)) act(item, block, surface, value);
  }
  return node;
}

function field(item, block, surface, tag, props, initial, picks = false) {
  const node = el(tag, {
    ...props, value: kept(surface, block, item, initial) ?? "", placeholder: label(item.placeholder),
    oninput: () => keep(surface, block, item, node.value),
    onchange: () => { if (picks && !keep(surface, block, item, node.value)) act(item, block, surface, node.value); },
  });
  return node;
}

export function attachments(list, surface) {
  return list.map((item) => {
    const node = el("div", { class: "attachment" },
      item.pretext ? el("div", {}, mrkdwn(item.pretext)) : null,
      item.author_name ? el("div", { class: "faint" }, link(item.author_link, item.author_name)) : null,
      item.title ? el("b", {}, link(item.title_link, item.title)) : null,
      item.text ? el("div", {}, mrkdwn(item.text)) : null,
      item.blocks ? blocks(item.blocks, surface) : null,
      item.fields ? el("div", { class: "fields" }, item.fields.map((one) => el("div", {}, el("b", {}, one.title ?? ""), el("br"), mrkdwn(one.value)))) : null,
      item.image_url ? image(item.image_url, item.fallback, "wide") : null,
      !item.blocks && !item.text && !item.title && item.fallback ? el("div", {}, item.fallback) : null,
      item.footer ? el("div", { class: "faint" }, item.footer) : null);
    const named = { good: "#2eb886", warning: "#daa038", danger: "#a30200" };
    node.style.borderLeftColor = named[item.color] ?? (item.color ? `#${item.color.replace(/^#/, "")}` : "");
    return node;
  });
}
