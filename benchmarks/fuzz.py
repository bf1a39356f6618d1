"""Feed mutated events, frames and REST responses to the client; report crashes, hangs and losses.

    python -m benchmarks.fuzz [--events 100000] [--answers 20000] [--seed 1]
    python -m benchmarks.fuzz --simulator [--inputs 100000] [--seed 1]     # fuzz_simulator.py

Events and frames go to a session with handlers, waits, tables and every view; responses are served
to a session that sends every GET request. Each event must be in the log, and each response must
result in a value or an `AriError`.
"""

from __future__ import annotations

import argparse
import copy
import itertools
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson

import ari_notebook
from ari_notebook import simulator
from ari_notebook.client.errors import AriError
from ari_notebook.client.rest import RestRequest, RestResponse
from ari_notebook.client.websocket_frames import ProtocolError, Splitter
from ari_notebook.sessions.session import Session

try:
    from benchmarks import fuzz_simulator
    from benchmarks.mix import events
except ImportError:  # pragma: no cover - started as a file
    sys.exit("start it as: python -m benchmarks.fuzz")

_BIG = 10_000_000
_JUNK: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**63, -(2**63), 1e308, 0.1, "", "x", "\x00", "\ud7ff", "🎺" * 50,
    [], {}, [[]], [None], {"id": None}, {"id": []}, {"id": {"id": 1}},
    "2026-99-99T99:99:99.999+9999",
    [{"id": "a"}] * 3, {"": ""}, 3.5, "channel:", "1795433690.1", ["1795433690.1"],
    "PlaybackFinished",
)  # fmt: skip


