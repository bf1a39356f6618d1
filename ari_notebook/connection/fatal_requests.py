"""Requests that end a running Asterisk 22.10, each tried on 22.10.1.

They are refused before they are sent, by methods, verbs and raw requests alike. The documentation
lists them (docs/reference/simulator/differences.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote

from ari_notebook.client.rest import RestRequest

__all__ = ["fatal"]

_FORMATS = ("json", "plain-text")  # of messages over a media WebSocket (chan_websocket.c)
_FORMAT_OPTION = re.compile(r"f\(([^)]*)")
_ENDPOINT = re.compile(r"pjsip:([^/@>\s]+)(?:/(sips?:))?", re.IGNORECASE)
_TO_ENDPOINTS = (("PUT", "sendMessage"), ("POST", "refer"))
_REQUIRED = {
    r"/channels/[^/]+/move": "app",
    r"/bridges/[^/]+/record": "format",
    r"/bridges/[^/]+/variable": "variable",
}


def fatal(call: RestRequest, has_contact: Callable[[str], bool]) -> str:
    """Return why a request would end Asterisk; empty if it would not.

    Args:
        call: the request.
        has_contact: returns whether a PJSIP endpoint has a reachable contact.
    """
    path, _, query = call.path.partition("?")
    parts = [unquote(part) for part in path.strip("/").split("/")]
    body = call.body if isinstance(call.body, dict) else {}
    given: dict[str, Any] = {
        **dict(parse_qsl(query, keep_blank_values=True)),
        **call.params,
        **body,
    }
    method, last = call.method, parts[-1]
    if method == "POST" and parts[0] == "channels":
        for option in ("transport_data", "endpoint"):
            if reason := _unknown_format(option, str(given.get(option, ""))):
                return reason
    if parts[0] == "endpoints" and (method, last) in _TO_ENDPOINTS:
        to = f"pjsip:{parts[2]}" if len(parts) == 4 and parts[1].lower() == "pjsip" else ""
        if reason := _unreachable(to or str(given.get("to", "")), has_contact):
            return reason
    if method == "POST" and last == "variable" and given.get("value") is None:
        name = str(given.get("variable", ""))
        if parts[0] == "channels" and name.endswith(")"):
            return f"{name} has no value; an empty text removes the variable"
    if method == "POST":
        for pattern, name in _REQUIRED.items():
            if re.fullmatch(pattern, path) and not given.get(name):
                return f"{name} is missing"
    if last == "subscription":
        sources = given.get("eventSource", "")
        for source in sources if isinstance(sources, list) else [sources]:
            if not isinstance(source, str):
                return f"eventSource must be a text, not {source!r}"
    return ""


def _unreachable(to: str, has_contact: Callable[[str], bool]) -> str:
    """Return why a message or a referral cannot reach a PJSIP endpoint."""
    found = _ENDPOINT.match(to.strip(' "<'))
    named = found is not None and not found[2] and not found[1].startswith("sip:")
    if found and named and not has_contact(unquote(found[1])):
        return f"the PJSIP endpoint {found[1]} has no reachable contact"
    return ""


def _unknown_format(option: str, data: str) -> str:
    """Return what is wrong with the f() option of a media WebSocket's dial string."""
    if option == "endpoint" and not data.lower().startswith("websocket/"):
        return ""
    for name in _FORMAT_OPTION.findall(data):
        if name not in _FORMATS:
            return f"{option} has the unknown format f({name}): use f(json) or f(plain-text)"
    return ""
