// The actions of this panel as a program or as a flow, to copy, to put into a cell or to save.

import { cellButton, copyButton } from "./copy.js";
import { button, h, say } from "./dom.js";

const FORMS = { program: "Program", flow: "Flow" };

export async function exported(store, view, back) {
  const { value, error } = await store.ask({ kind: "program" });
  const texts = value ?? { program: "", flow: "", why: error };
  let form = "program";
  const text = () => texts[form];
  const choices = Object.entries(FORMS).map(([key, label]) => {
    const node = button(label, () => ((form = key), draw()));
    node.dataset.form = key;
    return node;
  });
  const code = h("pre", { tabIndex: 0, role: "region", ariaLabel: "Exported text" });
  const why = h("p", { className: "faint", role: "status" });
  const save = button("Download", () => {
    const href = URL.createObjectURL(new Blob([text()], { type: "text/x-python" }));
    h("a", { href, download: `panel_${form}.py` }).click();
    setTimeout(() => URL.revokeObjectURL(href));
  });
  const shut = () => {
    sheet.remove();
    back.focus();
  };
  const uses = h("span", { className: "group" }, copyButton("Python", text), cellButton(text), save);
  const tabs = h("div", { className: "bar tabs", role: "group", ariaLabel: "Form" }, ...choices);
  const bar = h("div", { className: "bar" }, h("h3", { textContent: "What I did" }), uses, button("Close", shut));
  const sheet = h("section", { className: "program", ariaLabel: "What I did" }, bar, tabs, why, code);
  const draw = () => {
    for (const node of choices) node.setAttribute("aria-pressed", String(node.dataset.form === form));
    say(code, text());
    say(why, text() ? "" : texts.why);
    code.hidden = uses.hidden = !text();
  };
  sheet.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault(); // or the panel chooses no call
    shut();
  });
  draw();
  view.overlay(sheet);
  choices[0].focus();
}
