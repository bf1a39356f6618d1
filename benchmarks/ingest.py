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
import importlib.util
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson

sys.path.insert(0, str(Path(__file__).parent))
from mix import events
from source import Server, frame, over

PIECE = 1 << 18
# Client → what must be installed, and what it does with an event.
CLIENTS = {
    "ari-notebook": ("ari_notebook", "log, live tables, handlers"),
    "aioari": ("aioari", "decode, call listeners"),
    "ari-client": ("ari_client", "decode into models, call listeners"),
    "limit": ("picows", "picows and orjson, decode only"),
}


def in_pieces(frames: bytes) -> Iterator[bytes]:
    """The whole stream, as much at a time as a socket likes to take."""
    whole = memoryview(frames)
    for at in range(0, len(whole), PIECE):
        yield bytes(whole[at : at + PIECE])


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
    texts = [*events(given.events - 1), over()]
    frames = b"".join(map(frame, texts))
    server = Server(lambda: in_pieces(frames))
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
