// A telephone with twelve keys that calls, answers and sends DTMF.

import { CallAudio } from "./audio.js";
import { button, dangerButton, h, pressed, say } from "./dom.js";
import { isolatedWho, since } from "./text.js";

const PRESSED_SHOWN = 16;

// A channel on which a phone of the simulator rings.
function rings(store, row) {
  return store.status.phones && row?.state === "Ringing" && row.name.startsWith("PJSIP/");
}

// Return the media URI that a call plays now; empty for silence.
function playing(store, id) {
  const row = store.live.channels.get(id);
  if (!row) return "";
  const ringing = row.state !== "Up" && row.switches.includes("ringing") ? "tone:ring" : "";
  return row.playing || store.live.bridges.get(row.bridge)?.playing || ringing;
}

export function telephone(store, view) {
  const audio = new CallAudio(store);
  const exten = h("input", { value: "1000", size: 8, ariaLabel: "Extension", inputMode: "tel" });
  const caller = h("input", { value: "Alice <5551>", size: 14, ariaLabel: "Caller" });
  const call = h("button", { type: "submit", textContent: "Call", className: "first" });
  const form = h("form", { className: "bar" }, h("label", {}, "Call ", exten));
  form.append(h("label", {}, "as ", caller), call);
  const display = h("output", { className: "display", ariaLabel: "Telephone" });
  const sent = h("span", { className: "pressed" });
  const line = h("select", { ariaLabel: "Line", hidden: true });
  const current = () => (store.calls.has(line.value) ? line.value : "");
  let begun = false; // whether the number was dialled here, or is the previous one
  let typed = "";
  let pressing = Promise.resolve(); // earlier keys
  // The telephone is on the line, once it has called or answered.
  const begin = async (action, args) => {
    typed = "";
    const reply = await store.act("phone", action, "", args);
    if (reply.value) line.dataset.wanted = reply.value;
    begun = false;
    view.draw();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    pressed(call, begin("call", { extension: exten.value, caller: caller.value }));
  });
  view.call = (extension) => begin("call", { extension, caller: caller.value });
  view.dial = (key) => {
    if (store.moment) return undefined;
    audio.key(key);
    if (current()) {
      typed = (typed + key).slice(-PRESSED_SHOWN);
      view.draw();
      const id = current();
      // One after the other, because the kernel executes every click in a separate thread.
      pressing = pressing.then(() => store.act("phone", "press", "", { id, digits: key }));
      return pressing;
    }
    exten.value = begun ? exten.value + key : key;
    begun = true;
    return undefined;
  };
  const keys = h("div", { className: "pad", role: "group", ariaLabel: "Keypad" });
  for (const key of "123456789*0#")
    keys.append(button(key, () => view.dial(key), { ariaLabel: `Press ${key}` }));
  const listen = button("Listen", () => {
    if (audio.open) audio.close();
    else audio.listen(), level();
    listen.setAttribute("aria-pressed", String(audio.open));
    view.draw();
  });
  listen.setAttribute("aria-pressed", "false");
  const down = dangerButton("Hang up", () => store.act("phone", "put_down", "", { id: current() }), {
    ariaLabel: "Hang up your telephone",
  });
  const meter = h("meter", { max: 1, ariaLabel: "Level of what is heard", hidden: true });
  const level = () => {
    const card = node.closest(".ari-panel")?.querySelector(`.channel[data-id="${CSS.escape(current())}"] meter`);
    for (const shown of [meter, card]) {
      if (!shown) continue;
      shown.value = audio.level;
      shown.hidden = !audio.open;
    }
    if (audio.open) requestAnimationFrame(level);
  };
  const bells = h("div", { className: "bells" });
  const ringing = new Map();
  const bell = (id) => {
    const row = store.live.channels.get(id);
    const words = isolatedWho(row, id);
    const phone = row.name.replace(/-[0-9a-f]+$/, "");
    const answer = button("Answer", () => begin("answer", { id }), {
      className: "first",
      ariaLabel: `Answer the phone ${words}`,
    });
    return h("div", { className: "bar" }, `☎ ${phone} rings: ${words} `, answer);
  };
  const node = h("section", { className: "pane telephone", ariaLabel: "Your telephone" });
  node.append(h("h3", { textContent: "Telephone" }));
  node.append(h("div", { className: "screen" }, display, sent, meter), line, form, keys);
  node.append(h("div", { className: "bar" }, listen, down), bells);
  const lines = () => {
    const texts = [...store.calls].map(([id, words]) => `${id} ${words}`).join("\n");
    if (line.dataset.texts === texts) return;
    line.dataset.texts = texts;
    const before = line.dataset.wanted || line.value;
    const options = [...store.calls].map(([value, textContent]) => h("option", { value, textContent }));
    line.replaceChildren(...options);
    if (store.calls.has(before)) line.value = before;
  };
  const draw = () => {
    lines();
    const id = current();
    const row = store.live.channels.get(id);
    call.disabled = Boolean(store.status.readOnly);
    line.hidden = store.calls.size < 2;
    down.disabled = !id;
    listen.disabled = !id;
    if (!id) typed = "";
    say(display, id ? `☎ ${store.calls.get(id)} ${row ? since(store, row) : ""}` : "☎ on the hook");
    say(sent, typed && `pressed ${typed}`);
    audio.play(id ? playing(store, id) : "");
    if (!id && audio.open) audio.close(), listen.setAttribute("aria-pressed", "false");
    for (const [other, node] of ringing) {
      if (!rings(store, store.live.channels.get(other))) node.remove(), ringing.delete(other);
    }
    for (const [other, row] of store.live.channels) {
      if (rings(store, row) && !ringing.has(other))
        bells.append(ringing.set(other, bell(other)).get(other));
    }
  };
  return { nodes: [node], draw, end: () => audio.close() };
}
