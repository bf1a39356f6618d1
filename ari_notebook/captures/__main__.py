"""``python -m ari_notebook.captures FILE``: serve a capture until interrupted."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence

from ari_notebook.store.plain_text import printable

try:
    from ari_notebook.captures.replay.server import PATIENCE, ServedCapture
    from ari_notebook.client.errors import AriError
    from ari_notebook.simulator import CannotStart
except ModuleNotFoundError as missing:
    sys.exit(
        f"{sys.executable} has no module {missing.name}. In a checkout:"
        " make lab, then .venv/bin/python -m ari_notebook.captures"
    )


def main(given: Sequence[str] | None = None) -> int:
    """Serve a capture until a signal; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m ari_notebook.captures",
        description="Serve a capture, so that a program can run again against the recorded server.",
    )
    parser.add_argument("file", metavar="FILE", help="capture file written by ari.capture")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="port; 0: any free port")
    parser.add_argument("--host", default="127.0.0.1", metavar="H", help="address to listen on")
    parser.add_argument(
        "--speed", type=float, default=1, metavar="X", help="playback speed; 10: ten times as fast"
    )
    parser.add_argument(
        "--patience", type=float, default=PATIENCE, metavar="S",
        help="seconds to wait for a recorded request",
    )  # fmt: skip
    asked = parser.parse_args(given)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    password = os.environ.get("ARI_PASSWORD") or None
    try:
        served = ServedCapture(
            asked.file,
            asked.host,
            asked.port,
            speed=asked.speed,
            patience=asked.patience,
            password=password,
        )
    except (AriError, CannotStart) as fault:
        print(printable(f"cannot start: {fault}"), file=sys.stderr)  # noqa: T201 - this is a program
        return 1
    with served:
        print(f"Recorded Asterisk ready: {served.url}/ari", flush=True)  # noqa: T201
        if password is None:
            print(f"User {served.user}, password {served.password}", flush=True)  # noqa: T201
        stop.wait()
        problems = served.problems
    for reason, count in problems.items():
        print(printable(f"{count} {reason}"), file=sys.stderr)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
