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

// A button that shows that it was pressed until what it asked for is done.
export function button(label, onclick, props = {}) {
  const press = () => pressed(node, onclick());
  const node = h("button", { type: "button", textContent: label, onclick: press, ...props });
  return node;
}

export async function pressed(node, done) {
  if (!(done instanceof Promise)) return;
  node.setAttribute("aria-busy", "true");
  await done.finally(() => node.removeAttribute("aria-busy"));
}

// Where an error of an action is shown.
export function complaint() {
  return h("span", { className: "wrong", role: "alert" });
}
