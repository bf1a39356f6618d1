"""What the connected server declares: its api-docs, or the built-in declaration in their place."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ari_notebook.client.address import Address
from ari_notebook.client.errors import (
    AriError,
    ConnectionLost,
    NotFound,
    OutcomeUnknown,
    RequestFailed,
)
from ari_notebook.client.rest import Answer, Call, Rest
from ari_notebook.spec import Declaration, builtin, explained, from_api_docs

__all__ = ["read_declaration"]

_FIRST_SECONDS = 5.0  # asked twice where no answer comes
_OF_ASTERISK = (401, 403, 500, 503)  # what it may answer to the first question


def read_declaration(rest: Rest, address: Address) -> tuple[str, Declaration]:
    """Ask a server who it is and what it can do.

    Args:
        rest: where to ask.
        address: for messages.

    Returns:
        The server's name and version (its Server header), and its declaration, described in the
        built-in one's words. A server whose api-docs are not installed gets the built-in one.

    Raises:
        AriError: it does not answer, refuses the user, or is no Asterisk with ARI.
    """
    answer = _first_answer(rest, address)
    version = answer.headers.get("Server", "") or "an unnamed server"
    try:
        listing = rest.send(Call("GET", "/api-docs/resources.json")).json()
        names = [
            api["path"].rsplit("/", 1)[-1].replace("{format}", "json") for api in listing["apis"]
        ]
        # Twelve small files, one after the other, would cost a far server's user a second.
        with ThreadPoolExecutor(max_workers=4) as pool:
            files = dict(zip(names, pool.map(lambda n: _file(rest, n), names), strict=True))
        declared = from_api_docs({"resources.json": listing, **files})
        return version, explained(declared, builtin())
    except (NotFound, KeyError, TypeError, ValueError):
        return version, builtin()


def _file(rest: Rest, name: str) -> Any:
    return rest.send(Call("GET", f"/api-docs/{name}")).json()


def _first_answer(rest: Rest, address: Address) -> Answer:
    """The first request, and what a failure of it says about the server."""
    try:
        answer = Rest(rest.transport, timeout=_FIRST_SECONDS).send(Call("GET", "/asterisk/ping"))
    except RequestFailed as error:
        failure = _explain(error, address)
    except OutcomeUnknown:
        failure = (
            ConnectionLost(
                f"{address.base} takes connections, but speaks no TLS",
                "Type http:// instead, or the port that tlsbindaddr in http.conf names.",
            )
            if address.secure
            else ConnectionLost(
                f"{address.base} takes connections, but answers no HTTP",
                "Use http.conf's bindport, usually 8088: the ports of SIP and AMI are others.",
            )
        )
    else:
        if answer.is_json:
            return answer
        failure = _no_asterisk(address)
    raise failure


def _explain(error: RequestFailed, address: Address) -> AriError:
    if isinstance(error, NotFound):
        if error.message == "Resource not found":  # ARI's own words; the web server's are others
            return NotFound(
                f"ARI at {address.base} has lost its resources",
                "Restart Asterisk, or type `module load res_ari_asterisk.so` and so on for each"
                " module of `module show like res_ari`: they do not come back with res_ari alone.",
                status=404,
            )
        return NotFound(
            f"{address.base} answers, but has no ARI",
            "Set enabled=yes in ari.conf, let modules.conf load res_ari.so, and restart Asterisk;"
            " where http.conf sets a prefix, add it to the URL.",
            status=404,
        )
    return error if error.status in _OF_ASTERISK else _no_asterisk(address)


def _no_asterisk(address: Address) -> AriError:
    return AriError(
        f"what answers at {address.base} is not Asterisk",
        "Use http.conf's bindaddr and bindport, usually 8088.",
    )
