"""``python -m ari_notebook.simulator``: a simulated Asterisk that runs until a signal."""

from __future__ import annotations

import argparse
import logging
import math
import os
import secrets
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from ari_notebook import simulator


def speed(text: str) -> float:
    """Read a value of --speed; argparse reports the ValueError."""
    factor = float(text)
    if not 0 < factor < math.inf:
        raise ValueError
    return factor


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m ari_notebook.simulator",
        description="A simulated Asterisk: ARI over HTTP and WebSocket. Ends on SIGINT or SIGTERM."
        " Without --config its user is asterisk, with the password in ARI_PASSWORD; if that"
        " is not set, it prints a random one.",
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="DIR",
        help="folder with http.conf, ari.conf, extensions.conf",
    )
    parser.add_argument("--port", type=int, metavar="N", help="port; 0: any free port")
    parser.add_argument("--host", metavar="H", help="address to listen on (default: loopback)")
    parser.add_argument(
        "--scenario", type=Path, metavar="FILE", help="scenario file for the simulated phones"
    )
    parser.add_argument("--traffic", type=float, metavar="RATE", help="random calls per minute")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="seed of all random choices"
    )
    parser.add_argument(
        "--races",
        action="store_true",
        help="vary by the seed the order of what Asterisk does in several threads",
    )
    parser.add_argument(
        "--speed", type=speed, default=1, metavar="X", help="factor by which time is faster"
    )
    parser.add_argument(
        "--version", metavar="V", help="release of Asterisk to behave like, such as 22.8"
    )
    parser.add_argument(
        "--paused", action="store_true", help="let time pass by the control API only"
    )
    parser.add_argument(
        "--control",
        action="store_true",
        help="answer the control API below /_simulator, for requests with the token in"
        " ARI_SIMULATOR_TOKEN; if that is not set, print a random one",
    )
    parser.add_argument("--verbose", action="store_true", help="log the steps of calls")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Run a simulator until a signal; return the exit status."""
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
    token = os.environ.get("ARI_SIMULATOR_TOKEN") or secrets.token_urlsafe(16)
    password = None if asked.config else os.environ.get("ARI_PASSWORD")
    try:
        failures = (simulator.CannotStart, simulator.ConfigError)
    except ModuleNotFoundError as missing:
        sys.exit(
            f"{sys.executable} has no module {missing.name}. In a checkout:"
            " make lab, then .venv/bin/python -m ari_notebook.simulator"
        )
    try:
        running = simulator.start(
            asked.config,
            asked.host,
            asked.port,
            scenario=asked.scenario,
            traffic=asked.traffic,
            seed=asked.seed,
            races=asked.races,
            password=password or None,
            # With a user's configuration the simulator behaves like Asterisk, which accepts any
            # origin.
            check_origin=asked.config is None,
            speed=asked.speed,
            clock="paused" if asked.paused else "real",
            token=token if asked.control else None,
            version=asked.version,
        )
    except (*failures, ValueError) as fault:
        print(f"cannot start: {fault}", file=sys.stderr)  # noqa: T201 - this is a program
        return 1
    with running:
        ready = f"ready: {running.url}/ari" if running.has_ari else "runs without ARI"
        print(f"Simulated Asterisk {ready}", flush=True)  # noqa: T201
        if not (asked.config or password):
            print(f"User {running.user}, password {running.password}", flush=True)  # noqa: T201
        if running.control_url:
            known = "in ARI_SIMULATOR_TOKEN" if os.environ.get("ARI_SIMULATOR_TOKEN") else token
            print(f"Control API: {running.control_url}, token {known}", flush=True)  # noqa: T201
        if warning := running.exposure:
            print(f"Warning: {warning}", file=sys.stderr, flush=True)  # noqa: T201
        stop.wait()
    return 0


def program() -> None:
    """Run as a console script."""
    sys.exit(main())


if __name__ == "__main__":
    program()
