// What the page knows: everything the playground told, and what is looked at now.

export const state = {
  all: null,
  channel: "",
  thread: "",
  tab: "messages",
  messages: new Map(), // channel → ts → message
  unread: new Map(), // channel → how many of its unread messages name me
  since: new Map(), // channel → ts of the first message that nobody has looked at
  home: null,
};

export const $ = (id) => document.getElementById(id);
export const room = () => state.all.channels.find((channel) => channel.id === state.channel);
export const person = (id) => state.all.people.find((one) => one.id === id);
export const me = () => state.all.people.find((one) => one.name === state.all.me);
export const placeName = (channel) => (channel.dm ? state.all.bot.name : `#${channel.name}`);
export const inChannel = (m) => !m.thread_ts || m.thread_ts === m.ts || m.broadcast;
export const inThread = (m, ts) => m.ts === ts || m.thread_ts === ts;
export const sorted = (messages) => messages.sort((a, b) => Number(a.ts) - Number(b.ts));
export const messagesOf = (channel) => [...state.messages.get(channel).values()];

// Whether a message calls me: by name, by a group I am in, or everybody.
export function callsMe(message) {
  const id = me().id;
  const groups = state.all.groups.filter((group) => group.users.includes(id)).map((g) => g.id);
  const calls = [`<@${id}`, ...groups.map((group) => `<!subteam^${group}`), "<!here", "<!channel"];
  const words = message.text + JSON.stringify(message.blocks);
  return calls.some((call) => words.includes(call)) || words.includes(`"user_id":"${id}"`);
}
