// What is looked at: a channel, its messages and its composer, the app's Home, one thread.

import { blocks } from "./blocks.js";
import { composer } from "./composer.js";
import { el } from "./dom.js";
import { drawHead } from "./head.js";
import { tell } from "./line.js";
import { focusIn, List } from "./list.js";
import { drawSidebar } from "./sidebar.js";
import { $, inChannel, inThread, messagesOf, placeName, room, sorted, state } from "./state.js";
import { homeView } from "./views.js";

export const list = new List($("messages"), { pill: $("newer"), context });
let threadList = null;

function context(message) {
  return {
    surface: surfaceOf({ message }),
    reply: () => openThread(message.thread_ts ?? message.ts, true),
  };
}

export function surfaceOf({ message, view, values }) {
  const where = () =>
    view ? { view_id: view.id, values } : { channel: message.channel, ts: message.ts };
  return {
    values,
    people: () => state.all.people.filter((p) => !p.bot),
    channels: () => state.all.channels.filter((c) => !c.dm),
    act: (item, block, value) =>
      tell("press", { ...where(), action_id: item.action_id, block_id: block.block_id, value }),
    suggest: async (item, block, typed) =>
      (await tell("suggest", {
        ...where(),
        action_id: item.action_id,
        block_id: block.block_id,
        typed,
      })) ?? {},
  };
}

export function draw() {
  drawSidebar();
  drawHead();
  drawComposer();
  drawMessages();
  if (state.thread) openThread(state.thread);
}

export function drawMessages() {
  const home = state.tab === "home";
  $("messages").classList.toggle("is-home", home);
  if (home) {
    drawHome();
    return;
  }
  const shown = sorted(messagesOf(state.channel).filter(inChannel));
  list.fill(shown, { first: beginning(), since: state.since.get(state.channel) });
}

function drawHome() {
  const again = focusIn($("messages"));
  const top = $("messages").scrollTop;
  const drawn = homeView(state.home, (view) => blocks(view.blocks, surfaceOf({ view })));
  list.node.replaceChildren(drawn);
  list.pill.hidden = true;
  list.stuck = false;
  $("messages").scrollTop = top;
  again?.($("messages"));
}

function beginning() {
  const channel = room();
  const name = placeName(channel);
  return el(
    "div",
    { class: "beginning", "data-testid": "hint" },
    el("h3", {}, `This is the beginning of ${name}`),
    el("p", {}, channel.topic || `Write to ${name} below.`),
  );
}

// A message came, or has changed.
export function placed(message) {
  const mine = message.name === state.all.me;
  if (message.channel !== state.channel) return;
  if (state.tab === "messages" && inChannel(message)) list.put(message, { mine });
  if (state.thread && inThread(message, state.thread)) threadList?.put(message, { mine });
}

export function dropped(message) {
  if (message.channel !== state.channel) return;
  list.drop(message.ts);
  threadList?.drop(message.ts);
  if (state.thread === message.ts) closeThread();
}

function drawComposer() {
  const channel = room();
  const name = placeName(channel);
  $("composer-place").replaceChildren(
    state.tab === "home" ? "" : (closed(channel, name) ?? newComposer(channel, name)),
  );
}

function closed(channel, name) {
  if (channel.archived)
    return el("div", { class: "join" }, `${name} is archived: nobody writes here any more.`);
  if (channel.member) return null;
  const join = el(
    "button",
    {
      type: "button",
      class: "button primary",
      onclick: () => tell("join", { channel: channel.id }),
    },
    "Join channel",
  );
  return el("div", { class: "join" }, `You are not in ${name}. `, join);
}

const newComposer = (channel, name) =>
  composer({
    testid: "composer",
    words: `Message ${name}, or /${(state.all.commands[0]?.name ?? "/").slice(1)} …`,
    send: (text) => tell("type", { text, channel: channel.id }),
    share: (files, text) => tell("share", { files, text, channel: channel.id }),
  });

export const focusComposer = () => $("composer-place").querySelector("textarea")?.focus();

export function go(channel) {
  state.since.delete(state.channel);
  state.channel = channel;
  state.tab = "messages";
  state.unread.delete(channel);
  history.replaceState(null, "", `#${room().dm ? channel : room().name}`);
  closeSidebar();
  closeThread();
  draw();
  focusComposer();
}

export function closeSidebar() {
  document.body.classList.remove("sidebar-open");
  $("menu").setAttribute("aria-expanded", "false");
}

export function tab(name) {
  state.tab = name;
  if (name === "home") tell("home");
  draw();
}

export function openThread(ts, focus = false) {
  state.thread = ts;
  const node = el("div", { class: "list", role: "log", "aria-label": "Thread", tabindex: 0 });
  const also = el("input", { type: "checkbox", "data-testid": "broadcast" });
  const place = { channel: state.channel, thread_ts: ts };
  const box = composer({
    testid: "thread-composer",
    words: "Reply…",
    send: (text) => {
      tell("type", { text, broadcast: also.checked, ...place });
      also.checked = false;
    },
    share: (files, text) => tell("share", { files, text, ...place }),
  });
  const close = { type: "button", class: "close", "aria-label": "Close thread" };
  $("thread").hidden = false;
  $("thread").replaceChildren(
    el(
      "header",
      {},
      el("h2", {}, "Thread ", el("small", {}, placeName(room()))),
      el("button", { ...close, onclick: () => closeThread(true) }, "✕"),
    ),
    node,
    room().member && !room().archived
      ? [box, el("label", { class: "also" }, also, ` Also send to ${placeName(room())}`)].reduce(
          (holder, child) => (holder.append(child), holder),
          el("div", { class: "answer" }),
        )
      : "",
  );
  threadList = new List(node, { inThread: true, context });
  threadList.fill(sorted(messagesOf(state.channel).filter((m) => inThread(m, ts))));
  if (focus) box.querySelector("textarea").focus();
}

export function closeThread(focus = false) {
  const from = state.thread;
  state.thread = "";
  threadList = null;
  $("thread").hidden = true;
  $("thread").replaceChildren();
  if (focus) (list.find(from)?.querySelector(".replies") ?? list.find(from))?.focus();
}
