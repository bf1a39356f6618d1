"""Connections that Asterisk opens to this machine with its events: a listener, and each of them.

Asterisk is configured in ``websocket_client.conf``; the protocol is `ServerWebSocket`'s.
"""

from __future__ import annotations

import hmac
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson

from ari_notebook.client.errors import UsageProblem
from ari_notebook.client.server_websocket import Refused, ServerWebSocket
from ari_notebook.client.sockets import listening_socket
from ari_notebook.client.tls import server_context
from ari_notebook.client.websocket_frames import BinaryMessage
from ari_notebook.store.plain_text import printable

__all__ = ["AcceptedWebSocket", "AcceptingSocket", "Refusal"]

_LARGEST = 64 << 20  # bytes of a message
_HANDSHAKE_SECONDS = 10.0
_MOST_HANDSHAKES = 64
_INFO = "info"  # id of the request with which a connection is identified


@dataclass(frozen=True, slots=True)
class Refusal:
    """A connection that was not accepted.

    Attributes:
        at: seconds since 1970.
        peer: its address.
        reason: why it was refused.
        advice: what to change, and in which file of Asterisk.
    """

    at: float
    peer: str
    reason: str
    advice: str

    def __str__(self) -> str:
        return printable(f"{self.peer}: {self.reason}. {self.advice}")


class AcceptedWebSocket(ServerWebSocket):
    """A WebSocket of ARI that Asterisk opened.

    Args:
        sock: the connected socket.
        peer: address of Asterisk.

    Attributes:
        local_host: the address of this machine that Asterisk connected to.
        application: the Stasis application of its first message.
        version: Asterisk's version.
        early: the messages that came before the response that identified it.
    """

    def __init__(self, sock: socket.socket, peer: str) -> None:
        super().__init__(sock, peer, "ari", _LARGEST)
        self.local_host = str(sock.getsockname()[0])
        self.application = ""
        self.version = ""
        self.early: list[bytes] = []

    def identify(self, first: list[bytes], deadline: float) -> None:
        """Read its purpose: the application of its first message, and Asterisk's version.

        The request is sent after the first message: Asterisk does not notice one that arrives
        together with the response to its handshake (22.10.1).

        Args:
            first: the messages that came with the handshake.
            deadline: time of ``time.monotonic()``.
        """
        silent = "it opened a WebSocket, and sent no event"
        while not self.application:
            for message in first or self.next_messages(deadline, silent):
                self.early.append(message)
                found = _decoded(message).get("application")
                self.application = self.application or str(found or "")
            first = []
        request = {
            "type": "RESTRequest",
            "request_id": _INFO,
            "method": "GET",
            "uri": "asterisk/info",
        }
        self.send(orjson.dumps(request))
        while not self.version:
            for message in self.next_messages(deadline, "it does not respond to a REST request"):
                answer = _decoded(message)
                if answer.get("request_id") == _INFO and answer.get("type") == "RESTResponse":
                    self.version = _version_in(answer)
                else:
                    self.early.append(message)

    def read(self, seconds: float) -> list[bytes] | None:
        """Return the events of one read; None if nothing came; see `ServerWebSocket.read`."""
        if self.early:
            early, self.early = self.early, []
            return early
        messages = super().read(seconds)
        return messages and [each for each in messages if not isinstance(each, BinaryMessage)]

    def refuse(self, reason: str) -> None:
        """Close with the code 1008, "policy violation"."""
        self.close(1008, reason)


