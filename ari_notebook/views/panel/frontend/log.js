// The log of requests and events, by kind, with search and JSON.

import { copies } from "./copy.js";
import { button, h, isolated, say } from "./dom.js";
import { exported } from "./export.js";
import { coloured } from "./json.js";
import { clock, grouped } from "./text.js";

const SHOWN = 80; // lines drawn
const DRAW_MS = 400; // between two drawings
const PLACES = 500; // endpoints and devices drawn
const FAMILIES = {
  Requests: (line) => Boolean(line.sent),
  Calls: (line) => /^(Stasis|Dial|Channel(Created|Destroyed|State|Hangup|Hold|Unhold|Caller|Conn))/.test(line.type),
  Keys: (line) => line.type.startsWith("ChannelDtmf"),
  Media: (line) => /^(Playback|Recording|ChannelTalk|ChannelTone)/.test(line.type),
  Bridges: (line) => /Bridge/.test(line.type),
  Variables: (line) => /^ChannelVarset|^ChannelDialplan/.test(line.type),
  Other: () => true,
};

export function familyOf(line) {
  return Object.keys(FAMILIES).find((family) => FAMILIES[family](line));
}

// The caller of a line's channel, or the name of its bridge; empty where it is about something else.
function nameOf(store, { subject }) {
  const row = store.channels.get(subject) ?? store.ended.get(subject);
  return row?.callerName || row?.callerNumber || store.bridges.get(subject)?.name || "";
}

