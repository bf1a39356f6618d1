"""How many events a second a client takes, from its socket to its log, its tables, its handlers.

    python benchmarks/ingest.py [--events N] [--rounds N]

This process is the server: it has the frames ready and sends them as fast as they are taken. Every
client runs in a process of its own, in turns; the median of the rounds counts. "ari-notebook" does
everything: log, live tables, a handler. The others only decode and call a listener. Install them
to compare: pip install aioari ari-client picows.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import importlib.util
import json
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import orjson

sys.path.insert(0, str(Path(__file__).parent))
from mix import events

OVER = {
    "type": "ChannelUserevent",
    "timestamp": "2026-11-23T12:00:00.000+0000",
    "eventname": "over",
    "userevent": {},
    "asterisk_id": "00:11:22:33:44:55",
    "application": "hello-world",
}
PIECE = 1 << 18
# Client → what must be installed, and what it does with an event.
CLIENTS = {
    "ari-notebook": ("ari_notebook", "log, live tables, handlers"),
    "aioari": ("aioari", "decode, call listeners"),
    "ari-client": ("ari_client", "decode into models, call listeners"),
    "limit": ("picows", "picows and orjson, decode only"),
}


class Server:
    """Answers what a session asks of an idle Asterisk; to a WebSocket it sends the frames."""

    def __init__(self, frames: bytes) -> None:
        self._frames = memoryview(frames)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.started = 0.0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            threading.Thread(
                target=self._serve, args=(self._listener.accept()[0],), daemon=True
            ).start()

    def _serve(self, peer: socket.socket) -> None:
        stream = peer.makefile("rb")
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
            for at in range(0, len(self._frames), PIECE):
                peer.sendall(self._frames[at : at + PIECE])
            peer.recv(1)
        except OSError:
            pass  # the client has all it wanted and left


def frame(text: bytes) -> bytes:
    """A text message as an unmasked frame."""
    return (
        b"\x81\x7e" + len(text).to_bytes(2, "big") + text
        if len(text) > 125
        else bytes((0x81, len(text))) + text
    )


def ours(port: int) -> dict[str, float]:
    """The whole of a session; when the last event's handler ran, and when all was put away."""
    import ari_notebook

    over = threading.Event()
    with ari_notebook.connect(f"http://127.0.0.1:{port}", password="", keep=None) as ari:
        ari.on("ChannelUserevent")(lambda: over.set())
        over.wait()
        ended = time.time()
        count = ari.log.count
        assert ari.log.malformed == 0
        assert len(ari.events.df) == count
        return {"ended": ended, "events": count, "readable": time.time()}


def aioari_dispatch(port: int) -> dict[str, float]:
    """The own loop and dispatch of aioari without its start, which needs a server's description."""
    import aiohttp
    from aioari.client import Client

    async def run() -> float:
        over = asyncio.Event()
        client = Client.__new__(Client)
        client.event_listeners = {}
        client.exception_handler = lambda error: print(error, file=sys.stderr)

        client.on_event("ChannelUserevent", lambda _: over.set())
        async with aiohttp.ClientSession() as session:
            url = f"ws://127.0.0.1:{port}/ari/events"
            async with session.ws_connect(url) as ws:
                reading = asyncio.ensure_future(client._Client__run(ws))
                await over.wait()
                ended = time.time()
                await asyncio.sleep(0)
                reading.cancel()
                return ended

    return {"ended": asyncio.run(run())}


def ari_client_dispatch(port: int) -> dict[str, float]:
    """ari-client, with a listener for the last event."""
    from ari_client.ari_client import AriClient

    async def run() -> float:
        over = asyncio.Event()

        async def last(*_: object) -> None:
            over.set()

        client = AriClient("127.0.0.1", port, "asterisk", "")
        client._event_handlers["ChannelUserevent"] = last
        await client.connect("hello-world")
        await over.wait()
        ended = time.time()
        client.event_listener.cancel()
        return ended

    return {"ended": asyncio.run(run())}


def limit(port: int) -> dict[str, float]:
    """picows, in C, with orjson, in Rust; nothing is kept."""
    import picows

    async def run() -> float:
        over: asyncio.Future[float] = asyncio.get_running_loop().create_future()

        class Listener(picows.WSListener):
            def on_ws_frame(self, _: picows.WSTransport, frame: picows.WSFrame) -> None:
                event = orjson.loads(frame.get_payload_as_memoryview())
                if event["type"] == "ChannelUserevent":
                    over.set_result(time.time())

        await picows.ws_connect(Listener, f"ws://127.0.0.1:{port}/ari/events")
        return await over

    return {"ended": asyncio.run(run())}


RUN: dict[str, Callable[[int], dict[str, float]]] = {
    "ari-notebook": ours,
    "aioari": aioari_dispatch,
    "ari-client": ari_client_dispatch,
    "limit": limit,
}


def main() -> None:
    """Serve every client in turns, and print their rates."""
    parser = argparse.ArgumentParser(description="Events a second, by client.")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--client", choices=RUN, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.client:
        print("\n" + json.dumps(RUN[given.client](given.port)))
        return
    texts = [*events(given.events - 1), orjson.dumps(OVER)]
    server = Server(b"".join(map(frame, texts)))
    mean = sum(map(len, texts)) / len(texts)
    print(f"{len(texts)} events of {mean:.0f} bytes, 1,000 channels alive")
    rates: dict[str, list[float]] = {}
    readable: list[float] = []
    for name, (module, _) in CLIENTS.items():
        if importlib.util.find_spec(module) is None:
            print(f"{name}: left out; {module} is not installed")
        else:
            rates[name] = []
    for _ in range(given.rounds):
        for name, measured in rates.items():
            command = [sys.executable, __file__, "--client", name, "--port", str(server.port)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300)
            if done.returncode:
                sys.exit(f"{name} failed:\n{done.stderr}")
            result = json.loads(done.stdout.splitlines()[-1])
            if result.get("events", len(texts)) != len(texts):
                sys.exit(f"{name} took {result['events']:.0f} events of {len(texts)}")
            measured.append(len(texts) / (result["ended"] - server.started))
            if "readable" in result:
                readable.append(len(texts) / (result["readable"] - server.started))
    medians = {name: statistics.median(measured) for name, measured in rates.items()}
    for name, rate in medians.items():
        print(f"{name:13} {rate:9,.0f} events/s  ({CLIENTS[name][1]})")
    print(
        f"ari-notebook  {statistics.median(readable):9,.0f} events/s, the whole DataFrame included"
    )
    for name, rate in medians.items():
        if name != "ari-notebook":
            print(f"ratio to {name}: {medians['ari-notebook'] / rate:.2f}")


if __name__ == "__main__":
    main()