class AcceptingSocket:
    """Listens for Asterisk's connections in threads of its own.

    Args:
        host: address to listen on.
        port: port; 0: any free one.
        accepted: called in a thread of the connection, once it is identified.
        refused: called with each connection that was not accepted.
        user: the user that Asterisk has to give; "": any.
        password: its password.
        certificate: PEM file of the certificate, with its chain, for TLS; None: no TLS.
        key: PEM file of its private key; None: it is in the same file.

    Raises:
        UsageProblem: the port or the certificate cannot be used.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        accepted: Callable[[AcceptedWebSocket], None],
        refused: Callable[[Refusal], None],
        user: str = "",
        password: str = "",
        certificate: str | None = None,
        key: str | None = None,
    ) -> None:
        self._context = server_context(certificate, key) if certificate is not None else None
        self._accepted = accepted
        self._refused = refused
        expected = _octets(user, password)
        # A closure holds the password, so that no traceback shows it.
        self._matches: Callable[[str, str], bool] = lambda name, secret: (
            not user or hmac.compare_digest(_octets(name, secret), expected)
        )
        self._user = user
        self._places = threading.Semaphore(_MOST_HANDSHAKES)
        self._stopping = threading.Event()
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._socket = listening_socket(host, port, family)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UsageProblem(
                f"cannot listen on {host}, port {port}: {reason}",
                "Choose another port, or an address of this machine.",
            ) from None
        self.host, self.port = host, int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._run, name="ari-listener", daemon=True)
        self._thread.start()

    @property
    def secure(self) -> bool:
        """Whether it is TLS."""
        return self._context is not None

    def close(self) -> None:
        """Listen no longer; accepted connections stay."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes accept() on Linux
        self._socket.close()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                sock, address = self._socket.accept()
            except OSError:
                return
            if not self._places.acquire(blocking=False):
                sock.close()
                self._refused(
                    Refusal(
                        time.time(),
                        str(address[0]),
                        f"more than {_MOST_HANDSHAKES} connections are being opened",
                        "Something may be flooding the port.",
                    )
                )
                continue
            threading.Thread(
                target=self._welcome, args=(sock, str(address[0])), name="ari-accepted", daemon=True
            ).start()

    def _welcome(self, sock: socket.socket, peer: str) -> None:
        opened: AcceptedWebSocket | None = None
        try:
            try:
                sock = self._secured(sock)
                opened = AcceptedWebSocket(sock, peer)
                deadline = time.monotonic() + _HANDSHAKE_SECONDS
                opened.identify(opened.shake_hands(self._check, deadline), deadline)
            finally:
                self._places.release()
            self._accepted(opened)
            return
        except Refused as refused:
            reason, advice = refused.reason, refused.advice
        except OSError as error:
            reason, advice = str(error), "See Asterisk's log."
        if opened is not None:
            opened.refuse(reason)
            opened.release()
        else:
            sock.close()
        if not self._stopping.is_set():
            self._refused(Refusal(time.time(), peer, reason, advice))

    def _secured(self, sock: socket.socket) -> socket.socket:
        sock.settimeout(_HANDSHAKE_SECONDS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._context is None:
            return sock
        try:
            return self._context.wrap_socket(sock, server_side=True)
        except (ssl.SSLError, TimeoutError) as error:
            reason = getattr(error, "reason", None) or str(error)
            raise Refused(
                f"TLS failed: {reason}",
                "In websocket_client.conf: wss:// in uri, tls_enabled = yes, and ca_list_file with"
                " the certificate's authority.",
            ) from None

    def _check(self, user: str, password: str) -> None:
        if not self._matches(user, password):
            what = f"a wrong password for {user}" if user == self._user else f"the user {user!r}"
            raise Refused(
                f"it sent {what}" if user else "it sent no user and password",
                f"Set username = {self._user} and its password in websocket_client.conf; config_for"
                " prints both. Then `module reload res_websocket_client.so`.",
                401,
            )


def _octets(user: str, password: str) -> bytes:
    return f"{user}:{password}".encode(errors="surrogateescape")


def _decoded(message: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(message)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise Refused("its messages are not those of ARI", "Set protocols = ari.")
    return found


def _version_in(answer: dict[str, Any]) -> str:
    status = answer.get("status_code")
    if status in (401, 403):
        raise Refused(
            "its own requests are not permitted",
            "local_ari_user in ari.conf has to name a user of ari.conf.",
        )
    try:
        return str(orjson.loads(answer["message_body"])["system"]["version"])
    except (KeyError, TypeError, ValueError):
        raise Refused(f"it answers a REST request with {status}", "See Asterisk's log.") from None
