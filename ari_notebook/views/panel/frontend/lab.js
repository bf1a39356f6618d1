// The traffic lab: the simulator's traffic and faults.

import { button, h, say } from "./dom.js";

const SWITCHES = [
  ["Delay answers by 1 s", "delay", 1],
  ["Answer every 5th with 500", "fail", 0.2],
  ["Refuse connections", "refuse", 1],
];

export function lab(store) {
  const rate = h("input", { type: "range", min: 0, max: 600, step: 5, value: 0, ariaLabel: "Calls a minute" });
  const words = h("output");
  const act = (action, value = 0) => store.act("lab", action, "", { value });
  const shown = () => say(words, `${rate.value} calls a minute`);
  rate.addEventListener("input", shown);
  rate.addEventListener("change", () => act("traffic", Number(rate.value)));
  const boxes = SWITCHES.map(([label, action, value]) => {
    const box = h("input", { type: "checkbox", onchange: () => act(action, box.checked ? value : 0) });
    return h("label", {}, box, ` ${label}`);
  });
  const drop = button("Cut connections", () => act("drop"));
  const restart = button("Restart Asterisk", () => act("restart"));
  const clear = button("Clear", () => {
    for (const label of boxes) label.firstChild.checked = false;
    rate.value = 0;
    shown();
    return act("traffic").then(() => act("clear"));
  });
  shown();
  const body = h("div", { className: "switches" }, rate, words, ...boxes);
  body.append(h("div", { className: "bar" }, drop, restart, clear));
  const node = h("details", { className: "lab" }, h("summary", { textContent: "Traffic lab" }), body);
  const draw = () => (node.hidden = !store.status.phones);
  return { nodes: [node], draw };
}
