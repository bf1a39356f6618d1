"""Events per second that a client processes, from its socket to its handlers and its DataFrame.

    python -m benchmarks.ingest [--events N] [--rounds N] [--parts]

This process is the server: it prepares the frames and sends them as fast as they are read. The
clients run in turns, each in a separate process; the best round of each counts. Beside the rate it
prints the processor time of the receiving thread, which other programs on the machine affect less,
and the ratios of both. "ari-notebook" does everything: log, live tables, a handler, and after the
last event `ari.events.df` of all. The others only decode, and call a listener; "limit" is the
fastest decoding available to Python, picows and orjson. Install them to compare:
pip install -e '.[peers]'.

"--parts" prints instead what a session's processor time is spent on, measured around its functions
in this process, without the socket.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import orjson

from benchmarks.mix import events
from benchmarks.source import Server, frame, over

PIECE = 1 << 18  # sent at once
READ = 1 << 17  # as a session reads
PARTS = (
    "splitting the stream",
    "log: fields, words, JSON, columns",
    "live tables",
    "finding events for handlers",
)
# Client → what must be installed, and what it does with an event.
CLIENTS = {
    "ari-notebook": ("ari_notebook", "log, live tables, handlers"),
    "aioari": ("aioari", "decode, call listeners"),
    "ari-client": ("ari_client", "decode into models, call listeners"),
    "limit": ("picows", "picows and orjson, decode only"),
}


def in_pieces(frames: bytes) -> Iterator[bytes]:
    """Yield the whole stream in pieces of a size that suits a socket."""
    whole = memoryview(frames)
    for at in range(0, len(whole), PIECE):
        yield bytes(whole[at : at + PIECE])


def ours(port: int) -> dict[str, float]:
    """Measure a session: until the last event's handler has run, and until all is stored."""
    import pandas as pd

    import ari_notebook

    pd.DataFrame({"t": pd.Categorical(["a"])})  # what pandas loads at first is not the log's
    over = threading.Event()
    with ari_notebook.connect(f"http://127.0.0.1:{port}", password="", keep=None) as ari:
        ari.on("ChannelUserevent")(lambda: over.set())
        (receiver,) = [each for each in threading.enumerate() if each.name == "ari-events"]
        assert receiver.ident is not None
        clock = time.pthread_getcpuclockid(receiver.ident)
        before = time.clock_gettime(clock)
        over.wait()
        ended, processor = time.time(), time.clock_gettime(clock) - before
        count = ari.log.count
        assert ari.log.malformed == 0
        began = time.thread_time()
        assert len(ari.events.df) == count
        return {
            "ended": ended,
            "processor": processor,
            "events": count,
            "readable": time.time(),
            "frame": time.thread_time() - began,
        }


def aioari_dispatch(port: int) -> dict[str, float]:
    """Measure aioari's loop and dispatch, without its start, which needs a declaration."""
    import aiohttp
    from aioari.client import Client

    async def run() -> dict[str, float]:
        over = asyncio.Event()
        client = Client.__new__(Client)
        client.event_listeners = {}
        client.exception_handler = lambda error: print(error, file=sys.stderr)

        client.on_event("ChannelUserevent", lambda _: over.set())
        async with aiohttp.ClientSession() as session:
            url = f"ws://127.0.0.1:{port}/ari/events"
            async with session.ws_connect(url) as ws:
                reading = asyncio.ensure_future(client._Client__run(ws))
                before = time.thread_time()
                await over.wait()
                ended, processor = time.time(), time.thread_time() - before
                await asyncio.sleep(0)
                reading.cancel()
                return {"ended": ended, "processor": processor}

    return asyncio.run(run())


def ari_client_dispatch(port: int) -> dict[str, float]:
    """Measure ari-client with a listener for the last event."""
    from ari_client.ari_client import AriClient

    async def run() -> dict[str, float]:
        over = asyncio.Event()

        async def last(*_: object) -> None:
            over.set()

        client = AriClient("127.0.0.1", port, "asterisk", "")
        client._event_handlers["ChannelUserevent"] = last
        await client.connect("hello-world")
        before = time.thread_time()
        await over.wait()
        ended, processor = time.time(), time.thread_time() - before
        client.event_listener.cancel()
        return {"ended": ended, "processor": processor}

    return asyncio.run(run())


