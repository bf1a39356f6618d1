// Elements. Every text is set as textContent or as a property: nothing from outside ever becomes
// markup.

export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key in node && key !== "list" && key !== "role") node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

// Writes only what is new: a text that is written again loses its selection.
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function button(label, onclick, props = {}) {
  return h("button", { type: "button", textContent: label, onclick, ...props });
}

// Where an error of an action is shown.
export function complaint() {
  return h("span", { className: "wrong", role: "alert" });
}
