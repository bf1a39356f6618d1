"""Cross-origin requests (CORS) as in Asterisk.

An origin that is not allowed is not refused: its response lacks the CORS headers, so the browser
refuses it. Like Asterisk, header names are compared case-sensitively here, contrary to HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Headers = Sequence[tuple[str, str]]
Origins = Sequence[str]


def _last(headers: Headers, name: str) -> str | None:
    return next((value for key, value in reversed(headers) if key == name), None)


def _allowed(origin: str, allowed_origins: Origins) -> bool:
    return any(each in ("*", origin) for each in allowed_origins)


def simple(headers: Headers, allowed_origins: Origins) -> list[tuple[str, str]]:
    """Return the headers of every response to an allowed origin, whatever its status."""
    origin = _last(headers, "Origin")
    if origin is None or not _allowed(origin, allowed_origins):
        return []
    return [
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Credentials", "true"),
    ]


def preflight(
    headers: Headers, allowed_origins: Origins, methods: Iterable[str]
) -> list[tuple[str, str]]:
    """Return the additional headers of the response to OPTIONS."""
    origin = _last(headers, "Origin")
    asked = _last(headers, "Access-Control-Request-Method")
    methods = list(methods)
    if origin is None or not _allowed(origin, allowed_origins) or asked not in methods:
        return []
    answer = [("Access-Control-Allow-Methods", ",".join(["OPTIONS", *methods]))]
    if names := _last(headers, "Access-Control-Request-Headers"):
        answer.append(("Access-Control-Allow-Headers", names))
    return answer
