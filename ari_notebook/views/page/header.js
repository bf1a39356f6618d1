// How the session stands, what is wrong with it, and the tools that are for no one channel.

import { button, complaint, h, say } from "./dom.js";
import { counted } from "./words.js";

const GAP_SHOWN_MS = 30000;
const TOLD_MS = 5000; // how often a screen reader hears of it at most

export function header(store) {
  const state = h("span", { className: "state" });
  const name = h("strong");
  const where = h("span", { className: "faint" });
  const counts = h("span", { className: "counts" });
  const banner = h("p", { className: "banner", role: "alert", hidden: true });
  const live = h("p", { className: "unseen", role: "status" });
  let told = 0;
  // A session that was closed is heard of no more: that is no fault.
  const lost = () => store.silent && store.status.state !== "closed";
  const warning = (s) => {
    if (lost()) return "The kernel says nothing: for a live panel run %ari panel again.";
    if (store.problem) return store.problem;
    if (s.state === "closed") return "The session is closed: %ari connect opens another.";
    if (s.state && s.state !== "connected") return `Not connected: ${s.reason || s.state}`;
    if (s.gapEnded && Date.now() - store.skew - s.gapEnded < GAP_SHOWN_MS) return `Gap: ${s.gap}`;
    return "";
  };
  const draw = () => {
    const s = store.status;
    say(state, lost() ? "not live" : (s.state ?? "starting"));
    state.dataset.state = lost() ? "lost" : (s.state ?? "");
    say(name, s.name ?? "");
    const apps = (s.applications ?? []).join(", ");
    say(where, s.url ? `${s.server} · ${apps}${s.readOnly ? " · read-only" : ""}` : "");
    where.title = s.url ?? "";
    const now = [counted(store.channels.size, "channel"), counted(store.bridges.size, "bridge")];
    const past = [counted(s.events ?? 0, "event"), counted(s.requests ?? 0, "request")];
    say(counts, [...now, ...past, counted(s.gaps ?? 0, "gap")].join(" · "));
    const words = warning(s);
    say(banner, words);
    banner.hidden = !words;
    if (Date.now() - told > TOLD_MS) {
      told = Date.now();
      say(live, `${s.state ?? ""}: ${now.join(", ")}`);
    }
  };
  const top = h("div", { className: "bar top" }, state, name, where, counts);
  return { nodes: [top, banner, live], draw };
}

export function tools(store, view) {
  const sound = h("input", { value: "sound:hello-world", size: 20, ariaLabel: "What to play" });
  const list = h("datalist", { id: `ari-${store.name}-${Math.random().toString(36).slice(2)}` });
  sound.setAttribute("list", list.id);
  sound.addEventListener("focus", async () => {
    if (list.children.length) return;
    const known = Object.entries(await store.sounds());
    list.replaceChildren(...known.map(([value, label]) => h("option", { value, label })));
  });
  view.sound = () => sound.value;
  const type = h("select", { ariaLabel: "Type of the bridge" });
  for (const value of ["mixing", "holding"]) type.append(h("option", { value, textContent: value }));
  const create = button("Create bridge", () =>
    store.act("bridges", "create", "", { type: type.value }),
  );
  const wrong = complaint();
  const filter = h("input", { type: "search", placeholder: "Filter", size: 14 });
  filter.setAttribute("aria-label", "Filter channels");
  filter.addEventListener("input", () => {
    view.filter = filter.value.toLowerCase();
    view.draw();
  });
  const what = h("span", { className: "group" }, "Sound ", sound, list);
  const bar = h("div", { className: "bar" }, what, h("span", { className: "group" }, type, create));
  bar.append(wrong, filter);
  const draw = () => {
    create.disabled = Boolean(store.status.readOnly);
    say(wrong, store.errors.get("bridges") ?? "");
  };
  return { nodes: [bar], draw };
}
