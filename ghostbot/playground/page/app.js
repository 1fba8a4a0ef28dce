// The page: one websocket, the channels on the left, messages in the middle, a thread on the right.

import { composer } from "./composer.js";
import { el, toast } from "./dom.js";
import { drawMessage } from "./message.js";
import { connect, tell } from "./line.js";
import { know } from "./text.js";
import { homeView, showModal } from "./views.js";
import { blocks } from "./blocks.js";

const $ = (id) => document.getElementById(id);
const state = {
  all: null,
  channel: "",
  thread: "",
  tab: "messages",
  messages: new Map(),
  unread: new Set(),
  home: null,
};
// ── what comes in ──

function everything(all) {
  const wanted = sessionStorage.getItem("person");
  if (wanted && wanted !== all.me && all.people.some((p) => p.name === wanted)) {
    tell("be", { person: wanted });
    return;
  }
  state.all = all;
  state.home = all.home;
  state.messages = new Map(all.channels.map((channel) => [channel.id, new Map()]));
  for (const message of all.messages) state.messages.get(message.channel)?.set(message.ts, message);
  know({
    users: new Map(all.people.map((p) => [p.id, p.name])),
    channels: new Map(all.channels.map((c) => [c.id, c.name])),
    groups: new Map(all.groups.map((g) => [g.id, g.name])),
    me: all.people.find((p) => p.name === all.me)?.id,
  });
  if (!state.messages.has(state.channel)) state.channel = fromHash() ?? all.channels[0].id;
  document.title = `${all.team} – playground`;
  $("person").replaceChildren(
    ...all.people
      .filter((p) => p.playable)
      .map((p) =>
        el("option", { value: p.name, selected: p.name === all.me }, `${p.name} (${p.real_name})`),
      ),
  );
  linked(all.connections);
  draw();
  showModal(all.view, surfaceOf);
}

function changed(message) {
  const channel = state.messages.get(message.channel);
  if (!channel) return;
  const fresh = !channel.has(message.ts);
  channel.set(message.ts, message);
  const here = message.channel === state.channel && state.tab === "messages" && !document.hidden;
  if (fresh && !here && message.name !== state.all.me) {
    state.unread.add(message.channel);
    drawSidebar();
  }
  if (message.channel !== state.channel) return;
  if (shownInChannel(message)) place($("messages"), message, false);
  if (state.thread && state.thread === (message.thread_ts ?? message.ts))
    place($("thread").querySelector(".list"), message, true);
}

function gone(message) {
  state.messages.get(message.channel)?.delete(message.ts);
  for (const node of document.querySelectorAll(`[data-ts="${CSS.escape(message.ts)}"]`))
    node.remove();
  if (state.thread === message.ts) closeThread();
}

function linked(connections) {
  const more = connections > 1 ? ` (${connections}×)` : "";
  const words =
    connections < 0
      ? "the playground is gone, trying again…"
      : connections
        ? `${state.all?.bot.app ?? "the app"} is connected${more}`
        : "the app is not connected";
  $("link").textContent = words;
  $("link").className = connections > 0 ? "good" : "bad";
}

function viewed(frame) {
  state.home = frame.home;
  showModal(frame.view, surfaceOf);
  if (state.tab === "home") drawMessages();
}

// ── drawing ──

const room = () => state.all.channels.find((channel) => channel.id === state.channel);
const shownInChannel = (m) => !m.thread_ts || m.thread_ts === m.ts || m.broadcast;
const bottom = (list) => list.scrollHeight - list.scrollTop - list.clientHeight < 80;
const fromHash = () => {
  const name = decodeURIComponent(location.hash.slice(1));
  return state.all.channels.find((c) => c.id === name || (c.name === name && !c.dm))?.id;
};

