"""``/ari/api-docs``: the declaration, in the form that generic clients expect."""

from __future__ import annotations

from functools import cache
from typing import Any

from ari_notebook.schema import builtin_files
from ari_notebook.schema.versions import NEWEST, AsteriskVersion
from ari_notebook.simulator.messages import AriRefusal


@cache
def _files(version: AsteriskVersion) -> dict[str, Any]:
    return dict(builtin_files(version))


def document(
    name: str, host: str | None, prefix: str, version: AsteriskVersion = NEWEST
) -> dict[str, Any]:
    """Return one file with its ``basePath`` at the address the client used.

    Args:
        name: the file's name, such as ``resources.json``.
        host: the request's ``Host`` header; without it there is no ``basePath``.
        prefix: the prefix of all paths in http.conf.
        version: the release of Asterisk.

    Raises:
        AriRefusal: 403 for the folder itself, 404 for an unknown file.
    """
    name = name.removeprefix("./")
    if name in ("", "."):
        raise AriRefusal(403, "Invalid access")
    if name not in _files(version):
        raise AriRefusal(404, "Resource not found")
    document: dict[str, Any] = dict(_files(version)[name])
    if "basePath" in document:
        if host is None:
            del document["basePath"]
        else:
            document["basePath"] = f"http://{host}{prefix}/ari"
    return document
