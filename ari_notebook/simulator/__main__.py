"""``python -m ari_notebook.simulator``: a simulated Asterisk that runs until it is told to stop."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from ari_notebook import simulator


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m ari_notebook.simulator",
        description="A simulated Asterisk: ARI over HTTP and WebSocket. Ends on SIGINT or SIGTERM.",
    )
    parser.add_argument(
        "--config", type=Path, metavar="DIR", help="folder of http.conf, ari.conf, extensions.conf"
    )
    parser.add_argument("--port", type=int, metavar="N", help="port; 0: a free one")
    parser.add_argument("--host", metavar="H", help="address to answer on (loopback if not given)")
    parser.add_argument(
        "--scenario", type=Path, metavar="FILE", help="what the simulated phones do, and when"
    )
    parser.add_argument("--traffic", type=float, metavar="RATE", help="random calls a minute")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of everything random")
    parser.add_argument("--verbose", action="store_true", help="log what calls do")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Run a simulator until a signal; the exit code."""
    asked = arguments(given)
    logging.basicConfig(
        level=logging.INFO if asked.verbose else logging.WARNING,
        stream=sys.stderr,
        format=f"[%(asctime)s] %(levelname)s[{os.getpid()}] %(module)s: %(message)s",
        datefmt="%b %d %H:%M:%S",
    )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        running = simulator.start(
            asked.config,
            asked.host,
            asked.port,
            scenario=asked.scenario,
            traffic=asked.traffic,
            seed=asked.seed,
        )
    except (simulator.CannotStart, simulator.ConfigError) as fault:
        print(f"cannot start: {fault}", file=sys.stderr)  # noqa: T201 - this is a program
        return 1
    with running:
        print(f"Simulated Asterisk ready: {running.url}/ari", flush=True)  # noqa: T201
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
