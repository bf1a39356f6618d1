// Two JSON texts side by side: equal lines are folded, different parts are marked.

import { make } from "./dom.js";

const NAMED = /^\s*"(?:[^"\\]|\\.)*":/; // the beginning of a line with a member's name
const AROUND = 2; // equal lines that stay beside a difference
const FEWEST = 3; // equal lines that are folded
const SIGNS = { "≠": "differs", "−": "only in the first", "+": "only in the second" };

const MOST = 1_000_000; // pairs of lines that are weighed; of longer texts, line by line

function bare(line) {
  return line.replace(/,$/, "");
}

// The lines of two texts in pairs, [first, second]; null where one has no such line. Equal lines
// belong together first, then those of one name.
export function aligned(first, second) {
  const [a, b] = [first.split("\n"), second.split("\n")];
  if (a.length * b.length > MOST)
    return Array.from({ length: Math.max(a.length, b.length) }, (_, at) => [a[at] ?? null, b[at] ?? null]);
  const [plain, others] = [a.map(bare), b.map(bare)];
  const [names, known] = [a, b].map((lines) => lines.map((line) => NAMED.exec(line)?.[0]));
  const worth = (i, j) => {
    if (plain[i] === others[j]) return plain[i].trim().length > 1 ? 3 : 1;
    return names[i] && names[i] === known[j] ? 2 : 0;
  };
  const wide = b.length + 1;
  const best = new Uint16Array((a.length + 1) * wide); // of what follows from a line of each
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const value = worth(i, j);
      const both = value && value + best[(i + 1) * wide + j + 1];
      best[i * wide + j] = Math.max(both, best[(i + 1) * wide + j], best[i * wide + j + 1]);
    }
  const pairs = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const value = i < a.length && j < b.length ? worth(i, j) : 0;
    const all = best[i * wide + j];
    if (value && all === value + best[(i + 1) * wide + j + 1]) pairs.push([a[i++], b[j++]]);
    else if (j >= b.length || (i < a.length && all === best[(i + 1) * wide + j])) pairs.push([a[i++], null]);
    else pairs.push([null, b[j++]]);
  }
  return pairs;
}

// A line with the part marked in which it differs from another.
function marked(line, other) {
  const least = Math.min(line.length, other.length);
  let begin = 0;
  while (begin < least && line[begin] === other[begin]) begin += 1;
  let end = 0;
  while (end < least - begin && line.at(-1 - end) === other.at(-1 - end)) end += 1;
  const part = make("strong", { textContent: line.slice(begin, line.length - end) });
  return [line.slice(0, begin), part, line.slice(line.length - end)];
}

function row(first, second) {
  const equal = first !== null && second !== null && bare(first) === bare(second);
  const sign = equal ? "" : first === null ? "+" : second === null ? "−" : "≠";
  const cell = (line, other) => {
    const words = line === null ? [] : equal || other === null ? [line] : marked(line, other);
    return make("td", {}, ...words);
  };
  const node = make("tr", { className: equal ? "" : "differs" }, cell(first, second));
  const middle = make("td", { className: "sign", textContent: sign });
  if (sign) middle.setAttribute("aria-label", SIGNS[sign]);
  node.append(middle, cell(second, first));
  return { node, equal };
}

// A table of two texts under two headings, and how many of its lines differ.
export function compared(headings, first, second) {
  const rows = aligned(first, second).map((pair) => row(...pair));
  const near = (at) => rows.slice(Math.max(0, at - AROUND), at + AROUND + 1).some(({ equal }) => !equal);
  const body = make("tbody");
  for (let at = 0; at < rows.length; ) {
    let end = at;
    while (end < rows.length && !near(end)) end += 1;
    const folded = rows.slice(at, end).map(({ node }) => node);
    if (folded.length >= FEWEST) body.append(fold(folded));
    else body.append(...folded);
    for (at = end; at < rows.length && near(at); at += 1) body.append(rows[at].node);
  }
  const head = make("tr", {}, ...headings.map((text) => make("th", { scope: "col" }, make("bdi", { textContent: text }))));
  head.firstChild.after(make("td", { className: "sign" }));
  const node = make("table", { className: "compared" }, make("thead", {}, head), body);
  return { node, differences: rows.filter(({ equal }) => !equal).length };
}

function fold(rows) {
  const cell = make("td", { colSpan: 3 });
  const node = make("tr", {}, cell);
  const open = () => node.replaceWith(...rows);
  cell.append(make("button", { type: "button", className: "link", textContent: `⋯ ${rows.length} equal lines`, onclick: open }));
  return node;
}