function surfaceOf({ message, view, values }) {
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

function draw() {
  drawSidebar();
  drawHead();
  drawComposer();
  drawMessages();
  if (state.thread) openThread(state.thread);
}

function drawSidebar() {
  const { all } = state;
  const row = (channel, words, tag) =>
    el(
      "button",
      {
        type: "button",
        class: "room",
        "data-channel": channel.name,
        "aria-current": channel.id === state.channel ? "page" : null,
        onclick: () => go(channel.id),
      },
      tag,
      el("span", {}, words),
      state.unread.has(channel.id) ? el("i", { class: "dot", "aria-label": "unread" }) : null,
    );
  $("sidebar").replaceChildren(
    el("h1", {}, all.team),
    el("h2", {}, "Channels"),
    ...all.channels
      .filter((c) => !c.dm)
      .map((c) => row(c, c.name, el("span", { class: c.member ? "hash" : "hash faint" }, "#"))),
    el("h2", {}, "Apps"),
    ...all.channels
      .filter((c) => c.dm)
      .map((c) => row(c, all.bot.name, el("span", { class: "avatar bot tiny" }, "👻"))),
    all.shortcuts.some((s) => s.type === "global") ? el("h2", {}, "Shortcuts") : "",
    ...all.shortcuts
      .filter((s) => s.type === "global")
      .map((s) =>
        el(
          "button",
          {
            type: "button",
            class: "room",
            title: s.description,
            "data-callback-id": s.callback_id,
            onclick: () => tell("shortcut", { callback_id: s.callback_id }),
          },
          el("span", { class: "hash" }, "⚡"),
          s.name,
        ),
      ),
  );
}

function drawHead() {
  const channel = room();
  const tabs =
    channel.dm && state.all.bot.home
      ? ["home", "messages"].map((name) =>
          el(
            "button",
            {
              type: "button",
              class: "tab",
              "aria-pressed": String(state.tab === name),
              onclick: () => tab(name),
            },
            name === "home" ? "Home" : "Messages",
          ),
        )
      : [];
  $("head").replaceChildren(
    el("h2", {}, channel.dm ? `👻 ${state.all.bot.name}` : `# ${channel.name}`),
    ...tabs,
    el("span", { class: "topic" }, channel.topic),
    el("span", { class: "faint members" }, channel.dm ? "" : `${channel.members.length} members`),
  );
}

function drawMessages() {
  const list = $("messages");
  if (state.tab === "home") {
    list.replaceChildren(homeView(state.home, (view) => blocks(view.blocks, surfaceOf({ view }))));
    return;
  }
  list.replaceChildren(firstHint());
  const messages = [...state.messages.get(state.channel).values()].filter(shownInChannel);
  for (const message of messages.sort((a, b) => Number(a.ts) - Number(b.ts)))
    place(list, message, false);
  list.scrollTop = list.scrollHeight;
}

function firstHint() {
  const channel = room();
  const name = channel.dm ? state.all.bot.name : `#${channel.name}`;
  return el(
    "div",
    { class: "beginning", "data-testid": "hint" },
    el("h3", {}, `This is the beginning of ${name}`),
    el("p", {}, channel.topic || `Write to ${name} below.`),
  );
}

// Put a message where its time belongs, or its new form where the old one stands.
function place(list, message, inThread) {
  if (state.tab === "home" && !inThread) return;
  const stay = bottom(list);
  const node = drawMessage(message, {
    all: state.all,
    inThread,
    surface: surfaceOf({ message }),
    reply: () => openThread(message.thread_ts ?? message.ts, true),
  });
  const old = list.querySelector(`:scope > [data-ts="${CSS.escape(message.ts)}"]`);
  if (old) {
    const focused = old.contains(document.activeElement)
      ? document.activeElement.dataset.actionId
      : null;
    old.replaceWith(node);
    if (focused) node.querySelector(`[data-action-id="${CSS.escape(focused)}"]`)?.focus();
  } else {
    const later = [...list.querySelectorAll(":scope > [data-ts]")].find(
      (other) => Number(other.dataset.ts) > Number(message.ts),
    );
    list.insertBefore(node, later ?? null);
  }
  compact(node);
  compact(node.nextElementSibling);
  if (stay) list.scrollTop = list.scrollHeight;
}

// Messages that follow one another within five minutes share one head.
function compact(node) {
  const before = node?.previousElementSibling;
  if (!node?.dataset.ts) return;
  const same =
    before?.dataset.ts &&
    before.dataset.author === node.dataset.author &&
    !node.dataset.apart &&
    !before.dataset.apart;
  node.classList.toggle(
    "compact",
    Boolean(same && Number(node.dataset.ts) - Number(before.dataset.ts) < 300),
  );
}

function drawComposer() {
  const channel = room();
  const name = channel.dm ? state.all.bot.name : `#${channel.name}`;
  const box = channel.member
    ? composer({
        testid: "composer",
        all: state.all,
        words: `Message ${name}, or /${(state.all.commands[0]?.name ?? "/").slice(1)} …`,
        send: (text) => tell("type", { text, channel: channel.id }),
      })
    : el(
        "div",
        { class: "join" },
        `You are not in ${name}. `,
        el(
          "button",
          {
            type: "button",
            class: "button primary",
            onclick: () => tell("join", { channel: channel.id }),
          },
          "Join channel",
        ),
      );
  $("composer-place").replaceChildren(state.tab === "home" ? "" : box);
}

// ── going about ──

function go(channel) {
  state.channel = channel;
  state.tab = "messages";
  state.unread.delete(channel);
  history.replaceState(null, "", `#${room().dm ? channel : room().name}`);
  document.body.classList.remove("sidebar-open");
  closeThread();
  draw();
  $("composer-place").querySelector("textarea")?.focus();
}

function tab(name) {
  state.tab = name;
  if (name === "home") tell("home");
  draw();
}

function openThread(ts, focus = false) {
  state.thread = ts;
  const list = el("div", { class: "list", role: "log", "aria-label": "Thread" });
  const box = composer({
    testid: "thread-composer",
    all: state.all,
    words: "Reply…",
    send: (text) => tell("type", { text, channel: state.channel, thread_ts: ts }),
  });
  $("thread").hidden = false;
  $("thread").replaceChildren(
    el(
      "header",
      {},
      el("h2", {}, "Thread"),
      el(
        "button",
        { type: "button", class: "close", "aria-label": "Close thread", onclick: closeThread },
        "✕",
      ),
    ),
    list,
    room().member ? box : "",
  );
  const messages = [...state.messages.get(state.channel).values()].filter(
    (m) => m.ts === ts || m.thread_ts === ts,
  );
  for (const message of messages) place(list, message, true);
  list.scrollTop = list.scrollHeight;
  if (focus) box.querySelector("textarea").focus();
}

function closeThread() {
  state.thread = "";
  $("thread").hidden = true;
  $("thread").replaceChildren();
}

// Whoever looks at the newest message goes on doing so when the window or a message changes size.
let stuck = true;
$("messages").addEventListener("scroll", () => {
  stuck = bottom($("messages"));
});
new ResizeObserver(() => {
  if (stuck) $("messages").scrollTop = $("messages").scrollHeight;
}).observe($("messages"));

$("person").addEventListener("change", (event) => {
  sessionStorage.setItem("person", event.target.value);
  state.unread.clear();
  tell("be", { person: event.target.value });
});
$("menu").addEventListener("click", () => document.body.classList.toggle("sidebar-open"));
addEventListener(
  "hashchange",
  () => state.all && fromHash() && fromHash() !== state.channel && go(fromHash()),
);
addEventListener("visibilitychange", () => {
  if (!document.hidden && state.unread.delete(state.channel)) drawSidebar();
});
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && state.thread && !document.querySelector("dialog, .menu"))
    closeThread();
});
connect({
  all: everything,
  message: (frame) => changed(frame.message),
  gone: (frame) => gone(frame.message),
  link: (frame) => linked(frame.connections),
  view: viewed,
  notice: (frame) => toast(frame.text, "bad"),
  closed: () => linked(-1),
});
