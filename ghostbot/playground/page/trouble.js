// The panel with the switches for a bad day of Slack.

import { el } from "./dom.js";
import { tell } from "./line.js";
import { $ } from "./state.js";

let now = null;

export function toggleTrouble(open = $("trouble").hidden) {
  $("trouble").hidden = !open;
  $("trouble-button").setAttribute("aria-expanded", String(open));
  if (open) $("trouble").querySelector("input, select, button")?.focus();
  else $("trouble-button").focus();
}

export function drawTrouble(trouble) {
  now = trouble;
  const limits = Object.entries(trouble.limits);
  const on =
    (trouble.outage ? 1 : 0) +
    (trouble.lag_s ? 1 : 0) +
    (trouble.revoked ? 1 : 0) +
    (trouble.mute_pongs ? 1 : 0) +
    limits.length;
  $("trouble-button").replaceChildren("⛈ ", el("span", {}, on ? `Trouble: ${on} on` : "Trouble"));
  $("trouble-button").classList.toggle("on", on > 0);
  const focused = $("trouble").contains(document.activeElement) ? document.activeElement.name : "";
  $("trouble").replaceChildren(head(), el("div", { class: "switches" }, switches(limits)));
  if (focused)
    $("trouble")
      .querySelector(`[name="${CSS.escape(focused)}"]`)
      ?.focus();
}

const turn = (what, value = null) => tell("trouble", { what, value });

const head = () =>
  el(
    "header",
    {},
    el("h2", {}, "Trouble"),
    el(
      "button",
      {
        type: "button",
        class: "close",
        "aria-label": "Close trouble",
        onclick: () => toggleTrouble(false),
      },
      "✕",
    ),
  );

const switches = (limits) => [
  el("p", { class: "faint" }, "Give Slack a bad day, and see what the app does."),
  choice("outage", "Slack", now.outage, [
    ["", "is well"],
    ["failing", "answers every call with 503"],
    ["gone", "is gone: every line is cut"],
  ]),
  choice(
    "lag_s",
    "The network",
    String(now.lag_s),
    [
      ["0", "is fast"],
      ["1", "is 1 second late"],
      ["2.5", "is 2.5 seconds late"],
      ["5", "is 5 seconds late"],
    ],
    Number,
  ),
  choice("revoked", "The bot's token", now.revoked, [
    ["", "is valid"],
    ["token_revoked", "token_revoked"],
    ["account_inactive", "account_inactive"],
    ["invalid_auth", "invalid_auth"],
  ]),
  limiting(limits),
  tick("rate_limits", "Slack's own rate limits hold", now.rate_limits),
  tick("mute_pongs", "Half-open: nobody answers a ping", now.mute_pongs),
  el(
    "fieldset",
    {},
    el("legend", {}, "Once"),
    once("drop_acks", "Lose the next ack", now.lost_acks),
    once("duplicate", "Deliver the next envelope twice", now.doubled),
    once("half_done", "Make the next post, and say it failed"),
    once("cut", "Cut the sockets"),
    once("disconnect", "Ask the app to reconnect", 0, "refresh_requested"),
  ),
  el(
    "button",
    { type: "button", class: "button primary", name: "clear", onclick: () => turn("clear") },
    "All well again",
  ),
];

function choice(what, words, value, choices, read = (x) => x) {
  return el(
    "label",
    { class: "switch" },
    el("span", {}, words),
    el(
      "select",
      {
        name: what,
        "aria-label": words,
        onchange: (event) => turn(what, read(event.target.value)),
      },
      choices.map(([one, label]) => el("option", { value: one, selected: one === value }, label)),
    ),
  );
}

const tick = (what, words, on) =>
  el(
    "label",
    { class: "tick" },
    el("input", {
      type: "checkbox",
      name: what,
      checked: on,
      onchange: (event) => turn(what, event.target.checked),
    }),
    ` ${words}`,
  );

const once = (what, words, waiting = 0, value = null) =>
  el(
    "button",
    { type: "button", class: "button", name: what, onclick: () => turn(what, value) },
    words,
    waiting ? el("span", { class: "tag" }, `${waiting} waiting`) : null,
  );

function limiting(limits) {
  const method = el(
    "select",
    { name: "method", "aria-label": "Method" },
    ["chat.postMessage", "chat.update", "*", ...now.methods].map((name) =>
      el("option", { value: name }, name === "*" ? "every method" : name),
    ),
  );
  const seconds = el("input", {
    type: "number",
    name: "seconds",
    "aria-label": "Retry-After in seconds",
    value: "5",
    min: "1",
    max: "3600",
  });
  return el(
    "fieldset",
    {},
    el("legend", {}, "Rate limits (429)"),
    el(
      "div",
      { class: "row" },
      method,
      seconds,
      el("span", { class: "faint" }, "s"),
      el(
        "button",
        {
          type: "button",
          class: "button",
          name: "limit",
          onclick: () => turn("limit", [method.value, Number(seconds.value)]),
        },
        "Limit",
      ),
    ),
    limits.map(([name, wait]) =>
      el(
        "div",
        { class: "row limit" },
        el("code", {}, name === "*" ? "every method" : name),
        el("span", { class: "faint" }, `Retry-After: ${wait}`),
        el(
          "button",
          {
            type: "button",
            class: "close",
            "aria-label": `Stop limiting ${name}`,
            onclick: () => turn("limit", [name, 0]),
          },
          "✕",
        ),
      ),
    ),
  );
}
