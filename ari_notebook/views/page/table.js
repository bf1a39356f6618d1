// The table of bridges and channels: only the rows in sight are in the page.

import { h } from "./dom.js";
import { bridgeRow, channelRow } from "./rows.js";
import { who } from "./words.js";

const ROW = 34; // pixels; rows of one height let a thousand of them be drawn as forty
const AROUND = 8; // rows drawn beyond the visible ones
const COLUMNS = ["Caller", "State", "Dialled", "Time", "Now", "Actions"];

export function table(store, view) {
  const body = h("tbody");
  const above = h("tr", { className: "space", ariaHidden: "true" });
  const below = h("tr", { className: "space", ariaHidden: "true" });
  body.append(above, below);
  const head = h("tr", {}, ...COLUMNS.map((name) => h("th", { scope: "col", textContent: name })));
  const all = h("table", {}, h("thead", {}, head), body);
  const empty = h("p", { className: "empty", textContent: "Nobody is on the line." });
  const scroll = h("div", { className: "scroll", tabIndex: 0, onscroll: () => view.draw() }, all);
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "Channels and bridges");
  // On its row an error has not the room to be read in full.
  const wrongs = h("div", { className: "wrong wrongs", role: "alert" });
  const complain = () => {
    const texts = [...store.errors].flatMap(([id, text]) => {
      const row = store.channels.get(id) ?? store.bridges.get(id);
      return row ? [`${who(row, id)}: ${text}`] : [];
    });
    if (wrongs.dataset.texts === texts.join("\n")) return;
    wrongs.dataset.texts = texts.join("\n");
    wrongs.replaceChildren(...texts.map((text) => h("div", { textContent: text })));
  };
  const rows = new Map();
  const draw = () => {
    complain();
    const focused = scroll.getRootNode().activeElement;
    const items = store.items(view.filter);
    empty.hidden = items.length > 0;
    all.setAttribute("aria-rowcount", String(items.length + 1));
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
    // A row that moved, as into a bridge, has lost it.
    if (body.contains(focused)) focused.focus({ preventScroll: true });
  };
  return { nodes: [scroll, wrongs, empty], draw };
}
