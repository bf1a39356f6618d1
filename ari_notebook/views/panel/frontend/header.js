// The session's state, its errors, and tiles with figures of the last minutes.

import { drawLine } from "./chart.js";
import { h, say } from "./dom.js";
import { counted, grouped } from "./text.js";

const GAP_SHOWN_MS = 30000;
const ANNOUNCE_MS = 5000; // between two announcements to a screen reader
const SPARK_SECONDS = 60; // in a sparkline
const RATE_SECONDS = 300; // over which answers and errors are counted

export function header(store) {
  const state = h("span", { className: "state" });
  const name = h("strong");
  const where = h("span", { className: "faint where" });
  const banner = h("p", { className: "banner", role: "alert", hidden: true });
  const live = h("p", { className: "unseen", role: "status" });
  let announced = 0;
  // A closed session sends nothing more, which is not an error.
  const lost = () => store.gone || (store.silent && store.status.state !== "closed");
  const warning = (s) => {
    if (store.gone)
      return "The kernel was restarted. Run %load_ext ari_notebook, %ari connect and %ari panel again.";
    if (lost()) return "The kernel does not answer: for a live panel run %ari panel again.";
    if (store.problem) return store.problem;
    if (s.state === "closed") return "The session is closed: %ari connect opens another.";
    if (s.state && s.state !== "connected") return `Not connected: ${s.reason || s.state}`;
    if (s.gapEnded && Date.now() - store.skew - s.gapEnded < GAP_SHOWN_MS) return outage(s);
    return "";
  };
  const all = tiles(store);
  const draw = () => {
    const s = store.status;
    say(state, lost() ? "not live" : (s.state ?? "starting"));
    state.dataset.state = lost() ? "lost" : (s.state ?? "");
    say(name, s.name ?? "");
    const apps = (s.applications ?? []).join(", ");
    const past = [counted(s.requests ?? 0, "request"), counted(s.gaps ?? 0, "gap")].join(" · ");
    say(where, s.url ? `${s.server} · ${apps}${s.readOnly ? " · read-only" : ""} · ${past}` : "");
    where.title = s.url ?? "";
    const words = warning(s);
    say(banner, words);
    banner.title = words;
    banner.hidden = !words;
    where.hidden = Boolean(words);
    all.draw();
    if (Date.now() - announced > ANNOUNCE_MS) {
      announced = Date.now();
      const calls = counted(store.channels.size, "channel");
      say(live, `${s.state ?? ""}: ${calls}, ${counted(store.bridges.size, "bridge")}`);
    }
  };
  const who = h("div", { className: "session" }, state, name, h("div", {}, where, banner), live);
  return { nodes: [h("div", { className: "top" }, who, all.node)], draw };
}

// The time without a connection, which is less than the time without events.
function outage(s) {
  const changed = /vanished.*/.exec(s.gap)?.[0] ?? "";
  const away = typeof s.outage === "number" ? `for ${(s.outage / 1000).toFixed(1)} s` : "for a moment";
  return `Gap: not connected ${away}; ${changed}`;
}

function tiles(store) {
  const rate = (field, scale) => (series) =>
    series.map((sample, place) => {
      const before = series[Math.max(0, place - 1)];
      const seconds = Math.max(1, (sample.at - before.at) / 1000);
      return place ? (Math.max(0, sample[field] - before[field]) / seconds) * scale : 0;
    });
  const over = (series, seconds, field) => {
    const last = series[series.length - 1];
    const first = series[Math.max(0, series.length - 1 - seconds)];
    return last ? Math.max(0, last[field] - first[field]) : 0;
  };
  const share = (series) => {
    const before = store.moment ? {} : store.status;
    const started = over(series, RATE_SECONDS, "started") || before.started || 0;
    const answered = over(series, RATE_SECONDS, "answered") || before.answered || 0;
    return started ? `${Math.min(100, Math.round((100 * answered) / started))}%` : "–";
  };
  const made = [
    tile("Calls now", () => grouped(store.channels.size), (all) => all.map((one) => one.calls)),
    tile("Per minute", (all) => grouped(over(all, 60, "started")), rate("started", 60)),
    tile("Answered", share, rate("answered", 60)),
    tile("Errors", (all) => grouped(over(all, RATE_SECONDS, "failed")), rate("failed", 1)),
    tile("Events/s", (all) => grouped(Math.round(over(all, 3, "events") / 3)), rate("events", 1)),
  ];
  made[3].node.classList.add("errors");
  const node = h("div", { className: "tiles" }, ...made.map((one) => one.node));
  let sampled = 0;
  const draw = () => {
    store.sample();
    const last = store.samples[store.samples.length - 1]?.at ?? 0;
    for (const one of made) one.draw(store.samples, last !== sampled);
    sampled = last;
  };
  return { node, draw };
}

function tile(label, value, series) {
  const figure = h("b", { className: "figure" });
  const spark = h("canvas", { className: "spark", ariaHidden: "true" });
  const node = h("div", { className: "tile" }, h("span", { textContent: label }), figure, spark);
  const draw = (samples, fresh) => {
    say(figure, value(samples));
    if (!fresh) return;
    drawLine(spark, series(samples).slice(-SPARK_SECONDS), SPARK_SECONDS);
    node.classList.toggle("some", figure.textContent !== "0");
  };
  return { node, draw };
}
