// The panel's page. One store per widget holds what the kernel said; any number of views draw it.
// Every text is set as textContent or as a property: nothing from outside ever becomes markup.

const ROW = 34; // pixels; rows of one height let a thousand of them be drawn as forty
const AROUND = 8; // rows drawn beyond the visible ones
const FEED = 100; // events drawn
const SILENT_MS = 12000; // the kernel says something at least every 5 s
const KINDS = ["channels", "bridges", "endpoints", "device_states"];
const TOGGLES = {
  mute: ["muted", "unmute", "Unmute"],
  hold: ["held", "unhold", "Unhold"],
  ring: ["ringing", "ring_stop", "Stop ringing"],
  start_moh: ["music", "stop_moh", "Stop music"],
};

function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key in node && key !== "list" && key !== "role") node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function button(label, onclick, props = {}) {
  return h("button", { type: "button", textContent: label, onclick, ...props });
}

class Store {
  constructor(model) {
    this.model = model;
    this.clear();
    this.views = new Set();
    this.asked = new Map();
    this.errors = new Map();
    this.calls = new Map(); // our telephones: caller's id → extension
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
    if (message.events) this.events = this.events.concat(message.events).slice(-500);
    this.skipped += message.skipped ?? 0;
    for (const reply of message.replies ?? []) {
      this.asked.get(reply.ticket)?.(reply);
      this.asked.delete(reply.ticket);
    }
    for (const draw of this.views) draw();
  }
  ask(message) {
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
  get silent() {
    return Date.now() - this.heard > SILENT_MS;
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

function who(row, id) {
  return row.caller || row.name || id;
}

function since(store, row) {
  if (!row.since) return "";
  const seconds = Math.max(0, Math.round((Date.now() - store.skew - row.since) / 1000));
  const two = (n) => String(n).padStart(2, "0");
  const minutes = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return seconds < 3600 ? minutes : `${Math.floor(seconds / 3600)}:${minutes}`;
}

function media(row) {
  const now = [];
  if (row.playing) now.push(`▶ ${row.playing}`);
  if (row.recording) now.push(`● ${row.recording}`);
  return now.concat(row.switches).join(", ");
}

// A channel's line in the table.
function channelRow(store, id, view) {
  const cells = {};
  for (const name of ["who", "state", "exten", "time", "media", "keys", "act"]) cells[name] = h("td");
  const choose = button("", () => view.select(id), { className: "link" });
  cells.who.append(choose);
  const state = h("span", { className: "state" });
  cells.state.append(state);
  const quick = ["answer", "play", "hangup"].map((name) => {
    const node = button("", () =>
      store.act("channels", name, id, name === "play" ? { media: view.sound() } : {}),
    );
    node.dataset.action = name;
    return node;
  });
  const wrong = h("span", { className: "wrong" });
  cells.act.append(...quick, wrong);
  const node = h("tr", { className: "channel" }, ...Object.values(cells));
  node.dataset.id = id;
  const update = () => {
    const row = store.channels.get(id);
    if (!row) return;
    say(choose, who(row, id));
    choose.title = `${row.name} (${id})`;
    choose.setAttribute("aria-pressed", String(view.selected === id));
    node.classList.toggle("chosen", view.selected === id);
    node.classList.toggle("member", store.bridges.has(row.bridge));
    say(state, row.state + (row.stasis ? "" : " (dialplan)"));
    state.dataset.state = row.state;
    say(cells.exten, row.exten ? `${row.exten}@${row.context}` : "");
    say(cells.time, since(store, row));
    say(cells.media, media(row));
    cells.media.title = media(row);
    say(cells.keys, row.keys);
    const can = new Map((store.sets[row.actions] ?? []).map(([n, ...rest]) => [n, rest]));
    for (const node of quick) {
      const [label, refused] = can.get(node.dataset.action) ?? ["", "no"];
      say(node, label || node.dataset.action);
      node.disabled = Boolean(refused);
      node.title = refused;
      node.setAttribute("aria-label", `${label} ${who(row, id)}`);
    }
    say(wrong, store.errors.get(id) ?? "");
    wrong.title = store.errors.get(id) ?? "";
  };
  return { node, update };
}

function bridgeRow(store, id, view) {
  const title = h("span", { className: "title" });
  const wrong = h("span", { className: "wrong" });
  const play = button("Play", () => store.act("bridges", "play", id, { media: view.sound() }));
  const destroy = button("Destroy", () => store.act("bridges", "destroy", id));
  const cell = h("td", { colSpan: 6 }, title, wrong);
  const node = h("tr", { className: "bridge" }, cell, h("td", {}, play, destroy));
  const update = () => {
    const row = store.bridges.get(id);
    if (!row) return;
    const count = row.channels.length;
    say(title, `Bridge ${row.name || id}, ${row.type}: ${count} channel${count === 1 ? "" : "s"}`);
    const refused = new Map((store.sets[row.actions] ?? []).map(([n, , why]) => [n, why]));
    play.disabled = Boolean(refused.get("play"));
    play.title = refused.get("play") ?? "";
    destroy.disabled = Boolean(refused.get("destroy"));
    destroy.title = refused.get("destroy") ?? "";
    play.setAttribute("aria-label", `Play to bridge ${row.name || id}`);
    destroy.setAttribute("aria-label", `Destroy bridge ${row.name || id}`);
    say(wrong, store.errors.get(id) ?? "");
  };
  return { node, update };
}

// The table: only the rows in sight are in the page.
function channelTable(store, view) {
  const body = h("tbody");
  const above = h("tr", { className: "space", ariaHidden: "true" });
  const below = h("tr", { className: "space", ariaHidden: "true" });
  body.append(above, below);
  const names = ["Caller", "State", "Dialled", "Time", "Media", "Keys", "Actions"];
  const head = h("tr", {}, ...names.map((name) => h("th", { scope: "col", textContent: name })));
  const table = h("table", {}, h("thead", {}, head), body);
  const empty = h("p", { className: "empty", textContent: "Nobody is on the line." });
  const scroll = h("div", { className: "scroll", tabIndex: 0, onscroll: () => view.draw() }, table);
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "Channels and bridges");
  const rows = new Map();
  const draw = () => {
    const items = store.items(view.filter);
    empty.hidden = items.length > 0;
    table.setAttribute("aria-rowcount", String(items.length + 1));
    const first = Math.max(0, Math.floor(scroll.scrollTop / ROW) - AROUND);
    const shown = Math.ceil((scroll.clientHeight || 400) / ROW) + 2 * AROUND;
    const window = items.slice(first, first + shown);
    above.style.height = `${first * ROW}px`;
    below.style.height = `${Math.max(0, items.length - first - window.length) * ROW}px`;
    const keys = new Set(window.map(([kind, id]) => `${kind} ${id}`));
    for (const [key, row] of rows) {
      if (keys.has(key)) continue;
      if (row.node.contains(row.node.getRootNode().activeElement)) scroll.focus();
      row.node.remove();
      rows.delete(key);
    }
    let place = above.nextSibling;
    window.forEach(([kind, id], offset) => {
      const key = `${kind} ${id}`;
      let row = rows.get(key);
      if (!row) rows.set(key, (row = (kind === "bridge" ? bridgeRow : channelRow)(store, id, view)));
      row.node.setAttribute("aria-rowindex", String(first + offset + 2));
      row.update();
      if (row.node === place) place = place.nextSibling;
      else body.insertBefore(row.node, place);
    });
  };
  return { nodes: [scroll, empty], draw };
}

// Everything that can be done with one channel.
function inspector(store, view) {
  const title = h("h3");
  const bar = h("div", { className: "bar" });
  const wrong = h("p", { className: "wrong", role: "alert" });
  const keys = h("div", { className: "pad", role: "group", ariaLabel: "Keys" });
  for (const key of "123456789*0#")
    keys.append(button(key, () => act("send_dtmf", { dtmf: key }), { ariaLabel: `Key ${key}` }));
  const bridges = h("select", { ariaLabel: "Bridge" });
  const join = button("Add to bridge", () => bridged("add_channel", bridges.value));
  const leave = button("Take out of bridge", () =>
    bridged("remove_channel", store.channels.get(view.selected)?.bridge),
  );
  const stop = button("Stop recording", () =>
    store.act("recordings", "stop", store.channels.get(view.selected)?.recording),
  );
  const node = h("section", { className: "inspector", ariaLabel: "The chosen channel" });
  node.append(title, bar, h("div", { className: "bar" }, bridges, join, leave, stop), keys, wrong);
  const act = (action, args = {}) => store.act("channels", action, view.selected, args);
  const bridged = async (action, bridge) => {
    const id = view.selected;
    const reply = await store.act("bridges", action, bridge, { channel: id });
    if (reply.error) store.errors.set(id, reply.error);
    view.draw();
  };
  const buttons = new Map();
  const draw = () => {
    const id = view.selected;
    const row = store.channels.get(id);
    node.hidden = !row;
    if (!row) return;
    say(title, `${who(row, id)} · ${row.state}${row.app ? ` · ${row.app}` : ""} · ${row.name}`);
    const wanted = (store.sets[row.actions] ?? []).filter(([name]) => name !== "send_dtmf");
    const named = new Set(wanted.map(([name]) => name));
    for (const [name, made] of buttons)
      if (!named.has(name)) made.remove(), buttons.delete(name);
    for (const [name, label, refused] of wanted) {
      let made = buttons.get(name);
      if (!made) {
        made = button("", () => {
          const action = made.dataset.action;
          act(action, action === "play" ? { media: view.sound() } : {});
        });
        buttons.set(name, made);
        bar.append(made);
      }
      const [state, other, back] = TOGGLES[name] ?? [];
      const on = state && row.switches.includes(state);
      made.dataset.action = on ? other : name;
      say(made, on ? back : label);
      made.disabled = Boolean(refused);
      made.title = refused;
    }
    const readOnly = store.status.readOnly;
    const mute = (store.sets[row.actions] ?? []).find(([name]) => name === "send_dtmf");
    for (const key of keys.children) key.disabled = !mute || Boolean(mute[2]);
    const ids = [...store.bridges.keys()];
    if (bridges.dataset.ids !== ids.join()) {
      bridges.dataset.ids = ids.join();
      bridges.replaceChildren(
        ...ids.map((b) => h("option", { value: b, textContent: store.bridges.get(b).name || b })),
      );
    }
    join.disabled = readOnly || !row.stasis || !ids.length;
    leave.disabled = readOnly || !row.bridge;
    stop.disabled = readOnly || !row.recording;
    say(wrong, store.errors.get(id) ?? "");
  };
  return { nodes: [node], draw };
}

// A telephone: somebody to call with.
function telephone(store, view) {
  const exten = h("input", { value: "1000", size: 8, ariaLabel: "Extension" });
  const caller = h("input", { value: "Alice <5551>", size: 16, ariaLabel: "Caller" });
  const call = h("button", { type: "submit", textContent: "Call" });
  const wrong = h("span", { className: "wrong", role: "alert" });
  const lines = h("div");
  const form = h("form", { className: "bar" }, "Call ", exten, " as ", caller, call, wrong);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const extension = exten.value;
    const args = { extension, caller: caller.value };
    const reply = await store.act("phone", "call", "", args);
    if (reply.value) store.calls.set(reply.value, extension);
    view.draw();
  });
  const made = new Map();
  const line = (id, extension) => {
    const phone = (action, args = {}) => store.act("phone", action, "", { id, ...args });
    const digits = h("input", { size: 5, ariaLabel: `Keys on the call to ${extension}` });
    const press = button("Press", () => phone("press", { digits: digits.value }));
    const down = button("Put down", async () => {
      await phone("put_down");
      store.calls.delete(id);
      view.draw();
    });
    return h("div", { className: "bar" }, `☎ on the line to ${extension} `, digits, press, down);
  };
  const draw = () => {
    call.disabled = Boolean(store.status.readOnly);
    say(wrong, store.errors.get("phone") ?? "");
    for (const [id, node] of made) if (!store.calls.has(id)) node.remove(), made.delete(id);
    for (const [id, extension] of store.calls)
      if (!made.has(id)) lines.append(made.set(id, line(id, extension)).get(id));
  };
  return { nodes: [form, lines], draw };
}

