// A telephone: somebody to call with.

import { button, complaint, h, pressed, say } from "./dom.js";
import { Ear } from "./ear.js";
import { who } from "./words.js";

// A channel on which a phone of the simulator rings.
function rings(store, row) {
  return store.status.phones && row?.state === "Ringing" && row.name.startsWith("PJSIP/");
}

// What is to be heard on a call now.
function heard(store, id) {
  const row = store.channels.get(id);
  if (!row) return "";
  const ringing = row.state !== "Up" && row.switches.includes("ringing") ? "tone:ring" : "";
  return row.playing || store.bridges.get(row.bridge)?.playing || ringing;
}

export function telephone(store, view) {
  const exten = h("input", { value: "1000", size: 7, ariaLabel: "Extension" });
  const caller = h("input", { value: "Alice <5551>", size: 14, ariaLabel: "Caller" });
  const call = h("button", { type: "submit", textContent: "Call", className: "first" });
  const wrong = complaint();
  const lines = h("div", { className: "lines" });
  const form = h("form", { className: "bar" }, "☎ Call ", exten, " as ", caller, call, wrong);
  // Our telephone is on the line, once it has called or answered.
  const begin = async (action, words, args) => {
    const reply = await store.act("phone", action, "", args);
    if (reply.value) store.calls.set(reply.value, words);
    view.draw();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const to = { extension: exten.value, caller: caller.value };
    pressed(call, begin("call", `on the line to ${exten.value}`, to));
  });
  const ringing = new Map();
  const bell = (id) => {
    const words = who(store.channels.get(id), id);
    const answer = button("Answer", () => begin("answer", `${words} has answered`, { id }), {
      className: "first",
      ariaLabel: `Answer the phone ${words}`,
    });
    return h("div", { className: "bar" }, `☎ ${words} rings `, answer);
  };
  const made = new Map();
  const line = (id, words) => {
    const ear = new Ear(store);
    const phone = (action, args = {}) => store.act("phone", action, "", { id, ...args });
    const listen = button("Listen", () => {
      if (ear.open) ear.close();
      else ear.listen();
      listen.setAttribute("aria-pressed", String(ear.open));
      view.draw();
    });
    listen.setAttribute("aria-pressed", "false");
    const digits = h("input", { size: 5, ariaLabel: `Keys, ${words}` });
    const press = button("Press", () => {
      [...digits.value].forEach((key, place) => setTimeout(() => ear.key(key), 200 * place));
      return phone("press", { digits: digits.value });
    });
    const down = button("Put down", async () => {
      await phone("put_down");
      store.calls.delete(id);
      view.draw();
    });
    const node = h("div", { className: "bar" }, `☎ ${words} `, digits, press, listen, down);
    return { node, ear };
  };
  const draw = () => {
    call.disabled = Boolean(store.status.readOnly);
    say(wrong, store.errors.get("phone") ?? "");
    for (const [id, { node, ear }] of made) {
      if (store.calls.has(id)) continue;
      ear.close();
      node.remove();
      made.delete(id);
    }
    for (const [id, words] of store.calls) {
      if (!made.has(id)) lines.append(made.set(id, line(id, words)).get(id).node);
      made.get(id).ear.hear(heard(store, id));
    }
    for (const [id, node] of ringing) {
      if (!rings(store, store.channels.get(id))) node.remove(), ringing.delete(id);
    }
    for (const [id, row] of store.channels) {
      if (rings(store, row) && !ringing.has(id)) lines.append(ringing.set(id, bell(id)).get(id));
    }
  };
  return { nodes: [form, lines], draw, end: () => made.forEach(({ ear }) => ear.close()) };
}
