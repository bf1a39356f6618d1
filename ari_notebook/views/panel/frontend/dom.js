// Elements. Every text is set as textContent or as a property, so that no untrusted text becomes
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

// An untrusted text, isolated from the text direction around it.
export function isolated(className = "") {
  return h("bdi", { className });
}

// Write only changed texts, because a text that is written again loses its selection.
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// A button that shows that it was pressed until its request has finished.
export function button(label, onclick, props = {}) {
  const press = () => pressed(node, onclick());
  const node = h("button", { type: "button", textContent: label, onclick: press, ...props });
  return node;
}

const SURE_MS = 4000;

// A button that destroys something: the first press asks, a second within four seconds confirms.
// Its label is in two layers of one size, so nothing moves.
export function dangerButton(label, onclick, props = {}) {
  const words = h("span", { textContent: label });
  const sure = h("span", { textContent: "Sure?" });
  const name = props.ariaLabel ?? label;
  let timer = 0;
  const arm = (on) => {
    clearTimeout(timer);
    node.dataset.sure = on ? "yes" : "no";
    node.ariaLabel = on ? `Sure? ${name}` : name;
    if (on) timer = setTimeout(arm, SURE_MS, false);
  };
  const press = () => {
    if (node.dataset.sure !== "yes") return arm(true);
    arm(false);
    return pressed(node, onclick());
  };
  const node = h("button", { type: "button", className: "danger", onclick: press, ...props });
  node.append(words, sure);
  node.addEventListener("blur", () => arm(false));
  node.addEventListener("pointerleave", () => arm(false));
  arm(false);
  return node;
}

export async function pressed(node, done) {
  if (!(done instanceof Promise)) return;
  node.setAttribute("aria-busy", "true");
  await done.finally(() => node.removeAttribute("aria-busy"));
}