def limit(port: int) -> dict[str, float]:
    """Measure picows (in C) with orjson (in Rust), storing nothing."""
    import picows

    async def run() -> dict[str, float]:
        over: asyncio.Future[float] = asyncio.get_running_loop().create_future()

        class Listener(picows.WSListener):
            def on_ws_frame(self, _: picows.WSTransport, frame: picows.WSFrame) -> None:
                event = orjson.loads(frame.get_payload_as_memoryview())
                if event["type"] == "ChannelUserevent":
                    over.set_result(time.time())

        await picows.ws_connect(Listener, f"ws://127.0.0.1:{port}/ari/events")
        before = time.thread_time()
        return {"ended": await over, "processor": time.thread_time() - before}

    return asyncio.run(run())


RUN: dict[str, Callable[[int], dict[str, float]]] = {
    "ari-notebook": ours,
    "aioari": aioari_dispatch,
    "ari-client": ari_client_dispatch,
    "limit": limit,
}


def parts(frames: bytes) -> dict[str, float]:
    """Return the processor seconds of the parts of a session's work."""
    from ari_notebook.client.websocket_frames import Splitter
    from ari_notebook.store.event_log import EventLog
    from ari_notebook.store.tables import Tables

    splitter, log, tables = Splitter(), EventLog(), Tables()
    seconds = dict.fromkeys(PARTS, 0.0)
    for at in range(0, len(frames), READ):
        piece = frames[at : at + READ]
        times = [time.thread_time()]
        messages = splitter.feed(piece)
        times.append(time.thread_time())
        events = log.append(messages, time.time())
        times.append(time.thread_time())
        tables.apply(events)
        times.append(time.thread_time())
        events.places({"ChannelUserevent"})
        times.append(time.thread_time())
        for part, began, ended in zip(PARTS, times, times[1:], strict=False):
            seconds[part] += ended - began
    return seconds


def main() -> None:
    """Serve every client in turns, and print their rates."""
    parser = argparse.ArgumentParser(description="Events a second, by client.")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--parts", action="store_true", help="of a session's processor time")
    parser.add_argument("--client", choices=RUN, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.client:
        print("\n" + json.dumps(RUN[given.client](given.port)))
        return
    texts = [*events(given.events - 1), over()]
    frames = b"".join(map(frame, texts))
    if given.parts:
        rounds = [parts(frames) for _ in range(given.rounds)]
        for part in PARTS:
            least = min(each[part] for each in rounds)
            print(f"{part:34} {least / len(texts) * 1e6:.2f} us per event")
        return
    server = Server(lambda: in_pieces(frames))
    mean = sum(map(len, texts)) / len(texts)
    print(f"{len(texts)} events of {mean:.0f} bytes, 1,000 channels alive")
    found: dict[str, list[dict[str, float]]] = {}
    for name, (module, _) in CLIENTS.items():
        if importlib.util.find_spec(module) is None:
            print(f"{name}: left out; {module} is not installed")
        else:
            found[name] = []
    for _ in range(given.rounds):
        for name, results in found.items():
            command = [sys.executable, "-m", "benchmarks.ingest", "--client", name]
            command += ["--port", str(server.port)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300)
            if done.returncode:
                sys.exit(f"{name} failed:\n{done.stderr}")
            result = json.loads(done.stdout.splitlines()[-1])
            if result.get("events", len(texts)) != len(texts):
                sys.exit(f"{name} took {result['events']:.0f} events of {len(texts)}")
            result["took"] = result["ended"] - server.started
            if "readable" in result:
                result["until_readable"] = result["readable"] - server.started
            results.append(result)

    def best(name: str, *measures: str) -> float:
        """Return a client's minimum of seconds in one round, by the sum of these measures."""
        return min(sum(each[measure] for measure in measures) for each in found[name])

    rows = {f"{name} ({CLIENTS[name][1]})": (best(name, "took"), best(name, "processor"))
            for name in found}  # fmt: skip
    rows["ari-notebook, socket to DataFrame"] = (
        best("ari-notebook", "until_readable"),
        best("ari-notebook", "processor", "frame"),
    )
    for row, seconds in rows.items():
        took, processor = (each / len(texts) for each in seconds)
        ratios = [
            f"{best(base, 'took') / seconds[0]:.2f} ({best(base, 'processor') / seconds[1]:.2f})"
            f" of {base}"
            for base in ("limit", "aioari")
            if base in found
        ]
        print(f"{row:53} {1 / took:9,.0f} events/s  {processor * 1e6:5.2f} us  {', '.join(ratios)}")
    last = min(each["readable"] - each["ended"] for each in found["ari-notebook"])
    print(f"ari.events.df after the last event: {last * 1000:.0f} ms")


if __name__ == "__main__":
    main()
