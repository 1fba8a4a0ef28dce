// The line at the bottom: Enter sends, Shift+Enter breaks, Up recalls, / @ # and : are completed.

import { plus, send as sendFiles, snippet } from "./attach.js";
import { el } from "./dom.js";
import { EMOJI } from "./emoji.js";
import { tell } from "./line.js";
import { state } from "./state.js";

const MOST_TYPED = 12_000; // Slack makes a snippet of what is longer
const MOST_OFFERED = 8;
const sent = [];
let lists = 0;

export function composer({ testid, words, send, share }) {
  let back = -1;
  let at = 0;
  let fitting = [];
  const listId = `completion-${++lists}`;
  const list = el("div", { class: "completion", role: "listbox", id: listId, hidden: true });
  const hint = el("div", { class: "hintline faint" });
  const input = el("textarea", {
    "data-testid": testid,
    rows: 1,
    placeholder: words,
    "aria-label": words,
    "aria-controls": listId,
    "aria-haspopup": "listbox",
    "aria-autocomplete": "list",
    spellcheck: false,
    oninput: () => {
      grow();
      complete();
    },
    onkeydown: keyed,
    onpaste: (event) => given(event, event.clipboardData),
    onblur: () => hide(),
  });

  function submit() {
    const text = input.value.trim();
    if (!text) return;
    if (text.length > MOST_TYPED) return snippet(share, text);
    sent.push(text);
    back = -1;
    put("");
    send(text);
  }

  function taken() {
    const text = input.value.trim();
    put("");
    return text;
  }

  function given(event, data) {
    if (!data?.files.length) return;
    event.preventDefault();
    sendFiles([...data.files], share, taken);
  }

  function put(text, caret = text.length) {
    input.value = text;
    input.setSelectionRange(caret, caret);
    grow();
    complete();
  }

  function grow() {
    input.style.height = "auto";
    input.style.height = `${Math.min(input.scrollHeight, 200)}px`;
  }

  function complete() {
    const known = state.all.commands.find(
      (one) => input.value === one.name || input.value.startsWith(`${one.name} `),
    );
    hint.textContent = known
      ? `${known.name} ${known.hint || known.about}`
      : input.value
        ? "Enter sends, Shift+Enter begins a new line"
        : "";
    fitting = offered(input.value, input.selectionStart).slice(0, MOST_OFFERED);
    at = 0;
    drawList();
  }

  function hide() {
    list.hidden = true;
    input.removeAttribute("aria-activedescendant");
  }

  function drawList() {
    if (!fitting.length) return hide();
    list.hidden = false;
    input.setAttribute("aria-activedescendant", `${listId}-${at}`);
    list.replaceChildren(
      ...fitting.map((one, index) =>
        el(
          "div",
          {
            role: "option",
            id: `${listId}-${index}`,
            class: "option",
            "aria-selected": String(index === at),
            onpointerdown: (event) => {
              event.preventDefault();
              take(one);
            },
          },
          el("b", {}, one.label),
          one.about ? el("small", {}, one.about) : null,
        ),
      ),
    );
  }

  function take(one) {
    if (one.run) {
      put("");
      one.run();
    } else put(one.text, one.caret);
  }

  function keyed(event) {
    if (event.isComposing) return;
    const open = !list.hidden;
    if (open && !event.shiftKey && (event.key === "Tab" || event.key === "Enter"))
      take(fitting[at]);
    else if (open && event.key === "ArrowDown") {
      at = (at + 1) % fitting.length;
      drawList();
    } else if (open && event.key === "ArrowUp") {
      at = (at + fitting.length - 1) % fitting.length;
      drawList();
    } else if (open && event.key === "Escape") {
      hide();
      event.stopPropagation();
    } else if (event.key === "Enter" && !event.shiftKey) submit();
    else if (event.key === "ArrowUp" && (input.value === "" || back >= 0)) recall(1);
    else if (event.key === "ArrowDown" && back >= 0) recall(-1);
    else return;
    event.preventDefault();
  }

  function recall(step) {
    back = Math.max(-1, Math.min(sent.length - 1, back + step));
    put(back < 0 ? "" : sent[sent.length - 1 - back]);
    hide();
  }

  const more = el(
    "button",
    {
      type: "button",
      class: "plus",
      "aria-label": "Attach a file or use a shortcut",
      "aria-haspopup": "listbox",
      onclick: () => plus(more, { share, words: taken }),
    },
    "+",
  );
  const button = el(
    "button",
    { type: "button", class: "send", "aria-label": "Send", onclick: submit },
    "➤",
  );
  return el(
    "div",
    {
      class: "composer",
      ondragover: (event) => event.preventDefault(),
      ondrop: (event) => given(event, event.dataTransfer),
    },
    list,
    el("div", { class: "box" }, more, input, button),
    hint,
  );
}

// What fits what stands before the caret.
function offered(value, caret) {
  const before = value.slice(0, caret);
  const rest = value.slice(caret);
  if (/^\/\S*$/.test(value)) return commands(value);
  if (/^\/\S+\s/.test(value) && !/[@#]\S*$/.test(before)) return [];
  const match = /(?:^|[\s(])([@#:])([\w.+-]*)$/.exec(before);
  if (!match) return [];
  const [, sign, typed] = match;
  const start = before.slice(0, before.length - typed.length);
  const found = { "@": names, "#": rooms, ":": smileys }[sign](typed.toLowerCase());
  return found
    .filter((one) => one.name !== typed)
    .map((one) => {
      const head = `${start}${one.name}${sign === ":" ? ":" : ""} `;
      return { ...one, text: head + rest.trimStart(), caret: head.length };
    });
}

function commands(value) {
  const shortcuts = state.all.shortcuts.filter((one) => one.type === "global");
  return [
    ...state.all.commands
      .filter((one) => one.name.startsWith(value) && one.name !== value)
      .map((one) => ({ label: `${one.name} ${one.hint}`, about: one.about, text: `${one.name} ` })),
    ...shortcuts
      .filter((one) => value.length > 1 && one.name.toLowerCase().startsWith(value.slice(1)))
      .map((one) => ({
        label: `⚡ ${one.name}`,
        about: one.description,
        run: () => tell("shortcut", { callback_id: one.callback_id }),
      })),
  ];
}

function names(typed) {
  const people = state.all.people.map((one) => ({
    name: one.name,
    label: `@${one.name}`,
    about: `${one.real_name} · ${one.role}`,
  }));
  const groups = state.all.groups.map((one) => ({
    name: one.name,
    label: `@${one.name}`,
    about: `${one.about} · group of ${one.users.length}`,
  }));
  const all = [
    { name: "here", label: "@here", about: "everybody who is active here" },
    { name: "channel", label: "@channel", about: "everybody in this channel" },
  ];
  return [...people, ...groups, ...all].filter((one) => one.name.startsWith(typed));
}

const rooms = (typed) =>
  state.all.channels
    .filter((one) => !one.dm && one.name.startsWith(typed))
    .map((one) => ({ name: one.name, label: `#${one.name}`, about: one.topic }));

const smileys = (typed) =>
  typed.length < 2
    ? []
    : Object.keys(EMOJI)
        .filter((name) => name.startsWith(typed))
        .map((name) => ({ name, label: `${EMOJI[name]} :${name}:` }));
