// The ladder: lifelines, and a row for each step. Heads and times stay visible.

import { between, clock, make, sizeOf } from "./dom.js";
import { foldLabel } from "./model.js";

export function ladder(model, names) {
  const heads = make("div", { className: "heads" });
  const lines = make("div", { className: "lines", ariaHidden: "true" });
  const list = make("div", {
    className: "list",
    role: "listbox",
    tabIndex: 0,
    ariaLabel: "Requests and events",
  });
  const body = make("div", { className: "body" }, lines, list);
  const node = make("div", { className: "ladder" }, heads, body);
  const made = new Map();
  let keys = [];
  let drawnHeads = "";
  let atEnd = true;
  let ROW = 28; // pixels
  let TIMES = 150;
  node.addEventListener("scroll", () => {
    atEnd = node.scrollTop + node.clientHeight > node.scrollHeight - ROW;
  });
  list.addEventListener("click", (event) => {
    const row = event.target.closest("[data-key]");
    if (row) choose(row.dataset.key);
  });
  list.addEventListener("pointerover", (event) => {
    model.hovered = event.target.closest("[data-key]")?.dataset.key ?? null;
    mark();
  });
  list.addEventListener("pointerleave", () => {
    model.hovered = null;
    mark();
  });
  const choose = (key) => {
    if (key.startsWith("f")) model.toggle(key);
    model.select(key);
  };
  list.addEventListener("keydown", (event) => {
    const place = keys.indexOf(model.selected);
    const page = Math.max(1, Math.floor(node.clientHeight / ROW) - 2);
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page };
    let next = null;
    if (event.key in moves) next = place < 0 ? 0 : place + moves[event.key];
    else if (event.key === "Home") next = 0;
    else if (event.key === "End") next = keys.length - 1;
    else if ((event.key === "Enter" || event.key === " ") && place >= 0) choose(keys[place]);
    else return;
    event.preventDefault();
    if (next === null || !keys.length) return;
    model.select(keys[Math.max(0, Math.min(keys.length - 1, next))]);
    show(model.selected);
  });
  const show = (key) => {
    const row = made.get(key)?.node;
    if (!row) return;
    const top = row.offsetTop + heads.offsetHeight;
    if (top - ROW < node.scrollTop + heads.offsetHeight) node.scrollTop = top - ROW - heads.offsetHeight;
    else if (top + 2 * ROW > node.scrollTop + node.clientHeight)
      node.scrollTop = top + 2 * ROW - node.clientHeight;
  };
  const mark = () => {
    const selected = model.step(model.selected);
    const hovered = model.step(model.hovered);
    for (const [key, { node: row, step }] of made) {
      const chosen = key === model.selected;
      row.classList.toggle("kin", Boolean(step) && (model.kin(step, selected) || model.kin(step, hovered)));
      row.classList.toggle("found", Boolean(step) && model.matches(step));
      row.classList.toggle("dim", Boolean(step && model.search) && !model.matches(step));
      if (row.getAttribute("role") === "option")
        row.setAttribute("aria-selected", String(chosen));
    }
    const id = made.get(model.selected)?.node.id;
    if (id) list.setAttribute("aria-activedescendant", id);
    else list.removeAttribute("aria-activedescendant");
  };
  const draw = () => {
    const { lanes } = model.picture;
    ROW = sizeOf(node, "--row") || ROW;
    TIMES = sizeOf(node, "--times") || TIMES;
    const room = Math.max(240, node.clientWidth - TIMES);
    const wide = Math.max(124, Math.min(240, room / Math.max(1, lanes.length)));
    const width = Math.max(room, wide * lanes.length);
    const x = (lane) => wide * (lane + 0.5);
    body.style.width = heads.style.width = `${TIMES + width}px`;
    const headKey = JSON.stringify([lanes, Math.round(wide), Math.round(width), TIMES]);
    if (headKey !== drawnHeads) {
      drawnHeads = headKey;
      heads.replaceChildren(
        make("div", { className: "corner", textContent: "UTC" }),
        ...lanes.map((lane, place) =>
          make(
            "div",
            {
              className: `head ${lane.kind}`,
              title: `${lane.kind} ${lane.name} ${lane.id}`,
              style: { left: `${TIMES + x(place) - wide / 2 + 6}px`, width: `${wide - 12}px` },
            },
            make("small", { textContent: lane.id ? lane.kind : "" }),
            make("bdi", { textContent: lane.name }),
          ),
        ),
      );
    }
    const rows = model.rows;
    keys = rows.filter((row) => !row.silence).map((row) => row.key);
    const wanted = new Set(rows.map((row) => row.key));
    for (const [key, { node: row }] of made)
      if (!wanted.has(key)) {
        row.remove();
        made.delete(key);
      }
    let before = null;
    let place = list.firstChild;
    rows.forEach((row, number) => {
      const same = before !== null && clock(row.at) === clock(before);
      const delta = before === null || row.silence ? null : row.at - before;
      const signature = JSON.stringify([row.step, row.steps?.length, row.opened, row.silence, same, delta, wide, width, TIMES]);
      let entry = made.get(row.key);
      if (entry?.signature !== signature) {
        const drawn = drawRow(row, { same, delta, x: (lane) => TIMES + x(lane), names, model });
        if (entry) {
          if (entry.node === place) place = place.nextSibling;
          entry.node.replaceWith(drawn);
        }
        made.set(row.key, (entry = { node: drawn, signature, step: row.step }));
      }
      entry.node.dataset.row = String(number);
      if (entry.node === place) place = place.nextSibling;
      else list.insertBefore(entry.node, place);
      if (!row.silence) before = row.at;
    });
    drawLines(rows, lanes, x);
    mark();
    if (atEnd && model.live) node.scrollTop = node.scrollHeight;
  };
  const drawLines = (rows, lanes, x) => {
    const high = rows.length * ROW;
    const rowAt = (at) => {
      const found = rows.findIndex((row) => row.at >= at);
      return found < 0 ? rows.length : found;
    };
    const ends = new Map();
    rows.forEach((row, number) => {
      if (row.step?.ends) ends.set(row.step.lane, number);
      else if (row.step) ends.delete(row.step.lane);
    });
    lines.replaceChildren(
      ...lanes.map((lane, place) => {
        const end = ends.has(place) ? ends.get(place) * ROW + ROW / 2 : high;
        const line = make("div", {
          className: `life ${lane.kind}`,
          style: { left: `${TIMES + x(place)}px`, height: `${end}px` },
        });
        if (ends.has(place)) line.append(make("span", { className: "over", textContent: "✕" }));
        return line;
      }),
      ...model.picture.bars
        .filter((bar) => model.until === null || bar.begin <= model.until)
        .map((bar) => {
          const first = rowAt(bar.begin) * ROW + ROW / 2;
          const past = bar.end === null ? high : rowAt(bar.end) * ROW + ROW / 2;
          return make("div", {
            className: `activation ${bar.kind}`,
            title: `${bar.kind} ${bar.label}`,
            style: {
              left: `${TIMES + x(bar.lane) - 4 + (bar.kind === "recording" ? 9 : 0)}px`,
              top: `${Math.min(first, high)}px`,
              height: `${Math.max(6, past - first)}px`,
            },
          });
        }),
    );
  };
  return { node, draw, show, focus: () => list.focus({ preventScroll: true }) };
}

