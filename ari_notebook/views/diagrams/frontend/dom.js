// Elements and texts. Every text is set as textContent or as a property, so that no
// untrusted text becomes markup.

export function make(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "style") for (const [rule, text] of Object.entries(value)) node.style.setProperty(rule, text);
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && name !== "role") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

export function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// A size from the style sheet: it differs on a projector and on a narrow page.
export function sizeOf(node, name) {
  return Number.parseFloat(getComputedStyle(node).getPropertyValue(name)) || 0;
}

export function clock(at) {
  return new Date(at * 1000).toISOString().slice(11, 23);
}

// A time difference in a few characters.
export function between(seconds) {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (n) => String(n).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)} min`;
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)} h`;
}

// Coloured JSON: each token is a separate text node.
const PIECES = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|\b(true|false|null)\b/g;

export function coloured(text) {
  const made = document.createDocumentFragment();
  let done = 0;
  for (const found of text.matchAll(PIECES)) {
    made.append(text.slice(done, found.index));
    const kind = found[1] ? (found[2] ? "name" : "string") : found[3] ? "number" : "word";
    made.append(make("span", { className: `json-${kind}`, textContent: found[1] ?? found[0] }));
    made.append(found[2] ?? "");
    done = found.index + found[0].length;
  }
  made.append(text.slice(done));
  return made;
}

export async function copied(button, text) {
  const label = button.textContent;
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea", { value: text, className: "unseen" });
    button.after(area);
    area.select();
    done = document.execCommand("copy");
    area.remove();
    button.focus();
  }
  button.textContent = done ? "Copied" : "Not copied";
  setTimeout(() => (button.textContent = label), 1500);
}
