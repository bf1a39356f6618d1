"""The declaration of Asterisk 22.10, with descriptions of our own."""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import Any

from ari_notebook.spec.declaration import Declaration
from ari_notebook.spec.swagger import from_api_docs


def builtin_files() -> dict[str, Any]:
    """Give the files as a server serves them under ``/ari/api-docs``, decoded, by file name.

    Every call decodes them anew: the caller may change what it gets.
    """
    folder = resources.files("ari_notebook.spec").joinpath("api_docs")
    return {
        file.name: json.loads(file.read_text(encoding="utf-8"))
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".json")
    }


@functools.cache
def builtin() -> Declaration:
    """Give the declaration of Asterisk 22.10: 11 resources, 109 operations, 85 models."""
    return from_api_docs(builtin_files())
