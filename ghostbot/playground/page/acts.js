// What can be done with a message: react, reply, the app's shortcuts, edit, delete, copy.

import { el, menu, toast } from "./dom.js";
import { EMOJI } from "./emoji.js";
import { tell } from "./line.js";
import { me, state } from "./state.js";

const QUICK = ["eyes", "white_check_mark", "+1", "tada", "fire"];
const MOST_SHOWN = 60;

export function tools(message, { inThread, reply, edit }) {
  if (message.ephemeral) return null;
  const here = { channel: message.channel, ts: message.ts };
  return el(
    "div",
    { class: "tools", role: "group", "aria-label": "Message actions" },
    button("😀", "Add reaction", (anchor) =>
      menu(anchor, {
        search: true,
        load: async (typed) => [{ options: emojis(typed) }],
        pick: (one) => tell("react", { ...here, name: one.value }),
      }),
    ),
    inThread ? null : button("💬", "Reply in thread", reply, "reply"),
    button("⋮", "More actions", (anchor) =>
      menu(anchor, {
        load: async () => choices(message),
        pick: (one) => one.run({ here, edit }),
      }),
    ),
  );
}

function button(face, words, onclick, testid = null) {
  const node = el(
    "button",
    {
      type: "button",
      "aria-label": words,
      title: words,
      "data-testid": testid,
      onclick: () => onclick(node),
    },
    face,
  );
  return node;
}

function emojis(typed) {
  const names = typed
    ? Object.keys(EMOJI).filter((name) => name.includes(typed))
    : Object.keys(EMOJI);
  const first = typed ? [] : QUICK;
  return [...new Set([...first, ...names])]
    .slice(0, MOST_SHOWN)
    .map((name) => ({ value: name, label: `${EMOJI[name]}  ${name.replaceAll("_", " ")}` }));
}

function choices(message) {
  const shortcuts = state.all.shortcuts
    .filter((one) => one.type === "message")
    .map((one) => ({
      value: one.callback_id,
      label: one.name,
      about: one.description,
      run: ({ here }) => tell("message_shortcut", { callback_id: one.callback_id, ...here }),
    }));
  const own = message.user === me()?.id;
  const editable = own && !["channel_join"].includes(message.subtype);
  const rest = [
    { value: "copy", label: "Copy text", run: () => copy(message.text) },
    { value: "copy-ts", label: "Copy message ts", about: message.ts, run: () => copy(message.ts) },
    editable ? { value: "edit", label: "Edit message", run: ({ edit }) => edit() } : null,
    own || me()?.role === "admin"
      ? { value: "delete", label: "Delete message", run: ({ here }) => tell("delete", here) }
      : null,
  ].filter(Boolean);
  return [
    ...(shortcuts.length ? [{ label: state.all.bot.app, options: shortcuts }] : []),
    { label: shortcuts.length ? "Message" : "", options: rest },
  ];
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("copied");
  } catch {
    toast("cannot copy: the browser does not let us", "bad");
  }
}
