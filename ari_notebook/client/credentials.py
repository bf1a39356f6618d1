"""User and password, hidden from repr, tracebacks and pickle."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import requests

__all__ = ["Credentials", "HiddenPassword", "unsigned"]

E = TypeVar("E", bound=BaseException)


class Credentials:
    """HTTP Basic authentication for REST and for the WebSocket handshake.

    A closure holds the password, so that a traceback that prints local variables or an object's
    ``__dict__`` does not contain it.

    Args:
        user: the ARI user, a section of ari.conf.
        password: password of the user.
    """

    def __init__(self, user: str, password: str) -> None:
        self.user = user
        # Octets of the environment that are not UTF-8 are sent unchanged.
        octets = f"{user}:{password}".encode(errors="surrogateescape")
        value = "Basic " + base64.b64encode(octets).decode("ascii")

        def header() -> str:
            return value

        self._header: Callable[[], str] = header

    def header(self) -> str:
        """Return the value of the Authorization header."""
        return self._header()

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign a request, as an authentication object of requests."""
        r.headers["Authorization"] = self._header()
        return r

    def __repr__(self) -> str:
        return f"Credentials({self.user!r}, password hidden)"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("credentials are not pickled")


class HiddenPassword(str):
    """A password whose repr, as tracebacks print it, does not contain it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<password>"


def unsigned(error: E) -> E:
    """Return the same exception without its frames, where a signed header is a variable.

    An interrupt can be raised at any line of the libraries, and IPython's ``%xmode Verbose`` writes
    the variables of every frame into the notebook.
    """
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
