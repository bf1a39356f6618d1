// The chosen call or bridge: its operations, ladder, variables and media.

import { button, dangerButton, h, isolated, say } from "./dom.js";
import { join } from "./drag.js";
import { ladder } from "./ladder.js";
import { media } from "./media.js";
import { outcome } from "./outcome.js";
import { clock, isolatedWho, since, who } from "./text.js";

const DETAILS_MS = 500; // between two requests for details
const PATIENCE = 4; // pause, as a multiple of the last response time
const LONGEST_MS = 2000; // pause: a kernel that was slow once need not be so again
// Operation → its switch, the operation that undoes it, and that button's label.
const TOGGLES = {
  mute: ["muted", "unmute", "Unmute"],
  hold: ["held", "unhold", "Unhold"],
  ring: ["ringing", "ring_stop", "Stop ringing"],
  start_moh: ["music", "stop_moh", "Stop music"],
};
const ELSEWHERE = ["send_dtmf", "add_channel", "remove_channel", "dial"]; // not in the row of verbs
const ONCE = ["answer", "ring"]; // not available for an answered call
const CHOOSE = "Choose a call to act on it.";
const SIDES = { both: "both ways", in: "from the caller", out: "to the caller" };
const DANGERS = ["hangup", "destroy"];

// The operation that transfers a call, and its arguments.
function transferred(to, row) {
  if (to.includes("/")) return ["redirect", { endpoint: to }];
  const [extension, context = row?.context || "default"] = to.split("@", 2);
  return ["continue_in_dialplan", { context, extension, priority: 1 }];
}

