// The events as they come, and the states of endpoints and devices.

import { button, h, say } from "./dom.js";

const SHOWN = 60; // events drawn
const DRAW_MS = 400; // between two drawings: nobody reads faster
const PLACES = 500; // endpoints and devices drawn

export function feed(store) {
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
  const bar = h("div", { className: "bar" }, filter, pause);
  const node = h("details", { open: true, className: "part" }, summary, bar, list);
  const made = new Map();
  let drawn = 0;
  let later = 0;
  const line = ([sequence, time, type, name, words]) => {
    const at = /T(\d+:\d+:\d+\.\d+)/.exec(time)?.[1] ?? "";
    const text = h("pre");
    const head = h("summary", {}, h("time", { textContent: at }), h("b", { textContent: type }));
    head.append(h("span", { className: "faint", textContent: name }), h("span", { textContent: words }));
    const folded = h("details", {}, head, text);
    folded.addEventListener("toggle", async () => {
      if (!folded.open || text.textContent) return;
      const reply = await store.ask({ kind: "event", sequence });
      say(text, reply.value || reply.error || "This event is no longer kept.");
    });
    return h("li", {}, folded);
  };
  const draw = (now = false) => {
    say(summary, `Events${store.skipped ? ` (${store.skipped} not shown)` : ""}`);
    if (!node.open || (!now && pause.getAttribute("aria-pressed") === "true")) return;
    if (!now && Date.now() - drawn < DRAW_MS) {
      later ||= setTimeout(() => ((later = 0), draw()), drawn + DRAW_MS - Date.now());
      return;
    }
    clearTimeout(later);
    later = 0;
    drawn = Date.now();
    const words = filter.value.toLowerCase();
    const wanted = store.events
      .filter((event) => !words || event.join(" ").toLowerCase().includes(words))
      .slice(-SHOWN);
    const keys = new Set(wanted.map(([sequence]) => sequence));
    for (const [key, item] of made) {
      if (keys.has(key)) continue;
      if (item.contains(item.getRootNode().activeElement)) pause.focus({ preventScroll: true });
      item.remove();
      made.delete(key);
    }
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

export function places(store) {
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
  return { nodes: [node], draw };
}
