// The picture below a widget, for use without a kernel. The kernel updates it by its display id,
// which a notebook does not store, so that a reloaded page lacks it. So the page itself writes the
// new picture into the notebook when it is saved, if the frontend allows it (JupyterLab,
// Notebook 7).

const NAME = /data-picture="([^"]*)"/;

export function renewPicture(manager, html) {
  const wanted = NAME.exec(html)?.[1];
  for (const { outputs } of (wanted && manager?.context?.model?.cells) || [])
    for (let place = 0; place < (outputs?.length ?? 0); place += 1) {
      const output = outputs.get(place);
      const shown = String(output.data?.["text/html"] ?? "");
      if (NAME.exec(shown)?.[1] !== wanted || shown === html) continue;
      output.setData({ data: { ...output.data, "text/html": html } });
    }
}

// Update the picture only when the notebook is saved: otherwise the notebook would have unsaved
// changes after every event. Return whether this frontend supports that.
export function keepPicture(manager, latest) {
  const { saveState, model } = manager?.context ?? {};
  if (!saveState || !model?.cells) return false;
  saveState.connect((_, state) => state === "started" && renewPicture(manager, latest()));
  return true;
}
