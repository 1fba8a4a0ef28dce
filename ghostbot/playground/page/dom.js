// Elements are made here and only here: what comes from the server becomes text nodes and
// properties, never markup.

export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (name in node && name !== "list" && name !== "form") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

// Only addresses that a click may open; anything else (javascript:, data:) stays text.
export function safeUrl(url) {
  return /^(https?:|mailto:|tel:)/i.test(url || "") ? url : null;
}

export function link(url, ...children) {
  const href = safeUrl(url);
  if (!href) return el("span", {}, ...children);
  return el("a", { href, target: "_blank", rel: "noopener noreferrer" }, ...children);
}

export function image(url, alt, className) {
  const src = /^(https?:|data:image\/)/i.test(url || "") ? url : "";
  return el("img", {
    src,
    alt: alt || "",
    class: className,
    loading: "lazy",
    referrerPolicy: "no-referrer",
  });
}

export function clock(ts) {
  return new Date(Number(ts) * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

export function toast(words, kind = "") {
  const place = document.getElementById("toasts");
  const node = el("div", { class: `toast ${kind}` }, words);
  place.append(node);
  setTimeout(() => node.remove(), 6000);
}

// A list to pick from under a button: `load(typed)` gives groups of {label, options}.
export function menu(anchor, { load, pick, search = false, note = "Nothing fits" }) {
  document.querySelector(".menu")?.remove();
  const list = el("div", { class: "options", role: "listbox" });
  const input = el("input", {
    type: "text",
    placeholder: "Search",
    "aria-label": "Search",
    hidden: !search,
  });
  const box = el("div", { class: "menu", "data-testid": "menu" }, input, list);
  const close = () => {
    box.remove();
    document.removeEventListener("pointerdown", outside, true);
    anchor.setAttribute("aria-expanded", "false");
  };
  const outside = (event) => box.contains(event.target) || close();
  let turn = 0;
  const fill = async () => {
    const mine = ++turn;
    const slow = setTimeout(
      () => list.replaceChildren(el("div", { class: "label" }, "Loading…")),
      300,
    );
    const groups = await load(input.value).finally(() => clearTimeout(slow));
    if (mine !== turn || !box.isConnected) return;
    const rows = groups
      .flatMap((group) => [
        group.label ? el("div", { class: "label" }, group.label) : null,
        ...group.options.map((option) =>
          el(
            "button",
            {
              type: "button",
              class: "option",
              role: "option",
              "data-value": option.value ?? "",
              onclick: () => {
                close();
                anchor.focus();
                pick(option);
              },
            },
            option.node ?? option.label,
            option.about ? el("small", {}, option.about) : null,
          ),
        ),
      ])
      .filter(Boolean);
    list.replaceChildren(...(rows.length ? rows : [el("div", { class: "label" }, note)]));
    if (!search) list.querySelector("button")?.focus();
    within(box, anchor);
  };
  box.addEventListener("keydown", (event) => {
    const options = [...list.querySelectorAll("button")];
    const at = options.indexOf(document.activeElement);
    if (event.key === "Escape" || event.key === "Tab") {
      event.stopPropagation();
      close();
      anchor.focus();
    } else if (event.key === "ArrowDown") options[Math.min(at + 1, options.length - 1)]?.focus();
    else if (event.key === "ArrowUp") (options[at - 1] ?? (search ? input : options[0]))?.focus();
    else if (event.key === "Enter" && document.activeElement === input) options[0]?.click();
    else return;
    event.preventDefault();
  });
  input.addEventListener("input", fill);
  (anchor.closest("dialog") ?? document.body).append(box);
  within(box, anchor);
  anchor.setAttribute("aria-expanded", "true");
  document.addEventListener("pointerdown", outside, true);
  fill();
  if (search) input.focus();
}

// Below its button where there is room, else above it; never outside of the window.
function within(box, anchor) {
  const place = anchor.getBoundingClientRect();
  const above = place.bottom > innerHeight * 0.6;
  box.style.left = `${Math.max(8, Math.min(place.left, innerWidth - box.offsetWidth - 8))}px`;
  box.style.bottom = above ? `${innerHeight - place.top + 4}px` : "";
  box.style.top = above ? "" : `${place.bottom + 4}px`;
  box.style.maxHeight = `${Math.min(320, above ? place.top - 12 : innerHeight - place.bottom - 12)}px`;
}

// Take a dialog away; the focus goes back to where it was, or to where one types.
export function shut(node) {
  node.close();
  node.remove();
  if (document.activeElement === document.body && !document.querySelector("dialog"))
    document.querySelector("#composer-place textarea")?.focus();
}

// A modal <dialog>; Escape asks `onclose`, which may `shut` it.
export function dialog(className, onclose, ...children) {
  const node = el(
    "dialog",
    {
      class: className,
      oncancel: (event) => {
        event.preventDefault();
        onclose();
      },
    },
    ...children,
  );
  document.body.append(node);
  node.showModal();
  return node;
}

export function confirmed(words, text) {
  return new Promise((resolve) => {
    const end = (yes) => {
      shut(node);
      resolve(yes);
    };
    const node = dialog(
      "confirm",
      () => end(false),
      el("h2", {}, words.title.text),
      el("div", { class: "body" }, text(words.text)),
      el(
        "footer",
        {},
        el(
          "button",
          { type: "button", class: "button", "data-testid": "deny", onclick: () => end(false) },
          words.deny.text,
        ),
        el(
          "button",
          {
            type: "button",
            class: `button ${words.style || "primary"}`,
            "data-testid": "confirm",
            autofocus: true,
            onclick: () => end(true),
          },
          words.confirm.text,
        ),
      ),
    );
  });
}
