// Everything that can be done with one channel.

import { button, h, say } from "./dom.js";
import { who } from "./words.js";

// Operation → the switch that says it is on, what takes it back, and that button's label.
const TOGGLES = {
  mute: ["muted", "unmute", "Unmute"],
  hold: ["held", "unhold", "Unhold"],
  ring: ["ringing", "ring_stop", "Stop ringing"],
  start_moh: ["music", "stop_moh", "Stop music"],
};

export function inspector(store, view) {
  const title = h("h3");
  const bar = h("div", { className: "bar" });
  const act = (action, args = {}) => store.act("channels", action, view.selected, args);
  const keys = h("div", { className: "pad", role: "group", ariaLabel: "Keys" });
  for (const key of "123456789*0#")
    keys.append(button(key, () => act("send_dtmf", { dtmf: key }), { ariaLabel: `Key ${key}` }));
  // What is asked of something else for this channel; an error shows on the channel.
  const ask = async (on, action, other, args = {}) => {
    const id = view.selected;
    const reply = await store.act(on, action, other, args);
    if (reply.error) store.errors.set(id, reply.error);
    view.draw();
  };
  const chosen = () => store.channels.get(view.selected);
  const bridged = (action, bridge) => ask("bridges", action, bridge, { channel: view.selected });
  const bridges = h("select", { ariaLabel: "Bridge" });
  const join = button("Add to bridge", () => bridged("add_channel", bridges.value));
  const leave = button("Take out of bridge", () => bridged("remove_channel", chosen()?.bridge));
  const stop = button("Stop recording", () => ask("recordings", "stop", chosen()?.recording));
  const node = h("section", { className: "inspector", ariaLabel: "The chosen channel" });
  const second = h("div", { className: "bar" }, bridges, join, leave, stop);
  node.append(h("div", { className: "can" }, title, bar, second), keys);
  const buttons = new Map();
  const operations = (row) => {
    const wanted = store.actions(row).filter(([name]) => name !== "send_dtmf");
    const named = new Set(wanted.map(([name]) => name));
    for (const [name, made] of buttons)
      if (!named.has(name)) made.remove(), buttons.delete(name);
    for (const [name, label, refused] of wanted) {
      let made = buttons.get(name);
      if (!made) {
        made = button("", () => {
          const action = made.dataset.action;
          return act(action, action === "play" ? { media: view.sound() } : {});
        });
        buttons.set(name, made);
        bar.append(made);
      }
      const [state, other, back] = TOGGLES[name] ?? [];
      const on = state && row.switches.includes(state);
      made.dataset.action = on ? other : name;
      say(made, on ? back : label);
      made.disabled = Boolean(refused);
      made.title = refused;
    }
  };
  const draw = () => {
    const id = view.selected;
    const row = store.channels.get(id);
    node.hidden = !row;
    if (!row) return;
    say(title, [who(row, id), row.state, row.app, row.name].filter(Boolean).join(" · "));
    title.title = title.textContent;
    operations(row);
    const pressing = store.actions(row).find(([name]) => name === "send_dtmf");
    for (const key of keys.children) key.disabled = !pressing || Boolean(pressing[2]);
    const ids = [...store.bridges.keys()];
    if (bridges.dataset.ids !== ids.join()) {
      const before = bridges.value;
      bridges.dataset.ids = ids.join();
      bridges.replaceChildren(
        ...ids.map((b) => h("option", { value: b, textContent: store.bridges.get(b).name || b })),
      );
      if (ids.includes(before)) bridges.value = before;
    }
    bridges.hidden = !ids.length;
    const readOnly = store.status.readOnly;
    join.disabled = readOnly || !row.stasis || !ids.length;
    leave.disabled = readOnly || !row.bridge;
    stop.disabled = readOnly || !row.recording;
  };
  return { nodes: [node], draw };
}
