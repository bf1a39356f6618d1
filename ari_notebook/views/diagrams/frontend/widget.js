// The viewer as a widget: the kernel sends pictures and answers the page's requests.

import { make } from "./dom.js";
import { viewer } from "./viewer.js";

function render({ model, el }) {
  const waiting = new Map();
  const page = Math.random().toString(36).slice(2);
  let tickets = 0;
  const ask = (message) =>
    new Promise((resolve) => {
      const ticket = `${page}-${++tickets}`;
      waiting.set(ticket, resolve);
      model.send({ ...message, ticket });
    });
  const root = make("div");
  el.append(root);
  const shown = viewer(root, {
    source: async (key) => {
      const reply = await ask({ kind: "source", key });
      return reply.error ? { error: reply.error } : reply.value;
    },
    save: (ending, view) => ask({ kind: "save", ending, view }),
    seek: (at) => model.send({ kind: "seek", at }),
  });
  const take = (message) => {
    if (message.kind === "picture") shown.take(message);
    else if (message.kind === "problem") shown.problem(message.text);
    else if (waiting.has(message.ticket)) {
      waiting.get(message.ticket)(message);
      waiting.delete(message.ticket);
    }
  };
  model.on("msg:custom", take);
  model.send({ kind: "all" });
  return () => {
    model.off("msg:custom", take);
    model.send({ kind: "bye" });
    shown.end();
  };
}

export default { render };
