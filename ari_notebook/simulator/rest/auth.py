"""Authentication: Basic authentication, or ``api_key`` in the query string or form."""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
from collections.abc import Sequence

from ari_notebook.simulator.utf8 import octets

log = logging.getLogger(__name__)

Pairs = Sequence[tuple[str, str]]


def credentials(headers: Pairs, query: Pairs) -> tuple[str, str] | None:
    """Return the name and password of a request, or None.

    The first Basic header is used; without one, or if it has no colon, the first ``api_key``.
    """
    for name, value in headers:
        if name.lower() == "authorization" and value.startswith("Basic "):
            if ":" in (text := _decoded(value[6:])):
                return _split(text)
            break
    key = next((value for name, value in query if name == "api_key"), "")
    return _split(key)


def _decoded(token: str) -> str:
    letters = token.strip().rstrip("=")
    try:
        octets = base64.b64decode(letters + "=" * (-len(letters) % 4))
    except (binascii.Error, ValueError):
        return ""
    return octets[:255].decode("utf-8", "replace")


def _split(text: str) -> tuple[str, str] | None:
    user, colon, password = text.partition(":")
    return (user, password) if colon and user and password else None


def matches(given: str, kept: str, password_format: str) -> bool:
    """Compare a password with a user's in constant time.

    Args:
        given: password from the client.
        kept: password or hash in ari.conf.
        password_format: ``plain``, or ``crypt`` for a hash as crypt(3) writes it (``$6$...``).
    """
    if password_format != "crypt":  # noqa: S105 - the name of a format
        return hmac.compare_digest(octets(given), octets(kept))
    from passlib.hash import des_crypt, md5_crypt, sha256_crypt, sha512_crypt  # noqa: PLC0415  slow

    for scheme in (sha512_crypt, sha256_crypt, md5_crypt, des_crypt):
        if scheme.identify(kept):
            return bool(scheme.verify(given, kept))
    log.warning("password_format=crypt: unsupported hash, use $1$, $5$ or $6$")
    return False
