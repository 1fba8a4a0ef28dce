// The one websocket: what comes goes to `hear` by its kind, and what we ask gets its answer.

import { toast } from "./dom.js";

const waiting = new Map();
let socket;
let asked = 0;
let pause = 300;

export function connect(hear) {
  socket = new WebSocket(`ws://${location.host}/page/live`);
  socket.addEventListener("message", (event) => {
    const frame = JSON.parse(event.data);
    if (frame.kind === "answer") answered(frame);
    else hear[frame.kind]?.(frame);
  });
  socket.addEventListener("open", () => {
    pause = 300;
  });
  socket.addEventListener("close", () => {
    hear.closed();
    for (const { reject } of waiting.values()) reject(new Error("the playground is gone"));
    waiting.clear();
    setTimeout(() => connect(hear), (pause = Math.min(5000, pause * 2)));
  });
}

function answered(frame) {
  const asker = waiting.get(frame.id);
  waiting.delete(frame.id);
  if (frame.ok) asker?.resolve(frame.result);
  else asker?.reject(new Error(frame.error));
}

// Ask the server to do something as the person we are; the answer, or a toast and an error.
export function ask(doing, args = {}) {
  return new Promise((resolve, reject) => {
    if (socket.readyState !== WebSocket.OPEN) return reject(new Error("the playground is gone"));
    const id = ++asked;
    waiting.set(id, { resolve, reject });
    socket.send(JSON.stringify({ do: doing, id, ...args }));
  });
}

export const tell = (doing, args) => ask(doing, args).catch((error) => toast(error.message, "bad"));
