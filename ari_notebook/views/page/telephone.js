// A telephone: somebody to call with.

import { button, complaint, h, say } from "./dom.js";

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
    const phone = (action, args = {}) => store.act("phone", action, "", { id, ...args });
    const digits = h("input", { size: 5, ariaLabel: `Keys on the call to ${extension}` });
    const press = button("Press", () => phone("press", { digits: digits.value }));
    const down = button("Put down", async () => {
      await phone("put_down");
      store.calls.delete(id);
      view.draw();
    });
    return h("div", { className: "bar" }, `☎ on the line to ${extension} `, digits, press, down);
  };
  const draw = () => {
    call.disabled = Boolean(store.status.readOnly);
    say(wrong, store.errors.get("phone") ?? "");
    for (const [id, node] of made) if (!store.calls.has(id)) node.remove(), made.delete(id);
    for (const [id, extension] of store.calls)
      if (!made.has(id)) lines.append(made.set(id, line(id, extension)).get(id));
  };
  return { nodes: [form, lines], draw };
}
