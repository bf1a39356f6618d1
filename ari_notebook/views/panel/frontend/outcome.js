// The request and result of the last action: in one place of fixed height, until the next.

import { copies } from "./copy.js";
import { button, h, say } from "./dom.js";

export function outcome(store, view) {
  const line = h("code", { className: "line" });
  const words = h("span", { className: "words", role: "group", ariaLabel: "Result" });
  const bar = h("span", { className: "group" }, ...copies(() => store.outcome?.request));
  const close = button("✕", () => ((store.outcome = null), view.draw()), {
    className: "quiet",
    ariaLabel: "Dismiss",
  });
  const text = h("div", { className: "said" }, line, words);
  const node = h("div", { className: "outcome", role: "status" }, text, bar, close);
  const draw = () => {
    const last = store.outcome;
    const request = last?.request;
    node.dataset.state = last?.state ?? "none";
    say(line, request ? request.line : last ? `${last.on} ${last.action}` : "");
    line.title = request?.python ?? "";
    const took = request?.milliseconds ? `, ${request.milliseconds.toFixed(0)} ms` : "";
    const answer = request ? `→ ${request.status ?? "no answer"}${took}` : "→ done";
    say(words, !last ? "Every action shows here what it sent." : last.error || (last.state === "sending" ? "→ …" : answer));
    words.title = last?.error ?? "";
    words.tabIndex = last?.error ? 0 : -1; // a long error is scrolled
    bar.hidden = !request;
    close.hidden = !last;
  };
  return { node, draw };
}
