"""Requests a second over HTTP and over the event WebSocket, on the same server.

    python benchmarks/websocket_rest.py [--asterisk URL] [--requests N] [--rounds N]

The server is our simulator in a process of its own; with --asterisk (or ARI_URL) a real one is
asked too. Both transports are what `ari_notebook.connect(transport=...)` uses, with everything that
a request passes on its way: the declaration's checks, the request log. They take turns, and the
median of the rounds counts. "1 caller" waits for each answer before it asks again; "8 callers" are
threads that do so side by side.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import threading
import time
from pathlib import Path

import ari_notebook
from ari_notebook.session import Session

sys.path.insert(0, str(Path(__file__).parent))
from simulator import Simulator

TRANSPORTS = ("http", "websocket")
CALLERS = (1, 8)


def rate(ari: Session, requests: int, callers: int) -> float:
    """Requests a second of so many threads that ask one after the other."""

    def ask() -> None:
        for _ in range(requests // callers):
            ari.asterisk.ping()

    threads = [threading.Thread(target=ask) for _ in range(callers)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return requests // callers * callers / (time.perf_counter() - started)


def compare(
    url: str, user: str, password: str, requests: int, rounds: int
) -> dict[tuple[str, int], float]:
    """(Transport, callers) → the median of its requests a second."""
    measured: dict[tuple[str, int], list[float]] = {}
    for _ in range(rounds):
        for transport in TRANSPORTS:
            with ari_notebook.connect(
                url, app=f"rest-{transport}", user=user, password=password, transport=transport
            ) as ari:
                rate(ari, 100, 1)  # connections are made, codecs loaded
                for callers in CALLERS:
                    measured.setdefault((transport, callers), []).append(
                        rate(ari, requests, callers)
                    )
    return {key: statistics.median(rates) for key, rates in measured.items()}


def main() -> None:
    """Ask every server both ways, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--asterisk", default=os.environ.get("ARI_URL", ""), metavar="URL")
    parser.add_argument("--user", default="asterisk")
    parser.add_argument("--password", default="asterisk")
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    simulator = Simulator()
    try:
        for name, url in (("simulator", simulator.url), ("Asterisk", given.asterisk)):
            if not url:
                continue
            rates = compare(url, given.user, given.password, given.requests, given.rounds)
            for callers in CALLERS:
                http, websocket = (rates[transport, callers] for transport in TRANSPORTS)
                print(
                    f"{name:9} {callers} caller{'s' * (callers > 1):1} "
                    f"HTTP {http:6,.0f}/s  WebSocket {websocket:6,.0f}/s  "
                    f"ratio {websocket / http:.1f}"
                )
    finally:
        simulator.stop()


if __name__ == "__main__":
    main()