function tools(store, view) {
  const sound = h("input", { value: "sound:hello-world", size: 22, ariaLabel: "What to play" });
  const list = h("datalist", { id: `ari-${store.name}-${Math.random().toString(36).slice(2)}` });
  sound.setAttribute("list", list.id);
  sound.addEventListener("focus", async () => {
    if (list.children.length) return;
    const reply = await store.ask({ kind: "sounds" });
    list.replaceChildren(...(reply.value ?? []).map((value) => h("option", { value })));
  });
  view.sound = () => sound.value;
  const type = h("select", { ariaLabel: "Type of the bridge" });
  for (const value of ["mixing", "holding"]) type.append(h("option", { value, textContent: value }));
  const create = button("Create bridge", () =>
    store.act("bridges", "create", "", { type: type.value }),
  );
  const wrong = h("span", { className: "wrong", role: "alert" });
  const filter = h("input", { type: "search", placeholder: "Filter", ariaLabel: "Filter channels" });
  filter.addEventListener("input", () => {
    view.filter = filter.value.toLowerCase();
    view.draw();
  });
  const bar = h("div", { className: "bar" }, "Play ", sound, list, type, create, wrong, filter);
  const draw = () => {
    create.disabled = Boolean(store.status.readOnly);
    say(wrong, store.errors.get("bridges") ?? "");
  };
  return { nodes: [bar], draw };
}

