// The line at the bottom: Enter sends, Shift+Enter breaks, Up recalls, / and @ are completed.

import { el } from "./dom.js";

const sent = [];

export function composer({ testid, all, words, send }) {
  let back = -1;
  let at = 0;
  let fitting = [];
  const list = el("div", { class: "completion", role: "listbox", hidden: true });
  const hint = el("div", { class: "hintline faint" });
  const input = el("textarea", {
    "data-testid": testid,
    rows: 1,
    placeholder: words,
    "aria-label": words,
    spellcheck: false,
    oninput: () => {
      grow();
      complete();
    },
    onkeydown: keyed,
    onblur: () => {
      list.hidden = true;
    },
  });

  function submit() {
    const text = input.value.trim();
    if (!text) return;
    sent.push(text);
    back = -1;
    put("");
    send(text);
  }

  function put(text) {
    input.value = text;
    input.setSelectionRange(text.length, text.length);
    grow();
    complete();
  }

  function grow() {
    input.style.height = "auto";
    input.style.height = `${Math.min(input.scrollHeight, 200)}px`;
  }

  function complete() {
    const before = input.value.slice(0, input.selectionStart);
    const command = /^\/\S*$/.test(input.value);
    const mention = /(?:^|\s)@([\w.-]*)$/.exec(before);
    const known = all.commands.find(
      (one) => input.value === one.name || input.value.startsWith(`${one.name} `),
    );
    hint.textContent = known ? `${known.name} ${known.hint || known.about}` : "";
    if (command) {
      fitting = all.commands
        .filter((one) => one.name.startsWith(input.value) && one.name !== input.value)
        .map((one) => ({
          label: `${one.name} ${one.hint}`,
          about: one.about,
          text: `${one.name} `,
        }));
    } else if (mention) {
      const names = [...all.people.map((one) => one.name), ...all.groups.map((one) => one.name)];
      const start = before.slice(0, before.length - mention[1].length);
      fitting = names
        .filter((name) => name.startsWith(mention[1]) && name !== mention[1])
        .map((name) => ({
          label: `@${name}`,
          text: `${start}${name} ${input.value.slice(before.length).trimStart()}`,
        }));
    } else fitting = [];
    at = 0;
    drawList();
  }

  function drawList() {
    list.hidden = !fitting.length;
    list.replaceChildren(
      ...fitting.map((one, index) =>
        el(
          "div",
          {
            role: "option",
            class: "option",
            "aria-selected": String(index === at),
            onpointerdown: (event) => {
              event.preventDefault();
              put(one.text);
            },
          },
          el("b", {}, one.label),
          one.about ? el("small", {}, one.about) : null,
        ),
      ),
    );
  }

  function keyed(event) {
    if (event.isComposing) return;
    const open = !list.hidden;
    if (open && (event.key === "Tab" || event.key === "Enter")) put(fitting[at].text);
    else if (open && event.key === "ArrowDown") {
      at = (at + 1) % fitting.length;
      drawList();
    } else if (open && event.key === "ArrowUp") {
      at = (at + fitting.length - 1) % fitting.length;
      drawList();
    } else if (open && event.key === "Escape") {
      list.hidden = true;
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
    list.hidden = true;
  }

  const button = el(
    "button",
    { type: "button", class: "send", "aria-label": "Send", onclick: submit },
    "➤",
  );
  return el("div", { class: "composer" }, list, el("div", { class: "box" }, input, button), hint);
}
