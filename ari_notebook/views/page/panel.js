// The panel's page: its parts, drawn at most once a frame.

import { h } from "./dom.js";
import { feed, places } from "./feed.js";
import { header, tools } from "./header.js";
import { inspector } from "./inspector.js";
import { storeOf } from "./store.js";
import { table } from "./table.js";
import { telephone } from "./telephone.js";

function render({ model, el }) {
  const store = storeOf(model);
  const root = h("div", { className: "ari-panel", role: "group", ariaLabel: "Asterisk" });
  let frame = 0;
  const view = { selected: null, chosen: false, filter: "", sound: () => "", draw: () => {} };
  view.select = (id) => {
    view.chosen = view.selected !== id;
    view.selected = view.chosen ? id : null;
    view.draw();
  };
  const parts = [header, telephone, tools, table, inspector, places, feed].map((part) =>
    part(store, view),
  );
  for (const part of parts) root.append(...part.nodes);
  const draw = () => {
    frame = 0;
    root.dataset.live = store.status.state ? "yes" : "no"; // whether it has anything to show
    if (!store.channels.has(view.selected)) view.chosen = false;
    if (!view.chosen) {
      const ours = [...store.channels].filter(([, row]) => row.stasis);
      view.selected = ours.length ? ours[ours.length - 1][0] : null; // what verbs act on
    }
    for (const part of parts) part.draw();
  };
  view.draw = () => (frame ||= requestAnimationFrame(draw));
  el.append(root);
  store.views.add(view.draw);
  const clock = setInterval(view.draw, 1000);
  view.draw();
  return () => {
    store.views.delete(view.draw);
    clearInterval(clock);
    cancelAnimationFrame(frame);
    for (const part of parts) part.end?.();
  };
}

export default { render };