function header(store) {
  const state = h("span", { className: "state" });
  const where = h("span");
  const counts = h("span", { className: "counts" });
  const banner = h("p", { className: "banner", role: "alert", hidden: true });
  const live = h("p", { className: "unseen", role: "status" });
  let told = 0;
  const draw = () => {
    const s = store.status;
    say(state, store.silent ? "not live" : (s.state ?? "starting"));
    state.dataset.state = store.silent ? "lost" : (s.state ?? "");
    const apps = (s.applications ?? []).join(", ");
    say(where, s.url ? `${s.name} · ${s.server} · ${apps}${s.readOnly ? " · read-only" : ""}` : "");
    const now = `${store.channels.size} channels, ${store.bridges.size} bridges`;
    say(counts, `${now}, ${s.events ?? 0} events, ${s.requests ?? 0} requests, ${s.gaps ?? 0} gaps`);
    let words = "";
    if (store.silent) words = "The kernel says nothing: for a live panel run %ari panel again.";
    else if (s.state === "closed") words = "The session is closed: %ari connect opens another.";
    else if (s.state && s.state !== "connected") words = `Not connected: ${s.reason || s.state}`;
    else if (s.gapEnded && Date.now() - store.skew - s.gapEnded < 30000) words = `Gap: ${s.gap}`;
    say(banner, words);
    banner.hidden = !words;
    if (Date.now() - told > 5000) {
      told = Date.now();
      say(live, `${s.state ?? ""}: ${now}`);
    }
  };
  const top = h("header", { className: "bar" }, state, where, counts);
  return { nodes: [top, banner, live], draw };
}

