"""The checked server, accessed by plain sockets to distinguish faults of each layer."""

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
from ari_notebook.client.tls import ssl_context, trusted

__all__ = ["Finding", "FindingState", "HttpReply", "Step", "Target"]

TIMEOUT = 5.0  # seconds per request


class FindingState(Enum):
    """The outcome of a step."""

    OK = "ok"
    NOTE = "note"  # works, but not for everything
    FAILED = "FAILED"


@dataclass(frozen=True)
class Finding:
    """The result of a step.

    Attributes:
        state: its outcome.
        text: the result in one line.
        advice: what to change, and in which file; may be empty.
    """

    state: FindingState
    text: str
    advice: str = ""

    @classmethod
    def ok(cls, text: str) -> Finding:
        """Return a finding without a problem."""
        return cls(FindingState.OK, text)

    @classmethod
    def note(cls, text: str, advice: str) -> Finding:
        """Return a finding with a limitation."""
        return cls(FindingState.NOTE, text, advice)

    @classmethod
    def failed(cls, text: str, advice: str) -> Finding:
        """Return a failure, which ends the checks."""
        return cls(FindingState.FAILED, text, advice)


@dataclass(frozen=True)
class HttpReply:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def message(self) -> str:
        """ARI's error message; empty if the response is not ARI's."""
        try:
            said = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return ""
        words = said.get("message", said.get("error")) if isinstance(said, dict) else None
        return words if isinstance(words, str) else ""


@dataclass
class Target:
    """The checked server, and the results so far.

    Attributes:
        url: the URL as entered.
        credentials: the ARI user.
        app: name of the application to use.
        ca: file of the trusted certificate authority; None: the system's.
        origin: origin of a web page that uses ARI, or None.
        accept: port on which Asterisk should connect to this machine; None: not checked.
        read_only: whether the user is read-only; set by a step.
        has_password: whether there is a password.
        other_server: name of a web server that may not be Asterisk's; set by a step.
    """

    url: str
    credentials: Credentials
    app: str
    ca: str | None = None
    origin: str | None = None
    accept: int | None = None
    read_only: bool = False
    has_password: bool = True
    other_server: str = ""
    address: Address = field(init=False)

    @property
    def host(self) -> str:
        """The host's name or address."""
        return urlsplit(self.address.base).hostname or ""

    @property
    def port(self) -> int:
        """The port; the scheme's default if the URL has none."""
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
        """Return the TLS context that `ari_notebook.connect` would use."""
        return ssl_context(self.ca or trusted(True))

    def connect(self) -> socket.socket:
        """Return a connection, with TLS for an https URL.

        Raises:
            OSError: no connection; includes ssl.SSLError.
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
    ) -> HttpReply:
        """Send a request.

        Args:
            method: GET, OPTIONS and so on.
            path: path after the prefix, such as ``/ari/asterisk/ping``.
            signed: send user and password along.
            prefix: prefix of http.conf; None: the URL's.
            headers: additional headers.

        Raises:
            OSError: no connection, or it broke.
            http.client.HTTPException: the response is not HTTP.
        """
        connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT)
        connection.sock = self.connect()
        more = {"Authorization": self.credentials.header()} if signed else {}
        try:
            target = (self.prefix if prefix is None else prefix) + path
            connection.request(method, target, headers={**more, **(headers or {})})
            answer = connection.getresponse()
            # Names in lower case, because header names are case-insensitive.
            fields = {name.lower(): value for name, value in answer.getheaders()}
            return HttpReply(answer.status, fields, answer.read())
        finally:
            connection.close()


Step = Callable[[Target], Finding]
