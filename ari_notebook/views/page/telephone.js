// A telephone: somebody to call with.

import { button, complaint, h, say } from "./dom.js";
import { Ear } from "./ear.js";

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
  const lines = h("div");
  const form = h("form", { className: "bar" }, "☎ Call ", exten, " as ", caller, call, wrong);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const extension = exten.value;
    const reply = await store.act("phone", "call", "", { extension, caller: caller.value });
    if (reply.value) store.calls.set(reply.value, extension);
    view.draw();
  });
  const made = new Map();
  const line = (id, extension) => {
    const ear = new Ear(store);
    const phone = (action, args = {}) => store.act("phone", action, "", { id, ...args });
    const listen = button("Listen", () => {
      if (ear.open) ear.close();
      else ear.listen();
      listen.setAttribute("aria-pressed", String(ear.open));
      view.draw();
    });
    listen.setAttribute("aria-pressed", "false");
    const digits = h("input", { size: 5, ariaLabel: `Keys on the call to ${extension}` });
    const press = button("Press", () => {
      [...digits.value].forEach((key, place) => setTimeout(() => ear.key(key), 200 * place));
      phone("press", { digits: digits.value });
    });
    const down = button("Put down", async () => {
      await phone("put_down");
      store.calls.delete(id);
      view.draw();
    });
    const node = h("div", { className: "bar" }, `☎ on the line to ${extension} `, digits, press);
    node.append(listen, down);
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
    for (const [id, extension] of store.calls) {
      if (!made.has(id)) lines.append(made.set(id, line(id, extension)).get(id).node);
      made.get(id).ear.hear(heard(store, id));
    }
  };
  return { nodes: [form, lines], draw, end: () => made.forEach(({ ear }) => ear.close()) };
}
