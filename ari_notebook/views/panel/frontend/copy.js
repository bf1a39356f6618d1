// Copying: a request in the forms in which it can be sent again.

import { insertCell } from "../../display/frontend/cells.js";
import { button, h, say } from "./dom.js";

const SAID_MS = 1500;

export async function copied(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).catch(() => byHand(text));
  return byHand(text);
}

// Where a page may not write to the clipboard: through a selection.
function byHand(text) {
  const area = h("textarea", { value: text });
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

// A button that copies what `text` gives, and says so.
export function copyButton(label, text) {
  const node = button(label, async () => {
    await copied(text());
    say(node, "copied");
    setTimeout(say, SAID_MS, node, label);
  }, { className: "copy", title: "Copy it", ariaLabel: `Copy as ${label}` });
  return node;
}

// A button that puts a text into a new cell below. The style sheet shows it only in JupyterLab's
// notebook: a page elsewhere, or a view of its own, has no such command.
export function cellButton(text) {
  const props = { className: "copy cell", title: "Put it as Python into a new cell below" };
  const node = button("new cell", () => void insertCell(node.parentNode, text()), props);
  return node;
}

// Buttons for a request in the forms in which it can be sent again.
export function copies(forms) {
  const shown = { curl: "curl", python: "Python", magic: "%ari" };
  const made = Object.entries(shown).map(([form, label]) => copyButton(label, () => forms()?.[form] ?? ""));
  return [...made, cellButton(() => forms()?.python ?? "")];
}
