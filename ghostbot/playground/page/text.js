// Slack's mrkdwn, dates, mentions and emoji as DOM nodes ("Formatting text for app surfaces").

import { el, link } from "./dom.js";
import { EMOJI } from "./emoji.js";

let names = { users: new Map(), channels: new Map(), groups: new Map(), me: "" };
export const know = (who) => {
  names = who;
};

export function emoji(name) {
  return EMOJI[name.replace(/::.*/, "")] ?? `:${name}:`;
}

export function plainNames(text) {
  return text.replace(/:([a-z0-9_+'-]+):/g, (whole, name) => EMOJI[name] ?? whole);
}

const unescape = (text) =>
  text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

export function textObject(object) {
  if (!object) return [];
  if (typeof object === "string") return [object];
  return object.type === "plain_text" ? lines(plainNames(object.text)) : mrkdwn(object.text);
}

function lines(text) {
  return text.split("\n").flatMap((line, index) => (index ? [el("br"), line] : [line]));
}

export function mrkdwn(text) {
  return (text ?? "")
    .split(/```\n?([\s\S]*?)\n?```\n?/)
    .flatMap((part, index) => (index % 2 ? [el("pre", {}, control(part))] : quoted(part)));
}

function quoted(text) {
  const out = [];
  let quote = null;
  text.split("\n").forEach((line, index, all) => {
    const match = /^(?:&gt;|>) ?(.*)$/.exec(line);
    if (match) {
      if (quote) quote.append(el("br"));
      else out.push((quote = el("blockquote")));
      quote.append(...inline(match[1]));
      return;
    }
    if (index && !quote && !(index === all.length - 1 && line === "")) out.push(el("br"));
    quote = null;
    out.push(...inline(line));
  });
  return out;
}

const TOKEN =
  /`([^`\n]+)`|<([^<>\n]+)>|:([a-z0-9_+'-]+(?:::skin-tone-\d)?):|(?<![\w*])\*(?=\S)([^*\n]*[^\s*])\*(?![\w*])|(?<![\w_])_(?=\S)([^_\n]*[^\s_])_(?![\w_])|(?<![\w~])~(?=\S)([^~\n]*[^\s~])~(?![\w~])/g;

function inline(text) {
  const out = [];
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    out.push(unescape(text.slice(at, match.index)));
    at = match.index + match[0].length;
    const [whole, code, marked, name, bold, italic, strike] = match;
    if (code !== undefined) out.push(el("code", {}, control(code)));
    else if (marked !== undefined) out.push(mark(marked));
    else if (name !== undefined) out.push(EMOJI[name.replace(/::.*/, "")] ?? whole);
    else if (bold !== undefined) out.push(el("b", {}, inline(bold)));
    else if (italic !== undefined) out.push(el("i", {}, inline(italic)));
    else out.push(el("s", {}, inline(strike)));
  }
  out.push(unescape(text.slice(at)));
  return out.filter((piece) => piece !== "");
}

// Inside code only control sequences mean something.
function control(text) {
  return text.split(/<([^<>\n]+)>/).map((part, index) => (index % 2 ? mark(part) : unescape(part)));
}

function mark(body) {
  const bar = body.indexOf("|");
  const target = bar < 0 ? body : body.slice(0, bar);
  const label = bar < 0 ? "" : unescape(body.slice(bar + 1));
  if (target.startsWith("@")) return user(target.slice(1), label);
  if (target.startsWith("#")) return channel(target.slice(1), label);
  if (target.startsWith("!subteam^")) return group(target.slice(9), label);
  if (target.startsWith("!date^")) return dated(target, label);
  if (target.startsWith("!")) return broadcast(target.slice(1));
  return link(unescape(target), label || unescape(target.replace(/^mailto:/, "")));
}

export const userName = (id) => names.users.get(id) ?? names.groups.get(id) ?? id;

export const user = (id, label) =>
  el(
    "span",
    { class: names.me === id ? "mention me" : "mention" },
    `@${names.users.get(id) ?? (label || id)}`,
  );
export const channel = (id, label) =>
  el("a", { class: "mention", href: `#${id}` }, `#${names.channels.get(id) ?? (label || id)}`);
export const group = (id, label) =>
  el("span", { class: "mention" }, `@${names.groups.get(id) ?? (label || id)}`.replace("@@", "@"));
export const broadcast = (range) => el("span", { class: "mention me" }, `@${range}`);

function dated(target, fallback) {
  const [, unix, format, url] = target.split("^");
  return date(Number(unix), format, url, fallback);
}

export function date(unix, format, url, fallback) {
  if (!Number.isFinite(unix) || !format) return el("time", {}, fallback || "");
  const node = el("time", { title: new Date(unix * 1000).toLocaleString() });
  node.dateTime = new Date(unix * 1000).toISOString();
  if (format.includes("{ago}")) {
    node.dataset.unix = unix;
    node.dataset.format = format;
  }
  node.append(formatted(unix, format));
  return url ? link(url, node) : node;
}

function formatted(unix, format) {
  const when = new Date(unix * 1000);
  const day = (options) => when.toLocaleDateString("en", options);
  const time = (options) =>
    when.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", ...options });
  const plain = {
    date_num: () => `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())}`,
    date: () => day({ month: "long", day: "numeric", year: "numeric" }),
    date_short: () => day({ month: "short", day: "numeric", year: "numeric" }),
    date_long: () => day({ weekday: "long", month: "long", day: "numeric", year: "numeric" }),
    time: () => time(),
    time_secs: () => time({ second: "2-digit" }),
    ago: () => ago(unix),
  };
  return format.replace(/\{(\w+)\}/g, (whole, name) => {
    const pretty = name.endsWith("_pretty") && nearDay(when);
    return pretty || (plain[name.replace(/_pretty$/, "")]?.() ?? whole);
  });
}

const two = (number) => String(number).padStart(2, "0");

function nearDay(when) {
  const days = Math.round(
    (new Date().setHours(0, 0, 0, 0) - new Date(when).setHours(0, 0, 0, 0)) / 864e5,
  );
  return { "-1": "tomorrow", 0: "today", 1: "yesterday" }[days] ?? "";
}

function ago(unix) {
  const seconds = Math.round(Date.now() / 1000 - unix);
  const size = Math.abs(seconds);
  const [count, unit] =
    size < 60
      ? [size, "second"]
      : size < 3600
        ? [size / 60, "minute"]
        : size < 86400
          ? [size / 3600, "hour"]
          : [size / 86400, "day"];
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  return words.format(Math.trunc(seconds > 0 ? -count : count), unit);
}

setInterval(() => {
  for (const node of document.querySelectorAll("time[data-unix]")) {
    node.textContent = formatted(Number(node.dataset.unix), node.dataset.format);
  }
}, 5000);
