// The lines of the table: a channel's and a bridge's.

import { button, h, say } from "./dom.js";
import { counted, goingOn, since, who } from "./words.js";

// A button that can be pressed or says why not.
function allow(node, refused) {
  node.disabled = Boolean(refused);
  node.title = refused ?? "";
}

function complain(node, text) {
  say(node, text ?? "");
  node.title = text ?? "";
}

export function channelRow(store, id, view) {
  const cells = {};
  for (const name of ["who", "state", "exten", "time", "now", "act"]) cells[name] = h("td");
  const choose = button("", () => view.select(id), { className: "link" });
  cells.who.append(choose);
  const state = h("span", { className: "state" });
  cells.state.append(state);
  const now = h("span", { className: "now" });
  const wrong = h("span", { className: "wrong" });
  cells.now.append(now, wrong);
  const quick = ["answer", "play", "hangup"].map((name) => {
    const node = button("", () =>
      store.act("channels", name, id, name === "play" ? { media: view.sound() } : {}),
    );
    node.dataset.action = name;
    return node;
  });
  cells.act.append(...quick);
  const node = h("tr", { className: "channel" }, ...Object.values(cells));
  node.dataset.id = id;
  const update = () => {
    const row = store.channels.get(id);
    if (!row) return;
    say(choose, who(row, id));
    choose.title = `${who(row, id)} ${row.name} (${id})`;
    choose.setAttribute("aria-pressed", String(view.selected === id));
    node.classList.toggle("chosen", view.selected === id);
    node.classList.toggle("member", store.bridges.has(row.bridge));
    say(state, row.state);
    state.title = row.state;
    state.dataset.state = row.state;
    say(cells.exten, row.exten ? `${row.exten}@${row.context}` : "");
    say(cells.time, since(store, row));
    say(now, goingOn(row));
    now.title = goingOn(row);
    const can = new Map(store.actions(row).map(([name, ...rest]) => [name, rest]));
    for (const node of quick) {
      const [label, refused] = can.get(node.dataset.action) ?? ["", "no"];
      say(node, label || node.dataset.action);
      allow(node, refused);
      node.setAttribute("aria-label", `${label} ${who(row, id)}`);
    }
    complain(wrong, store.errors.get(id));
  };
  return { node, update };
}

export function bridgeRow(store, id, view) {
  const title = h("span", { className: "title" });
  const now = h("span", { className: "now" });
  const wrong = h("span", { className: "wrong" });
  const play = button("Play", () => store.act("bridges", "play", id, { media: view.sound() }));
  const destroy = button("Destroy", () => store.act("bridges", "destroy", id));
  const head = h("td", { colSpan: 4 }, title);
  const node = h("tr", { className: "bridge" }, head, h("td", {}, now, wrong));
  node.append(h("td", {}, play, destroy));
  node.dataset.id = id;
  const update = () => {
    const row = store.bridges.get(id);
    if (!row) return;
    const name = row.name || id;
    say(title, `Bridge ${name} · ${row.type} · ${counted(row.channels.length, "channel")}`);
    title.title = title.textContent;
    say(now, goingOn(row));
    now.title = goingOn(row);
    const refused = new Map(store.actions(row).map(([name, , why]) => [name, why]));
    allow(play, refused.get("play"));
    allow(destroy, refused.get("destroy"));
    play.setAttribute("aria-label", `Play to bridge ${name}`);
    destroy.setAttribute("aria-label", `Destroy bridge ${name}`);
    complain(wrong, store.errors.get(id));
  };
  return { node, update };
}
