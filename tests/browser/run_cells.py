"""Runs a notebook's code cells in an IPython shell inside Pyodide, as its kernel does."""

from __future__ import annotations

import io
import json
import time
from contextlib import redirect_stderr, redirect_stdout

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


async def run(text: str, name: str) -> list[str]:
    """Return a JSON line for each code cell.

    Args:
        text: the notebook.
        name: its file's name.
    """
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    lines = []
    for number, cell in enumerate(json.loads(text)["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] != "code" or not source.strip():
            continue
        began, out = time.monotonic(), io.StringIO()
        tags = cell.get("metadata", {}).get("tags", [])
        with redirect_stdout(out), redirect_stderr(out):
            done = await shell.run_cell_async(
                source, store_history=True, transformed_cell=shell.transform_cell(source)
            )
        error = done.error_in_exec or done.error_before_exec
        lines.append(
            json.dumps(
                {
                    "notebook": name,
                    "cell": number,
                    "error": None if error is None else f"{type(error).__name__}: {error}",
                    "expected": "raises-exception" in tags,
                    "seconds": round(time.monotonic() - began, 2),
                    "out": out.getvalue()[-4000:],
                    "source": source[:200],
                }
            )
        )
        if error is not None and "raises-exception" not in tags:
            break
    from ari_notebook import sessions

    sessions.close_all()
    return lines
