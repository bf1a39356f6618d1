"""What a stream of events costs the notebook it runs in.

    python benchmarks/kernel.py [--rate N] [--rounds N]

A real IPython kernel, the source of the events in another process, which has made them beforehand:
on two cores its own work would count as ours. Busy: a cell that computes in
pure Python, its steps a second with and without a session that takes the events. Idle: how long an
empty cell takes from the question to its answer. With and without take turns; medians count.
"""

from __future__ import annotations

import argparse
import ast
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

sys.path.insert(0, str(Path(__file__).parent))
from source import Source

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
    """Run a cell, and then say what an expression is worth.

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
    """Milliseconds from a question to its answer, the kernel being idle in between."""
    taken = []
    for _ in range(count):
        time.sleep(0.02)
        started = time.perf_counter()
        run(kernel, "")
        taken.append((time.perf_counter() - started) * 1000)
    return taken


@dataclass
class Found:
    """What was measured, round by round."""

    events: list[float] = field(default_factory=list)  # a second
    lost: list[float] = field(default_factory=list)  # share of a busy cell's speed
    quiet: list[float] = field(default_factory=list)  # milliseconds to an answer
    streaming: list[float] = field(default_factory=list)  # likewise, with the stream


def measure(rate: int, rounds: int, seconds: float) -> Found:
    """With and without the stream, in turns so short that a busy machine is busy in both."""
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
