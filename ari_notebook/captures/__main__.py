"""``python -m ari_notebook.captures FILE``: a recording's server side, until told to stop."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

from ari_notebook.captures.server import PATIENCE, ServedCapture
from ari_notebook.client.errors import AriError
from ari_notebook.simulator.running import CannotStart


def main(given: Sequence[str] | None = None) -> int:
    """Serve a recording until a signal; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m ari_notebook.captures",
        description="Play a capture's server side: a program runs again against the recorded day.",
    )
    parser.add_argument("file", metavar="FILE", help="what ari.capture wrote")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="port; 0: a free one")
    parser.add_argument("--host", default="127.0.0.1", metavar="H", help="address to answer on")
    parser.add_argument("--speed", type=float, default=1, metavar="X", help="10: ten times as fast")
    parser.add_argument(
        "--patience", type=float, default=PATIENCE, metavar="S",
        help="seconds to wait for a request that was made then",
    )  # fmt: skip
    asked = parser.parse_args(given)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        served = ServedCapture(
            asked.file, asked.host, asked.port, speed=asked.speed, patience=asked.patience
        )
    except (AriError, CannotStart) as fault:
        print(f"cannot start: {fault}", file=sys.stderr)  # noqa: T201 - this is a program
        return 1
    with served:
        print(f"Recorded Asterisk ready: {served.url}/ari", flush=True)  # noqa: T201
        stop.wait()
        problems = served.problems
    for reason, count in problems.items():
        print(f"{count} {reason}", file=sys.stderr)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
