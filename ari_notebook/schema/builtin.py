"""The declaration of each release of Asterisk, with this project's descriptions."""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import Any

from ari_notebook.schema.model import Declaration
from ari_notebook.schema.swagger import from_api_docs
from ari_notebook.schema.versions import NEWEST, AsteriskVersion


def builtin_files(version: AsteriskVersion = NEWEST) -> dict[str, Any]:
    """Return the decoded files of ``/ari/api-docs``, by file name.

    Every call decodes them again, so that the caller may change the result.

    Args:
        version: the release of Asterisk.
    """
    folder = resources.files("ari_notebook.schema").joinpath("api_docs")
    files = {
        file.name: json.loads(file.read_text(encoding="utf-8"))
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".json")
    }
    lacking = version.lacks()
    if lacking:
        for document in files.values():
            _remove(document, lacking)
    return files


def _remove(document: dict[str, Any], lacking: frozenset[str]) -> None:
    """Remove from a file what a release lacks."""
    for api in document.get("apis", ()):
        kept = []
        for operation in api.get("operations", ()):
            name = f"{operation['httpMethod']} {api['path']}"
            if name in lacking:
                continue
            parameters = operation.get("parameters", [])
            operation["parameters"] = [
                each for each in parameters if f"{name} {each['name']}" not in lacking
            ]
            kept.append(operation)
        if "operations" in api:
            api["operations"] = kept
    if "basePath" in document and "resourcePath" in document:
        document["apis"] = [api for api in document["apis"] if api["operations"]]
    models = document.get("models", {})
    for name in lacking & models.keys():
        del models[name]
    for name, model in models.items():
        properties = model.get("properties", {})
        for field in [each for each in properties if f"{name}.{each}" in lacking]:
            del properties[field]
        if "subTypes" in model:
            model["subTypes"] = [each for each in model["subTypes"] if each not in lacking]


def builtin(version: AsteriskVersion = NEWEST) -> Declaration:
    """Return the declaration of a release, by default 22.10.1.

    That has 11 resources, 109 operations and 85 models.
    """
    return _declaration(version)


@functools.cache  # not on `builtin`, where builtin() and builtin(NEWEST) are two keys
def _declaration(version: AsteriskVersion) -> Declaration:
    return from_api_docs(builtin_files(version))
