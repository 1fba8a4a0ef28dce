// rich_text, markdown blocks and tables.

import { el, link } from "./dom.js";
import { broadcast, channel, date, emoji, group, user } from "./text.js";

const STYLES = {
  bold: "b",
  italic: "i",
  strike: "s",
  code: "code",
  underline: "u",
  highlight: "mark",
};

function styled(node, style = {}) {
  return Object.keys(STYLES).reduce(
    (inner, name) => (style[name] ? el(STYLES[name], {}, inner) : inner),
    node,
  );
}

function leaf(item) {
  switch (item.type) {
    case "text":
      return styled(item.text, item.style);
    case "link":
      return styled(link(item.url, item.text || item.url), item.style);
    case "user":
      return user(item.user_id);
    case "usergroup":
      return group(item.usergroup_id);
    case "channel":
      return channel(item.channel_id);
    case "broadcast":
      return broadcast(item.range);
    case "emoji":
      return item.unicode
        ? String.fromCodePoint(...item.unicode.split("-").map((hex) => parseInt(hex, 16)))
        : emoji(item.name);
    case "date":
      return date(item.timestamp, item.format, item.url, item.fallback);
    case "color":
      return el("code", {}, item.value);
    default:
      return item.text ?? "";
  }
}

const leaves = (element) => (element.elements ?? []).map(leaf);

export function richText(block) {
  return el(
    "div",
    { class: "rich" },
    (block.elements ?? []).map((element) => {
      switch (element.type) {
        case "rich_text_preformatted":
          return el("pre", {}, leaves(element));
        case "rich_text_quote":
          return el("blockquote", {}, leaves(element));
        case "rich_text_list": {
          const list = el(
            element.style === "ordered" ? "ol" : "ul",
            {},
            element.elements.map((item) => el("li", {}, leaves(item))),
          );
          if (element.offset) list.start = element.offset + 1;
          list.style.marginLeft = `${(element.indent ?? 0) * 1.5}em`;
          return list;
        }
        default:
          return el("div", { class: "line" }, leaves(element));
      }
    }),
  );
}

export function table(block) {
  const settings = block.column_settings ?? [];
  const headed = block.type === "data_table";
  const rows = block.rows.map((row, number) =>
    el(
      "tr",
      {},
      row.map((cell, index) => {
        const node = el(
          headed && number === 0 ? "th" : "td",
          {},
          cell.type === "rich_text" ? richText(cell) : String(cell.text ?? cell.value ?? ""),
        );
        node.style.textAlign = settings[index]?.align ?? "left";
        node.classList.toggle("wrapped", Boolean(settings[index]?.is_wrapped));
        return node;
      }),
    ),
  );
  return el(
    "div",
    { class: "scroll" },
    el("table", {}, block.caption ? el("caption", {}, block.caption) : null, el("tbody", {}, rows)),
  );
}

// Standard Markdown, as far as a markdown block is drawn: no HTML, ever.
export function markdown(text) {
  const out = [];
  const rows = text.split("\n");
  while (rows.length) {
    const row = rows.shift();
    let match;
    if ((match = /^```/.exec(row))) {
      const code = [];
      while (rows.length && !/^```/.test(rows[0])) code.push(rows.shift());
      rows.shift();
      out.push(el("pre", {}, code.join("\n")));
    } else if ((match = /^(#{1,6})\s+(.*)$/.exec(row)))
      out.push(el(`h${Math.min(6, match[1].length + 1)}`, {}, spans(match[2])));
    else if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(row)) out.push(el("hr"));
    else if (/^\s*\|.*\|\s*$/.test(row) && /^\s*\|[\s:|-]+\|\s*$/.test(rows[0] ?? ""))
      out.push(pipes(row, rows));
    else if (/^>\s?/.test(row))
      out.push(el("blockquote", {}, spans(gathered(row, rows, /^>\s?/).join("\n"))));
    else if (/^\s*[-*+]\s+/.test(row))
      out.push(
        el(
          "ul",
          {},
          gathered(row, rows, /^\s*[-*+]\s+/).map((item) => el("li", {}, spans(item))),
        ),
      );
    else if (/^\s*\d+[.)]\s+/.test(row))
      out.push(
        el(
          "ol",
          {},
          gathered(row, rows, /^\s*\d+[.)]\s+/).map((item) => el("li", {}, spans(item))),
        ),
      );
    else if (row.trim()) out.push(el("p", {}, spans(row)));
  }
  return el("div", { class: "markdown" }, out);
}

function gathered(first, rows, start) {
  const items = [first.replace(start, "")];
  while (rows.length && start.test(rows[0])) items.push(rows.shift().replace(start, ""));
  return items;
}

function pipes(head, rows) {
  const cells = (row) =>
    row
      .trim()
      .replace(/^\||\|$/g, "")
      .split("|")
      .map((cell) => cell.trim());
  rows.shift();
  const body = [];
  while (rows.length && /^\s*\|/.test(rows[0])) body.push(cells(rows.shift()));
  return el(
    "div",
    { class: "scroll" },
    el(
      "table",
      {},
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          cells(head).map((cell) => el("th", {}, spans(cell))),
        ),
      ),
      el(
        "tbody",
        {},
        body.map((row) =>
          el(
            "tr",
            {},
            row.map((cell) => el("td", {}, spans(cell))),
          ),
        ),
      ),
    ),
  );
}

const SPAN =
  /`([^`]+)`|\*\*(?=\S)(.+?)\*\*|__(?=\S)(.+?)__|(?<!\w)[*_](?=\S)(.+?)[*_](?!\w)|~~(.+?)~~|\[([^\]]+)\]\(([^()\s]+)\)|:([a-z0-9_+-]+):|(https?:\/\/[^\s<>)]+)/g;

function spans(text) {
  const out = [];
  let at = 0;
  for (const match of text.matchAll(SPAN)) {
    out.push(text.slice(at, match.index));
    at = match.index + match[0].length;
    const [, code, strong, strong2, soft, gone, words, url, name, bare] = match;
    if (code) out.push(el("code", {}, code));
    else if (strong ?? strong2) out.push(el("b", {}, spans(strong ?? strong2)));
    else if (soft) out.push(el("i", {}, spans(soft)));
    else if (gone) out.push(el("s", {}, spans(gone)));
    else if (url) out.push(link(url, ...spans(words)));
    else if (name) out.push(emoji(name));
    else out.push(link(bare, bare));
  }
  return [...out, text.slice(at)];
}
