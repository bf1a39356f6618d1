// The timeline: channels over time, in the available width, with zoom and tooltips.

import { between, clock, make, put, sizeOf } from "./dom.js";

const LINE = 20;
const PLACES = { state: 0, bridge: 1, playing: 2, recording: 2, talking: 3, silence: 3 };
const STEPS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600];

export function timeline(model) {
  const axis = make("div", { className: "axis", ariaHidden: "true" });
  const rows = make("div", { className: "tracks" });
  const cursor = make("div", { className: "cursor", hidden: true });
  const nowLine = make("div", { className: "now-line", hidden: true }, make("span", { textContent: "now" }));
  const mark = make("div", { className: "mark", hidden: true });
  const brush = make("div", { className: "brush", hidden: true });
  const plot = make(
    "div",
    { className: "plot", role: "slider", tabIndex: 0, ariaLabel: "Time; plus and minus zoom, 0 shows all" },
    axis,
    rows,
    cursor,
    nowLine,
    mark,
    brush,
  );
  const status = make("output", { className: "under" });
  const zoom = (factor) => () => change(factor);
  const tools = make(
    "div",
    { className: "tools" },
    make("button", { type: "button", textContent: "−", ariaLabel: "Zoom out", onclick: zoom(2) }),
    make("button", { type: "button", textContent: "+", ariaLabel: "Zoom in", onclick: zoom(0.5) }),
    make("button", { type: "button", textContent: "All", ariaLabel: "Show all", onclick: () => showAll() }),
    status,
  );
  const node = make("div", { className: "timeline" }, tools, plot);
  let range = null; // the zoomed range; null: everything
  let whole = false; // whether events before a long pause are shown
  let at = null; // the cursor's time
  let pressed = null;
  let drawn = "";
  let LABEL = 150; // pixels

  const spans = () => model.picture.tracks.flatMap((track) => track.spans);
  const last = () => (model.live ? model.now : (model.until ?? Infinity));
  const all = () => {
    const ends = spans();
    const begin = Math.min(...ends.map((span) => span.begin));
    let end = Math.max(...ends.map((span) => span.end ?? span.begin));
    if (model.live && ends.some((span) => span.open)) end = Math.max(end, model.now);
    if (model.until !== null) end = Math.max(begin, Math.min(end, Math.max(model.until, begin)));
    return ends.length ? [begin, Math.max(end, begin + 0.1)] : [0, 1];
  };
  // Without events before a long pause, which would squeeze the later ones.
  const recent = () => {
    const [begin, end] = all();
    let over = begin;
    let from = begin;
    for (const span of spans().sort((a, b) => a.begin - b.begin)) {
      if (span.begin - over > (end - begin) / 2) from = span.begin;
      over = Math.max(over, span.open && model.live ? end : (span.end ?? end));
    }
    return [from, Math.max(end, from + 0.1)];
  };
  const shown = () => range ?? (whole ? all() : recent());
  const showAll = () => {
    range = null;
    whole = true;
    draw();
  };
  const x = (time) => {
    const [begin, end] = shown();
    return (time - begin) / (end - begin);
  };
  const change = (factor, about = at) => {
    const [begin, end] = shown();
    const middle = about ?? (begin + end) / 2;
    const size = Math.max(0.005, (end - begin) * factor);
    const share = (middle - begin) / (end - begin);
    range = [middle - size * share, middle + size * (1 - share)];
    const limits = all();
    if (range[1] - range[0] >= limits[1] - limits[0]) return showAll();
    draw();
  };
  const move = (seconds) => {
    const [begin, end] = shown();
    at = Math.max(all()[0], Math.min(all()[1], (at ?? begin) + seconds));
    if (range && (at < begin || at > end)) range = [begin + seconds, end + seconds];
    point();
  };
  const timeOf = (event) => {
    const box = plot.getBoundingClientRect();
    const share = (event.clientX - box.left - LABEL) / Math.max(1, box.width - LABEL);
    const [begin, end] = shown();
    return begin + Math.max(0, Math.min(1, share)) * (end - begin);
  };
  const nearest = () => {
    const steps = model.steps;
    if (!steps.length || at === null) return;
    const best = steps.reduce((a, b) => (Math.abs(b.at - at) < Math.abs(a.at - at) ? b : a));
    model.select(best.key);
  };
  const endOf = (span) => (span.open && model.live ? Infinity : (span.end ?? Infinity));
  const left = (time) => `calc(${LABEL}px + (100% - ${LABEL}px) * ${x(time)})`;
  const point = () => {
    cursor.hidden = at === null || x(at) < 0 || x(at) > 1;
    if (at === null) return;
    cursor.style.left = left(at);
    const there = model.picture.tracks.map((track) => {
      const held = track.spans.filter((span) => span.begin <= at && endOf(span) >= at);
      const words = held.map((span) => `${span.kind === "state" ? "" : `${span.kind} `}${span.label === span.kind ? "" : span.label}`.trim());
      return held.length ? `${track.label}: ${words.join(", ")}` : "";
    });
    const text = [clock(at), ...there.filter(Boolean).slice(0, 4)].join(" · ");
    put(status, text);
    plot.setAttribute("aria-valuetext", text);
    plot.setAttribute("aria-valuenow", String(Math.round(x(at) * 1000)));
  };
  plot.setAttribute("aria-valuemin", "0");
  plot.setAttribute("aria-valuemax", "1000");
  plot.setAttribute("aria-valuenow", "0");
  plot.addEventListener("pointermove", (event) => {
    at = timeOf(event);
    point();
    if (pressed === null) return;
    const [from, to] = [Math.min(pressed, at), Math.max(pressed, at)];
    brush.hidden = x(to) - x(from) < 0.01;
    brush.style.left = left(from);
    brush.style.width = `calc((100% - ${LABEL}px) * ${x(to) - x(from)})`;
  });
  plot.addEventListener("pointerdown", (event) => (pressed = timeOf(event)));
  plot.addEventListener("pointerup", (event) => {
    const to = timeOf(event);
    const from = pressed;
    pressed = null;
    brush.hidden = true;
    at = to;
    if (from !== null && Math.abs(x(to) - x(from)) >= 0.01) {
      range = [Math.min(from, to), Math.max(from, to)];
      draw();
    } else nearest();
  });
  plot.addEventListener("pointerleave", () => {
    pressed = null;
    brush.hidden = true;
  });
  plot.addEventListener("dblclick", showAll);
  plot.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.shiftKey) return; // the page scrolls
      event.preventDefault();
      change((event.deltaY || event.deltaX) > 0 ? 1.25 : 0.8, timeOf(event));
    },
    { passive: false },
  );
  plot.addEventListener("keydown", (event) => {
    const [begin, end] = shown();
    const little = (end - begin) / 50;
    const keys = {
      ArrowLeft: () => move(-little),
      ArrowRight: () => move(little),
      PageUp: () => move(-10 * little),
      PageDown: () => move(10 * little),
      Home: () => move(-Infinity),
      End: () => move(Infinity),
      "+": zoom(0.5),
      "=": zoom(0.5),
      "-": zoom(2),
      0: showAll,
      Enter: nearest,
      " ": nearest,
    };
    if (!(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  });

  const draw = () => {
    LABEL = sizeOf(node, "--label") || LABEL;
    const [begin, end] = shown();
    const seconds = end - begin;
    const room = Math.max(200, plot.clientWidth - LABEL);
    const step = STEPS.find((size) => (seconds / size) * 90 <= room) ?? 86400;
    const ticks = [];
    for (let tick = Math.ceil(begin / step) * step; tick <= end; tick += step) ticks.push(tick);
    axis.replaceChildren(
      ...ticks.map((tick) =>
        make("span", {
          className: "tick",
          textContent: x(tick) * room > room - 70 ? "" : clock(tick).slice(0, step < 1 ? 12 : 8),
          style: { left: left(tick) },
        }),
      ),
    );
    const key = JSON.stringify([model.picture.tracks, begin, end, room, model.until]);
    if (key !== drawn) {
      drawn = key;
      rows.replaceChildren(...model.picture.tracks.map((track) => drawTrack(track, end)));
      if (!model.picture.tracks.length)
        rows.append(make("p", { className: "empty", textContent: "No channel yet: make a call." }));
    }
    const chosen = model.step(model.selected);
    mark.hidden = !chosen || x(chosen.at) < 0 || x(chosen.at) > 1;
    if (chosen) mark.style.left = left(chosen.at);
    const now = model.live ? model.now : model.until;
    nowLine.hidden = now === null || now === undefined || x(now) < 0 || x(now) > 1.0001;
    if (!nowLine.hidden) {
      nowLine.style.left = left(now);
      put(nowLine.firstChild, model.live ? "now" : clock(now).slice(0, 8));
    }
    point();
  };
  const drawTrack = (track, end) => {
    const limit = last();
    const kept = track.spans.filter((span) => span.begin <= limit);
    const places = [...new Set(kept.map((span) => PLACES[span.kind]))].sort();
    const line = (kind) => places.indexOf(PLACES[kind]);
    const row = make(
      "div",
      { className: "track", style: { height: `${LINE * Math.max(1, places.length) + 12}px` } },
      make("bdi", { className: "who", textContent: track.label, title: `${track.label} ${track.id}` }),
    );
    const field = make("div", { className: "field" });
    for (const span of kept) {
      const over = Math.min(span.open && model.live ? end : (span.end ?? end), limit);
      const from = Math.max(0, x(span.begin));
      const to = Math.min(1, x(over));
      if (to < 0 || from > 1) continue;
      const plain = span.kind === "state";
      const mood = plain ? (span.label === "Up" ? "up" : "waiting") : span.kind;
      const words = plain || span.label === span.kind ? span.label : `${span.kind} ${span.label}`;
      field.append(
        make("bdi", {
          className: `span ${mood}`,
          textContent: span.kind === "talking" || span.kind === "silence" ? "" : words,
          title: `${words}, ${between(Math.max(0, over - span.begin))}`,
          style: {
            left: `${from * 100}%`,
            width: `max(2px, ${(to - from) * 100}%)`,
            top: `${6 + LINE * line(span.kind)}px`,
          },
        }),
      );
    }
    const wide = Math.max(1, plot.clientWidth - LABEL);
    let before = null;
    for (const [time, digit] of track.keys) {
      if (time > limit || x(time) < 0 || x(time) > 1) continue;
      const place = x(time) * wide;
      if (before && place - before.place < 9 * (before.node.textContent.length + 1)) {
        before.node.textContent += digit;
        before.node.title = `keys ${before.node.textContent}`;
        continue;
      }
      const node = make("kbd", { textContent: digit, title: `key ${digit}`, style: { left: `${x(time) * 100}%` } });
      field.append(node);
      before = { place, node };
    }
    row.append(field);
    return row;
  };
  return { node, draw, show: () => {}, focus: () => plot.focus({ preventScroll: true }) };
}