class Mutator:
    """Makes invalid JSON from valid JSON.

    Args:
        seed: seed of its random numbers.
        big: one of this many documents gets a string of 10 MB.
    """

    def __init__(self, seed: int, big: int = 10_000) -> None:
        self._chance = random.Random(seed)
        self._big = big

    def __call__(self, document: bytes) -> bytes:
        """Return the document with usually one or more mutations, rarely none."""
        chance = self._chance
        if chance.randrange(self._big) == 0:
            return document[:-1] + b',"big":"' + b"x" * _BIG + b'"}'
        kind = chance.randrange(10)
        if kind == 0:
            return self._octets(document)
        if kind == 1:
            depth = chance.choice((5, 100, 1000, 1025, 20_000))
            return b'{"type":"ChannelVarset","channel":' + b"[" * depth + b"]" * depth + b"}"
        if kind == 2:
            return document.replace(b":", b":" + b"9" * chance.choice((3, 30, 400)), 1)
        tree = orjson.loads(document)
        for _ in range(chance.randrange(1, 4)):
            tree = self._tree(tree)
        return orjson.dumps(tree, option=orjson.OPT_NON_STR_KEYS)

    def _octets(self, document: bytes) -> bytes:
        chance, octets = self._chance, bytearray(document)
        what = chance.randrange(4)
        if what == 0:
            return bytes(octets[: chance.randrange(len(octets) + 1)])
        for _ in range(chance.randrange(1, 8)):
            at = chance.randrange(len(octets))
            if what == 1:
                octets[at] = chance.randrange(256)
            elif what == 2:
                octets[at:at] = chance.choice((b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", b"\x00"))
            else:
                del octets[at : at + chance.randrange(1, 20)]
                octets = octets or bytearray(b"{")
        return bytes(octets)

    def _tree(self, tree: Any) -> Any:
        """Return the tree with one of its nodes replaced, left out or moved."""
        places: list[tuple[Any, Any]] = []
        stack = [tree]
        while stack:
            node = stack.pop()
            items = (
                node.items() if isinstance(node, dict)
                else enumerate(node) if isinstance(node, list)
                else ()
            )  # fmt: skip
            for key, value in items:
                places.append((node, key))
                stack.append(value)
        if not places:
            return self._chance.choice(_JUNK)
        node, key = self._chance.choice(places)
        what = self._chance.randrange(4)
        if what == 0 and isinstance(node, dict):
            del node[key]
        elif what == 1:
            other, place = self._chance.choice(places)
            node[key] = orjson.loads(orjson.dumps(other[place]))  # a copy: no ring
        else:
            node[key] = copy.deepcopy(self._chance.choice(_JUNK))
        return tree


def look(ari: Session) -> None:
    """Read every table and view."""
    for kind in ("channels", "bridges", "playbacks", "recordings", "endpoints", "device_states"):
        repr(ari.tables.frame(kind))
    repr(ari.events.tail(50))
    repr(ari.events.df)
    repr(ari.calls.df)
    repr(ari.status)
    ari.panel()._repr_mimebundle_()
    for drawing in (ari.ladder(), ari.timeline()):
        drawing._repr_html_()


def fuzz_events(ari: Session, count: int, seed: int, looks: int = 4) -> Counter[str]:
    """Feed mutated events to a session, in batches like those of the stream.

    Returns:
        The number of events by result.
    """
    follower, mutate = ari.synchronizer, Mutator(seed)
    before, malformed = ari.log.count, ari.log.malformed
    result: Counter[str] = Counter()
    source = itertools.cycle(events(5000))
    place, batch_size = 0, 50
    while place < count:
        batch = [mutate(next(source)) for _ in range(min(batch_size, count - place))]
        follower._on_batch(batch, time.time())
        # Inspectable: the last of them is there as it came, but for rows of failed handlers.
        latest = range(-1, -min(len(ari.log), 300), -1)
        assert any(ari.log.raw(n) == batch[-1] for n in latest), batch[-1][:200]
        assert isinstance(ari.log[-1], dict)
        place += len(batch)
        if place % max(batch_size, count // looks // batch_size * batch_size) == 0:
            look(ari)
    look(ari)
    result["events"] = ari.log.count - before
    result["malformed"] = ari.log.malformed - malformed
    result["handler failures"] = sum(ari.handlers[name].failures for name in ari.handlers)
    return result


def fuzz_frames(count: int, seed: int) -> Counter[str]:
    """Feed mutated WebSocket frames to the parser, in pieces of any size."""
    chance, result = random.Random(seed), Counter[str]()
    splitter = Splitter()
    for _ in range(count):
        payload = chance.randbytes(chance.choice((0, 3, 125, 126, 300)))
        head = bytes((chance.choice((0x81, 0x81, 0x81, chance.randrange(256))),))
        size = len(payload)
        head += bytes((size,)) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
        octets = bytearray(head + payload)
        if chance.random() < 0.2:
            octets[chance.randrange(len(octets))] = chance.randrange(256)
        cut = chance.randrange(len(octets) + 1)
        try:
            for piece in (octets[:cut], octets[cut:]):
                result["messages"] += len(splitter.feed(bytes(piece)))
            splitter.take_controls()
        except ProtocolError:
            result["refused streams"] += 1
            splitter = Splitter()  # as the stream does: it connects again
    result["frames"] = count
    return result


class FuzzedTransport:
    """Sends requests to the server and mutates its responses."""

    def __init__(self, real: Any, seed: int) -> None:
        self._real, self._mutate = real, Mutator(seed, big=5_000)
        self._chance = random.Random(seed)
        self._kept: dict[str, RestResponse] = {}

    def send(self, call: RestRequest, timeout: float) -> RestResponse:
        """See `Transport.send`."""
        if str(call) not in self._kept:
            self._kept[str(call)] = self._real.send(call, timeout)
        answer = self._kept[str(call)]
        return RestResponse(
            self._chance.choice((answer.status, answer.status, 200, 204, 404, 500, 0, 999)),
            answer.reason,
            self._chance.choice((answer.headers, {"Content-Type": "application/json"}, {})),
            self._mutate(answer.content or b"{}"),
            0.1,
        )

    def close(self) -> None:
        """Close the connection."""
        self._real.close()


def fuzz_answers(ari: Session, count: int, seed: int) -> Counter[str]:
    """Feed mutated responses to every GET operation of ARI."""
    result: Counter[str] = Counter()
    channel = next(iter(ari.tables.channels), "none")
    asked = [o for o in ari.declaration.operations if o.method == "GET" and not o.websocket]
    real = ari.sender._rest.transport
    ari.sender._rest.transport = FuzzedTransport(real, seed)
    try:
        for operation in itertools.islice(itertools.cycle(asked), count):
            given = {p.python_name: channel for p in operation.parameters if p.required}
            try:
                value = ari.invoke(operation, given)
                if not isinstance(value, dict | list):  # plain JSON is Python's to show
                    repr(value)
                result["values"] += 1
            except AriError as error:
                result[type(error).__name__] += 1
                result["longest message"] = max(result["longest message"], len(str(error)))
    finally:
        ari.sender._rest.transport = real
    return result


def prepare(ari: Session) -> None:
    """Add handlers of every kind, so that every code path of an event is executed."""

    @ari.on("*")
    def everything(event: Any) -> None:
        pass

    @ari.on("ChannelDtmfReceived", digit="1")
    def one(channel: Any) -> None:
        str(channel.id)

    @ari.on("StasisStart")
    def objects(channel: Any, bridge: Any, playback: Any, recording: Any) -> None:
        repr((channel, bridge, playback, recording))


def main() -> int:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description="mutated input into the client")
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--answers", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--simulator", action="store_true", help="into the simulator instead")
    parser.add_argument("--inputs", type=int, default=100_000, help="for --simulator, of a kind")
    asked = parser.parse_args()
    if asked.simulator:
        fuzz_simulator.run(asked.inputs, asked.seed)
        return 0
    with (
        simulator.start(traffic=60) as running,
        ari_notebook.connect(
            running.url, password=running.password, keep=20_000, subscribe_all=True
        ) as ari,
    ):
        prepare(ari)
        parts: dict[str, Callable[[], Counter[str]]] = {
            "events": lambda: fuzz_events(ari, asked.events, asked.seed),
            "frames": lambda: fuzz_frames(asked.events, asked.seed),
            "answers": lambda: fuzz_answers(ari, asked.answers, asked.seed),
        }
        for name, result in parts.items():
            started = time.perf_counter()
            figures = ", ".join(f"{n:,} {what}" for what, n in sorted(result().items()))
            print(f"{name}: {figures} in {time.perf_counter() - started:.1f} s", flush=True)
        assert ari.connected
    print(f"largest memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
