// Data from the kernel: one store per widget; any number of views draw it.

import { keepPicture } from "../../display/frontend/picture.js";

const SILENT_MS = 12000; // the kernel sends a message at least every 5 s
const KINDS = ["channels", "bridges", "endpoints", "device_states"];
const LINES = 1000; // of the log, kept
const ENDED = 2000; // channels kept
const SECTIONS = ["Ringing", "Waiting", "In the dialplan"];
const SAMPLE_MS = 950;
const SAMPLES = 300;
const PAST = "This is the past: go back to live first.";

// What there is at a time: now, or at an earlier moment.
function contents() {
  const made = { ended: new Map(), lines: [], samples: [] }; // ended: id → the row and its cause
  for (const kind of KINDS) made[kind] = new Map();
  return made;
}

export class Store {
  constructor(model) {
    this.model = model;
    this.live = contents();
    this.moment = null; // the earlier moment that is shown, and its contents
    this.seeking = null; // the moment that is asked for
    this.clear();
    this.views = new Set();
    this.asked = new Map();
    this.calls = new Map(); // the telephone's calls: the caller's channel → the other party
    this.gone = false; // whether the kernel of this page has restarted or ended
    this.receivedAt = Date.now();
    this.ticket = 0;
    this.outcome = null; // result of the last action
    this.name = Math.random().toString(36).slice(2);
    this.takers = new Set(); // of live audio
    model.on("msg:custom", (message, buffers) => {
      if (!message.kind?.startsWith("audio")) return this.take(message);
      for (const take of this.takers) take(message, buffers);
    });
    this.picture = "";
    this.keeps = keepPicture(model.widget_manager, () => this.picture);
    model.on("comm_live_update", () => this.lose());
    this.restart();
  }
  clear() {
    this.live = { ...contents(), samples: this.live.samples };
    this.sets ??= {};
    this.status ??= {};
    this.touched = new Map(); // id of a channel or bridge → number of its events
    this.skipped = 0;
    this.problem = "";
    this.n = 0;
  }
  get shown() {
    return this.moment ?? this.live;
  }
  get channels() {
    return this.shown.channels;
  }
  get bridges() {
    return this.shown.bridges;
  }
  get endpoints() {
    return this.shown.endpoints;
  }
  get device_states() {
    return this.shown.device_states;
  }
  get ended() {
    return this.shown.ended;
  }
  get lines() {
    return this.shown.lines;
  }
  get samples() {
    return this.shown.samples;
  }
  // The time that is shown, by the kernel's clock, in milliseconds since 1970; of a recording, and
  // of a session that was closed, the end.
  get time() {
    const { moment, status } = this;
    return moment?.at ?? status.end ?? (this.gone ? this.receivedAt : Date.now()) - this.skew;
  }
  // Show another moment, in milliseconds since 1970 or as a text; null: the present. One question
  // is under way at a time: of the moments that a slider passes the latest is asked for.
  async seek(at, step = 0) {
    const asking = this.seeking !== null;
    this.seeking = at === null ? null : { at, step };
    if (at === null) this.moment = null;
    for (const draw of this.views) draw();
    if (asking || at === null) return "";
    let wrong = "";
    for (let wanted = this.seeking; wanted; ) {
      const { value, error } = await this.ask({ kind: "moment", ...wanted });
      if (!this.seeking) break;
      wrong = error ?? "";
      if (value) this.moment = past(value);
      wanted = this.seeking === wanted ? (this.seeking = null) : this.seeking;
      for (const draw of this.views) draw();
    }
    return wrong;
  }
  // The kernel restarted: requests get no response, and the shown state is obsolete.
  lose() {
    this.gone = true;
    for (const resolve of this.asked.values()) resolve({ error: "the kernel was restarted" });
    this.asked.clear();
    for (const draw of this.views) draw();
  }
  restart() {
    this.model.send({ kind: "all", keeps: this.keeps });
  }
  take(message) {
    this.receivedAt = Date.now();
    this.gone = false;
    this.skew = this.receivedAt - message.now;
    if (message.kind === "all") this.clear();
    else if (message.n !== this.n + 1 && this.n) {
      this.n = 0;
      this.restart(); // a message was missed; the answer contains all data
    }
    if (message.kind === "all" || this.n) this.n = message.n;
    Object.assign(this.sets, message.sets);
    for (const kind of KINDS) {
      const change = message[kind];
      if (!change) continue;
      for (const [id, row] of Object.entries(change.set)) this.live[kind].set(id, row);
      for (const id of change.gone ?? []) {
        if (kind === "channels") this.remember(id, change.ended?.[id] ?? "left the application");
        this.live[kind].delete(id);
      }
    }
    if (message.lines) this.calls = new Map(Object.entries(message.lines));
    const before = this.status.state;
    if (message.status) this.status = message.status;
    this.settle(before);
    if (message.samples && !this.live.samples.length) this.seed(message.samples);
    if (message.problem) this.problem = message.problem;
    this.picture = message.picture ?? this.picture;
    this.note(message.events ?? [], message.requests ?? []);
    this.skipped += message.skipped ?? 0;
    for (const reply of message.replies ?? []) {
      this.asked.get(reply.ticket)?.(reply);
      this.asked.delete(reply.ticket);
    }
    for (const draw of this.views) draw();
  }
  // Events and requests in one log, in the order of their times.
  note(events, requests) {
    if (!events.length && !requests.length) return;
    const fresh = lines(events, requests);
    for (const { subject } of fresh) this.touch(subject);
    this.live.lines = this.live.lines.concat(fresh).slice(-LINES);
  }
  touch(id) {
    if (this.touched.size > LINES) this.touched.clear();
    if (id) this.touched.set(id, (this.touched.get(id) ?? 0) + 1);
  }
  remember(id, cause) {
    const { channels, ended } = this.live;
    const row = channels.get(id);
    if (!row) return;
    ended.set(id, { ...row, cause, until: Date.now() - this.skew });
    if (ended.size > ENDED) ended.delete(ended.keys().next().value);
  }
  ask(message) {
    if (this.gone || this.silent) return Promise.resolve({ error: "the kernel does not answer" });
    const ticket = `${this.name}-${++this.ticket}`;
    return new Promise((resolve) => {
      this.asked.set(ticket, resolve);
      this.model.send({ ...message, ticket });
    });
  }
  // Perform an action; its result is shown until the next.
  async act(on, action, id = "", args = {}) {
    const outcome = { on, action, id, state: "sending", error: "", at: Date.now() };
    this.outcome = outcome;
    const refused = this.moment ? { error: PAST } : null;
    const reply = refused ?? (await this.ask({ kind: "do", on, action, id, arguments: args }));
    outcome.error = reply.error ?? "";
    outcome.state = reply.error ? "failed" : "done";
    outcome.number = reply.sent?.[reply.sent.length - 1];
    if (outcome.number !== undefined) {
      const asked = await this.ask({ kind: "request", number: outcome.number });
      outcome.request = asked.value;
    }
    for (const draw of this.views) draw();
    return reply;
  }
  // An error disappears when its object has ended, or the connection is restored.
  settle(before) {
    const { outcome } = this;
    if (outcome?.state !== "failed") return;
    const again = before !== "connected" && this.status.state === "connected";
    const gone = this.live.ended.get(outcome.id)?.until > outcome.at - this.skew;
    if (again || gone) this.outcome = null;
  }
  // The sounds that the server has, with their texts if available; requested once.
  sounds() {
    this.listed ??= this.ask({ kind: "sounds" }).then((reply) => reply.value ?? {});
    return this.listed;
  }
  get silent() {
    return Date.now() - this.receivedAt > SILENT_MS;
  }
  // The operations of a row: name, label, and the reason if it would be refused.
  actions(row) {
    return this.sets[row.actions] ?? [];
  }
  // The list's items: each bridge with its calls, then calls that ring, wait, or are elsewhere.
  items(filter) {
    const wanted = (id, row) =>
      !filter || `${id} ${Object.values(row).join(" ")}`.toLowerCase().includes(filter);
    const groups = new Map([...this.bridges.keys(), ...SECTIONS].map((key) => [key, []]));
    for (const [id, row] of this.channels)
      if (wanted(id, row)) groups.get(this.groupOf(row)).push(["channel", id]);
    const all = [];
    for (const [key, members] of groups) {
      const bridge = this.bridges.get(key);
      if (bridge && (members.length || wanted(key, bridge))) all.push(["bridge", key], ...members);
      if (!bridge && members.length) all.push(["heading", key], ...members);
    }
    return all;
  }
  groupOf(row) {
    if (this.bridges.has(row.bridge)) return row.bridge;
    if (!row.stasis) return "In the dialplan";
    return row.state === "Up" ? "Waiting" : "Ringing";
  }
  // Figures of the minute before this page began: their counters go on to those of the status.
  seed(samples) {
    const last = samples[samples.length - 1];
    const fields = ["started", "answered", "failed", "events"];
    this.live.samples = samples.map((one) => {
      const made = { ...one, at: one.at + this.skew };
      for (const field of fields) made[field] += (this.status[field] ?? 0) - last[field];
      return made;
    });
  }
  // Once a second, for the tiles: current and recent figures.
  sample() {
    const now = Date.now();
    const { samples, channels } = this.live;
    const last = samples[samples.length - 1];
    if (this.gone || !this.status.state || (last && now - last.at < SAMPLE_MS)) return;
    const { started = 0, answered = 0, failed = 0, events = 0 } = this.status;
    samples.push({ at: now, calls: channels.size, started, answered, failed, events });
    if (samples.length > SAMPLES) samples.shift();
  }
}

// Events and requests as lines of one log, in the order of their times.
function lines(events, requests) {
  const made = events.map(([number, time, type, who, words, subject]) => {
    return { key: `event ${number}`, number, at: Date.parse(time), type, who, words, subject };
  });
  for (const [number, at, method, path, status, took, words] of requests) {
    const subject = plain(path.split("/")[2] ?? "");
    const sent = { method, path, status, took };
    made.push({ key: `request ${number}`, number, at, type: method, words, subject, sent });
  }
  return made.sort((one, other) => one.at - other.at);
}

// An earlier moment, as the kernel reports it.
function past(value) {
  const made = { ...contents(), at: value.at, samples: value.samples };
  for (const kind of KINDS) made[kind] = new Map(Object.entries(value[kind]));
  made.lines = lines(value.events, value.requests);
  return made;
}

// A decoded part of a path; a truncated path may end within an escape.
function plain(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const stores = new WeakMap();

export function storeOf(model) {
  if (!stores.has(model)) stores.set(model, new Store(model));
  return stores.get(model);
}
