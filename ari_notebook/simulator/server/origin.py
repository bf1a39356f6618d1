"""Requests of foreign web pages, which a simulator on loopback refuses by default.

Any page on the internet can send requests to ports of the host it is viewed on. Headers
that a page cannot choose identify such requests: ``Origin`` names the page's site;
``Sec-Fetch-Site`` is set also where browsers omit ``Origin``, as for images and links; ``Host`` is
the name it used for this host, in case that name resolves to loopback (DNS rebinding). Asterisk
checks none of them: only the password protects it, and ``allowed_origins`` lists origins that may
read responses.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

import orjson

from ari_notebook.simulator.messages import Response
from ari_notebook.simulator.wire.http11 import header

__all__ = ["forbidden", "is_local", "refusal"]


def is_local(host: str) -> bool:
    """Return whether a name or an address is loopback."""
    if host.lower().rstrip(".") == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return False
    return bool((getattr(found, "ipv4_mapped", None) or found).is_loopback)


def refusal(
    headers: Sequence[tuple[str, str]], allowed_origins: Sequence[str], *, local: bool
) -> str | None:
    """Return why a request is refused, or None.

    Args:
        headers: headers of the request.
        allowed_origins: value from ari.conf.
        local: whether the server listens on loopback only, so that ``Host`` must be loopback.
    """
    host = header(headers, "host")
    if local and host and not is_local(_name(f"//{host}")):
        return f"Host {host} is not this machine's loopback"
    origin = header(headers, "origin")
    if not origin and header(headers, "sec-fetch-site").lower() in ("cross-site", "same-site"):
        origin = "(unnamed)"
    # Clients other than browsers, such as websocket-client, send the server's URL as Origin.
    if not origin or origin.partition("://")[2] == host:
        return None
    if any(each in ("*", origin) for each in allowed_origins):
        return None
    return f"Origin {origin} is not in allowed_origins of ari.conf"


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def forbidden(reason: str) -> Response:
    """Return the response of a refusal."""
    content = orjson.dumps({"message": reason[:200]})
    return Response(403, "Forbidden", [("Content-type", "application/json")], content)
