"""A TCP proxy between a client and Asterisk that records the requests and causes faults."""

from __future__ import annotations

import contextlib
import random
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

_REQUEST_LINE = re.compile(rb"^([A-Z]+) (\S+) HTTP/1\.[01]\r$", re.MULTILINE)
_TICK = 0.05


class Proxy:
    """Listens on a free port of the loopback and passes everything on to a server.

    Args:
        url: of the server.

    Attributes:
        url: what a client connects to instead.
        sent: every octet that clients sent, a ``bytearray`` for each connection.
    """

    def __init__(self, url: str, *, record: bool = True) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        self._server = (parts.hostname, parts.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._listener.settimeout(_TICK)
        self.url = f"{parts.scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        self.sent: list[bytearray] = []
        self._record = record
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._lock = threading.Lock()
        self._open = threading.Event()  # cleared while nothing passes
        self._open.set()
        self._stopped = threading.Event()
        self._cut = threading.Event()  # the next piece from the server is cut in half
        self._threads: list[threading.Thread] = []
        self._spawn(self._accept)

    @property
    def requests(self) -> list[tuple[str, str]]:
        """Method and target of every HTTP request that passed, in order of connections."""
        found = []
        for octets in self.sent:
            for method, target in _REQUEST_LINE.findall(bytes(octets)):
                found.append((method.decode(), target.decode()))
        return found

    # Faults.

    def drop(self) -> None:
        """Close every connection, both ways."""
        self._end(reset=False)

    def reset(self) -> None:
        """Answer every connection with a TCP reset."""
        self._end(reset=True)

    def truncate(self) -> None:
        """Cut the next piece that the server sends in half, and then its connection."""
        self._cut.set()

    def freeze(self, frozen: bool = True) -> None:
        """Keep the connections open and pass nothing; or pass on what was held."""
        if frozen:
            self._open.clear()
        else:
            self._open.set()

    def close(self) -> None:
        self._stopped.set()
        self._open.set()
        self._listener.close()
        self.drop()
        for thread in self._threads:
            thread.join(timeout=5)

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # Threads.

    def _spawn(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads = [t for t in self._threads if t.is_alive()] + [thread]
        thread.start()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            try:
                server = socket.create_connection(self._server, timeout=5)
            except OSError:
                client.close()  # the server is down, and so is its proxy
                continue
            pair = (client, server)
            for each in pair:
                each.settimeout(_TICK)
            with self._lock:
                self._pairs.add(pair)
            octets = bytearray()
            self.sent.append(octets)
            self._spawn(self._pump, pair, client, server, octets)
            self._spawn(self._pump, pair, server, client, None)

    def _pump(
        self,
        pair: tuple[socket.socket, socket.socket],
        source: socket.socket,
        target: socket.socket,
        octets: bytearray | None,
    ) -> None:
        with contextlib.suppress(OSError):
            while not self._stopped.is_set() and pair in self._pairs:
                if not self._open.wait(_TICK):
                    continue
                try:
                    piece = source.recv(1 << 16)
                except TimeoutError:
                    continue
                if not piece:
                    break
                self._open.wait()
                if octets is not None and self._record:
                    octets += piece
                if octets is None and self._cut.is_set() and len(piece) > 1:
                    self._cut.clear()
                    target.sendall(piece[: random.randrange(1, len(piece))])
                    break
                self._send(target, piece)
        self._forget(pair, reset=False)

    def _send(self, target: socket.socket, piece: bytes) -> None:
        view = memoryview(piece)
        while view and not self._stopped.is_set():
            try:
                view = view[target.send(view) :]
            except TimeoutError:
                continue

    def _end(self, *, reset: bool) -> None:
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            self._forget(pair, reset=reset)

    def _forget(self, pair: tuple[socket.socket, socket.socket], *, reset: bool) -> None:
        with self._lock:
            if pair not in self._pairs:
                return
            self._pairs.discard(pair)
        for each in pair:
            with contextlib.suppress(OSError):
                if reset:
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                else:
                    each.shutdown(socket.SHUT_RDWR)
            each.close()


def wait_until(what: Callable[[], object], seconds: float = 30, every: float = 0.02) -> bool:
    """Wait until a condition is true; return whether it was in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(every)
    return False