// Endpoints and devices: names and states.
function places(store) {
  const list = h("ul", { className: "places" });
  const summary = h("summary");
  const node = h("details", {}, summary, list);
  let shown = "";
  const draw = () => {
    const all = [...store.endpoints, ...store.device_states];
    node.hidden = !all.length;
    say(summary, `Endpoints and devices (${all.length})`);
    const text = all.map((place) => place.join("\t")).join("\n");
    if (text === shown || !node.open) return;
    shown = text;
    list.replaceChildren(
      ...all.slice(0, 500).map(([name, state]) => h("li", { textContent: `${name}: ${state}` })),
    );
  };
  node.addEventListener("toggle", draw);
  return { nodes: [node], draw };
}

function feed(store) {
  const list = h("ol", { className: "feed" });
  const summary = h("summary");
  const filter = h("input", { type: "search", placeholder: "Filter", ariaLabel: "Filter events" });
  const pause = button("Pause", () => {
    const on = pause.getAttribute("aria-pressed") !== "true";
    pause.setAttribute("aria-pressed", String(on));
    say(pause, on ? "Go on" : "Pause");
    draw(true);
  });
  pause.setAttribute("aria-pressed", "false");
  filter.addEventListener("input", () => draw(true));
  const node = h("details", { open: true }, summary, h("div", { className: "bar" }, filter, pause), list);
  const made = new Map();
  let drawn = 0;
  const line = ([sequence, time, type, name, words]) => {
    const at = /T(\d+:\d+:\d+\.\d+)/.exec(time)?.[1] ?? "";
    const text = h("pre");
    const folded = h("details", {}, h("summary", {}, `${at} `, h("b", { textContent: type })), text);
    folded.firstChild.append(` ${name} ${words}`);
    folded.addEventListener("toggle", async () => {
      if (!folded.open || text.textContent) return;
      const reply = await store.ask({ kind: "event", sequence });
      say(text, reply.value || reply.error || "This event is no longer kept.");
    });
    return h("li", {}, folded);
  };
  const draw = (now = false) => {
    say(summary, `Events${store.skipped ? ` (${store.skipped} not shown)` : ""}`);
    if (!node.open || (!now && Date.now() - drawn < 300)) return;
    if (!now && pause.getAttribute("aria-pressed") === "true") return;
    drawn = Date.now();
    const words = filter.value.toLowerCase();
    const wanted = store.events
      .filter((event) => !words || event.join(" ").toLowerCase().includes(words))
      .slice(-FEED);
    const keys = new Set(wanted.map(([sequence]) => sequence));
    for (const [key, item] of made) if (!keys.has(key)) item.remove(), made.delete(key);
    let place = list.firstChild;
    for (const event of wanted.reverse()) {
      let item = made.get(event[0]);
      if (!item) made.set(event[0], (item = line(event)));
      if (item === place) place = place.nextSibling;
      else list.insertBefore(item, place);
    }
  };
  return { nodes: [node], draw };
}