export function inspector(store, view) {
  const name = isolated("name");
  const number = isolated("number");
  const state = h("span", { className: "state" });
  const time = h("span", { className: "time" });
  const about = isolated("faint about");
  const title = h("h3", {}, name, " ", number, " ", state, " ", time, " ", about);
  const chosen = () => store.channels.get(view.selected) ?? store.bridges.get(view.selected);
  const kind = () => (store.bridges.has(view.selected) ? "bridges" : "channels");
  const act = (action, args = {}) => store.act(kind(), action, view.selected, args);

  const verbs = h("div", { className: "bar verbs" });
  const side = h("select", { ariaLabel: "Direction to mute" });
  for (const [value, textContent] of Object.entries(SIDES)) side.append(h("option", { value, textContent }));
  const muting = h("span", { className: "group" });
  const given = { play: () => ({ media: sound.value }), mute: () => ({ direction: side.value }) };
  const sound = h("input", { value: "sound:hello-world", size: 16, ariaLabel: "What to play" });
  const sounds = h("datalist", { id: `ari-${store.name}-${Math.random().toString(36).slice(2)}` });
  sound.setAttribute("list", sounds.id);
  sound.addEventListener("focus", async () => {
    if (sounds.children.length) return;
    const known = Object.entries(await store.sounds());
    sounds.replaceChildren(...known.map(([value, label]) => h("option", { value, label })));
  });
  const bridged = (action, bridge) => store.act("bridges", action, bridge, { channel: view.selected });
  const bridges = h("select", { ariaLabel: "Bridge" });
  const add = button("Add to bridge", () => bridged("add_channel", bridges.value));
  const leave = button("Take out of bridge", () => bridged("remove_channel", chosen()?.bridge));
  const others = h("select", { ariaLabel: "Other call" });
  const meet = button("Join", () => join(store, view.selected, others.value));
  const to = h("input", { size: 16, ariaLabel: "Transfer to", placeholder: "1002 or PJSIP/alice" });
  const transfer = button("Transfer", () => act(...transferred(to.value.trim(), chosen())), {
    title: "To an extension, or extension@context: the call continues in the dialplan. "
      + "To an endpoint: its device is asked to call there.",
  });
  const tones = h("input", { value: "5", size: 4, ariaLabel: "Tones to send to the caller" });
  const send = button("Send tones", () => act("send_dtmf", { dtmf: tones.value }), {
    title: "Sends DTMF to the caller. Keys that a caller presses are on the telephone.",
  });
  const halt = button("Stop recording", () => store.act("recordings", "stop", chosen()?.recording));
  const groups = [[bridges, add, leave], [others, meet], [to, transfer], [tones, send], [halt]];
  const more = h("div", { className: "bar" });
  more.append(...groups.map((parts) => h("span", { className: "group" }, ...parts)));
  const play = h("span", { className: "group" }, sound, sounds);
  const made = new Map();
  const operations = (row) => {
    const wanted = store.actions(row).filter(([action]) => !ELSEWHERE.includes(action));
    const key = `${kind()} ${wanted.map(([action]) => action)}`;
    if (verbs.dataset.key !== key) {
      verbs.dataset.key = key;
      made.clear();
      const nodes = wanted.map(([action, label]) => {
        const press = () => act(verb.dataset.action, given[verb.dataset.action]?.());
        const verb = DANGERS.includes(action) ? dangerButton(label, press) : button(label, press);
        made.set(action, verb);
        return verb;
      });
      const last = nodes.filter((node) => node.classList.contains("danger"));
      const rest = nodes.filter((node) => !last.includes(node) && node !== made.get("play"));
      dangers.replaceChildren(...last);
      play.replaceChildren(made.get("play"), sound, sounds);
      const placed = rest.map((node) => (node === made.get("mute") ? muting : node));
      if (made.has("mute")) muting.replaceChildren(made.get("mute"), side);
      verbs.replaceChildren(...placed.slice(0, 2), play, ...placed.slice(2));
    }
    for (const [action, label, refused] of wanted) {
      const [on, other, back] = TOGGLES[action] ?? [];
      const active = on && row.switches?.includes(on);
      const verb = made.get(action);
      verb.dataset.action = active ? other : action;
      if (!DANGERS.includes(action)) say(verb, active ? back : label);
      verb.disabled = Boolean(refused);
      verb.hidden = Boolean(refused) && ONCE.includes(action) && row.state === "Up";
      verb.title = refused;
    }
    side.hidden = Boolean(row.switches?.includes("muted"));
    side.disabled = Boolean(made.get("mute")?.disabled);
  };
  const options = (select, entries) => {
    const key = entries.map((entry) => entry.join(" ")).join("\n");
    if (select.dataset.key === key) return;
    const before = select.value;
    select.dataset.key = key;
    select.replaceChildren(...entries.map(([value, textContent]) => h("option", { value, textContent })));
    if (entries.some(([value]) => value === before)) select.value = before;
  };

  const parts = { ladder: ladder(store, view), variables: variables(), media: media(store, view) };
  const labels = { ladder: "Ladder", variables: "Variables", media: "Media" };
  let tab = "ladder";
  const tabs = Object.keys(parts).map((part) => {
    const node = button(labels[part], () => ((tab = part), (asked.key = ""), view.draw()));
    node.dataset.part = part;
    return node;
  });
  const sheet = h("div", { className: "sheet", tabIndex: 0, role: "region", ariaLabel: "Details" });
  sheet.append(...Object.values(parts).map((part) => part.node));
  const none = h("p", { className: "big", textContent: CHOOSE });
  const newest = button("", () => view.select(newest.dataset.id), { className: "newest" });
  const nothing = h("div", { className: "nothing" }, none, newest);
  const dangers = h("span", { className: "group dangers" });
  const can = h("div", { className: "can" }, h("div", { className: "titled" }, title, dangers), verbs, more);
  const said = outcome(store, view);
  const switches = h("div", { className: "bar tabs", role: "group", ariaLabel: "Details" }, ...tabs);
  const then = h("p", { className: "then" });
  const whole = h("div", { className: "whole" }, can, then, switches, sheet);
  const node = h("section", { className: "pane inspector", ariaLabel: "The chosen call" });
  node.append(nothing, whole, said.node);

  // Details are requested after events of the chosen object, at most twice a second.
  const asked = { key: "", at: 0, took: 0, waiting: false, details: null, id: null };
  const detail = async (id) => {
    if (asked.id !== id) Object.assign(asked, { id, key: "", at: 0, details: null });
    const row = store.bridges.get(id);
    const all = [id, ...(row?.channels ?? [])].map((one) => store.touched.get(one) ?? 0);
    const at = store.moment?.at;
    const key = `${tab} ${at ?? all} ${store.channels.has(id)}`;
    const pause = Math.min(LONGEST_MS, Math.max(DETAILS_MS, PATIENCE * asked.took));
    if (asked.waiting || key === asked.key || store.gone) return;
    if (Date.now() - asked.at < pause) {
      asked.later ??= setTimeout(() => ((asked.later = null), view.draw()), pause);
      return;
    }
    Object.assign(asked, { key, at: Date.now(), waiting: true });
    const reply = await store.ask({ kind: "details", id, at, ladder: tab === "ladder" });
    asked.took = Date.now() - asked.at;
    asked.waiting = false;
    if (reply.error) asked.key = ""; // asked again, not only after the next event
    else if (asked.id === id) asked.details = { ...asked.details, ...reply.value };
    view.draw();
  };
  const draw = () => {
    said.draw();
    const id = view.selected;
    const bridge = store.bridges.get(id);
    const channel = store.channels.get(id) ?? store.ended.get(id);
    const row = bridge ?? channel;
    const over = channel && !store.channels.has(id);
    whole.hidden = !row;
    nothing.hidden = Boolean(row);
    const past = Boolean(store.moment);
    said.node.hidden = past;
    then.hidden = !past;
    say(then, past ? `As it was at ${clock(store.time)} UTC. Nothing can be done in the past.` : "");
    if (!row) {
      say(none, past && id ? "What is chosen was not there at this moment." : past ? "Choose a call to look at it." : CHOOSE);
      const latest = [...store.channels].filter(([, other]) => other.stasis).pop();
      newest.hidden = !latest;
      if (latest) {
        newest.dataset.id = latest[0];
        say(newest, `newest: ${isolatedWho(latest[1], latest[0])}`);
      }
      return;
    }
    node.dataset.kind = bridge ? "bridge" : "channel";
    say(name, bridge ? bridge.name || `Bridge ${id.slice(0, 8)}` : row.callerName || who(row, id));
    say(number, !bridge && row.callerName ? row.callerNumber : "");
    say(state, bridge ? bridge.type : over ? "Ended" : row.state);
    state.dataset.state = bridge ? "bridge" : over ? "Ended" : row.state;
    say(time, bridge ? "" : since(store, row));
    const place = row.exten ? `${row.exten}@${row.context}` : "";
    say(about, over ? row.cause : [row.app, place, bridge ? "" : row.name].filter(Boolean).join(" · "));
    verbs.hidden = more.hidden = dangers.hidden = over || past;
    for (const node of tabs) {
      node.setAttribute("aria-pressed", String(node.dataset.part === tab));
      parts[node.dataset.part].node.hidden = node.dataset.part !== tab;
    }
    detail(id);
    parts[tab].draw(asked.id === id ? asked.details : null);
    if (over || past) return;
    operations(row);
    more.hidden = Boolean(bridge);
    if (bridge) return;
    const { readOnly } = store.status;
    const pressing = store.actions(row).find(([action]) => action === "send_dtmf");
    send.disabled = !pressing || Boolean(pressing[2]);
    options(bridges, [...store.bridges].map(([key, one]) => [key, one.name || key]));
    options(others, [...store.channels].filter(([key, one]) => key !== id && one.stasis).slice(-100).map(([key, one]) => [key, isolatedWho(one, key)]));
    bridges.hidden = add.hidden = !store.bridges.size;
    leave.hidden = !row.bridge;
    halt.hidden = !row.recording;
    others.hidden = meet.hidden = !others.children.length;
    add.disabled = readOnly || !row.stasis || !store.bridges.size;
    leave.disabled = readOnly || !row.bridge;
    meet.disabled = readOnly || !row.stasis;
    transfer.disabled = readOnly || !row.stasis;
    halt.disabled = readOnly || !row.recording;
  };
  return { nodes: [node], draw, end: parts.media.end };
}

function variables() {
  const body = h("tbody");
  const table = h("table", { className: "variables" }, h("caption", { textContent: "Variables as they were set" }), body);
  let shown = "";
  const draw = (details) => {
    const all = Object.entries(details?.variables ?? {}).sort();
    const key = JSON.stringify(all);
    if (key === shown) return;
    shown = key;
    const rows = all.map(([name, value]) =>
      h("tr", {}, h("th", { scope: "row", textContent: name }), h("td", {}, h("bdi", { textContent: value }))),
    );
    body.replaceChildren(...rows);
  };
  return { node: h("div", {}, table), draw };
}
