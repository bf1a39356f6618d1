"""Threads, sockets and memory left after a thousand lost connections.

    python -m benchmarks.reconnects [--reconnects N]

Simulator and session run in this process, so that what either of them leaks is seen. The connection
is lost in turn by a cut, by a close with a code, by a restart of the exchange, and by the client's
own network. Each time there is a channel, and the tables must equal the server's state afterwards.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import itertools
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import ari_notebook
from ari_notebook import simulator
from ari_notebook.client import event_stream
from ari_notebook.sessions.session import Session

# What the package allocates, itself or by what it calls: a test's process allocates more.
_OURS = tracemalloc.Filter(True, str(Path(ari_notebook.__file__).parent / "*"), all_frames=True)
_FRAMES = 6  # of each allocation that are looked through


@dataclass(frozen=True)
class Holdings:
    """Threads, sockets and memory of this process."""

    threads: int
    sockets: int
    bytes: int


def holdings(ari: Session, asterisk: simulator.RunningSimulator) -> Holdings:
    """Return the current values, without the intended growth: events, gaps, the journal.

    The simulator, which is in this process too, closes its ends later: the minimum within a second
    counts.
    """
    ari.events.clear()
    ari.synchronizer.gaps.clear()
    asterisk.requests.clear()
    gc.collect()
    threads, sockets = [], []
    for _ in range(20):
        threads.append(threading.active_count())
        sockets.append(open_sockets())
        time.sleep(0.05)
    ours = tracemalloc.take_snapshot().filter_traces([_OURS])
    return Holdings(min(threads), min(sockets), sum(each.size for each in ours.traces))


def open_sockets() -> int:
    """Return the number of open sockets of this process."""
    count = 0
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the listing's socket, closed by now
            count += str(each.readlink()).startswith("socket:")
    return count


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until a condition is true.

    Raises:
        TimeoutError: it did not become true in time.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("it never became true")
        time.sleep(0.002)


def lose(ari: Session, asterisk: simulator.RunningSimulator, way: str) -> None:
    """Lose the connection; wait until the session has recovered."""
    before = ari.status
    caller = ari.call("1000")
    ari.wait_for("ChannelCreated")
    if way == "cut":
        asterisk.faults.drop()
    elif way == "close":
        asterisk.faults.drop(1001)
    elif way == "restart":
        asterisk.faults.restart()
    else:
        ari.synchronizer.stream.drop()
    until(lambda: ari.status.reconnects > before.reconnects and ari.connected)
    until(lambda: ari.status.gap_count > before.gap_count)
    caller.hangup()
    until(lambda: not ari.tables.channels and not ari.listed("channels"))


def run(count: int) -> tuple[Holdings, Holdings]:
    """Return the values after half of the reconnects, and after all of them."""
    pause, event_stream._BACKOFF_FIRST = (
        event_stream._BACKOFF_FIRST,
        0.01,
    )  # not what is measured here
    tracemalloc.start(_FRAMES)
    try:
        with (
            simulator.start() as asterisk,
            ari_notebook.connect(
                asterisk.url,
                user=asterisk.user,
                password=asterisk.password,
                subscribe_all=True,
            ) as ari,
        ):
            ways = itertools.cycle(("cut", "close", "restart", "network"))
            for _ in range(count // 2):
                lose(ari, asterisk, next(ways))
            middle = holdings(ari, asterisk)
            for _ in range(count - count // 2):
                lose(ari, asterisk, next(ways))
            return middle, holdings(ari, asterisk)
    finally:
        event_stream._BACKOFF_FIRST = pause
        tracemalloc.stop()


def main() -> None:
    """Run, print the values, and fail if they grew."""
    parser = argparse.ArgumentParser(description="What lost connections leave behind.")
    parser.add_argument("--reconnects", type=int, default=1000)
    count = parser.parse_args().reconnects
    middle, end = run(count)
    for when, held in ((count // 2, middle), (count, end)):
        print(
            f"after {when} reconnects: {held.threads} threads, {held.sockets} sockets,"
            f" {held.bytes:,} bytes"
        )
    more = (end.bytes - middle.bytes) / (count - count // 2)
    print(f"{more:.0f} bytes more for each reconnect")
    sys.exit(end.threads > middle.threads or end.sockets > middle.sockets)


if __name__ == "__main__":
    main()
