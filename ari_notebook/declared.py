"""What the connected server declares: its api-docs, or the built-in declaration in their place."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ari_notebook.client.address import Address
from ari_notebook.client.errors import AriError, NotFound, RequestFailed
from ari_notebook.client.rest import Answer, Call, Rest
from ari_notebook.spec import Declaration, builtin, from_api_docs

__all__ = ["read_declaration"]


def read_declaration(rest: Rest, address: Address) -> tuple[str, Declaration]:
    """Ask a server who it is and what it can do.

    Args:
        rest: where to ask.
        address: for messages.

    Returns:
        The server's name and version (its Server header), and its declaration. A server whose
        api-docs are not installed gets the built-in one.

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
        return version, from_api_docs({"resources.json": listing, **files})
    except (NotFound, KeyError, TypeError, ValueError):
        return version, builtin()


def _file(rest: Rest, name: str) -> Any:
    return rest.send(Call("GET", f"/api-docs/{name}")).json()


def _first_answer(rest: Rest, address: Address) -> Answer:
    """The first request, and what a failure of it says about the server."""
    try:
        answer = rest.send(Call("GET", "/asterisk/ping"))
    except NotFound:
        failure = AriError(
            f"{address.base} answers, but has no ARI",
            "Is res_ari loaded and enabled=yes in ari.conf (`module show like res_ari`)? Does"
            " http.conf set a prefix?",
            status=404,
        )
    except RequestFailed as error:
        raise error from None
    else:
        if answer.is_json:
            return answer
        failure = AriError(
            f"what answers at {address.base} is not Asterisk",
            "Check the port: http.conf's bindport, usually 8088.",
        )
    raise failure
