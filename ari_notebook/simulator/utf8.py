"""Text that JSON cannot carry: octets that are not UTF-8.

Configuration, requests and dialplan functions (``BASE64_DECODE``) bring any octets; texts keep them
as surrogates (``surrogateescape``). Measured on Asterisk 22.10.1: names, numbers and values of
variables are shown empty; an event with such a text elsewhere is not published; an object with one
is an empty response, a list or a value with one the status 500.
"""

from __future__ import annotations

from typing import Any

import orjson

__all__ = ["c_text", "is_json", "octets", "shown"]


def is_json(value: Any) -> bool:
    """Return whether all texts in a value are UTF-8."""
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError:
        return False
    return True


def shown(text: str) -> str:
    """Return a text, or "" if it is not UTF-8."""
    return text if text.isascii() or is_json(text) else ""


def octets(text: str) -> bytes:
    """Return a text's octets, as received."""
    return text.encode("utf-8", "surrogateescape")


def c_text(octets: bytes) -> str:
    """Return octets as a text, which as in C ends at the first NUL."""
    return octets.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