const stores = new WeakMap();

function storeOf(model) {
  if (!stores.has(model)) stores.set(model, new Store(model));
  return stores.get(model);
}

function render({ model, el }) {
  const store = storeOf(model);
  const root = h("div", { className: "ari-panel", role: "group", ariaLabel: "Asterisk" });
  let frame = 0;
  const view = { selected: null, chosen: false, filter: "", sound: () => "", draw: () => {} };
  view.select = (id) => {
    view.chosen = view.selected !== id;
    view.selected = view.chosen ? id : null;
    view.draw();
  };
  const parts = [header(store), telephone(store, view), tools(store, view)];
  parts.push(channelTable(store, view), inspector(store, view), places(store), feed(store));
  for (const part of parts) root.append(...part.nodes);
  const draw = () => {
    frame = 0;
    root.dataset.live = store.silent ? "no" : "yes";
    if (!store.channels.has(view.selected)) view.chosen = false;
    if (!view.chosen) {
      const ours = [...store.channels].filter(([, row]) => row.stasis);
      view.selected = ours.length ? ours[ours.length - 1][0] : null; // what verbs act on
    }
    for (const part of parts) part.draw();
  };
  view.draw = () => (frame ||= requestAnimationFrame(draw));
  el.append(root);
  store.views.add(view.draw);
  const clock = setInterval(view.draw, 1000);
  view.draw();
  return () => {
    store.views.delete(view.draw);
    clearInterval(clock);
    cancelAnimationFrame(frame);
  };
}

export default { render };
