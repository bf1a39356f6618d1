// The panel's page: its parts, drawn at most once per frame.

import { calls } from "./calls.js";
import { h } from "./dom.js";
import { header } from "./header.js";
import { inspector } from "./inspector.js";
import { keyboard } from "./keys.js";
import { lab } from "./lab.js";
import { layout } from "./layout.js";
import { log } from "./log.js";
import { scrubber } from "./scrubber.js";
import { storeOf } from "./store.js";
import { telephone } from "./telephone.js";

function render({ model, el }) {
  const store = storeOf(model);
  const root = h("div", { className: "ari-panel", role: "group", ariaLabel: "Asterisk" });
  let frame = 0;
  const view = { selected: null, filter: "", draw: () => {} };
  // Only the user changes the choice: buttons act on the chosen object, even if it has ended.
  // Where one pane is shown at a time, the chosen card leads back to its call.
  view.select = (id) => {
    const seen = parts.inspector.nodes[0].checkVisibility();
    view.selected = view.selected === id && seen ? null : id;
    if (view.selected) view.show("call");
    view.draw();
  };
  view.overlay = (node) => root.append(node);
  const frames = layout(root, view);
  const parts = { header, scrubber, calls, inspector, telephone, lab, log };
  for (const [name, part] of Object.entries(parts)) parts[name] = part(store, view);
  const [phone] = parts.telephone.nodes;
  phone.append(...parts.lab.nodes);
  const { left, right, lower } = frames.borders;
  const panes = [...parts.calls.nodes, left, ...parts.inspector.nodes, right, phone];
  frames.panes.append(...panes, lower, ...parts.log.nodes);
  const keys = keyboard(root, view);
  const [top] = parts.header.nodes;
  top.append(frames.whole);
  const [travel] = parts.scrubber.nodes;
  const body = h("div", { className: "body" }, top, travel, frames.bar, frames.panes, keys.help);
  root.append(body);
  const draw = () => {
    frame = 0;
    root.dataset.live = store.status.state ? "yes" : "no"; // whether it has data to show
    root.dataset.kernel = store.gone ? "gone" : "there";
    root.dataset.past = store.moment ? "yes" : "no";
    phone.inert = Boolean(store.moment); // a telephone has only a present
    travel.inert = store.gone;
    frames.panes.inert = store.gone; // no requests without a kernel
    for (const part of Object.values(parts)) part.draw();
  };
  view.draw = () => (frame ||= requestAnimationFrame(draw));
  el.append(root);
  frames.attach();
  store.views.add(view.draw);
  const clock = setInterval(view.draw, 1000);
  view.draw();
  return () => {
    store.views.delete(view.draw);
    clearInterval(clock);
    cancelAnimationFrame(frame);
    frames.end();
    for (const part of Object.values(parts)) part.end?.();
  };
}

export default { render };
