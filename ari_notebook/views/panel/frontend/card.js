// The elements of the list: a call's card, a bridge's card, and a section's heading.

import { button, h, isolated, say } from "./dom.js";
import { counted, since, who } from "./text.js";

// The position of a playback in seconds; null where it is unknown.
export function playedSeconds(store, playback) {
  if (typeof playback?.position !== "number") return null;
  const passed = playback.paused ? 0 : Math.max(0, store.time - playback.at) / 1000;
  return Math.min(playback.length ?? Infinity, playback.position + passed);
}

// How far a playback is, from 0 to 1; null where its position or its length is unknown.
export function progressOf(store, playback) {
  const position = playedSeconds(store, playback);
  return position === null || !playback.length ? null : position / playback.length;
}

function doing(row) {
  const now = [];
  if (row.recording) now.push(`● ${row.recording}`);
  if (row.keys) now.push(`⌨ ${row.keys}`);
  return now.concat(row.switches ?? []).join(" · ");
}

// Draw the progress of the playback to a call or bridge.
export function showProgress(store, bar, row, over = false) {
  const part = progressOf(store, row.playback);
  bar.hidden = over || !row.playing;
  bar.classList.toggle("unknown", part === null);
  bar.classList.toggle("paused", Boolean(row.playback?.paused));
  bar.firstChild.style.width = `${Math.round(100 * (part ?? 1))}%`;
}

export function channelCard(store, id, view) {
  const name = isolated("name");
  const number = isolated("number");
  const state = h("span", { className: "state" });
  const time = h("span", { className: "time" });
  const dialled = isolated("dialled");
  const media = isolated("media");
  const bar = h("span", { className: "progress", ariaHidden: "true" }, h("i"));
  const now = h("span", { className: "now" });
  const meter = h("meter", { max: 1, hidden: true, ariaLabel: "Level of what your telephone receives" });
  const choose = h("button", { type: "button", className: "card", onclick: () => view.select(id) });
  const line = (...parts) => h("span", { className: "line" }, ...parts);
  choose.append(line(name, number, state, time), line(dialled, now, meter, media), bar);
  const answer = button("Answer", () => store.act("channels", "answer", id), { className: "first" });
  const node = h("li", { className: "channel" }, choose, answer);
  node.dataset.id = id;
  const update = (section) => {
    const row = store.channels.get(id) ?? store.ended.get(id);
    if (!row) return;
    const over = !store.channels.has(id);
    const called = row.callerName || row.callerNumber || row.name;
    node.classList.toggle("over", over);
    node.classList.toggle("member", store.bridges.has(row.bridge) && row.bridge === section);
    node.classList.toggle("chosen", view.selected === id);
    node.dataset.state = over ? "Ended" : row.state;
    say(name, called);
    say(number, row.callerName ? row.callerNumber : "");
    choose.title = `${who(row, id)} ${row.name} (${id})`;
    choose.setAttribute("aria-pressed", String(view.selected === id));
    say(state, over ? "Ended" : row.state);
    state.dataset.state = over ? "Ended" : row.state;
    say(time, since(store, row));
    say(dialled, over ? row.cause : row.exten ? `${row.exten}@${row.context}` : "");
    say(media, over || !row.playing ? "" : `${row.playback?.paused ? "⏸" : "▶"} ${row.playing}`);
    say(now, over ? "" : doing(row));
    showProgress(store, bar, row, over);
    const can = store.actions(row).find(([action]) => action === "answer");
    answer.hidden = over || !can || Boolean(can[2]) || Boolean(store.moment);
    answer.ariaLabel = `Answer ${who(row, id)}`;
  };
  return { node, update };
}

export function bridgeCard(store, id, view) {
  const name = isolated("name");
  const kind = h("span", { className: "faint" });
  const now = h("span", { className: "now" });
  const bar = h("span", { className: "progress", ariaHidden: "true" }, h("i"));
  const choose = h("button", { type: "button", className: "card", onclick: () => view.select(id) });
  choose.append(name, kind, now, bar);
  const node = h("li", { className: "bridge" }, choose);
  node.dataset.id = id;
  const update = () => {
    const row = store.bridges.get(id);
    node.classList.toggle("over", !row);
    if (!row) return say(kind, "destroyed");
    node.classList.toggle("chosen", view.selected === id);
    choose.setAttribute("aria-pressed", String(view.selected === id));
    say(name, row.name || `Bridge ${id.slice(0, 8)}`);
    choose.title = `Bridge ${row.name} (${id})`;
    say(kind, `${row.type} · ${counted(row.channels.length, "channel")}`);
    const media = [row.playing && `▶ ${row.playing}`, row.recording && `● ${row.recording}`, ...row.switches];
    say(now, media.filter(Boolean).join(" · "));
    showProgress(store, bar, row);
    return undefined;
  };
  return { node, update };
}

export function headingCard(store, title) {
  const count = h("span", { className: "faint" });
  const node = h("li", { className: "heading" }, h("span", { textContent: title }), count);
  const update = () => {
    const rows = [...store.channels.values()];
    say(count, String(rows.filter((row) => store.groupOf(row) === title).length));
  };
  return { node, update };
}
