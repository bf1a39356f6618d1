// The viewer: one selection as ladder, timeline and tables, with chips, search and a scrubber.

import { clock, make, put } from "./dom.js";
import { border, detail } from "./detail.js";
import { ladder } from "./ladder.js";
import { Model } from "./model.js";
import { moment, table } from "./table.js";
import { timeline } from "./timeline.js";

const HELP = "Arrow keys choose, Enter opens, / searches, n next match, e next error, c compares, l ladder, t timeline, Escape closes";
const SEEK_MS = 120; // between two requests for a moment
const ENDINGS = [[".svg", "SVG"], [".png", "PNG"], [".html", "One HTML file"], [".mmd", "Mermaid"]];
let viewers = 0;

export function viewer(root, host) {
  const model = new Model(host);
  const own = `ari-viewer-${++viewers}`;
  const names = (key) => `${own}-${key}`;
  root.classList.add("ari-viewer");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Ladder and timeline");
  const go = (key) => {
    if (key) {
      model.select(key);
      parts[model.tab].show(key);
    }
    parts[model.tab].focus();
  };
  const parts = {
    ladder: ladder(model, names),
    timeline: timeline(model),
    table: table(model),
    tables: moment(model),
  };
  const beside = detail(model, go);
  const tabs = Object.entries({ ladder: "Ladder", timeline: "Timeline", table: "Table", tables: "Channels" }).map(
    ([tab, label]) => {
      const node = make("button", { type: "button", role: "tab", id: names(`tab-${tab}`), textContent: label, onclick: () => turn(tab) });
      node.dataset.tab = tab;
      node.setAttribute("aria-controls", names("panel"));
      return node;
    },
  );
  const tablist = make("div", { className: "tabs", role: "tablist", ariaLabel: "View" }, ...tabs);
  tablist.addEventListener("keydown", (event) => {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!way) return;
    event.preventDefault();
    const open = tabs.filter((tab) => !tab.hidden);
    const at = open.findIndex((tab) => tab.dataset.tab === model.tab);
    const next = open[(at + way + open.length) % open.length];
    turn(next.dataset.tab);
    next.focus();
  });
  const turn = (tab) => {
    model.tab = tab;
    draw();
    if (model.selected) parts[tab].show(model.selected);
  };
  const search = make("input", { type: "search", placeholder: "Search", ariaLabel: "Search requests and events" });
  const found = make("span", { className: "found-count", role: "status" });
  search.addEventListener("input", () => {
    model.search = search.value.trim().toLowerCase();
    model.changed();
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") next((step) => model.matches(step));
  });
  const next = (wanted) => {
    const all = model.steps.filter(wanted);
    if (!all.length) return;
    const at = all.findIndex((step) => step.key === model.selected);
    const key = all[(at + 1) % all.length].key;
    model.select(key);
    parts[model.tab].show(key);
  };
  const chips = make("div", { className: "chips", role: "group", ariaLabel: "Kinds of steps" });
  const errorList = make("div", { className: "drop" });
  const errors = make("details", { className: "menu errors" }, make("summary"), errorList);
  const saving = make("div", { className: "drop" });
  const save = make("details", { className: "menu" }, make("summary", { textContent: "Save as" }), saving);
  const problem = make("span", { className: "problem", role: "alert" });
  for (const [ending, label] of host.save ? ENDINGS : [])
    saving.append(make("button", { type: "button", textContent: label, onclick: () => download(ending) }));
  save.hidden = !host.save;
  const full = make("button", { type: "button", textContent: "Full screen", onclick: () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen?.()) });
  const download = async (ending) => {
    put(problem, "");
    const view = model.tab === "timeline" ? "timeline" : "ladder";
    const reply = await host.save(ending, view);
    if (reply.error) return put(problem, reply.error);
    save.open = false;
    const bytes = Uint8Array.from(atob(reply.value), (letter) => letter.charCodeAt(0));
    const link = make("a", { href: URL.createObjectURL(new Blob([bytes])), download: `${view}${ending}` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  // The scrubber.
  const slider = make("input", { type: "range", min: 0, max: 1000, step: 1, value: 1000, ariaLabel: "Moment that is shown" });
  const shownAt = make("output", { className: "at" });
  const live = make("button", { type: "button", textContent: "Live", onclick: () => seek(null) });
  const scrubber = make("div", { className: "scrubber" }, slider, shownAt, live);
  let asked = 0;
  let later = 0;
  const ask = () => {
    clearTimeout(later);
    const wait = asked + SEEK_MS - Date.now();
    if (wait > 0) return void (later = setTimeout(ask, wait));
    asked = Date.now();
    host.seek(model.until);
  };
  const seek = (at) => {
    model.until = at;
    if (host.seek) model.asked = at;
    model.changed();
    if (host.seek) ask();
  };
  slider.addEventListener("input", () => {
    const { begin, end } = model.picture;
    seek(Number(slider.value) >= 1000 ? null : begin + ((end - begin) * Number(slider.value)) / 1000);
  });

  const top = make("div", { className: "top" }, tablist, search, found, errors, save, full, problem);
  const note = make("div", { className: "note" });
  const stage = make("div", { className: "stage", role: "tabpanel", id: names("panel") });
  const between = border(root, beside.node);
  const main = make("div", { className: "main" }, stage, between.node, beside.node);
  const help = make("p", { className: "help", textContent: HELP, hidden: true });
  root.append(top, chips, note, help, main, scrubber);

  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey) return;
    event.stopPropagation(); // JupyterLab would take single keys for its commands
    if (event.altKey) return;
    if (event.key === "Escape") {
      if (errors.open || save.open) errors.open = save.open = false;
      else if (model.selected) {
        model.select(null);
        parts[model.tab].focus();
      }
      return;
    }
    if (event.target.matches("input, textarea")) return;
    const keys = {
      "/": () => search.focus(),
      n: () => next((step) => model.matches(step)),
      e: () => next((step) => step.failed),
      c: () => beside.compare(),
      l: () => turn("ladder"),
      t: () => turn("timeline"),
      "?": () => (help.hidden = !help.hidden),
    };
    if (!(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  });

  const drawTop = () => {
    for (const tab of tabs) {
      const on = tab.dataset.tab === model.tab;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
    }
    tabs[3].hidden = !model.picture.tables; // a file has none
    const count = model.search ? model.steps.filter((step) => model.matches(step)).length : 0;
    put(found, model.search ? `${count} found` : "");
    const bad = model.errors;
    errors.hidden = !bad.length;
    put(errors.firstChild, `${bad.length} error${bad.length === 1 ? "" : "s"}`);
    const key = bad.map((step) => step.key).join();
    if (errorList.dataset.of !== key) {
      errorList.dataset.of = key;
      errorList.replaceChildren(
        ...bad.slice(0, 50).map((step) =>
          make("button", {
            type: "button",
            textContent: `${clock(step.at)} ${step.label}${step.sent ? ` → ${step.outcome}` : ""}`,
            onclick: () => ((errors.open = false), go(step.key)),
          }),
        ),
      );
    }
    const kinds = model.picture.kinds.filter((kind) => model.count(kind));
    for (const node of [...chips.children]) if (!kinds.includes(node.dataset.kind)) node.remove();
    kinds.forEach((kind, place) => {
      let chip = [...chips.children].find((node) => node.dataset.kind === kind);
      if (!chip) {
        chip = make("button", { type: "button", className: "chip", onclick: () => model.cycle(kind) });
        chip.dataset.kind = kind;
        chips.insertBefore(chip, chips.children[place] ?? null);
      }
      const mode = model.mode(kind);
      put(chip, `${kind} ${model.count(kind)}${mode === "shown" ? "" : ` · ${mode}`}`);
      chip.dataset.mode = mode;
      chip.setAttribute("aria-pressed", String(mode !== "hidden"));
    });
    const left = model.picture.note ? [model.picture.note] : [];
    if (model.waiting) left.push("newer ones wait: Escape, or Close, continues");
    put(note, left.join(", "));
    note.hidden = !left.length;
  };
  const drawScrubber = () => {
    const { begin, end } = model.picture;
    scrubber.hidden = !(end > begin);
    if (scrubber.hidden) return;
    const at = model.until ?? end;
    if (document.activeElement !== slider || model.until === null)
      slider.value = String(model.until === null ? 1000 : Math.round(((at - begin) / (end - begin)) * 1000));
    slider.setAttribute("aria-valuetext", `${clock(at)} UTC`);
    put(shownAt, clock(at));
    put(live, model.picture.live ? "Live" : "End");
    live.setAttribute("aria-pressed", String(model.until === null));
    root.dataset.past = model.until === null ? "no" : "yes";
  };
  let frame = 0;
  let seen = null;
  const drawNow = () => {
    frame = 0;
    const focused = root.contains(document.activeElement);
    drawTop();
    drawScrubber();
    const part = parts[model.tab];
    if (stage.firstChild !== part.node) stage.replaceChildren(part.node);
    stage.setAttribute("aria-labelledby", names(`tab-${model.tab}`));
    part.draw();
    beside.draw();
    between.draw();
    if (model.selected !== seen) part.show?.((seen = model.selected)); // the JSON took room from it
    // The focused element may have been removed; keys must not go to JupyterLab then.
    if (focused && !root.contains(document.activeElement)) part.focus();
  };
  const draw = () => (frame ||= requestAnimationFrame(drawNow));
  model.views.add(draw);
  const sized = new ResizeObserver(draw);
  sized.observe(root);
  const ticking = setInterval(() => model.live && model.tab === "timeline" && draw(), 1000);
  let begun = false;
  return {
    take(picture) {
      if (!begun) {
        begun = true;
        model.tab = picture.view in parts ? picture.view : "ladder";
        root.dataset.live = "yes";
      }
      model.take(picture);
    },
    problem: (text) => put(problem, text),
    end() {
      sized.disconnect();
      clearInterval(ticking);
      cancelAnimationFrame(frame);
    },
  };
}
