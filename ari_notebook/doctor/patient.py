"""Who is examined, and how to ask it: plain sockets, so that each layer's fault is seen as such."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import urlsplit

import orjson

from ari_notebook.client.address import Address
from ari_notebook.client.credentials import Credentials

__all__ = ["Finding", "Patient", "Reply", "State", "Step"]

TIMEOUT = 5.0  # seconds for each question


class State(Enum):
    """How a step went."""

    WELL = "ok"
    NOTE = "note"  # works, but not for everything
    ILL = "FAILED"


@dataclass(frozen=True)
class Finding:
    """What a step found out.

    Attributes:
        state: how it went.
        text: what was found, in one line.
        advice: what to change, and in which file; empty where all is well.
    """

    state: State
    text: str
    advice: str = ""

    @classmethod
    def well(cls, text: str) -> Finding:
        """All is as it should be."""
        return cls(State.WELL, text)

    @classmethod
    def note(cls, text: str, advice: str) -> Finding:
        """It works, with a limit that somebody may want to know."""
        return cls(State.NOTE, text, advice)

    @classmethod
    def ill(cls, text: str, advice: str) -> Finding:
        """It does not work; the steps after this one cannot either."""
        return cls(State.ILL, text, advice)


@dataclass(frozen=True)
class Reply:
    """An answer over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def message(self) -> str:
        """ARI's own words about an error; empty where the answer is not ARI's."""
        try:
            said = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return ""
        words = said.get("message", said.get("error")) if isinstance(said, dict) else None
        return words if isinstance(words, str) else ""


@dataclass
class Patient:
    """The server that is examined, and what is known of it so far.

    Attributes:
        url: as it was typed.
        credentials: the ARI user.
        app: the application's name that a program wants to use.
        ca: the file of the certificate authority to trust, or None for the system's.
        origin: the web page's origin that is to use ARI, or None.
        read_only: whether the user may only look; found out on the way.
    """

    url: str
    credentials: Credentials
    app: str
    ca: str | None = None
    origin: str | None = None
    read_only: bool = False
    address: Address = field(init=False)

    @property
    def host(self) -> str:
        """The host's name or address."""
        return urlsplit(self.address.base).hostname or ""

    @property
    def port(self) -> int:
        """The port, the scheme's own where the URL has none."""
        return urlsplit(self.address.base).port or (443 if self.address.secure else 80)

    @property
    def prefix(self) -> str:
        """The path before ``/ari``, empty without."""
        return urlsplit(self.address.base).path

    @property
    def place(self) -> str:
        """Host and port, for messages."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def tls(self) -> ssl.SSLContext:
        """What trusts the server's certificate, or does not."""
        return ssl.create_default_context(cafile=self.ca)

    def connect(self) -> socket.socket:
        """A connection, with TLS where the URL asks for it.

        Raises:
            OSError: there is none; ssl.SSLError among them.
        """
        plain = socket.create_connection((self.host, self.port), timeout=TIMEOUT)
        if not self.address.secure:
            return plain
        try:
            return self.tls().wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise

    def ask(
        self,
        method: str,
        path: str,
        *,
        signed: bool = True,
        prefix: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request.

        Args:
            method: GET, OPTIONS and so on.
            path: after the prefix, as ``/ari/asterisk/ping``.
            signed: send user and password along.
            prefix: what http.conf sets; that of the URL if None.
            headers: more of them.

        Raises:
            OSError: no connection, or it broke.
            http.client.HTTPException: what came is not HTTP.
        """
        connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT)
        connection.sock = self.connect()
        more = {"Authorization": self.credentials.header()} if signed else {}
        try:
            target = (self.prefix if prefix is None else prefix) + path
            connection.request(method, target, headers={**more, **(headers or {})})
            answer = connection.getresponse()
            # Names in lower case: the same header is spelt in many ways.
            fields = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, fields, answer.read())
        finally:
            connection.close()


Step = Callable[[Patient], Finding]
