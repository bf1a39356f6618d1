"""Requests per second over HTTP and over the event WebSocket, on the same server.

    python -m benchmarks.websocket_rest [--asterisk URL] [--requests N] [--rounds N]

The server is our simulator in a separate process; with --asterisk (or ARI_URL) also a real
one. Both transports are those of `ari_notebook.connect(transport=...)`, with the validation and the
request log of a session. They take turns, and the median of the rounds counts. "1 caller" waits for
each response before it sends the next request; "8 callers" are threads that do so concurrently.
"""

from __future__ import annotations

import argparse
import os
import statistics
import threading
import time
from typing import Literal

import ari_notebook
from ari_notebook.sessions.session import Session
from benchmarks.simulator import Simulator

TRANSPORTS: tuple[Literal["http", "websocket"], ...] = ("http", "websocket")
CALLERS = (1, 8)


def rate(ari: Session, requests: int, callers: int) -> float:
    """Return the requests per second of a number of threads."""

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
    """Return the median of requests per second by transport and number of callers."""
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
    """Send requests to every server both ways, and print the results."""
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
