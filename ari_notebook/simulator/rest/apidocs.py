"""``/ari/api-docs``: the declaration, as clients that build themselves from it expect it."""

from __future__ import annotations

from functools import cache
from typing import Any

from ari_notebook.simulator.messages import Refused
from ari_notebook.spec import builtin_files


@cache
def _files() -> dict[str, Any]:
    return dict(builtin_files())


def document(name: str, host: str | None, prefix: str) -> dict[str, Any]:
    """One file, its ``basePath`` pointing at where the client asked.

    Args:
        name: the file's name, such as ``resources.json``.
        host: the request's ``Host`` header; without it there is no ``basePath``.
        prefix: what http.conf puts before every path.

    Raises:
        Refused: 403 for the folder itself, 404 where there is no such file.
    """
    name = name.removeprefix("./")
    if name in ("", "."):
        raise Refused(403, "Invalid access")
    if name not in _files():
        raise Refused(404, "Resource not found")
    document: dict[str, Any] = dict(_files()[name])
    if "basePath" in document:
        if host is None:
            del document["basePath"]
        else:
            document["basePath"] = f"http://{host}{prefix}/ari"
    return document
