// The playback and recording of the chosen call or bridge, and its earlier ones.

import { playedSeconds, showProgress } from "./card.js";
import { drawWave, levelOf } from "./chart.js";
import { button, dangerButton, h, isolated, say } from "./dom.js";
import { listener } from "../../listening/frontend/listener.js";
import { minutes } from "./text.js";

// Position and length in words; ARI reports neither, so either may be unknown.
function progressWords(store, row) {
  const { playback } = row;
  const at = playedSeconds(store, playback);
  const position = at === null ? "position unknown" : minutes(at, "0");
  if (playback.length) return `${position} of ${minutes(playback.length, "0")}`;
  return `${position}, ${row.playing.startsWith("tone:") ? "without an end" : "length unknown"}`;
}

export function media(store, view) {
  const title = isolated("media");
  const words = h("span", { className: "time" });
  const bar = h("span", { className: "progress", ariaHidden: "true" }, h("i"));
  const row = () => store.channels.get(view.selected) ?? store.bridges.get(view.selected);
  const id = () => row()?.playback?.id ?? "";
  const control = (operation) => store.act("playbacks", "control", id(), { operation });
  const pause = button("Pause", () => control(pause.dataset.operation));
  const again = button("From the start", () => control("restart"));
  const back = button("«", () => control("reverse"));
  const on = button("»", () => control("forward"));
  const stop = button("Stop playback", () => store.act("playbacks", "stop", id()));
  const controls = h("div", { className: "bar" }, h("span", { className: "group" }, back, pause, on), again, stop);
  const playing = h("div", { className: "playing" }, h("div", { className: "bar" }, title, words), bar, controls);
  const none = h("p", { className: "faint", textContent: "Nothing is being played." });
  const live = isolated("media");
  const keep = button("Stop and keep", () => store.act("recordings", "stop", row()?.recording));
  const discard = dangerButton("Discard", () => store.act("recordings", "cancel", row()?.recording), {
    ariaLabel: "Discard the recording",
  });
  const recording = h("div", { className: "bar" }, live, h("span", { className: "group" }, keep, discard));
  const list = h("ul", { className: "recordings" });
  const heading = h("h4", { textContent: "Recordings" });
  // Live audio of the channel that was chosen at the click; another choice ends it.
  let heard = "";
  const ear = listener(
    (message) => {
      if (message.kind === "listen") heard = view.selected;
      store.model.send({ ...message, on: heard });
    },
    () => "the call",
  );
  store.takers.add(ear.take);
  const node = h("div", { className: "media-part" }, none, playing, recording, ear.node, heading, list);
  const made = new Map();
  let of = null;
  const draw = (details) => {
    const shown = row();
    ear.node.hidden = !store.channels.has(view.selected) || Boolean(store.moment);
    if (heard && heard !== view.selected) {
      heard = "";
      ear.close();
    }
    const plays = Boolean(shown?.playback);
    none.hidden = plays;
    playing.hidden = !plays;
    controls.hidden = keep.parentNode.hidden = Boolean(store.moment);
    if (plays) {
      const { paused, skip } = shown.playback;
      say(title, `${paused ? "⏸" : "▶"} ${shown.playing}`);
      say(words, progressWords(store, shown));
      showProgress(store, bar, shown);
      pause.dataset.operation = paused ? "unpause" : "pause";
      say(pause, paused ? "Resume" : "Pause");
      say(back, `« ${skip} s`);
      say(on, `${skip} s »`);
      back.ariaLabel = `Back ${skip} seconds`;
      on.ariaLabel = `Forward ${skip} seconds`;
      for (const one of controls.querySelectorAll("button")) one.disabled = Boolean(store.status.readOnly);
    }
    recording.hidden = !shown?.recording;
    say(live, shown?.recording ? `● ${shown.recording} is being recorded` : "");
    keep.disabled = discard.disabled = Boolean(store.status.readOnly);
    const names = details?.recordings ?? [];
    heading.hidden = !names.length;
    if (of !== view.selected) {
      of = view.selected;
      for (const [, item] of made) item.remove();
      made.clear();
    }
    for (const [name, item] of made) if (!names.includes(name)) item.remove(), made.delete(name);
    for (const name of names) if (!made.has(name)) list.append(made.set(name, stored(store, name)).get(name));
  };
  const end = () => {
    store.takers.delete(ear.take);
    ear.close();
  };
  return { node, draw, end };
}

// A recording with its waveform, level and player; its file is read when it is asked for.
function stored(store, name) {
  const sound = h("audio", { controls: true, hidden: true });
  const wave = h("canvas", { className: "wave", hidden: true, role: "img", ariaLabel: `Waveform of ${name}` });
  const meter = h("meter", { max: 1, hidden: true, ariaLabel: `Level of ${name}` });
  const wrong = h("span", { className: "wrong", role: "alert" });
  let samples = null;
  const show = () => {
    if (!samples || !node.isConnected) return void sound.pause();
    const part = sound.duration ? sound.currentTime / sound.duration : 0;
    drawWave(wave, samples, part);
    meter.value = sound.paused ? 0 : levelOf(samples, part);
    if (!sound.paused) requestAnimationFrame(show);
  };
  for (const event of ["play", "pause", "seeked", "ended"]) sound.addEventListener(event, show);
  wave.addEventListener("click", (event) => {
    const box = wave.getBoundingClientRect();
    if (sound.duration) sound.currentTime = (sound.duration * (event.clientX - box.left)) / box.width;
  });
  const load = button("Load", async () => {
    const reply = await store.ask({ kind: "recording", name });
    say(wrong, reply.error ?? "");
    if (!reply.value) return;
    const bytes = Uint8Array.from(atob(reply.value), (letter) => letter.charCodeAt(0));
    sound.src = URL.createObjectURL(new Blob([bytes], { type: "audio/wav" }));
    sound.hidden = false;
    load.hidden = true;
    const context = new OfflineAudioContext(1, 1, 8000);
    const decoded = await context.decodeAudioData(bytes.buffer).catch(() => null);
    wave.hidden = meter.hidden = !decoded?.length;
    if (!decoded?.length) say(wrong, "It has no audio that a browser plays.");
    samples = decoded?.length ? decoded.getChannelData(0) : null;
    show();
  }, { ariaLabel: `Load ${name}` });
  const node = h("li", {}, h("bdi", { textContent: name }), load, wave, meter, sound, wrong);
  return node;
}
