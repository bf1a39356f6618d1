// The steps as a table, and the live tables of the shown moment.

import { between, clock, make } from "./dom.js";

const COLUMNS = ["time", "after", "", "who", "what", "request", "outcome", "ms", "of"];

export function table(model) {
  const body = make("tbody");
  const grid = make(
    "table",
    { role: "grid", ariaLabel: "Requests and events" },
    make("thead", {}, make("tr", {}, ...COLUMNS.map((name) => make("th", { scope: "col", textContent: name || "way" })))),
    body,
  );
  const node = make("div", { className: "table", role: "region", ariaLabel: "Table of requests and events", tabIndex: 0 }, grid);
  let drawn = "";
  let keys = [];
  const rowOf = (key) => body.querySelector(`[data-key="${CSS.escape(key)}"]`);
  body.addEventListener("click", (event) => {
    const row = event.target.closest("[data-key]");
    if (row) model.select(row.dataset.key);
  });
  node.addEventListener("keydown", (event) => {
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15, Home: -1e9, End: 1e9 };
    if (!(event.key in moves) || !keys.length) return;
    event.preventDefault();
    const place = keys.indexOf(model.selected);
    const next = place < 0 ? 0 : Math.max(0, Math.min(keys.length - 1, place + moves[event.key]));
    model.select(keys[next]);
    show(keys[next]);
  });
  const show = (key) => {
    const row = key && rowOf(key);
    if (!row) return;
    const high = grid.tHead.offsetHeight;
    if (row.offsetTop - high < node.scrollTop) node.scrollTop = row.offsetTop - high;
    else if (row.offsetTop + row.offsetHeight > node.scrollTop + node.clientHeight)
      node.scrollTop = row.offsetTop + row.offsetHeight - node.clientHeight;
  };
  const draw = () => {
    const steps = model.steps.filter((step) => step.sent || model.mode(step.kind) !== "folded");
    const key = JSON.stringify(steps);
    keys = steps.map((step) => step.key);
    if (key !== drawn) {
      drawn = key;
      body.replaceChildren(
        ...steps.map((step, place) => {
          const before = steps[place - 1];
          const lane = model.picture.lanes[step.lane]?.name ?? "";
          const cells = [
            clock(step.at),
            before ? `+${between(Math.max(0, step.at - before.at))}` : "",
            step.sent ? "→ request" : "← event",
            lane,
            step.label,
            step.path ?? "",
            step.outcome ?? "",
            step.sent && step.ms !== null ? step.ms.toFixed(1) : "",
            step.cause ? String(step.cause) : step.number ? `#${step.number}` : "",
          ];
          const row = make("tr", {}, ...cells.map((text) => make("td", {}, make("bdi", { textContent: text }))));
          row.dataset.key = step.key;
          if (step.failed) row.classList.add("failed");
          return row;
        }),
      );
    }
    const selected = model.step(model.selected);
    for (const row of body.rows) {
      const step = model.step(row.dataset.key);
      row.setAttribute("aria-selected", String(row.dataset.key === model.selected));
      row.classList.toggle("kin", Boolean(step) && model.kin(step, selected));
      row.classList.toggle("found", Boolean(step) && model.matches(step));
      row.classList.toggle("dim", Boolean(step && model.search) && !model.matches(step));
    }
  };
  return { node, draw, show, focus: () => node.focus({ preventScroll: true }) };
}

export function moment(model) {
  const node = make("div", { className: "moment", role: "region", ariaLabel: "Tables", tabIndex: 0 });
  let drawn = "";
  const draw = () => {
    const tables = model.picture.tables;
    const key = JSON.stringify(tables);
    if (key === drawn) return;
    drawn = key;
    node.replaceChildren(
      ...Object.entries(tables ?? {})
        .filter(([, part]) => part?.columns)
        .map(([name, part]) => {
          const head = make("tr", {}, ...part.columns.map((text) => make("th", { scope: "col", textContent: text })));
          const rows = part.rows.map((row) =>
            make("tr", {}, ...row.map((text) => make("td", {}, make("bdi", { textContent: text || "·" })))),
          );
          const noun = part.count === 1 ? name.slice(0, -1) : name;
          const caption = `${part.count} ${noun} at ${tables.at} UTC`;
          const body = make("tbody", {}, ...rows);
          return make("table", {}, make("caption", { textContent: caption }), make("thead", {}, head), body);
        }),
    );
    if (!tables) node.append(make("p", { className: "empty", textContent: "A file has no tables: open the capture." }));
  };
  return { node, draw, show: () => {}, focus: () => node.focus({ preventScroll: true }) };
}