function drawRow(row, { same, delta, x, names, model }) {
  if (row.silence)
    return make(
      "div",
      { className: "row silence", role: "presentation" },
      make("span", { className: "times", textContent: `⋮ ${between(row.silence)}` }),
    );
  const times = make("span", { className: "times" });
  times.append(make("time", { textContent: same ? "" : clock(row.at) }));
  if (delta !== null && delta > 0.0005 && delta <= 1)
    times.append(make("small", { textContent: `+${between(delta)}` }));
  const props = { className: "row", role: "option", id: names(row.key) };
  if (row.steps) {
    const node = make("div", props, times);
    node.dataset.key = row.key;
    node.classList.add("fold");
    const label = `${row.opened ? "▾" : "▸"} ${foldLabel(row.steps)}`;
    node.append(
      make("span", { className: "label", textContent: label, style: { left: `${x(0) + 12}px` } }),
    );
    return node;
  }
  const { step } = row;
  const node = make("div", props, times);
  node.dataset.key = row.key;
  node.classList.add(step.sent ? "sent" : "came");
  if (step.failed) node.classList.add("failed");
  const from = step.sent ? 0 : step.lane;
  const to = step.sent ? step.lane : 0;
  const left = Math.min(x(from), x(to));
  const arrow = make("span", {
    className: `arrow ${x(to) > x(from) ? "right" : "left"}`,
    style: { left: `${left}px`, width: `${Math.abs(x(to) - x(from))}px` },
  });
  const label = make("span", { className: "label", style: { left: `${left + 14}px` } });
  label.append(make("bdi", { className: "what", textContent: step.label }));
  if (step.sent) {
    label.append(make("bdi", { className: "path", textContent: ` · ${step.path}` }));
    const took = step.ms === null ? "" : `, ${Math.round(step.ms)} ms`;
    label.append(make("bdi", { className: "outcome", textContent: ` → ${step.outcome}${took}` }));
  }
  node.append(arrow, label);
  const number = step.sent ? step.number : step.cause;
  if (number)
    node.append(
      make("span", {
        className: step.sent ? "badge" : "badge effect",
        textContent: String(number),
        title: step.sent ? `request ${number}` : `caused by request ${number}`,
        style: { left: `${x(0) - 15}px` },
      }),
    );
  const lane = model.picture.lanes[step.lane]?.name ?? "";
  node.setAttribute("aria-label", spoken(step, lane, row.at));
  return node;
}

function spoken(step, lane, at) {
  const end = step.sent ? `, answered ${step.outcome}` : step.cause ? `, caused by request ${step.cause}` : "";
  const kind = step.sent ? `request ${step.number} to` : "event of";
  return `${clock(at)} ${kind} ${lane}: ${step.label}${end}${step.failed ? ", failed" : ""}`;
}
