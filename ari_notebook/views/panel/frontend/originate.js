// The form of a call that Asterisk makes: to the endpoint, and where the answered call goes.

import { copies } from "./copy.js";
import { button, h, pressed, say } from "./dom.js";

const ASK_MS = 250; // after the last key, before the request is shown again

// Lines of NAME=value as an object.
function named(text) {
  const pairs = text.split("\n").map((line) => line.split(/=(.*)/s, 2));
  return Object.fromEntries(pairs.filter(([name]) => name.trim()).map(([name, value]) => [name.trim(), value ?? ""]));
}

export function originate(store, view) {
  const places = h("datalist", { id: `ari-places-${store.name}-${Math.random().toString(36).slice(2)}` });
  const endpoint = h("input", { value: "Local/1000@default", required: true, list: places.id });
  const to = h("select", {}, h("option", { value: "app", textContent: "application" }), h("option", { value: "exten", textContent: "dialplan" }));
  const app = h("input", {});
  const appArgs = h("input", { placeholder: "a,b" });
  const extension = h("input", { value: "1000" });
  const context = h("input", { value: "default" });
  const priority = h("input", { value: "1", inputMode: "numeric" });
  const callerId = h("input", { placeholder: "Alice <5551>" });
  const timeout = h("input", { type: "number", value: "30", min: -1 });
  const variables = h("textarea", { rows: 2, placeholder: "COLOUR=red" });
  const labelled = (label, node) => h("label", {}, h("span", { textContent: label }), node);
  const apps = [labelled("Application", app), labelled("Arguments", appArgs)];
  const plan = [labelled("Extension", extension), labelled("Context", context), labelled("Priority", priority)];
  const fields = h("div", { className: "fields" }, labelled("Endpoint", endpoint), places, labelled("Answered, into the", to));
  fields.append(...apps, ...plan, labelled("Caller ID", callerId), labelled("Timeout in seconds", timeout), labelled("Variables", variables));
  const wrong = h("p", { className: "wrong", role: "alert" });
  const text = h("pre", { className: "request", tabIndex: 0, role: "region", ariaLabel: "Request" });
  let forms = null;
  const send = h("button", { type: "submit", className: "first", textContent: "Originate" });
  const close = button("Close", () => shut());
  const bar = h("div", { className: "bar" }, send, close, h("span", { className: "group" }, ...copies(() => forms)));
  const head = h("h3", { textContent: "Originate a call" });
  const form = h("form", { className: "program originate", ariaLabel: "Originate a call" }, head, fields, text, wrong, bar);
  const given = () => {
    const made = { endpoint: endpoint.value, callerId: callerId.value, variables: named(variables.value) };
    if (timeout.value) made.timeout = Number(timeout.value);
    if (to.value === "app") return { ...made, app: app.value, appArgs: appArgs.value };
    const number = Number(priority.value);
    return { ...made, extension: extension.value, context: context.value, priority: number || priority.value };
  };
  let later = 0;
  const show = async () => {
    const { value, error } = await store.ask({ kind: "preview", on: "channels", action: "originate", arguments: given() });
    forms = value ?? null;
    say(wrong, error ?? "");
    say(text, value ? `${value.line}\n${value.python}` : "");
  };
  const change = () => {
    for (const node of apps) node.hidden = to.value !== "app";
    for (const node of plan) node.hidden = to.value === "app";
    clearTimeout(later);
    later = setTimeout(show, ASK_MS);
  };
  form.addEventListener("input", change);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const done = store.act("channels", "originate", "", given());
    pressed(send, done);
    const { value, error } = await done;
    say(wrong, error ?? "");
    if (!value) return;
    shut();
    if (view.selected !== value) view.select(value);
  });
  const shut = () => {
    clearTimeout(later);
    form.remove();
    open.focus();
  };
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    shut();
  });
  const open = button("Originate…", () => {
    const known = [...store.endpoints.keys(), "Local/1000@default"];
    places.replaceChildren(...known.map((value) => h("option", { value })));
    app.value ||= store.status.applications?.[0] ?? "";
    view.overlay(form);
    change();
    endpoint.focus();
  });
  return open;
}
