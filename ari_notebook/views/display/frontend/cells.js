// A new cell below the cell of a page, inserted by JupyterLab's commands.

const LOOK_MS = 50; // between two looks whether the new cell has its editor
const PATIENCE_MS = 60000; // JupyterLab may ask first whether the notebook is trusted

function command(root, name, args = {}) {
  const link = document.createElement("a");
  link.setAttribute("data-commandlinker-command", name);
  link.setAttribute("data-commandlinker-args", JSON.stringify(args));
  root.append(link); // JupyterLab asks before it runs a command of untrusted content
  link.click();
  link.remove();
}

// Insert a cell with a text, without running it. Return whether this page supports that.
export function insertCell(root, text) {
  const notebook = root.closest(".jp-Notebook");
  if (!notebook) return false;
  const active = () => notebook.querySelector(".jp-Cell.jp-mod-active");
  const before = active();
  const begun = Date.now();
  const fill = () => {
    const cell = active();
    const ready = cell && cell !== before && cell.querySelector(".cm-content");
    if (ready) command(root, "notebook:replace-selection", { text });
    else if (Date.now() - begun < PATIENCE_MS) {
      cell?.scrollIntoView({ block: "nearest" }); // out of sight it has no editor
      setTimeout(fill, LOOK_MS);
    }
  };
  command(root, "notebook:insert-cell-below");
  setTimeout(fill, LOOK_MS);
  return true;
}
