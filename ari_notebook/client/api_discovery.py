"""API discovery: the connected server's api-docs, or the built-in declaration instead."""

from __future__ import annotations

import functools
from typing import Any

import orjson

from ari_notebook.background import THREADS, Background
from ari_notebook.client import diagnosis
from ari_notebook.client.address import Address
from ari_notebook.client.errors import (
    AriError,
    ConnectionLost,
    NotFound,
    OutcomeUnknown,
    RequestFailed,
)
from ari_notebook.client.rest import Rest, RestRequest, RestResponse
from ari_notebook.schema import Declaration, builtin, explained, from_api_docs

__all__ = ["read_declaration"]

_FIRST_SECONDS = 5.0  # two attempts without a response
# Asterisk 22 has 11 files of at most 75 kB, with 109 operations; api-docs are untrusted.
_MOST_FILES, _LARGEST_FILE, _MOST_OPERATIONS = 100, 2 << 20, 2000
_OF_ASTERISK = (401, 403, 500, 503)  # possible responses to the first request


def read_declaration(
    rest: Rest, address: Address, background: Background = THREADS
) -> tuple[str, Declaration]:
    """Read a server's version and its declaration of operations.

    Args:
        rest: REST client of the server.
        address: address, for messages.
        background: requests several files at once.

    Returns:
        The server's name and version (its Server header), and its declaration with the descriptions
        of the built-in one. Without installed api-docs, the built-in declaration.

    Raises:
        AriError: it does not answer, refuses the user, or is not an Asterisk with ARI.
    """
    answer = _first_answer(rest, address)
    version = answer.headers.get("Server", "") or "an unnamed server"
    try:
        listing = _file(rest, "resources.json")
        names = [
            api["path"].rsplit("/", 1)[-1].replace("{format}", "json") for api in listing["apis"]
        ]
        if len(names) > _MOST_FILES:
            raise ValueError(f"{len(names)} files of api-docs")
        # Requested in parallel: twelve small files in sequence would take a second for a remote
        # server.
        with background.executor(4, "ari-api-docs") as pool:
            files = dict(zip(names, pool.map(lambda n: _file(rest, n), names), strict=True))
        operations = sum(len(api["operations"]) for file in files.values() for api in file["apis"])
        if operations > _MOST_OPERATIONS:
            raise ValueError(f"{operations} operations")
        # Servers of one release differ in the address only.
        files = {name: file | {"basePath": ""} for name, file in files.items()}
        return version, _declaration(orjson.dumps({"resources.json": listing, **files}))
    except (NotFound, KeyError, TypeError, ValueError):
        return version, builtin()


@functools.lru_cache(maxsize=4)  # takes 20 ms
def _declaration(files: bytes) -> Declaration:
    """Return the declaration in api-docs files, given as one JSON object by file name."""
    return explained(from_api_docs(orjson.loads(files)), builtin())


def _file(rest: Rest, name: str) -> Any:
    answer = rest.send(RestRequest("GET", f"/api-docs/{name}", most=_LARGEST_FILE + 1))
    if len(answer.content) > _LARGEST_FILE:
        raise ValueError(f"{name} is larger than {_LARGEST_FILE >> 20} MiB")
    return answer.json()


def _first_answer(rest: Rest, address: Address) -> RestResponse:
    """Send the first request, and derive from its failure what is wrong with the server."""
    try:
        answer = Rest(rest.transport, timeout=_FIRST_SECONDS).send(
            RestRequest("GET", "/asterisk/ping")
        )
    except RequestFailed as error:
        failure = _explain(error, address)
    except OutcomeUnknown:
        fault = diagnosis.no_tls if address.secure else diagnosis.no_http
        failure = ConnectionLost(*fault(address.base))
    else:
        if answer.is_json:
            return answer
        failure = AriError(*diagnosis.not_asterisk(address.base))
    raise failure


def _explain(error: RequestFailed, address: Address) -> AriError:
    if isinstance(error, NotFound):
        if error.message == "Resource not found":  # ARI's message; the web server's is different
            return NotFound(*diagnosis.lost_resources(address.base), status=404)
        return NotFound(*diagnosis.no_ari(address.base), status=404)
    if error.status in _OF_ASTERISK:
        return error
    return AriError(*diagnosis.not_asterisk(address.base))
