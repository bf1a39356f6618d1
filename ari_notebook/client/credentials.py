"""A user and a password that no repr, traceback or pickle shows."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TypeVar

import requests.auth

__all__ = ["Credentials", "unsigned"]

E = TypeVar("E", bound=BaseException)


class Credentials(requests.auth.AuthBase):
    """HTTP Basic authentication for REST and for the WebSocket's handshake.

    The password lives in a closure, so that a traceback that prints local variables or an
    object's ``__dict__`` has nothing to print.

    Args:
        user: the ARI user, a section of ari.conf.
        password: its password.
    """

    def __init__(self, user: str, password: str) -> None:
        self.user = user
        # Octets of the environment that are no UTF-8 are sent as they are.
        octets = f"{user}:{password}".encode(errors="surrogateescape")
        value = "Basic " + base64.b64encode(octets).decode("ascii")

        def header() -> str:
            return value

        self._header: Callable[[], str] = header

    def header(self) -> str:
        """The value of the Authorization header."""
        return self._header()

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign a request, as requests asks of an authentication."""
        r.headers["Authorization"] = self._header()
        return r

    def __repr__(self) -> str:
        return f"Credentials({self.user!r}, password hidden)"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("credentials are not pickled")


def unsigned(error: E) -> E:
    """The same exception without the frames it came through, where a signed header is a variable.

    An interrupt leaves the libraries from any of their lines, and IPython's ``%xmode Verbose``
    writes the variables of every frame into the notebook.
    """
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
