// The scrubber: from the beginning of the log to now. An earlier moment is shown, never acted on.

import { button, h, say } from "./dom.js";
import { clock, exactClock } from "./text.js";

const STEPS = 3600; // of the slider at most; it moves by a second where that suffices

export function scrubber(store, view) {
  const slider = h("input", { type: "range", min: 0, max: 1, step: 1, value: 1, ariaLabel: "Moment that is shown" });
  const time = h("input", { size: 16, ariaLabel: "Time of day in UTC", title: "A time of day in UTC as 16:23:41; Enter goes there" });
  const wrong = h("span", { className: "wrong", role: "alert" });
  const words = h("span", { className: "words", role: "status" });
  const go = async (at, step = 0) => say(wrong, await store.seek(at, step));
  const before = button("‹", () => go(store.time, -1), { ariaLabel: "Event before", title: "Event before" });
  const after = button("›", () => go(store.time, 1), { ariaLabel: "Event after", title: "Event after" });
  const live = button("Live", () => go(null), { className: "live" });
  const end = () => store.status.end ?? Date.now() - store.skew;
  let held = false; // while the slider is dragged its ends stay where they are
  slider.addEventListener("pointerdown", () => (held = true));
  slider.addEventListener("lostpointercapture", () => (held = false));
  slider.addEventListener("change", () => (held = false));
  slider.addEventListener("input", () => {
    const { value, max } = slider;
    go(Number(value) >= Number(max) ? null : store.status.begin + Number(value) * 1000);
  });
  time.addEventListener("keydown", (event) => {
    if (event.key === "Enter") go(time.value.trim() || null);
  });
  const node = h("div", { className: "scrubber", role: "group", ariaLabel: "Time travel" });
  node.append(before, slider, after, time, live, words, wrong);
  const draw = () => {
    const { begin } = store.status;
    const { moment } = store;
    const at = store.seeking && typeof store.seeking.at === "number" ? store.seeking.at : store.time;
    node.hidden = !begin;
    if (!begin) return;
    const span = Math.max(1, Math.ceil((end() - begin) / 1000));
    if (!held) {
      slider.step = String(Math.max(1, Math.ceil(span / STEPS)));
      slider.max = String(span);
      slider.value = String(moment || store.seeking ? Math.round((at - begin) / 1000) : span);
    }
    slider.setAttribute("aria-valuetext", moment ? `${clock(at, 19)} UTC` : "live");
    if (document.activeElement !== time) time.value = moment ? exactClock(at) : clock(at, 19);
    const last = store.status.recorded ? "End" : "Live";
    say(live, moment ? (store.status.recorded ? "To the end" : "Back to live") : last);
    live.setAttribute("aria-pressed", String(!moment));
    before.disabled = at <= begin;
    after.disabled = !moment;
    say(words, moment ? "The past, read-only: no action is possible here." : "UTC");
  };
  return { nodes: [node], draw };
}
