// The head of a channel: its name and topic, the app's tabs, and who is in it.

import { dialog, el, shut } from "./dom.js";
import { tell } from "./line.js";
import { avatar } from "./message.js";
import { tab } from "./rooms.js";
import { $, placeName, room, state } from "./state.js";

export function drawHead() {
  const channel = room();
  const tabs = channel.dm && state.all.bot.home ? ["home", "messages"].map(tabButton) : [];
  const count = `${channel.members.length} members`;
  $("head").replaceChildren(
    el(
      "h2",
      {},
      channel.dm ? `👻 ${state.all.bot.name}` : `${channel.private ? "🔒" : "#"} ${channel.name}`,
    ),
    ...(tabs.length ? [el("div", { class: "tabs", role: "tablist" }, tabs)] : []),
    el("span", { class: "topic", title: channel.topic }, channel.topic),
    channel.dm
      ? ""
      : el(
          "button",
          {
            type: "button",
            class: "chip members",
            "data-testid": "members",
            "aria-label": `${count}: who is here`,
            onclick: () => membersDialog(channel),
          },
          "👥 ",
          String(channel.members.length),
        ),
  );
}

const tabButton = (name) =>
  el(
    "button",
    {
      type: "button",
      class: "tab",
      role: "tab",
      "aria-selected": String(state.tab === name),
      onclick: () => tab(name),
    },
    name === "home" ? "Home" : "Messages",
  );

// Who is here and as what, with the ids that configurations need.
function membersDialog(channel) {
  const close = () => shut(node);
  const here = (one) => channel.members.includes(one.id);
  const everybody = state.all.people.filter((one) => one.name !== "slackbot");
  const outside = everybody.filter((one) => !here(one));
  const node = dialog(
    "members-of",
    close,
    el(
      "header",
      {},
      el("h2", {}, `In ${placeName(channel)}`),
      el("button", { type: "button", class: "close", "aria-label": "Close", onclick: close }, "✕"),
    ),
    el(
      "ul",
      { class: "people" },
      everybody.filter(here).map((one) => line(one, channel, close)),
    ),
    outside.length ? el("h3", {}, "Not in here") : "",
    el(
      "ul",
      { class: "people" },
      outside.map((one) => line(one, channel, close)),
    ),
  );
  node.setAttribute("data-testid", "members-dialog");
}

function line(one, channel, close) {
  const groups = state.all.groups.filter((group) => group.users.includes(one.id));
  const ids = [one.id, one.bot_id].filter(Boolean);
  const here = channel.members.includes(one.id);
  const verb = here ? "remove" : "invite";
  const allowed = channel.member && !channel.archived;
  return el(
    "li",
    {},
    avatar(one),
    el(
      "span",
      { class: "about" },
      el("b", {}, one.name),
      el("span", { class: "tag" }, one.role),
      ...groups.map((group) => el("span", { class: "tag" }, `@${group.name}`)),
      el("small", {}, `${one.real_name} `, ...ids.map((id) => el("code", {}, id))),
    ),
    allowed
      ? el(
          "button",
          {
            type: "button",
            class: "button",
            "aria-label": `${verb} ${one.name}`,
            onclick: () => {
              close();
              tell("type", { text: `/${verb} @${one.name}`, channel: channel.id });
            },
          },
          here ? "Remove" : "Add",
        )
      : null,
  );
}
