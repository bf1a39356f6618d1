"""Cost of events that no Asterisk should send: each is stored and counted.

    python -m benchmarks.bad_input

Measures from the socket's bytes to log and live tables: the processor time in microseconds for an
event of each kind (minimum of several rounds), and how many of them count as malformed.
"""

from __future__ import annotations

import time

from ari_notebook.client.websocket_frames import Splitter
from ari_notebook.store.event_log import EventLog
from ari_notebook.store.tables import Tables
from benchmarks.mix import events
from benchmarks.source import frame

ROUNDS = 7
PIECE = 1 << 17


def kinds() -> dict[str, list[bytes]]:
    """Return malformed events by kind."""
    (good,) = events(1)
    begun = good[:-1]
    deep = b'{"type":"ChannelVarset","channel":' + b"[" * 20_000 + b"]" * 20_000 + b"}"
    return {
        "nothing is wrong": [good] * 2000,
        "10 MB": [begun + b',"x":"' + b"x" * 10_000_000 + b'"}'] * 5,
        "20,000 levels": [deep] * 200,
        "invalid UTF-8": [begun + b',"x":"\xc3\x28"}'] * 2000,
        "duplicate keys": [begun + b',"type":"New"}'] * 2000,
        "number past 64 bits": [begun + b',"x":' + b"9" * 30 + b"}"] * 2000,
        "no type": [good.replace(b'"type"', b'"x"')] * 2000,
    }


def taken(texts: list[bytes]) -> tuple[float, int]:
    """Return the microseconds per event, and how many were malformed."""
    data = b"".join(map(frame, texts))
    least, malformed = float("inf"), 0
    for _ in range(ROUNDS):
        splitter, log, tables = Splitter(), EventLog(), Tables()
        started = time.thread_time()
        for at in range(0, len(data), PIECE):
            if messages := splitter.feed(data[at : at + PIECE]):
                tables.apply(log.append(messages, time.time()))
        least = min(least, time.thread_time() - started)
        assert [log.raw(0), log.raw(-1), log.count] == [texts[0], texts[-1], len(texts)]
        assert len(log.df) == len(log)
        assert isinstance(log[-1], dict)
        malformed = log.malformed
    return least / len(texts) * 1e6, malformed


def main() -> None:
    """Measure and print."""
    for name, texts in kinds().items():
        microseconds, malformed = taken(texts)
        print(f"{name:20} {microseconds:9.1f} us an event; malformed: {malformed} of {len(texts)}")


if __name__ == "__main__":
    main()
