"""What the event log's DataFrames cost on a long history: time and memory.

    python benchmarks/dataframes.py [--events N]

Prints the time of `ari.events.df` after 10 new events, of `tail(100)`, of a live table of 1,000
channels (medians), and the memory that an event takes with its JSON, as the operating system
sees it.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pandas as pd

from ari_notebook.live import EventLog, Tables

sys.path.insert(0, str(Path(__file__).parent))
from mix import events

ROUNDS = 9


def resident() -> int:
    """The bytes of memory that this process holds now."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("this system does not tell a process's memory; run it on Linux")


def batches(texts: Iterator[bytes], size: int = 64) -> Iterator[list[bytes]]:
    """The texts in lists, as a socket gives them."""
    while batch := list(islice(texts, size)):
        yield batch


def milliseconds(work: Callable[[], object], before: Callable[[], object] = bool) -> float:
    """The median time of a piece of work, each time after another that is not counted."""
    taken = []
    for _ in range(ROUNDS):
        before()
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken) * 1000


def main() -> None:
    """Fill a log, and print what reading it costs."""
    parser = argparse.ArgumentParser(description="The cost of DataFrames on a long history.")
    parser.add_argument("--events", type=int, default=1_000_000)
    count = parser.parse_args().events
    pd.DataFrame({"t": pd.Categorical(["a"])})  # what pandas loads at first is not the log's
    # More calls than channels: some have not begun yet, or have ended.
    texts = events(count + 10 * ROUNDS, alive=1250)
    tables, log = Tables(), EventLog()
    next_batch = next(batches(texts))
    gc.collect()
    before = resident()
    log.append(next_batch, time.time())
    for batch in batches(islice(texts, count - len(next_batch))):
        tables.apply(log.append(batch, time.time()))
        log.compress()
    while log.fill():
        pass
    gc.collect()
    used = (resident() - before) / len(log)
    print(f"{len(log):,} events, {len(tables.channels):,} channels alive")
    print(f"memory: {used:.0f} bytes an event, JSON and columns included")
    ten = milliseconds(lambda: log.df, lambda: log.append(list(islice(texts, 10)), time.time()))
    print(f"df after 10 new events: {ten:.1f} ms")
    print(f"tail(100): {milliseconds(lambda: log.tail(100)):.2f} ms")
    print(f"live table of channels: {milliseconds(lambda: tables.frame('channels')):.2f} ms")


if __name__ == "__main__":
    main()
