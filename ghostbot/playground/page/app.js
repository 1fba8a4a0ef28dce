// The page: one websocket, the channels on the left, messages in the middle, a thread on the right.

import { el, toast } from "./dom.js";
import { connect, tell } from "./line.js";
import { closeSidebar, closeThread, draw, drawMessages, dropped, go, placed } from "./rooms.js";
import { surfaceOf } from "./rooms.js";
import { drawSidebar, noted } from "./sidebar.js";
import { $, inChannel, state } from "./state.js";
import { know } from "./text.js";
import { drawTrouble, toggleTrouble } from "./trouble.js";
import { showModal } from "./views.js";

// ── what comes in ──

function everything(all) {
  const wanted = sessionStorage.getItem("person");
  if (wanted && wanted !== all.me && all.people.some((p) => p.name === wanted && p.playable)) {
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
  if (state.thread && !state.messages.get(state.channel).has(state.thread)) closeThread();
  drawPeople(all);
  linked(all.connections);
  drawTrouble(all.trouble);
  draw();
  showModal(all.view, surfaceOf);
}

function drawPeople(all) {
  const alerts = all.channels.find((channel) => !channel.dm);
  const words = (p) => {
    const outside = alerts && !alerts.members.includes(p.id) ? `, not in #${alerts.name}` : "";
    const role = p.role === "admin" ? "Slack admin" : p.role;
    return `${p.name} – ${role}${outside}`;
  };
  $("person").replaceChildren(
    ...all.people
      .filter((p) => p.playable)
      .map((p) => el("option", { value: p.name, selected: p.name === all.me }, words(p))),
  );
}

function changed(message) {
  const channel = state.messages.get(message.channel);
  if (!channel) return;
  const fresh = !channel.has(message.ts);
  channel.set(message.ts, message);
  const here = message.channel === state.channel && state.tab === "messages" && !document.hidden;
  if (fresh && !here && message.name !== state.all.me && inChannel(message)) noted(message);
  placed(message);
}

function gone(message) {
  state.messages.get(message.channel)?.delete(message.ts);
  dropped(message);
}

function linked(connections) {
  const more = connections > 1 ? ` (${connections}×)` : "";
  const words =
    connections < 0
      ? "the playground is gone, trying again…"
      : connections
        ? `${state.all?.bot.app ?? "the app"} is connected${more}`
        : "the app is not connected";
  $("link").replaceChildren(el("span", {}, words));
  $("link").title = words;
  $("link").className = connections > 0 ? "good" : "bad";
}

function viewed(frame) {
  state.home = frame.home;
  showModal(frame.view, surfaceOf);
  if (state.tab === "home") drawMessages();
}

// ── going about ──

const fromHash = () => {
  const name = decodeURIComponent(location.hash.slice(1));
  return state.all.channels.find((c) => c.id === name || (c.name === name && !c.dm))?.id;
};

$("person").addEventListener("change", (event) => {
  sessionStorage.setItem("person", event.target.value);
  state.unread.clear();
  state.since.clear();
  tell("be", { person: event.target.value });
});

$("menu").addEventListener("click", () => {
  const open = document.body.classList.toggle("sidebar-open");
  $("menu").setAttribute("aria-expanded", String(open));
  if (open) $("sidebar").querySelector("[aria-current]")?.focus();
});

$("channel").addEventListener("pointerdown", closeSidebar);
$("trouble-button").addEventListener("click", () => toggleTrouble());

addEventListener(
  "hashchange",
  () => state.all && fromHash() && fromHash() !== state.channel && go(fromHash()),
);

addEventListener("visibilitychange", () => {
  if (!document.hidden && state.tab === "messages" && state.unread.delete(state.channel))
    drawSidebar();
});

// F6 goes from part to part, as in Slack; Escape leaves what lies on top.
const PARTS = ["sidebar", "messages", "composer-place", "thread", "trouble"];

function nextPart(step) {
  const shown = PARTS.map($).filter((part) => !part.hidden && part.offsetParent !== null);
  const at = shown.findIndex((part) => part.contains(document.activeElement));
  const part = shown[(at + step + shown.length) % shown.length];
  const inside = part.querySelector("[aria-current], textarea, button, select, input");
  (part.id === "messages" ? part : (inside ?? part)).focus();
}

addEventListener("keydown", (event) => {
  if (event.key === "F6") {
    event.preventDefault();
    nextPart(event.shiftKey ? -1 : 1);
  }
  if (event.key !== "Escape" || document.querySelector("dialog, .menu")) return;
  if (document.body.classList.contains("sidebar-open")) {
    closeSidebar();
    $("menu").focus();
  } else if ($("trouble").contains(document.activeElement)) toggleTrouble(false);
  else if (state.thread) closeThread(true);
  else $("composer-place").querySelector("textarea")?.focus();
});

connect({
  all: everything,
  message: (frame) => changed(frame.message),
  gone: (frame) => gone(frame.message),
  link: (frame) => linked(frame.connections),
  view: viewed,
  trouble: (frame) => drawTrouble(frame.trouble),
  notice: (frame) => toast(frame.text, "bad"),
  closed: () => linked(-1),
});
