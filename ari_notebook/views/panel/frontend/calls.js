// The list of calls: in their bridges, ringing, waiting. Only the cards in sight are in the page.

import { bridgeCard, channelCard, headingCard } from "./card.js";
import { button, h, say } from "./dom.js";
import { dragging } from "./drag.js";
import { HeldOrder } from "./order.js";
import { originate } from "./originate.js";

const AROUND = 400; // pixels beyond the visible ones in which cards are drawn
const HEIGHTS = { channel: 4.9, bridge: 3.1, heading: 2.3 }; // in em
const NARROWEST = 17; // em, of a card
const MAKERS = { channel: channelCard, bridge: bridgeCard, heading: headingCard };
const RELEASED_MS = 1500; // a moved card takes its new place despite the pointer

export function calls(store, view) {
  const list = h("ol", { className: "cards" });
  const scroll = h("div", { className: "scroll", tabIndex: 0, onscroll: () => view.draw() }, list);
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "Calls and bridges");
  const filter = h("input", { type: "search", placeholder: "Filter", ariaLabel: "Filter channels" });
  filter.addEventListener("input", () => {
    view.filter = filter.value.toLowerCase();
    view.draw();
  });
  const type = h("select", { ariaLabel: "Type of the bridge" });
  for (const value of ["mixing", "holding"]) type.append(h("option", { value, textContent: value }));
  const title = h("input", { size: 8, placeholder: "Name", ariaLabel: "Name of the bridge" });
  const create = button("Create bridge", async () => {
    const { error } = await store.act("bridges", "create", "", { type: type.value, name: title.value });
    if (!error) title.value = "";
  });
  const held = h("span", { className: "faint held" });
  const head = h("div", { className: "bar" }, h("h3", { textContent: "Calls" }), held, filter);
  const dial = originate(store, view);
  const tools = h("div", { className: "bar tools" }, h("span", { className: "group" }, type, title, create), dial);
  const empty = h("div", { className: "empty" });
  const traffic = [1, 10, 100].map((rate) =>
    button(`${rate}`, () => store.act("lab", "traffic", "", { value: rate }), {
      ariaLabel: `Traffic of ${rate} calls a minute`,
    }),
  );
  const some = h("p", { className: "bar" }, "Traffic: ", ...traffic, " calls a minute");
  const first = button("Call 1000", () => view.call("1000"), { className: "first" });
  const none = h("p", { className: "big" });
  empty.append(none, first, some);
  const node = h("section", { className: "pane calls", ariaLabel: "Calls" }, head, tools, scroll);
  scroll.append(empty);

  // Cards under the pointer or next to the focus do not move.
  let order = new HeldOrder();
  let moment = null;
  let pointed = false;
  let released = 0;
  const point = (on) => {
    pointed = on;
    view.draw();
  };
  scroll.addEventListener("pointerenter", () => point(true));
  scroll.addEventListener("pointerleave", () => point(false));
  scroll.addEventListener("focusout", () => setTimeout(view.draw));
  dragging(store, scroll, () => (released = Date.now()));
  scroll.addEventListener("keydown", (event) => {
    const cards = [...list.querySelectorAll("button.card")];
    const place = cards.indexOf(event.target.closest("li")?.querySelector("button.card"));
    const { key } = event;
    const next = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: cards.length - 1 }[key];
    if (next === undefined || !cards[next]) return;
    event.preventDefault();
    cards[next].focus({ preventScroll: true });
    cards[next].scrollIntoView({ block: "nearest" });
  });

  const rows = new Map();
  let spots = []; // of the items: top, height, column
  const place = (items, em) => {
    const columns = Math.max(1, Math.floor(scroll.clientWidth / (NARROWEST * em)));
    const made = [];
    let top = 0;
    let column = 0;
    for (const [kind] of items) {
      const height = HEIGHTS[kind] * em;
      if (kind !== "channel" && column) (top += HEIGHTS.channel * em), (column = 0);
      made.push({ top, height, column, columns: kind === "channel" ? columns : 1 });
      if (kind === "channel") column = (column + 1) % columns;
      if (kind !== "channel" || column === 0) top += height;
    }
    return { made, bottom: column ? top + HEIGHTS.channel * em : top };
  };
  const within = (spot, margin) =>
    spot !== undefined &&
    spot.top + spot.height > scroll.scrollTop - margin &&
    spot.top < scroll.scrollTop + scroll.clientHeight + margin;
  const draw = () => {
    if (moment !== store.moment) (order = new HeldOrder()), (moment = store.moment);
    tools.hidden = first.hidden = Boolean(moment);
    create.disabled = dial.disabled = Boolean(store.status.readOnly);
    some.hidden = !store.status.phones || Boolean(moment);
    const starting = !store.status.state;
    say(none, moment ? "There were no calls." : starting ? "Starting…" : "No active calls.");
    first.disabled = starting || Boolean(store.status.readOnly);
    const focused = scroll.getRootNode().activeElement;
    // A click's focus stays on its card; the keyboard's also looks for the next card.
    const keyed = list.contains(focused) && focused.matches(":focus-visible");
    const hold = (pointed || keyed) && Date.now() - released > RELEASED_MS;
    const topmost = spots.findIndex((spot) => within(spot, 0));
    const [item, before] = [order.items[topmost], spots[topmost]?.top];
    const natural = store.items(view.filter);
    const items = order.arrange(natural, hold, (at) => hold && pointed && within(spots[at], 0));
    const em = parseFloat(getComputedStyle(list).fontSize);
    const placed = place(items, em);
    spots = placed.made;
    const now = items.indexOf(item);
    list.style.height = `${placed.bottom}px`;
    // Ended calls above have left a held order; visible cards keep their position.
    if (hold && now >= 0 && spots[now].top !== before) scroll.scrollTop += spots[now].top - before;
    say(held, hold && items.length > 1 ? "order held" : "");
    empty.hidden = items.length > 0 || Boolean(view.filter);
    let section = "";
    const sections = items.map(([kind, id]) => (kind === "channel" ? section : (section = id)));
    const shown = items.map((one, at) => [one, at]).filter(([, at]) => within(spots[at], AROUND));
    const keys = new Set(shown.map(([[kind, id]]) => `${kind} ${id}`));
    for (const [key, row] of rows) {
      if (keys.has(key)) continue;
      if (row.node.contains(focused)) scroll.focus({ preventScroll: true });
      row.node.remove();
      rows.delete(key);
    }
    let next = list.firstChild;
    const stop = tabStop(items, focused);
    for (const [[kind, id], at] of shown) {
      const key = `${kind} ${id}`;
      let row = rows.get(key);
      if (!row) rows.set(key, (row = MAKERS[kind](store, id, view)));
      const { top, height, column, columns } = spots[at];
      row.node.style.cssText = `transform:translateY(${top}px);height:${height}px;left:${(100 * column) / columns}%;width:${100 / columns}%`;
      row.node.ariaPosInSet = String(at + 1);
      row.node.ariaSetSize = String(items.length);
      row.update(sections[at]);
      const card = row.node.querySelector("button.card");
      if (card) card.tabIndex = at === stop ? 0 : -1;
      if (row.node === next) next = next.nextSibling;
      else list.insertBefore(row.node, next);
    }
    // A card that moved, as into a bridge, has lost it.
    if (list.contains(focused)) focused.focus({ preventScroll: true });
  };
  // One card is in the order of Tab: the focused one, else the chosen, else the first.
  const tabStop = (items, focused) => {
    const place = (id) => items.findIndex(([kind, other]) => kind !== "heading" && other === id);
    const at = place(focused?.closest?.("li")?.dataset.id);
    if (at >= 0) return at;
    const chosen = place(view.selected);
    return chosen >= 0 ? chosen : items.findIndex(([kind]) => kind !== "heading");
  };
  return { nodes: [node], draw };
}
