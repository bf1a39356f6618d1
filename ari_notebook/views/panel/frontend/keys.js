// The keyboard. Keys typed on the panel stay there: in JupyterLab x deletes a cell, and 0 0 restarts
// the kernel.

import { h } from "./dom.js";

const KEYS = [
  ["0-9 * #", "dial, or press on your telephone while it is in a call"],
  ["↑ ↓ Home End", "move between the calls, or the lines of the log"],
  ["Enter", "choose the call"],
  ["h h", "hang up the chosen call: the first asks, the second does"],
  ["a", "answer the chosen call"],
  ["c", "compare the chosen step of the ladder with the next"],
  ["Escape", "choose no call"],
  ["?", "show or hide these keys"],
];
const WRITING = "input:not([type=checkbox], [type=range]), select, textarea";

export function keyboard(root, view) {
  const rows = KEYS.map(([keys, words]) => [
    h("dt", { textContent: keys }),
    h("dd", { textContent: words }),
  ]);
  const help = h("dl", { className: "keys", hidden: true }, ...rows.flat());
  const find = (action) => {
    const found = root.querySelector(`.inspector [data-action="${action}"]:not(:disabled)`);
    return found?.checkVisibility() ? found : null;
  };
  const known = {
    h: () => find("hangup")?.click(),
    a: () => find("answer")?.click(),
    "?": () => (help.hidden = !help.hidden),
    Escape: () => (help.hidden ? view.selected && view.select(view.selected) : (help.hidden = true)),
  };
  root.addEventListener("keydown", (event) => {
    // With these modifiers a key belongs to the application or the browser: saving, commands.
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    event.stopPropagation();
    if (event.defaultPrevented || event.target.matches(WRITING)) return;
    const dials = /^[\d*#]$/.test(event.key);
    if (!dials && !known[event.key]) return;
    event.preventDefault();
    if (dials) view.dial(event.key);
    else known[event.key]();
  });
  return { help };
}
