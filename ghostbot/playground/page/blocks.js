// Block Kit as DOM. What a `surface` is, elements.js says.

import { el, image, link } from "./dom.js";
import { element } from "./elements.js";
import { markdown, richText, table } from "./rich.js";
import { mrkdwn, textObject } from "./text.js";

export function blocks(list, surface) {
  return list.map((block) => {
    const draw = BLOCKS[block.type] ?? unknown;
    const node = draw(block, surface);
    node.dataset.blockId = block.block_id ?? "";
    node.classList.add("block", block.type);
    return node;
  });
}

const SEVERAL = /^(radio_buttons|checkboxes|multi_)/;

const BLOCKS = {
  section: (block, surface) =>
    el(
      "div",
      {},
      el(
        "div",
        { class: "words" },
        block.text ? el("div", { class: "text" }, folded(block)) : null,
        block.fields
          ? el(
              "div",
              { class: "fields" },
              block.fields.map((field) => el("div", {}, textObject(field))),
            )
          : null,
      ),
      block.accessory
        ? el("div", { class: "accessory" }, element(block.accessory, block, surface))
        : null,
    ),
  header: (block) => el(`h${(block.level ?? 1) + 1}`, {}, textObject(block.text)),
  divider: () => el("hr"),
  context: (block) =>
    el(
      "div",
      {},
      block.elements.map((item) =>
        item.type === "image"
          ? image(item.image_url, item.alt_text, "small")
          : el("span", {}, textObject(item)),
      ),
    ),
  actions: (block, surface) =>
    el(
      "div",
      {},
      block.elements.map((item) => element(item, block, surface)),
    ),
  context_actions: (block, surface) =>
    el(
      "div",
      {},
      block.elements.flatMap((item) =>
        item.type === "feedback_buttons"
          ? [item.positive_button, item.negative_button].map((half) =>
              element(
                { ...item, type: "button", text: half.text, value: half.value },
                block,
                surface,
              ),
            )
          : [element({ ...item, type: "button" }, block, surface)],
      ),
    ),
  image: (block) =>
    el(
      "figure",
      {},
      block.title ? el("figcaption", {}, textObject(block.title)) : null,
      image(block.image_url, block.alt_text, "wide"),
    ),
  rich_text: richText,
  markdown: (block) => markdown(block.text),
  table,
  data_table: table,
  // A label names one field; several in one block are a group.
  input: (block, surface) =>
    el(
      SEVERAL.test(block.element.type) ? "fieldset" : "label",
      { class: "input", "aria-label": SEVERAL.test(block.element.type) ? block.label.text : null },
      el(
        "span",
        { class: "title" },
        textObject(block.label),
        block.optional ? el("small", {}, " (optional)") : null,
      ),
      element(block.element, block, surface),
      block.hint ? el("small", { class: "hint" }, textObject(block.hint)) : null,
      el("span", { class: "error", role: "alert" }),
    ),
  alert: (block) => el("div", { class: block.level ?? "default" }, textObject(block.text)),
  container: (block, surface) =>
    el(
      "details",
      { open: block.expanded !== false },
      el("summary", {}, textObject(block.title)),
      blocks(block.child_blocks ?? [], surface),
    ),
  card: (block, surface) =>
    el(
      "div",
      {},
      block.hero_image
        ? image(block.hero_image.image_url, block.hero_image.alt_text, "wide")
        : null,
      block.title ? el("b", {}, textObject(block.title)) : null,
      block.subtitle ? el("div", { class: "faint" }, textObject(block.subtitle)) : null,
      block.body ? el("div", {}, textObject(block.body)) : null,
      el(
        "div",
        { class: "actions" },
        (block.actions ?? []).map((item) => element(item, block, surface)),
      ),
    ),
  carousel: (block, surface) => el("div", {}, blocks(block.elements, surface)),
  plan: (block) =>
    el("div", {}, el("b", {}, textObject(block.title)), (block.tasks ?? []).map(task)),
  task_card: (block) => task(block),
  file: (block) => el("div", { class: "faint" }, `file ${block.external_id}`),
};

const STATUS = { pending: "○", in_progress: "◐", complete: "●", error: "✕" };
const task = (item) =>
  el(
    "div",
    { class: `task ${item.status}` },
    `${STATUS[item.status] ?? "○"} `,
    textObject(item.title),
  );
const unknown = (block) =>
  el("div", { class: "faint" }, `${block.type} (the page does not draw this block)`);

// Slack folds long sections unless they say expand.
function folded(block) {
  const words = textObject(block.text);
  if (block.expand || (block.text.text.length < 700 && block.text.text.split("\n").length <= 10))
    return words;
  const node = el("div", { class: "folded" }, words);
  const more = el(
    "button",
    {
      type: "button",
      class: "more",
      onclick: () => {
        node.classList.toggle("folded");
        more.textContent = node.classList.contains("folded") ? "See more" : "See less";
      },
    },
    "See more",
  );
  return [node, more];
}

export function attachments(list, surface) {
  return list.map((item) => {
    const node = el(
      "div",
      { class: "attachment" },
      item.pretext ? el("div", {}, mrkdwn(item.pretext)) : null,
      item.author_name
        ? el("div", { class: "faint" }, link(item.author_link, item.author_name))
        : null,
      item.title ? el("b", {}, link(item.title_link, item.title)) : null,
      item.text ? el("div", {}, mrkdwn(item.text)) : null,
      item.blocks ? blocks(item.blocks, surface) : null,
      item.fields
        ? el(
            "div",
            { class: "fields" },
            item.fields.map((one) =>
              el("div", {}, el("b", {}, one.title ?? ""), el("br"), mrkdwn(one.value)),
            ),
          )
        : null,
      item.image_url ? image(item.image_url, item.fallback, "wide") : null,
      !item.blocks && !item.text && !item.title && item.fallback
        ? el("div", {}, item.fallback)
        : null,
      item.footer ? el("div", { class: "faint" }, item.footer) : null,
    );
    const named = { good: "#2eb886", warning: "#daa038", danger: "#a30200" };
    node.style.borderLeftColor =
      named[item.color] ?? (item.color ? `#${item.color.replace(/^#/, "")}` : "");
    return node;
  });
}
