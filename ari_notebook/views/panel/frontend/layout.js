// Layout of the panes: side by side, or one at a time on a narrow page; and their sizes.

import { button, h } from "./dom.js";

const STEP = 16; // pixels that an arrow key moves a border
const PANES = { calls: "Calls", call: "Call", phone: "Telephone", log: "Log" };
const PLACED_MS = 100; // between two looks whether the panel is on the page
const HOSTS = ".jp-LinkedOutputView, .jp-OutputArea-promptOverlay"; // a view of its own in JupyterLab

// A border between two panes: dragged, or moved by arrow keys.
function border(root, name, direction, label) {
  const node = h("div", { className: `border ${direction}`, tabIndex: 0, role: "separator", ariaLabel: label });
  node.setAttribute("aria-orientation", direction);
  const size = () => {
    const pane = name === "--calls" ? node.previousElementSibling : node.nextElementSibling;
    const box = pane.getBoundingClientRect();
    return direction === "vertical" ? box.width : box.height;
  };
  const set = (pixels) => {
    root.style.setProperty(name, `${Math.max(80, Math.round(pixels))}px`);
    node.ariaValueNow = String(Math.round(pixels));
  };
  const sign = name === "--log" || name === "--phone" ? -1 : 1;
  const along = (event) => (direction === "vertical" ? event.clientX : event.clientY);
  node.ariaValueNow = "0";
  node.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    node.setPointerCapture(event.pointerId);
    const [from, begun] = [along(event), size()];
    const move = (moved) => set(begun + sign * (along(moved) - from));
    node.addEventListener("pointermove", move);
    node.addEventListener("lostpointercapture", () => node.removeEventListener("pointermove", move), { once: true });
  });
  node.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    set(size() + sign * by * STEP);
  });
  return node;
}

export function layout(root, view) {
  const tabs = Object.entries(PANES).map(([pane, label]) => {
    const node = button(label, () => view.show(pane));
    node.dataset.pane = pane;
    return node;
  });
  const whole = button("⛶", () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen()), {
    className: "quiet whole-screen",
    ariaLabel: "Full screen",
    title: "Full screen",
  });
  const bar = h("nav", { className: "panes-bar", ariaLabel: "Panes" }, ...tabs);
  const panes = h("div", { className: "panes" });
  view.show = (pane) => {
    root.dataset.pane = pane;
    for (const node of tabs) node.setAttribute("aria-pressed", String(node.dataset.pane === pane));
  };
  view.show("calls");
  const left = border(root, "--calls", "vertical", "Width of the calls");
  const right = border(root, "--phone", "vertical", "Width of the telephone");
  const lower = border(root, "--log", "horizontal", "Height of the log");
  // In a separate view the panel has the view's height.
  const fit = new ResizeObserver(([entry]) => {
    root.style.height = `${Math.max(360, entry.contentRect.height - 16)}px`;
  });
  let waiting = 0;
  const attach = () => {
    // JupyterLab puts a view into its page after it was made.
    if (!root.isConnected) return void (waiting = setTimeout(attach, PLACED_MS));
    const host = root.closest(HOSTS);
    if (host) fit.observe(host);
  };
  return { bar, panes, whole, borders: { left, right, lower }, attach, end: () => (clearTimeout(waiting), fit.disconnect()) };
}
