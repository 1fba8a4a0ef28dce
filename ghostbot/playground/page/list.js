// A list of messages: each where its time belongs, days told apart, and the reader's place kept.

import { el } from "./dom.js";
import { drawMessage } from "./message.js";

const NEAR = 80; // pixels from the end that still count as reading the newest
const APART = 300; // seconds after which a message gets a head of its own

export class List {
  // `pill` is the button that says how much is new below, where there is one.
  constructor(node, { inThread = false, pill = null, context }) {
    this.node = node;
    this.inThread = inThread;
    this.pill = pill;
    this.context = context;
    this.stuck = true;
    this.below = 0;
    node.addEventListener("scroll", () => this.scrolled(), { passive: true });
    node.addEventListener("keydown", (event) => this.keyed(event));
    pill?.addEventListener("click", () => this.toEnd());
    this.sizes = new ResizeObserver(() => {
      if (this.stuck) node.scrollTop = node.scrollHeight;
    });
    this.sizes.observe(node);
  }

  fill(messages, { first, since } = {}) {
    this.node.replaceChildren(...(first ? [first] : []));
    for (const message of messages) this.node.append(this.draw(message));
    this.mark(since);
    this.toEnd();
  }

  draw(message) {
    const node = drawMessage(message, { ...this.context(message), inThread: this.inThread });
    this.sizes.observe(node); // what it grows by, once it is drawn, must not push the end away
    return node;
  }

  // Put a message in, or its new form where the old one stands.
  put(message, { mine = false } = {}) {
    const stay = this.stuck || mine;
    const node = this.draw(message);
    const old = this.find(message.ts);
    if (old) {
      const focused = focusIn(old);
      old.replaceWith(node);
      focused?.(node);
    } else {
      const later = this.after(message.ts);
      this.node.insertBefore(node, later);
      if (!stay && !later) this.below += 1;
    }
    this.mark(this.since);
    if (stay) this.toEnd();
    else this.told();
  }

  drop(ts) {
    this.find(ts)?.remove();
    this.mark(this.since);
  }

  // The first message that is newer than this; almost always there is none.
  after(ts) {
    let later = null;
    for (let node = this.node.lastElementChild; node; node = node.previousElementSibling) {
      if (!node.dataset.ts) continue;
      if (Number(node.dataset.ts) < Number(ts)) break;
      later = node;
    }
    return later;
  }

  find(ts) {
    return this.node.querySelector(`:scope > [data-ts="${CSS.escape(ts)}"]`);
  }

  // Lines between days and above what is new; who goes on speaking gets no second head.
  mark(since) {
    this.since = since;
    for (const line of this.node.querySelectorAll(":scope > .between")) line.remove();
    let before = null;
    let told = false;
    for (const node of this.node.querySelectorAll(":scope > [data-ts]")) {
      const isNew = since && !told && Number(node.dataset.ts) >= Number(since);
      const day = !this.inThread && day_of(node) !== (before && day_of(before));
      if (day) node.before(between(day_words(node), "day"));
      if (isNew) node.before(between("New", "new"));
      told ||= isNew;
      node.classList.toggle("compact", !day && !isNew && follows(before, node));
      before = node;
    }
  }

  scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.node;
    this.stuck = scrollHeight - scrollTop - clientHeight < NEAR;
    if (this.stuck) this.below = 0;
    this.told();
  }

  toEnd() {
    this.stuck = true;
    this.below = 0;
    this.node.scrollTop = this.node.scrollHeight;
    this.told();
  }

  told() {
    if (!this.pill) return;
    this.pill.hidden = !this.below;
    this.pill.textContent = `↓ ${this.below} new ${this.below === 1 ? "message" : "messages"}`;
  }

  // Up and Down go from message to message, Home and End to the first and the last.
  keyed(event) {
    if (event.target !== this.node && !event.target.matches(".message")) return;
    const all = [...this.node.querySelectorAll(":scope > .message")];
    const at = all.indexOf(event.target);
    const next = { ArrowDown: at + 1, ArrowUp: at < 0 ? all.length - 1 : at - 1 }[event.key];
    const goal = { Home: all[0], End: all.at(-1) }[event.key] ?? all[next];
    if (!goal) return;
    event.preventDefault();
    goal.focus();
    goal.scrollIntoView({ block: "nearest" });
  }
}

// What is focused in a node that is about to be drawn anew, and how to focus it again.
export function focusIn(node) {
  const active = document.activeElement;
  if (!node.contains(active)) return null;
  if (active === node) return (fresh) => fresh.focus();
  const { actionId, testid } = active.dataset;
  const block = active.closest("[data-block-id]")?.dataset.blockId;
  const caret = active.selectionStart;
  return (fresh) => {
    const inside = block
      ? (fresh.querySelector(`[data-block-id="${CSS.escape(block)}"]`) ?? fresh)
      : fresh;
    const again =
      (actionId && inside.querySelector(`[data-action-id="${CSS.escape(actionId)}"]`)) ||
      (testid && fresh.querySelector(`[data-testid="${CSS.escape(testid)}"]`));
    (again ?? fresh).focus();
    if (again && typeof caret === "number" && again.setSelectionRange)
      again.setSelectionRange(caret, caret);
  };
}

const between = (words, kind) => el("div", { class: `between ${kind}` }, el("span", {}, words));
const day_of = (node) => new Date(Number(node.dataset.ts) * 1000).toDateString();

function day_words(node) {
  const day = new Date(Number(node.dataset.ts) * 1000);
  const days = Math.round(
    (new Date().setHours(0, 0, 0, 0) - new Date(day).setHours(0, 0, 0, 0)) / 864e5,
  );
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return day.toLocaleDateString("en", { weekday: "long", month: "long", day: "numeric" });
}

function follows(before, node) {
  return Boolean(
    before &&
    before.dataset.author === node.dataset.author &&
    !node.dataset.apart &&
    !before.dataset.apart &&
    Number(node.dataset.ts) - Number(before.dataset.ts) < APART,
  );
}
