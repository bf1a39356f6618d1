"""Notebooks as JSON, because importing nbformat takes a second in every test process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Notebook = dict[str, Any]
Cell = dict[str, Any]


def read(path: Path) -> Notebook:
    """Return a notebook in which each cell's source is one text."""
    notebook: Notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return notebook


def write(notebook: Notebook, path: Path) -> None:
    """Write a notebook."""
    path.write_text(json.dumps(notebook), encoding="utf-8")


def append(notebook: Notebook, source: str, stdout: str = "", tag: str = "") -> None:
    """Append a code cell, with what it has printed and a tag."""
    output = {"output_type": "stream", "name": "stdout", "text": stdout}
    number = 1 + sum(cell["cell_type"] == "code" for cell in notebook["cells"])
    notebook["cells"].append(
        {
            "cell_type": "code",
            "id": f"appended-{number}",
            "execution_count": number,
            "metadata": {"tags": [tag]} if tag else {},
            "outputs": [output] if stdout else [],
            "source": source,
        }
    )
