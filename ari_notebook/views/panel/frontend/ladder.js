// The chosen call's ladder: the viewer's, with the JSON of the chosen step beside it.

import { detail } from "../../diagrams/frontend/detail.js";
import { ladder as picture } from "../../diagrams/frontend/ladder.js";
import { Model } from "../../diagrams/frontend/model.js";
import { h } from "./dom.js";

let ladders = 0;

export function ladder(store, view) {
  const own = `ari-ladder-${++ladders}`;
  // A step's key is its kind, e or r, and a number: an event's own, or a request's from 1 on.
  const source = async (key) => {
    const number = Number(key.slice(1));
    if (key[0] === "e") {
      const { value, error } = await store.ask({ kind: "event", sequence: number });
      return { json: value, error };
    }
    const { value, error } = await store.ask({ kind: "request", number: number - 1 });
    return { ...value, error };
  };
  const model = new Model({ source });
  const drawn = picture(model, (key) => `${own}-${key}`);
  const beside = detail(model, (key) => {
    if (key) model.select(key), drawn.show(key);
    drawn.focus();
  });
  const stage = h("div", { className: "stage" }, drawn.node);
  const node = h("div", { className: "ari-viewer" }, h("div", { className: "main" }, stage, beside.node));
  node.addEventListener("keydown", (event) => {
    if (model.selected === null || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "c") beside.compare();
    if (event.key !== "Escape") return;
    event.preventDefault(); // it closes the step, not the call
    model.select(null);
    drawn.focus();
  });
  let shown = null;
  let chosen = null;
  let wide = 0;
  let seen = null;
  const redraw = () => {
    const focused = node.contains(node.getRootNode().activeElement);
    drawn.draw();
    beside.draw();
    if (model.selected !== seen) drawn.show((seen = model.selected)); // the JSON took room from it
    if (focused && !node.contains(node.getRootNode().activeElement)) drawn.focus();
  };
  model.views.add(redraw);
  const draw = (details) => {
    if (view.selected !== chosen) {
      chosen = view.selected;
      model.selected = model.waiting = model.hovered = null;
    }
    const found = details?.ladder ?? null;
    const width = node.clientWidth;
    if (found === shown && width === wide) return;
    wide = width;
    if (found === shown) return void redraw();
    shown = found;
    node.hidden = !found;
    if (found) model.take(found);
  };
  return { node, draw };
}
