"""Redaction of secrets in stored requests."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["LEFT_OUT", "without_secrets", "without_secrets_in_path"]

LEFT_OUT = "***"
_NAMES = (
    "passw|pwd|passcode|secret|api[-_]?key|md5_cred|token|authorization|private[-_]?key"
    "|(?<![a-z])pin(?![a-z])"
)
_SECRET = re.compile(_NAMES, re.I)
_IN_PATH = re.compile(f"([?&][^=&]*(?:{_NAMES})[^=&]*=)[^&]*", re.I)


def without_secrets(value: Any) -> Any:
    """Return a value with its secrets, recognized by name, redacted.

    Args:
        value: JSON. A secret is a member with such a name; in Asterisk's configuration objects also
            the value of an ``{"attribute": name, "value": …}`` pair, or of a requested variable.
    """
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    if not isinstance(value, dict):
        return value
    named = value.get("attribute", value.get("variable"))
    of_secret = isinstance(named, str) and bool(_SECRET.search(named))
    return {
        name: LEFT_OUT
        if item not in (None, "") and (_SECRET.search(name) or (of_secret and name == "value"))
        else without_secrets(item)
        for name, item in value.items()
    }


def without_secrets_in_path(path: str) -> str:
    """Return a path with redacted secrets in its query."""
    return _IN_PATH.sub(rf"\g<1>{LEFT_OUT}", path)
