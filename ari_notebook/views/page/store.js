// What the kernel said, one store per widget; any number of views draw it.

const SILENT_MS = 12000; // the kernel says something at least every 5 s
const KINDS = ["channels", "bridges", "endpoints", "device_states"];
const EVENTS = 500; // kept

export class Store {
  constructor(model) {
    this.model = model;
    this.clear();
    this.views = new Set();
    this.asked = new Map();
    this.errors = new Map(); // by the id of the row it is shown on
    this.calls = new Map(); // our telephone's: the caller's channel → the extension
    this.heard = Date.now();
    this.ticket = 0;
    this.name = Math.random().toString(36).slice(2);
    model.on("msg:custom", (message) => this.take(message));
    this.restart();
  }
  clear() {
    for (const kind of KINDS) this[kind] = new Map();
    this.sets ??= {};
    this.status ??= {};
    this.events = [];
    this.skipped = 0;
    this.problem = "";
    this.n = 0;
  }
  restart() {
    this.model.send({ kind: "all" });
  }
  take(message) {
    this.heard = Date.now();
    this.skew = this.heard - message.now;
    if (message.kind === "all") this.clear();
    else if (message.n !== this.n + 1 && this.n) {
      this.n = 0;
      this.restart(); // one was missed; the answer brings everything
    }
    if (message.kind === "all" || this.n) this.n = message.n;
    Object.assign(this.sets, message.sets);
    for (const kind of KINDS) {
      const change = message[kind];
      if (!change) continue;
      for (const [id, row] of Object.entries(change.set)) this[kind].set(id, row);
      for (const id of change.gone ?? []) {
        this[kind].delete(id);
        this.errors.delete(id);
        this.calls.delete(id);
      }
    }
    if (message.status) this.status = message.status;
    if (message.problem) this.problem = message.problem;
    if (message.events) this.events = this.events.concat(message.events).slice(-EVENTS);
    this.skipped += message.skipped ?? 0;
    for (const reply of message.replies ?? []) {
      this.asked.get(reply.ticket)?.(reply);
      this.asked.delete(reply.ticket);
    }
    for (const draw of this.views) draw();
  }
  ask(message) {
    if (this.silent) return Promise.resolve({ error: "the kernel does not answer" });
    const ticket = `${this.name}-${++this.ticket}`;
    return new Promise((resolve) => {
      this.asked.set(ticket, resolve);
      this.model.send({ ...message, ticket });
    });
  }
  async act(on, action, id = "", args = {}) {
    this.errors.delete(id || on);
    const reply = await this.ask({ kind: "do", on, action, id, arguments: args });
    if (reply.error) this.errors.set(id || on, reply.error);
    for (const draw of this.views) draw();
    return reply;
  }
  // The sounds that the server has, with their words where it tells them; asked for once.
  sounds() {
    this.listed ??= this.ask({ kind: "sounds" }).then((reply) => reply.value ?? {});
    return this.listed;
  }
  get silent() {
    return Date.now() - this.heard > SILENT_MS;
  }
  // What can be done with a row: name, label, and why it would be refused.
  actions(row) {
    return this.sets[row.actions] ?? [];
  }
  // Bridges first, each with its channels, then the channels that are in none.
  items(filter) {
    const wanted = (id, row) =>
      !filter || `${id} ${Object.values(row).join(" ")}`.toLowerCase().includes(filter);
    const members = new Map();
    const alone = [];
    for (const [id, row] of this.channels) {
      if (!wanted(id, row)) continue;
      if (!this.bridges.has(row.bridge)) alone.push(["channel", id]);
      else if (members.has(row.bridge)) members.get(row.bridge).push(["channel", id]);
      else members.set(row.bridge, [["channel", id]]);
    }
    const all = [];
    for (const [id, row] of this.bridges) {
      if (!filter || members.has(id) || wanted(id, row))
        all.push(["bridge", id], ...(members.get(id) ?? []));
    }
    return all.concat(alone);
  }
}

const stores = new WeakMap();

export function storeOf(model) {
  if (!stores.has(model)) stores.set(model, new Store(model));
  return stores.get(model);
}
