"""A source of events for benchmarks, in the place of an Asterisk.

It answers the requests of a session like an idle server; to a WebSocket it sends events, as fast as
they are read or at a rate.

    python -m benchmarks.source --rate N --seconds N

prints its URL and serves one stream of that length to every WebSocket. The stream's last event, a
ChannelUserevent named "over", has the number of events before it, how many of them were
StasisStart, the checksum of each block, and its time of sending.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import itertools
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import orjson

from benchmarks.mix import events

TOP = Path(__file__).parent.parent
BLOCK = 10_000  # events for a checksum
_TICKS = 100  # a second, at each of which a paced source sends


def over(**words: object) -> bytes:
    """Return the event that ends a stream."""
    return orjson.dumps(
        {
            "type": "ChannelUserevent",
            "timestamp": "2026-11-23T12:00:00.000+0000",
            "eventname": "over",
            "userevent": words,
            "asterisk_id": "00:11:22:33:44:55",
            "application": "hello-world",
        }
    )


def frame(text: bytes) -> bytes:
    """Return a text message as an unmasked frame."""
    size = len(text)
    if size < 126:
        return bytes((0x81, size)) + text
    if size < 1 << 16:
        return b"\x81\x7e" + size.to_bytes(2, "big") + text
    return b"\x81\x7f" + size.to_bytes(8, "big") + text


class Server:
    """A server on a free port of this machine.

    Args:
        stream: called for every WebSocket; its pieces of frames are sent.
    """

    def __init__(self, stream: Callable[[], Iterator[bytes]]) -> None:
        self._stream = stream
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.started = 0.0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            peer = self._listener.accept()[0]
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with peer, peer.makefile("rb") as stream:
            self._answer(peer, stream)

    def _answer(self, peer: socket.socket, stream: BinaryIO) -> None:
        while line := stream.readline():
            path = line.split()[1].decode()
            headers = {}
            while (header := stream.readline().strip()) != b"":
                name, _, value = header.partition(b":")
                headers[name.lower()] = value.strip()
            if b"sec-websocket-key" in headers:
                self._send(peer, headers[b"sec-websocket-key"])
                return
            body = b'{"system": {"version": "22.10.0"}}' if "/info" in path else b"[]"
            status = b"404 Not Found" if "api-docs" in path else b"200 OK"
            peer.sendall(
                b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (status, len(body), body)
            )

    def _send(self, peer: socket.socket, key: bytes) -> None:
        # The fixed text is RFC 6455's.
        digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        peer.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
        )
        time.sleep(1)  # let the client settle
        self.started = time.time()
        try:
            for piece in self._stream():
                peer.sendall(piece)
            while peer.recv(4096):  # its pings, until it leaves
                pass
        except OSError:
            pass  # the client has all it wanted and left


def paced(rate: int, seconds: float, made: int = 0) -> Iterator[bytes]:
    """Yield events at a rate for a time.

    They are made while they are sent; or ``made`` of them beforehand, which are repeated.
    """
    total = round(rate * seconds)
    texts = itertools.cycle(list(events(made))) if made else events(total)
    blocks: list[int] = []
    sent = starts = 0
    due = 0.0
    before = time.monotonic()
    while sent < total:
        time.sleep(1 / _TICKS)
        now = time.monotonic()
        due += min(now - before, 0.1) * rate  # what a pause left out is not made up for
        before = now
        batch = list(itertools.islice(texts, min(total, int(due)) - sent))
        for number, text in enumerate(batch, sent):
            if number % BLOCK == 0:
                blocks.append(0)
            blocks[-1] = zlib.crc32(text, blocks[-1])
            starts += b'"StasisStart"' in text
        sent += len(batch)
        yield b"".join(map(frame, batch))
    yield frame(over(sent=sent, starts=starts, blocks=blocks, ended=time.time()))


class Source:
    """A paced source in a separate process.

    Args:
        rate: events a second.
        seconds: how long.
        made: number of events to make beforehand and to repeat, so that the source itself needs
            little processor time; 0 makes them while they are sent.
    """

    def __init__(self, rate: int, seconds: float, made: int = 0) -> None:
        command = [sys.executable, "-m", "benchmarks.source"]
        command += ["--rate", str(rate), "--seconds", str(seconds), "--made", str(made)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=TOP)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()

    def pause(self) -> None:
        """Send nothing until `go_on`."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Send again."""
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it."""
        self.go_on()
        self._process.terminate()
        self._process.communicate()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description="A source of events.")
    parser.add_argument("--rate", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--made", type=int, default=0, help="events made before")
    given = parser.parse_args()
    server = Server(lambda: paced(given.rate, given.seconds, given.made))
    print(f"http://127.0.0.1:{server.port}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
