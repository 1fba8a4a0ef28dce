// The left side: channels, the app, and what it offers everywhere.

import { el } from "./dom.js";
import { tell } from "./line.js";
import { go } from "./rooms.js";
import { $, callsMe, state } from "./state.js";

export function drawSidebar() {
  const { all } = state;
  const focused = $("sidebar").contains(document.activeElement)
    ? document.activeElement.dataset.channel
    : null;
  const everywhere = all.shortcuts.filter((one) => one.type === "global");
  $("sidebar").replaceChildren(
    el("h1", {}, all.team),
    el("h2", {}, "Channels"),
    ...all.channels.filter((c) => !c.dm).map((c) => row(c, c.name, sign(c))),
    ...(all.channels.some((c) => c.dm) ? [el("h2", {}, "Apps")] : []),
    ...all.channels
      .filter((c) => c.dm)
      .map((c) => row(c, all.bot.name, el("span", { class: "avatar bot tiny" }, "👻"))),
    ...(everywhere.length ? [el("h2", {}, "Shortcuts"), ...everywhere.map(shortcut)] : []),
  );
  if (focused)
    $("sidebar")
      .querySelector(`[data-channel="${CSS.escape(focused)}"]`)
      ?.focus();
  const calls = [...state.unread.values()].reduce((sum, count) => sum + count, 0);
  document.title = `${calls ? `(${calls}) ` : ""}${all.team} – playground`;
}

function sign(channel) {
  const faint = channel.member && !channel.archived ? "hash" : "hash faint";
  const mark = channel.archived ? "🗄" : channel.private ? "🔒" : "#";
  return el("span", { class: faint, "aria-hidden": "true" }, mark);
}

function row(channel, words, mark) {
  const unread = state.unread.get(channel.id);
  return el(
    "button",
    {
      type: "button",
      class: unread === undefined ? "room" : "room unread",
      "data-channel": channel.name,
      "aria-current": channel.id === state.channel ? "page" : null,
      title: channel.topic,
      onclick: () => go(channel.id),
    },
    mark,
    el("span", { class: "name" }, words),
    channel.shared ? el("span", { class: "tag" }, "shared") : null,
    badge(unread),
  );
}

function badge(unread) {
  if (unread === undefined) return null;
  const words = unread ? `unread, ${unread} for you` : "unread";
  return el("i", { class: unread ? "count" : "dot", "aria-label": words }, unread || "");
}

const shortcut = (one) =>
  el(
    "button",
    {
      type: "button",
      class: "room",
      title: one.description,
      "data-callback-id": one.callback_id,
      onclick: () => tell("shortcut", { callback_id: one.callback_id }),
    },
    el("span", { class: "hash", "aria-hidden": "true" }, "⚡"),
    el("span", { class: "name" }, one.name),
  );

// A message came to a channel that nobody looks at.
export function noted(message) {
  const count = (state.unread.get(message.channel) ?? 0) + (callsMe(message) ? 1 : 0);
  state.unread.set(message.channel, count);
  if (!state.since.has(message.channel)) state.since.set(message.channel, message.ts);
  drawSidebar();
}
