// The actions of the buttons on a page written by the kernel. The kernel escapes every text; here
// texts are only copied, spoken or sent back.

import { insertCell } from "../../display/frontend/cells.js";
import { hear } from "./sound.js";

const SILENT_MS = 15000;
const TICK_MS = 1000;

export function ago(seconds) {
  if (seconds < 1) return "now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  const days = Math.floor(seconds / 86400);
  return `${days} day${days === 1 ? "" : "s"} ago`;
}

// Send a request to the kernel; return its answer: { html, audio } or { error }.
function asker(model) {
  const waiting = new Map();
  const own = Math.random().toString(36).slice(2);
  let number = 0;
  model.on("msg:custom", (reply) => {
    waiting.get(reply.ticket)?.(reply);
    waiting.delete(reply.ticket);
  });
  return (ask) =>
    new Promise((resolve) => {
      const ticket = `${own}-${++number}`;
      const error = "The kernel does not answer: is it running? Run the cell again.";
      const timer = setTimeout(() => resolve({ error }), SILENT_MS);
      waiting.set(ticket, (reply) => {
        clearTimeout(timer);
        resolve(reply);
      });
      model.send({ ask, ticket });
    });
}

function setup(root, ask) {
  const said = document.createElement("p");
  said.className = "said";
  said.setAttribute("role", "status");
  const say = (text) => (said.textContent = text);
  const history = [];

  const openRow = async (button) => {
    const row = button.closest("tr");
    if (button.getAttribute("aria-expanded") === "true") {
      if (row.nextElementSibling?.classList.contains("opened")) row.nextElementSibling.remove();
      button.setAttribute("aria-expanded", "false");
      return;
    }
    button.setAttribute("aria-expanded", "true");
    const opened = document.createElement("tr");
    opened.className = "opened";
    const cell = document.createElement("td");
    cell.colSpan = row.children.length;
    cell.textContent = "…";
    opened.append(cell);
    row.after(opened);
    const reply = await ask(button.dataset.ask);
    const shown = document.createElement("div");
    shown.className = "scroll";
    shown.tabIndex = 0;
    shown.setAttribute("role", "group");
    shown.setAttribute("aria-label", button.getAttribute("aria-label"));
    if (reply.error) shown.textContent = reply.error;
    else shown.innerHTML = reply.html;
    cell.replaceChildren(shown);
  };

  const listen = async (button) => {
    const { ask: what, words } = button.dataset;
    let audio = "";
    if (!words) {
      const reply = await ask(what);
      if (reply.error) return say(reply.error);
      audio = reply.audio;
    }
    say(await hear(button, words, audio));
  };

  const go = async (what, back = false) => {
    const content = root.querySelector(".ari");
    const reply = await ask(what);
    if (reply.error) return say(reply.error);
    say("");
    if (!back) history.push(content.innerHTML);
    fill(reply.html);
    root.querySelector("h2, h3")?.focus();
  };

  // Announced once, however often the page is updated.
  const spoken = new Set();
  let news = "";
  const speak = (it) => {
    if (spoken.has(it.dataset.key)) return;
    spoken.add(it.dataset.key);
    globalThis.speechSynthesis?.speak(new SpeechSynthesisUtterance(it.dataset.say));
  };

  const fill = (html) => {
    root.innerHTML = html;
    root.append(said);
    root.querySelectorAll("[data-say]").forEach(speak);
    const announced = root.querySelector("[data-announce]")?.dataset.announce;
    if (announced && announced !== news) say(news ? announced : "");
    news = announced;
    const back = root.querySelector("[data-back]");
    if (back) back.hidden = !history.length;
  };

  root.addEventListener("click", async (event) => {
    const target = event.target.closest("[data-ask], [data-copy], [data-insert], [data-back]");
    if (!target) {
      const row = event.target.closest("tr[data-opens]");
      if (row && !String(getSelection())) row.querySelector("button[data-ask]")?.click();
      return;
    }
    event.preventDefault();
    if (target.dataset.back !== undefined) {
      const before = history.pop();
      if (before !== undefined) {
        root.querySelector(".ari").innerHTML = before;
        const back = root.querySelector("[data-back]");
        if (back) back.hidden = !history.length;
        root.querySelector("h2, h3")?.focus();
      }
    } else if (target.dataset.copy !== undefined) {
      await navigator.clipboard.writeText(target.dataset.copy).then(
        () => say("Copied."),
        () => say("The browser does not allow copying here."),
      );
    } else if (target.dataset.insert !== undefined) {
      if (insertCell(root, target.dataset.insert)) return;
      await navigator.clipboard.writeText(target.dataset.insert).catch(() => {});
      say("Copied: paste it into a cell.");
    } else if (target.dataset.words !== undefined) await listen(target);
    else if (target.dataset.do !== undefined) say((await ask(target.dataset.ask)).error ?? "");
    else if (target.closest("tr[data-opens]")) await openRow(target);
    else await go(target.dataset.ask);
  });

  root.addEventListener("input", (event) => {
    if (event.target.dataset.search === undefined) return;
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const item of root.querySelectorAll("[data-find]")) {
      const text = item.dataset.find.toLowerCase();
      item.hidden = !words.every((word) => text.includes(word));
      found += !item.hidden;
    }
    for (const group of root.querySelectorAll("[data-group]"))
      group.hidden = !group.querySelector("[data-find]:not([hidden])");
    say(words.length ? `${found} found` : "");
  });

  return fill;
}

// Open parts and the focus survive an update of the page by the kernel.
function refill(root, fill, html) {
  const open = new Set([...root.querySelectorAll("details[open]")].map((it) => it.dataset.key));
  const focused = root.contains(document.activeElement) && document.activeElement.dataset.key;
  fill(html);
  for (const it of root.querySelectorAll("details[data-key]"))
    if (open.has(it.dataset.key)) it.open = true;
  if (focused) root.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "ari-page";
  root.dataset.live = "yes";
  // JupyterLab's shortcuts must not apply here: x would delete a cell.
  root.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
  });
  const ask = asker(model);
  const fill = setup(root, ask);
  fill(model.get("html"));
  const begin = root.querySelector("[data-begin]");
  if (begin) ask(begin.dataset.begin);
  const changed = () => refill(root, fill, model.get("html"));
  model.on("change:html", changed);
  el.append(root);
  const tick = () => {
    for (const it of root.querySelectorAll("time[data-ago]")) {
      const text = ago((Date.now() - Date.parse(it.dateTime)) / 1000);
      if (it.textContent !== text) it.textContent = text;
    }
  };
  const timer = setInterval(tick, TICK_MS);
  return () => {
    clearInterval(timer);
    model.off("change:html", changed);
  };
}

export default { render };
