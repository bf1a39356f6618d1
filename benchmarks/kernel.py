"""Cost of an event stream for the notebook that receives it.

    python -m benchmarks.kernel [--rate N] [--rounds N]

Runs a real IPython kernel. The source of the events is another process, which makes them
beforehand, so that its work is not measured. Busy: a cell that computes in pure Python, in steps
per second, with and without a session that receives the events. Idle: the time from the request to
the reply of an empty cell. Runs with and without alternate; medians count.
"""

from __future__ import annotations

import argparse
import ast
import statistics
import time
from dataclasses import dataclass, field
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from benchmarks.source import Source

PREPARE = """
import time, ari_notebook

def steps(seconds):
    end, done = time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        for number in range(1000):
            done += number & 1
    return done / 500 / seconds
"""
OPEN = """
session = ari_notebook.connect({url!r}, password="", keep=100_000)
while session.log.count < {rate}:
    time.sleep(0.05)
"""
COUNT = "session.log.count"


def run(kernel: BlockingKernelClient, code: str, value: str = "None") -> Any:
    """Run a cell; return the value of an expression.

    Raises:
        RuntimeError: the cell failed.
    """
    asked = kernel.execute(code, user_expressions={"value": value})
    while (message := kernel.get_shell_msg(timeout=60))["parent_header"]["msg_id"] != asked:
        pass  # the answer to a question of the client itself
    reply = message["content"]
    if reply["status"] != "ok":
        raise RuntimeError("\n".join(reply["traceback"]))
    return ast.literal_eval(reply["user_expressions"]["value"]["data"]["text/plain"])


def answer_times(kernel: BlockingKernelClient, count: int = 10) -> list[float]:
    """Return the milliseconds from a request to its reply, with an otherwise idle kernel."""
    taken = []
    for _ in range(count):
        time.sleep(0.02)
        started = time.perf_counter()
        run(kernel, "")
        taken.append((time.perf_counter() - started) * 1000)
    return taken


@dataclass
class Found:
    """The measurements, by round."""

    events: list[float] = field(default_factory=list)  # a second
    lost: list[float] = field(default_factory=list)  # share of a busy cell's speed
    quiet: list[float] = field(default_factory=list)  # milliseconds to an answer
    streaming: list[float] = field(default_factory=list)  # likewise, with the stream


def measure(rate: int, rounds: int, seconds: float) -> Found:
    """Measure with and without the stream, in short turns, so that other load affects both."""
    source = Source(rate, 86400, made=50_000)
    manager, kernel = start_new_kernel()
    found = Found()
    try:
        run(kernel, PREPARE)
        run(kernel, OPEN.format(url=source.url, rate=rate))
        for _ in range(rounds):
            before, started = run(kernel, "", COUNT), time.perf_counter()
            streaming = run(kernel, f"speed = steps({seconds})", "speed")
            found.streaming += answer_times(kernel)
            taken = run(kernel, "", COUNT) - before
            found.events.append(taken / (time.perf_counter() - started))
            source.pause()
            time.sleep(0.1)
            quiet = run(kernel, f"speed = steps({seconds})", "speed")
            found.quiet += answer_times(kernel)
            source.go_on()
            time.sleep(0.1)
            found.lost.append(1 - streaming / quiet)
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)
        source.stop()
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What a stream costs a notebook's cells.")
    parser.add_argument("--rate", type=int, default=5000, help="events a second")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=0.5, help="of a busy cell")
    given = parser.parse_args()
    found = measure(given.rate, given.rounds, given.seconds)
    print(f"{statistics.median(found.events):,.0f} events/s taken meanwhile")
    print(f"a busy cell loses {statistics.median(found.lost):.1%} of its speed")
    print(
        f"an idle kernel answers in {statistics.median(found.streaming):.1f} ms (95 of 100 within"
        f" {statistics.quantiles(found.streaming, n=20)[18]:.1f} ms), without the stream in"
        f" {statistics.median(found.quiet):.1f} ms"
        f" ({statistics.quantiles(found.quiet, n=20)[18]:.1f} ms)"
    )


if __name__ == "__main__":
    main()