export function log(store, view) {
  const hidden = new Set(["Variables"]);
  const chips = Object.keys(FAMILIES).map((family) => {
    const chip = button(family, () => {
      if (!hidden.delete(family)) hidden.add(family);
      draw(true);
    }, { className: "chip" });
    chip.dataset.family = family;
    return chip;
  });
  let mine = false;
  const only = button("chosen call", () => ((mine = !mine), draw(true)), { className: "chip" });
  const search = h("input", { type: "search", placeholder: "Search", ariaLabel: "Filter events" });
  search.addEventListener("input", () => draw(true));
  const pause = button("Pause", () => {
    const on = pause.getAttribute("aria-pressed") !== "true";
    pause.setAttribute("aria-pressed", String(on));
    say(pause, on ? "Resume" : "Pause");
    draw(true);
  });
  pause.setAttribute("aria-pressed", "false");
  const program = button("Export what I did", () => exported(store, view, program), {
    title: "The actions of this panel as a Python program or, of one call, as a flow",
  });
  const count = h("span", { className: "faint" });
  const list = h("ol", { className: "lines" });
  const scroll = h("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: "Lines of the log" }, list);
  const filters = h("span", { className: "group chips", role: "group", ariaLabel: "Kinds" }, ...chips, only);
  const head = h("div", { className: "bar" }, h("h3", { textContent: "Log" }), filters, search, pause, program, count);
  const places = placesOf(store);
  const node = h("section", { className: "pane log", ariaLabel: "Log" }, head, scroll, places.node);
  const made = new Map();
  let drawn = 0;
  let later = 0;
  let moment = null;
  const draw = (now = false) => {
    places.draw();
    say(count, store.skipped ? `${grouped(store.skipped)} not shown` : "");
    now ||= moment !== store.moment;
    moment = store.moment;
    if (!now && pause.getAttribute("aria-pressed") === "true") return;
    if (!now && Date.now() - drawn < DRAW_MS) {
      later ||= setTimeout(() => ((later = 0), draw()), drawn + DRAW_MS - Date.now());
      return;
    }
    clearTimeout(later);
    later = 0;
    drawn = Date.now();
    for (const chip of chips) chip.setAttribute("aria-pressed", String(!hidden.has(chip.dataset.family)));
    only.setAttribute("aria-pressed", String(mine));
    const words = search.value.toLowerCase();
    const found = (line) =>
      !words || `${line.type} ${nameOf(store, line)} ${line.who ?? ""} ${line.words} ${line.sent?.path ?? ""}`.toLowerCase().includes(words);
    const wanted = [];
    for (let place = store.lines.length - 1; place >= 0 && wanted.length < SHOWN; place -= 1) {
      const line = store.lines[place];
      if (mine && line.subject !== view.selected) continue;
      if ((words || !hidden.has(familyOf(line))) && found(line)) wanted.push(line);
    }
    const keys = new Set(wanted.map((line) => line.key));
    for (const [key, item] of made) {
      if (keys.has(key)) continue;
      if (item.contains(item.getRootNode().activeElement)) scroll.focus({ preventScroll: true });
      item.remove();
      made.delete(key);
    }
    let place = list.firstChild;
    for (const line of wanted) {
      let item = made.get(line.key);
      if (!item) made.set(line.key, (item = entry(store, line)));
      if (item === place) place = place.nextSibling;
      else list.insertBefore(item, place);
    }
    stop();
  };
  // One line is in the order of Tab: the focused one, else the newest. Arrows move between lines.
  const stop = () => {
    const at = list.getRootNode().activeElement?.closest?.(".lines > li");
    const one = list.contains(at) ? at : list.firstElementChild;
    for (const item of list.children) headOf(item).tabIndex = item === one ? 0 : -1;
  };
  list.addEventListener("focusin", stop);
  list.addEventListener("keydown", (event) => {
    const item = event.target.closest("summary") && event.target.closest(".lines > li");
    const next = {
      ArrowDown: item?.nextElementSibling,
      ArrowUp: item?.previousElementSibling,
      Home: item && list.firstElementChild,
      End: item && list.lastElementChild,
    }[event.key];
    if (!next) return;
    event.preventDefault();
    headOf(next).focus();
  });
  return { nodes: [node], draw };
}

function headOf(item) {
  return item.querySelector("summary");
}

function entry(store, line) {
  const { sent } = line;
  const head = h("summary", {}, h("time", { textContent: clock(line.at) }));
  const type = h("b", { textContent: sent ? `→ ${line.type}` : `← ${line.type}` });
  type.dataset.family = familyOf(line);
  const name = isolated("name");
  const who = isolated("who");
  const words = isolated();
  say(name, nameOf(store, line));
  say(who, sent ? sent.path : line.who);
  const took = sent?.took ? `, ${sent.took.toFixed(0)} ms` : "";
  say(words, sent ? `→ ${sent.status ?? "no answer"} ${line.words}${took}` : line.words);
  const failed = sent && !(sent.status < 400);
  head.append(type, name, who, words);
  const text = h("pre");
  const again = h("div", { className: "bar" });
  const folded = h("details", {}, head, again, text);
  folded.addEventListener("toggle", async () => {
    if (!folded.open || text.textContent) return;
    const asked = sent ? { kind: "request", number: line.number } : { kind: "event", sequence: line.number };
    const { value, error } = await store.ask(asked);
    if (sent && value) again.append(h("code", { textContent: value.python }), ...copies(() => value));
    const json = sent ? value?.json : value;
    text.replaceChildren(...coloured(json || error || "It is no longer stored."));
  });
  return h("li", { className: failed ? "failed" : "" }, folded);
}

function placesOf(store) {
  const list = h("ul", { className: "places" });
  const summary = h("summary");
  const node = h("details", { className: "part" }, summary, list);
  let shown = "";
  const draw = () => {
    const all = [...store.endpoints, ...store.device_states];
    node.hidden = !all.length;
    say(summary, `Endpoints and devices (${all.length})`);
    const text = all.map((place) => place.join("\t")).join("\n");
    if (text === shown || !node.open) return;
    shown = text;
    list.replaceChildren(
      ...all.slice(0, PLACES).map(([name, state]) => h("li", { textContent: `${name}: ${state}` })),
    );
  };
  node.addEventListener("toggle", draw);
  return { node, draw };
}
