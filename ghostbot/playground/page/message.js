// One message: who, when, what, its files and reactions, and the way into its thread.

import { tools } from "./acts.js";
import { attachments, blocks } from "./blocks.js";
import { clock, el, toast } from "./dom.js";
import { tell } from "./line.js";
import { person, state } from "./state.js";
import { emoji, mrkdwn, userName } from "./text.js";

export function drawMessage(message, { inThread, surface, reply }) {
  const author = person(message.user);
  const node = el(
    "article",
    {
      class: `message${message.ephemeral ? " ephemeral" : ""}`,
      "data-testid": "message",
      "data-ts": message.ts,
      "data-author": message.user,
      "data-apart": message.ephemeral || message.broadcast || message.reply_count ? "yes" : null,
      "aria-label": `${message.name} at ${clock(message.ts)}`,
      tabindex: -1,
    },
    el(
      "div",
      { class: "gutter" },
      avatar(author, message.name),
      el("time", { class: "when" }, clock(message.ts).replace(/\s?[AP]M$/i, "")),
    ),
    el(
      "div",
      { class: "content" },
      message.ephemeral ? onlyYou(message) : null,
      by(message, author),
      message.broadcast && !inThread
        ? el("button", { type: "button", class: "from", onclick: reply }, "replied to a thread")
        : null,
      el("div", { class: "body" }, body(message, surface)),
      message.files.map(file),
      message.reactions.length ? reactions(message) : null,
      message.reply_count && !inThread ? thread(message, reply) : null,
    ),
    tools(message, { inThread, reply, edit: () => edit(message, node) }),
  );
  return node;
}

function by(message, author) {
  const full = new Date(message.ts * 1000).toLocaleString();
  return el(
    "div",
    { class: "by" },
    el("b", { title: author ? `${author.real_name}, ${author.role}` : "" }, message.name),
    author?.bot_id ? el("span", { class: "app" }, "APP") : null,
    author?.role === "another workspace" ? el("span", { class: "app" }, "EXTERNAL") : null,
    author?.role === "guest" ? el("span", { class: "app" }, "GUEST") : null,
    el("time", { title: full }, clock(message.ts)),
  );
}

const onlyYou = (message) =>
  el(
    "div",
    { class: "only" },
    el("span", { "data-testid": "ephemeral" }, "Only visible to you"),
    " · ",
    el(
      "button",
      { type: "button", class: "link", onclick: () => act(message, "delete") },
      "Dismiss",
    ),
  );

const act = (message, what, more = {}) =>
  tell(what, { channel: message.channel, ts: message.ts, ...more });

function body(message, surface) {
  const shown = [];
  if (message.subtype === "channel_join")
    return [el("div", { class: "text faint" }, mrkdwn(message.text))];
  if (message.blocks.length) shown.push(...blocks(message.blocks, surface));
  else if (message.text) shown.push(el("div", { class: "text" }, mrkdwn(message.text)));
  shown.push(...attachments(message.attachments, surface));
  if (message.edited) shown.push(el("span", { class: "faint edited" }, "(edited)"));
  return shown;
}

export function avatar(one, name = one?.name ?? "?") {
  if (one?.bot) {
    const face = { slackbot: "💬", robot: "🤖" }[one.name] ?? "👻";
    return el("span", { class: "avatar bot", "aria-hidden": "true" }, face);
  }
  const initial = name.slice(0, 1).toUpperCase();
  return el("span", { class: `avatar of-${one?.name ?? ""}`, "aria-hidden": "true" }, initial);
}

function thread(message, reply) {
  const words = `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}`;
  return el(
    "div",
    { class: "thread-line" },
    message.reply_users.slice(0, 3).map((id) => {
      const face = avatar(person(id));
      face.classList.add("tiny");
      return face;
    }),
    el(
      "button",
      { type: "button", class: "replies", "data-testid": "replies", onclick: reply },
      words,
    ),
    el("span", { class: "faint" }, `last at ${clock(message.latest_reply)}`),
  );
}

const reactions = (message) =>
  el(
    "div",
    { class: "reactions" },
    message.reactions.map((one) => {
      const own = one.users.includes(state.all.people.find((p) => p.name === state.all.me)?.id);
      return el(
        "button",
        {
          type: "button",
          "aria-pressed": String(own),
          title: `${one.users.map(userName).join(", ")} with :${one.name}:`,
          "aria-label": `${one.count} ${one.name}`,
          onclick: () => act(message, "react", { name: one.name }),
        },
        emoji(one.name),
        ` ${one.count}`,
      );
    }),
  );

function file(one) {
  const url = `/page/files/${one.id}`;
  const shown = one.preview ? el("pre", { class: one.filetype }, lines(one, one.preview)) : null;
  const all = async () => {
    const answer = await fetch(url);
    if (!answer.ok) return toast("the file is gone", "bad");
    shown.replaceChildren(...lines(one, await answer.text()));
    more.remove();
  };
  const more = one.preview_is_truncated
    ? el("button", { type: "button", class: "more", onclick: all }, `Show all ${one.lines} lines`)
    : null;
  return el(
    "div",
    { class: "file", "data-testid": "file" },
    el(
      "div",
      { class: "file-head" },
      one.mode === "snippet" ? "📄 " : "📎 ",
      el("a", { href: url, download: one.name }, one.title),
      el(
        "span",
        { class: "faint" },
        ` ${one.pretty_type} · ${one.size.toLocaleString("en")} bytes`,
      ),
    ),
    shown,
    more,
  );
}

// A diff shows what is taken and what is given; every other text stays as it is.
function lines(one, text) {
  if (one.filetype !== "diff") return [text];
  const kind = (line) =>
    /^(\+\+\+|---) /.test(line)
      ? "file-name"
      : { "+": "given", "-": "taken", "@": "hunk" }[line[0]];
  return text
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => el("span", { class: kind(line) ?? "" }, `${line}\n`));
}

// The text of a message becomes a field; Enter keeps it, Escape leaves it.
function edit(message, node) {
  const place = node.querySelector(".body");
  const field = el("textarea", {
    "aria-label": "Edit message",
    "data-testid": "edit",
    value: unescaped(message.text),
    rows: Math.min(12, message.text.split("\n").length + 1),
    onkeydown: (event) => {
      if (event.key === "Escape") {
        event.stopPropagation();
        leave();
      } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        save();
      }
    },
  });
  const before = [...place.childNodes];
  const leave = () => {
    place.replaceChildren(...before);
    node.focus();
  };
  const save = async () => {
    await act(message, "edit", { text: field.value });
  };
  place.replaceChildren(
    el(
      "div",
      { class: "editing" },
      field,
      el(
        "div",
        { class: "row" },
        el("button", { type: "button", class: "button", onclick: leave }, "Cancel"),
        el("button", { type: "button", class: "button primary", onclick: save }, "Save"),
      ),
    ),
  );
  field.focus();
}

// What was typed, from what it became: names again instead of ids.
function unescaped(text) {
  return text
    .replace(/<@([A-Z0-9]+)>/g, (_, id) => `@${userName(id)}`)
    .replace(/<!subteam\^([A-Z0-9]+)>/g, (_, id) => `@${userName(id)}`)
    .replace(/<#[A-Z0-9]+\|([^>]+)>/g, "#$1")
    .replace(/<!(here|channel|everyone)>/g, "@$1")
    .replace(/<(https?:[^>|]+)>/g, "$1")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}
