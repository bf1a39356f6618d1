"""Where an Asterisk answers, from what people type."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from ari_notebook.client.errors import UsageProblem

__all__ = ["Address", "application_names"]

_FORBIDDEN = set(",&?#/\\()[]{}<>$;|\"'`%")
_LONGEST_APPLICATION = 73  # Asterisk names the dialplan context stasis-<app> in 80 bytes


@dataclass(frozen=True, slots=True)
class Address:
    """The server's base, without ``/ari``: ``http://pbx:8088`` or ``https://pbx/prefix``."""

    base: str

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read a URL as people type it.

        Args:
            url: ``http://host:8088``, with or without a prefix and ``/ari``.

        Raises:
            UsageProblem: it is not an http or https URL, or it carries a password.
        """
        text = url.strip().rstrip("/")
        shown = _without_password(text)
        try:
            parts = urlsplit(text)
        except ValueError:  # its message has the URL in it
            parts = urlsplit("")
        if parts.scheme in ("ws", "wss"):
            better = "http" + shown[2:]
            raise UsageProblem(
                f"{parts.scheme}:// is the event socket's address", f"Type {better} here."
            )
        spaced = any(c.isspace() for c in parts.netloc)
        if parts.scheme not in ("http", "https") or not parts.hostname or spaced:
            raise UsageProblem(
                f"{shown!r} is not the URL of an Asterisk",
                "It looks like http://127.0.0.1:8088: http.conf's bindaddr and bindport.",
            )
        if parts.username or parts.password:
            raise UsageProblem(
                "a URL is no place for a password: it would be saved with the notebook",
                "Give the user with --user (user=...) and the password in ARI_PASSWORD.",
            )
        try:
            _ = parts.port
        except ValueError:
            raise UsageProblem(
                f"the port in {shown!r} is not a number from 0 to 65535", "ARI's is usually 8088."
            ) from None
        # A whole request's URL, as from a curl command, will do.
        path = (parts.path + "/").split("/ari/", 1)[0].rstrip("/")
        return cls(f"{parts.scheme}://{parts.netloc}{path}")

    @property
    def ari(self) -> str:
        """The base of every REST path."""
        return self.base + "/ari"

    @property
    def secure(self) -> bool:
        """Whether it is TLS."""
        return self.base.startswith("https:")

    def events(self, applications: Iterable[str], *, subscribe_all: bool) -> str:
        """The event WebSocket's URL.

        Asterisk reads only the first ``app`` parameter, so that several names go into one,
        with commas (``res/ari/ari_websockets.c``).
        """
        query = {"app": ",".join(applications)}
        if subscribe_all:
            query["subscribeAll"] = "true"
        return f"ws{self.base[4:]}/ari/events?{urlencode(query, quote_via=quote, safe=',')}"


def _without_password(url: str) -> str:
    """A URL for a message: what may hold a password, before an ``@`` or in the query, left out."""
    return re.sub(r"^([a-z]+:/+)?.*@", r"\1", url.partition("?")[0], flags=re.DOTALL)


def application_names(app: str | Iterable[str]) -> tuple[str, ...]:
    """The names of Stasis applications, checked.

    Args:
        app: one name, several with commas, or a list of them.

    Raises:
        UsageProblem: no name, too long a name, or a character that a dialplan or a URL would
            take for something else.
    """
    parts = app.split(",") if isinstance(app, str) else list(app)
    names = tuple(dict.fromkeys(part.strip() for part in parts))
    if not names or not all(names):
        raise UsageProblem(
            "an application needs a name", "Use the one that extensions.conf gives to Stasis()."
        )
    for name in names:
        bad = [
            c for c in name if c in _FORBIDDEN or c.isspace() or unicodedata.category(c)[0] == "C"
        ]
        if bad:
            raise UsageProblem(
                f"{bad[0]!r} cannot be part of an application's name ({name!r})",
                "Use letters, digits, '-', '_' and '.', as in Stasis(hello-world).",
            )
        if len(name.encode()) > _LONGEST_APPLICATION:
            raise UsageProblem(
                f"the application's name has {len(name.encode())} bytes",
                f"Asterisk takes {_LONGEST_APPLICATION} at most.",
            )
    return names
