"""The address of an Asterisk, parsed from user input."""

from __future__ import annotations

import ipaddress
import re
import socket
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from ari_notebook.client.errors import UsageProblem

__all__ = ["Address", "application_names"]

_FORBIDDEN = set(",&?#/\\()[]{}<>$;|\"'`%")
# A host without a scheme: an address, a name with a dot or a port, localhost.
_HOST = re.compile(
    r"(?P<name>localhost|\[[0-9a-f:]+\]|[\w-]+(?:\.[\w-]+)+|[\w-]+(?=:\d))(?::(?P<port>\d{1,5}))?(?:/ari)?"
)
_LONGEST_APPLICATION = 73  # Asterisk names the dialplan context stasis-<app> in 80 bytes


@dataclass(frozen=True, slots=True)
class Address:
    """The server's base, without ``/ari``: ``http://pbx:8088`` or ``https://pbx/prefix``."""

    base: str

    @classmethod
    def parse(cls, url: str) -> Address:
        """Parse a URL entered by a user.

        Args:
            url: ``http://host:8088``, with or without a prefix and ``/ari``.

        Raises:
            UsageProblem: it is not an http or https URL, or it carries a password.
        """
        text = url.strip().rstrip("/")
        shown = _without_password(text)
        try:
            parts = urlsplit(text)
        except ValueError:  # its message contains the URL
            parts = urlsplit("")
        if parts.scheme == "simulator":
            return cls(f"simulator://{parts.netloc or parts.path}")
        if parts.scheme in ("ws", "wss"):
            better = "http" + shown[2:]
            raise UsageProblem(
                f"{parts.scheme}:// is the event socket's address", f"Type {better} here."
            )
        spaced = any(c.isspace() for c in parts.netloc)
        if parts.scheme not in ("http", "https") or not parts.hostname or spaced:
            host = _HOST.fullmatch(shown)
            raise UsageProblem(
                f"{shown!r} is not the URL of an Asterisk",
                f"Did you mean http://{host['name']}:{host['port'] or 8088}?"
                if host
                else "Use a URL like http://127.0.0.1:8088: http.conf's bindaddr and bindport.",
            )
        if parts.username or parts.password:
            raise UsageProblem(
                "do not put a password into the URL: it would be saved with the notebook",
                "Give the user with --user (user=...) and the password in ARI_PASSWORD.",
            )
        try:
            _ = parts.port
        except ValueError:
            raise UsageProblem(
                f"the port in {shown!r} is not a number from 0 to 65535", "ARI's is usually 8088."
            ) from None
        # The URL of a whole request, as from a curl command, is accepted.
        path = (parts.path + "/").split("/ari/", 1)[0].rstrip("/")
        return cls(f"{parts.scheme}://{parts.netloc}{path}")

    @property
    def ari(self) -> str:
        """The base of every REST path."""
        return self.base + "/ari"

    @property
    def in_process(self) -> bool:
        """Whether it is a simulator in the caller's thread."""
        return self.base.startswith("simulator:")

    @property
    def host(self) -> str:
        """Host and port, as a name for a connection."""
        return "simulator" if self.in_process else self.base.split("//", 1)[1]

    @property
    def secure(self) -> bool:
        """Whether it is TLS."""
        return self.base.startswith("https:")

    @property
    def loopback(self) -> bool:
        """Whether its host is a loopback address or name, without resolving it."""
        if self.in_process:
            return True
        host = (urlsplit(self.base).hostname or "").rstrip(".")
        if host == "localhost" or host.endswith(".localhost"):
            return True
        try:
            found = ipaddress.ip_address(host)
        except ValueError:
            try:  # 127.1, 2130706433 and 0x7f000001 are addresses to the resolver as well
                found = ipaddress.ip_address(socket.inet_aton(host))
            except (OSError, ValueError):
                return False
        mapped = getattr(found, "ipv4_mapped", None) or found
        return bool(mapped.is_loopback or mapped.is_unspecified)  # 0.0.0.0 leads to this machine

    def events(self, applications: Iterable[str], *, subscribe_all: bool) -> str:
        """Return the URL of the event WebSocket.

        Asterisk reads only the first ``app`` parameter, so several names are joined by commas in
        one (``res/ari/ari_websockets.c``).
        """
        query = {"app": ",".join(applications)}
        if subscribe_all:
            query["subscribeAll"] = "true"
        return f"ws{self.base[4:]}/ari/events?{urlencode(query, quote_via=quote, safe=',')}"


def _without_password(url: str) -> str:
    """Return a URL for a message, without parts that may hold a password."""
    return re.sub(r"^([a-z]+:/+)?.*@", r"\1", url.partition("?")[0], flags=re.DOTALL)


def application_names(app: str | Iterable[str]) -> tuple[str, ...]:
    """Return the names of Stasis applications after checking them.

    Args:
        app: one name, several separated by commas, or a list.

    Raises:
        UsageProblem: no name, a name that is too long, or a character with a special meaning in a
            dialplan or a URL.
    """
    parts = app.split(",") if isinstance(app, str) else list(app)
    names = tuple(dict.fromkeys(part.strip() for part in parts))
    if not names or not all(names):
        raise UsageProblem(
            "an application needs a name", "Use the name given to Stasis() in extensions.conf."
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
