// The details of the selected step, beside it: its JSON, its cause and its effects.

import { compared } from "./compare.js";
import { between, clock, coloured, copied, make, put } from "./dom.js";

const STEP = 24; // pixels that an arrow key moves the border
const LEAST = 160;

// The border between the picture and the chosen step: dragged, or moved by arrow keys. Where the
// step is below the picture it moves up and down.
export function border(root, pane) {
  const node = make("div", { className: "border", role: "separator", tabIndex: 0, ariaLabel: "Size of the chosen step" });
  const below = () => getComputedStyle(pane.parentElement).flexDirection === "column";
  const size = () => (below() ? pane.offsetHeight : pane.offsetWidth);
  const set = (pixels) => {
    const all = pane.parentElement[below() ? "offsetHeight" : "offsetWidth"];
    const kept = Math.round(Math.max(LEAST, Math.min(pixels, all - LEAST)));
    root.style.setProperty(below() ? "--detail-height" : "--detail", `${kept}px`);
    draw();
  };
  const draw = () => {
    node.hidden = pane.hidden;
    if (node.hidden) return;
    node.setAttribute("aria-orientation", below() ? "horizontal" : "vertical");
    const all = pane.parentElement[below() ? "offsetHeight" : "offsetWidth"] || 1;
    node.setAttribute("aria-valuenow", String(Math.round((100 * size()) / all)));
  };
  const along = (event) => (below() ? event.clientY : event.clientX);
  node.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    node.setPointerCapture(event.pointerId);
    const [from, begun] = [along(event), size()];
    const move = (moved) => set(begun + from - along(moved));
    node.addEventListener("pointermove", move);
    node.addEventListener("lostpointercapture", () => node.removeEventListener("pointermove", move), { once: true });
  });
  node.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: 1, ArrowUp: 1, ArrowRight: -1, ArrowDown: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    set(size() + by * STEP);
  });
  return { node, draw };
}

export function detail(model, go) {
  const title = make("bdi", { className: "title" });
  const facts = make("div", { className: "facts" });
  const links = make("div", { className: "links" });
  const code = make("pre", { className: "json", tabIndex: 0, role: "region", ariaLabel: "JSON" });
  const copyJson = make("button", { type: "button", textContent: "Copy JSON", onclick: () => copied(copyJson, text) });
  const copyCurl = make("button", { type: "button", textContent: "Copy as curl", onclick: () => copied(copyCurl, curl) });
  const against = make("button", { type: "button", textContent: "Compare", title: "Compare it with the step that is chosen next (c)", onclick: () => compare() });
  const close = make("button", { type: "button", textContent: "Close", onclick: () => (model.select(null), go(null)) });
  const differences = make("span", { className: "differences", role: "status" });
  const bar = make("div", { className: "bar" }, against, copyJson, copyCurl, close, differences);
  const both = make("div", { className: "json both", tabIndex: 0, role: "region", ariaLabel: "Comparison", hidden: true });
  const node = make("section", { className: "detail", ariaLabel: "Chosen step", hidden: true }, title, facts, bar, links, code, both);
  let shown = null;
  let first = null; // the step that others are compared with: its heading, time and JSON
  // Compare the steps that are chosen from now on with this one, or no longer.
  const compare = () => {
    const step = model.step(model.selected);
    if (first) first = null;
    else if (step && text) first = { key: step.key, at: step.at, label: step.label, text };
    beside();
    go(null);
  };
  const beside = () => {
    const step = model.step(model.selected);
    const two = Boolean(first && step && step.key !== first.key && text);
    node.classList.toggle("comparing", Boolean(first));
    against.setAttribute("aria-pressed", String(Boolean(first)));
    both.hidden = !two;
    code.hidden = two;
    links.hidden = Boolean(first);
    title.hidden = facts.hidden = two;
    if (!two) return put(differences, first ? "Choose the step to compare it with." : "");
    const later = step.at - first.at;
    const apart = `${later < 0 ? "−" : "+"}${between(Math.abs(later))}`;
    const made = compared([`${clock(first.at)} ${first.label}`, `${clock(step.at)} ${step.label}`], first.text, text);
    both.replaceChildren(made.node);
    const lines = `${made.differences} line${made.differences === 1 ? " differs" : "s differ"}`;
    return put(differences, `${made.differences ? lines : "The JSON is the same"}, ${apart}.`);
  };
  let text = "";
  let curl = "";
  const draw = async () => {
    const step = model.step(model.selected);
    if (model.selected === null) first = null;
    node.hidden = !step && !first; // a fold between two steps that are compared has no JSON
    if (!step) {
      shown = null;
      text = "";
      beside();
      return;
    }
    const lane = model.picture.lanes[step.lane]?.name ?? "";
    put(title, step.label);
    const way = step.sent ? `request ${step.number} to ${lane}` : `event of ${lane}`;
    const end = step.sent ? ` · ${step.path} → ${step.outcome}` : "";
    put(facts, `${clock(step.at)} UTC · ${way}${end}`);
    const kin = model.picture.steps.filter((other) => model.kin(step, other));
    const key = JSON.stringify([step.key, kin.map((other) => other.key)]);
    if (links.dataset.of !== key) {
      links.dataset.of = key;
      const heading = step.sent ? (kin.length ? "Caused" : "") : kin.length ? "Cause, and with it" : "";
      links.replaceChildren(
        make("span", { textContent: heading }),
        ...kin.slice(0, 12).map((other) =>
          make("button", {
            type: "button",
            className: other.sent ? "link request" : "link",
            textContent: other.sent ? `${other.number}. ${other.label}` : other.label,
            onclick: () => go(other.key),
          }),
        ),
      );
    }
    copyCurl.hidden = !step.sent;
    if (shown === step.key) return;
    shown = step.key;
    text = "";
    code.textContent = "…";
    const known = await model.host.source(step.key);
    if (shown !== step.key) return;
    [text, curl] = [known.json ?? "", known.curl ?? ""];
    copyCurl.hidden = !curl;
    code.replaceChildren(text ? coloured(text) : known.error || "This step is no longer in the picture.");
    beside();
  };
  return { node, draw, compare };
}
