"""What a lost connection leaves behind: threads, sockets, bytes, after a thousand of them.

    python benchmarks/reconnects.py [--reconnects N]

Simulator and session run in this process, so that what either of them leaks is seen. The connection
is lost in turn by a cut, by a close with a code, by a restart of the exchange, and by the client's
own network. Each time a channel lives, and the tables have to be the server's when it is over.
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
from ari_notebook.client import stream
from ari_notebook.session import Session


@dataclass(frozen=True)
class Holdings:
    """What this process holds."""

    threads: int
    sockets: int
    bytes: int


def holdings(ari: Session) -> Holdings:
    """What is held now, without what is kept on purpose: the events and the list of gaps.

    The simulator, which is in this process too, closes its ends in its own time: what is held is
    the least that is seen within a second.
    """
    ari.events.clear()
    ari._follower.gaps.clear()
    gc.collect()
    threads, sockets = [], []
    for _ in range(20):
        threads.append(threading.active_count())
        sockets.append(open_sockets())
        time.sleep(0.05)
    return Holdings(min(threads), min(sockets), tracemalloc.get_traced_memory()[0])


def open_sockets() -> int:
    """How many sockets this process has open."""
    count = 0
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the listing's own, closed by now
            count += str(each.readlink()).startswith("socket:")
    return count


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something to become true.

    Raises:
        TimeoutError: it did not.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("it never became true")
        time.sleep(0.002)


def lose(ari: Session, asterisk: simulator.RunningSimulator, way: str) -> None:
    """Lose the connection and wait until all is as it should be again."""
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
        ari._follower.stream.drop()
    until(lambda: ari.status.reconnects > before.reconnects and ari.connected)
    until(lambda: ari.status.gap_count > before.gap_count)
    caller.hangup()
    until(lambda: not ari.tables.channels and not ari.listed("channels"))


def run(count: int) -> tuple[Holdings, Holdings]:
    """What was held after a fifth of so many reconnects, and after all of them."""
    pause, stream._BACKOFF_FIRST = stream._BACKOFF_FIRST, 0.01  # not what is measured here
    tracemalloc.start()
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
            for _ in range(count // 5):
                lose(ari, asterisk, next(ways))
            middle = holdings(ari)
            for _ in range(count - count // 5):
                lose(ari, asterisk, next(ways))
            return middle, holdings(ari)
    finally:
        stream._BACKOFF_FIRST = pause
        tracemalloc.stop()


def main() -> None:
    """Run, print what is held, and fail if it grew."""
    parser = argparse.ArgumentParser(description="What lost connections leave behind.")
    parser.add_argument("--reconnects", type=int, default=1000)
    count = parser.parse_args().reconnects
    middle, end = run(count)
    for when, held in ((count // 5, middle), (count, end)):
        print(
            f"after {when} reconnects: {held.threads} threads, {held.sockets} sockets,"
            f" {held.bytes:,} bytes"
        )
    more = (end.bytes - middle.bytes) / (count - count // 5)
    print(f"{more:.0f} bytes more for each reconnect")
    sys.exit(end.threads > middle.threads or end.sockets > middle.sockets)


if __name__ == "__main__":
    main()
