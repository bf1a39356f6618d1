// Coloured JSON: its tokens in elements by type.

import { h } from "./dom.js";

const PART = /("(?:\\.|[^"\\])*")(\s*:)?|-?\d[\d.eE+-]*|\b(?:true|false|null)\b/g;

export function coloured(text) {
  const parts = [];
  let at = 0;
  for (const found of text.matchAll(PART)) {
    parts.push(text.slice(at, found.index));
    const kind = found[2] ? "key" : found[1] ? "string" : "value";
    parts.push(h("span", { className: kind, textContent: found[1] ?? found[0] }), found[2] ?? "");
    at = found.index + found[0].length;
  }
  return [...parts, text.slice(at)];
}
