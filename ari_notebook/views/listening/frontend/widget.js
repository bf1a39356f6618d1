// A channel's live audio in a cell's output.

import { listener } from "./listener.js";

function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "ari-page ari-listening";
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", `Live audio of ${model.get("name")}`);
  const title = document.createElement("bdi");
  title.textContent = model.get("name");
  const made = listener((message) => model.send(message), () => model.get("name"));
  const take = (message, buffers) => made.take(message, buffers);
  model.on("msg:custom", take);
  root.append(title, made.node);
  el.append(root);
  return () => {
    made.close();
    model.off("msg:custom", take);
  };
}

export default { render };
