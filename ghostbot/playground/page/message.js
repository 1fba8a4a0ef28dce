// One message: who, when, what, its files and reactions, and the way into its thread.

import { attachments, blocks } from "./blocks.js";
import { clock, el, link, menu } from "./dom.js";
import { emoji, mrkdwn } from "./text.js";
import { tell } from "./line.js";

export function drawMessage(message, { all, inThread, surface, reply }) {
  const person = all.people.find((one) => one.id === message.user);
  const bot = Boolean(person?.bot);
  const node = el(
    "article",
    {
      class: `message${message.ephemeral ? " ephemeral" : ""}`,
      "data-testid": "message",
      "data-ts": message.ts,
      "data-author": message.user,
      "data-apart": message.ephemeral || message.broadcast || message.reply_count ? "yes" : null,
      "aria-label": `${message.name} at ${clock(message.ts)}`,
    },
    el(
      "div",
      { class: "gutter" },
      avatar(message, bot),
      el("time", { class: "when" }, clock(message.ts)),
    ),
    el(
      "div",
      { class: "content" },
      message.ephemeral
        ? el("div", { class: "only", "data-testid": "ephemeral" }, "Only visible to you")
        : null,
      el(
        "div",
        { class: "by" },
        el("b", {}, message.name),
        bot ? el("span", { class: "app" }, "APP") : null,
        el("time", { title: new Date(message.ts * 1000).toLocaleString() }, clock(message.ts)),
      ),
      message.broadcast && !inThread ? el("div", { class: "faint" }, "replied to a thread") : null,
      el("div", { class: "body" }, body(message, surface)),
      message.files.map(file),
      message.reactions.length
        ? el(
            "div",
            { class: "reactions" },
            message.reactions.map((one) => el("span", {}, emoji(one.name), ` ${one.count}`)),
          )
        : null,
      message.reply_count && !inThread
        ? el(
            "button",
            { type: "button", class: "replies", "data-testid": "replies", onclick: reply },
            `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}`,
          )
        : null,
    ),
    tools(message, { all, inThread, reply }),
  );
  return node;
}

function body(message, surface) {
  const shown = [];
  if (message.blocks.length) shown.push(...blocks(message.blocks, surface));
  else if (message.text) shown.push(el("div", { class: "text" }, mrkdwn(message.text)));
  shown.push(...attachments(message.attachments, surface));
  if (message.edited) shown.push(el("span", { class: "faint edited" }, "(edited)"));
  return shown;
}

function avatar(message, bot) {
  if (bot)
    return el(
      "span",
      { class: "avatar bot", "aria-hidden": "true" },
      message.name === "slackbot" ? "🤖" : "👻",
    );
  return el(
    "span",
    { class: `avatar of-${message.name}`, "aria-hidden": "true" },
    message.name.slice(0, 1).toUpperCase(),
  );
}

function file(one) {
  return el(
    "div",
    { class: "file", "data-testid": "file" },
    el(
      "div",
      {},
      "📄 ",
      el("a", { href: `/page/files/${one.id}`, download: one.name }, one.title),
      el("span", { class: "faint" }, ` ${one.size.toLocaleString("en")} bytes`),
    ),
    one.preview ? el("pre", {}, one.preview, one.preview_is_truncated ? "\n…" : "") : null,
  );
}

function tools(message, { all, inThread, reply }) {
  if (message.ephemeral) return null;
  const shortcuts = all.shortcuts.filter((one) => one.type === "message");
  const more = el(
    "button",
    {
      type: "button",
      "aria-label": "More actions",
      onclick: () =>
        menu(more, {
          load: async () => [
            {
              options: shortcuts.map((one) => ({
                value: one.callback_id,
                label: one.name,
                about: one.description,
              })),
            },
          ],
          pick: (one) =>
            tell("message_shortcut", {
              callback_id: one.value,
              channel: message.channel,
              ts: message.ts,
            }),
        }),
    },
    "⋮",
  );
  return el(
    "div",
    { class: "tools" },
    inThread
      ? null
      : el(
          "button",
          {
            type: "button",
            "aria-label": "Reply in thread",
            title: "Reply in thread",
            "data-testid": "reply",
            onclick: reply,
          },
          "💬",
        ),
    shortcuts.length ? more : null,
  );
}
