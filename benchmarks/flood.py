"""A flood of events for a session that cannot keep up: memory, newest state, counted losses.

    python -m benchmarks.flood [--rate 20000] [--seconds 60] [--keep 100000]

benchmarks/source.py sends at the rate, or as fast as it is taken; the session has a bounded
history, a handler that takes 10 ms for each call that begins, and an open panel.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from pathlib import Path
from typing import Any

import ari_notebook
from benchmarks.source import Source


def memory() -> float:
    """Return the current memory of this process in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise OSError("this system does not report memory")


def flood(rate: int, seconds: float, keep: int) -> dict[str, float]:
    """Run a session under a flood.

    Returns:
        The figures: ``sent``, ``seen`` and ``kept`` events, those ``dropped`` from the history;
        of the handler, the ``starts`` that matched it, how many it ``ran``, ``waits`` and
        ``dropped``; ``rate`` of events a second; ``early`` and ``most`` MB of memory;
        ``behind``, the seconds from sending the last event to taking it.
    """
    source, done = Source(rate, seconds), threading.Event()
    end: dict[str, Any] = {}
    try:
        with ari_notebook.connect(source.url, password="", keep=keep) as ari:

            @ari.on("StasisStart")
            def slow() -> None:
                time.sleep(0.01)

            @ari.on("ChannelUserevent")
            def last(event: Any) -> None:
                end.update(event["userevent"], taken=time.time())
                done.set()

            panel = ari.panel()
            began = time.time()
            sizes = []
            while not done.wait(0.5):
                sizes.append(memory())
                panel._repr_mimebundle_()
                if time.time() - began > seconds * 5 + 20:
                    raise TimeoutError("the flood did not end")
            handler = ari.handlers["slow"]
            newest = ari.log[-1]
            assert newest["userevent"]["sent"] == end["sent"], "the newest event is not there"
            third = max(1, len(sizes) // 3)
            return {
                "sent": end["sent"],
                "seen": ari.log.count - 1,
                "kept": len(ari.log),
                "dropped": ari.status.dropped,
                "starts": end["starts"],
                "ran": handler.runs,
                "waits": handler.waiting,
                "handler_dropped": handler.dropped,
                "rate": end["sent"] / (end["taken"] - began - 1),
                "early": max(sizes[:third], default=memory()),
                "most": max(sizes, default=memory()),
                "behind": end["taken"] - end["ended"],
                "live": len(ari.tables.channels),
            }
    finally:
        source.stop()


def main() -> int:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description="a flood of events")
    parser.add_argument("--rate", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--keep", type=int, default=100_000)
    asked = parser.parse_args()
    for name, value in flood(asked.rate, asked.seconds, asked.keep).items():
        print(f"{name:16} {value:,.{1 if isinstance(value, float) else 0}f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
