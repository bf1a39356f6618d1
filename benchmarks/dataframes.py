"""Time and memory of the event log's DataFrames with a long history.

    python -m benchmarks.dataframes [--events N]

Prints the time of `ari.events.df` after 10 new events, of `tail(100)`, of a live table of 1,000
channels (medians of wall time, minimum of processor time), and the memory per event with its JSON,
as reported by the operating system.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pandas as pd

from ari_notebook.store.event_log import EventLog
from ari_notebook.store.tables import Tables
from benchmarks.mix import events

ROUNDS = 9


def resident() -> int:
    """Return the current memory of this process in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("this system does not report a process's memory; run it on Linux")


def batches(texts: Iterator[bytes], size: int = 64) -> Iterator[list[bytes]]:
    """Yield the texts in lists, as a socket gives them."""
    while batch := list(islice(texts, size)):
        yield batch


def milliseconds(work: Callable[[], object], before: Callable[[], object] = bool) -> str:
    """Return the duration of a function; another function runs before each time, not counted."""
    taken, worked = [], []
    for _ in range(ROUNDS):
        before()
        started, processor = time.perf_counter(), time.thread_time()
        work()
        worked.append(time.thread_time() - processor)
        taken.append(time.perf_counter() - started)
    return f"{statistics.median(taken) * 1000:.2f} ms, {min(worked) * 1000:.2f} ms of the processor"


def main() -> None:
    """Fill a log, and print the cost of reading it."""
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
    gc.collect()
    used = (resident() - before) / len(log)
    print(f"{len(log):,} events, {len(tables.channels):,} channels alive")
    print(f"memory: {used:.0f} bytes an event, JSON and columns included")
    ten = milliseconds(lambda: log.df, lambda: log.append(list(islice(texts, 10)), time.time()))
    print(f"df after 10 new events: {ten}")
    print(f"tail(100): {milliseconds(lambda: log.tail(100))}")
    print(f"live table of channels: {milliseconds(lambda: tables.frame('channels'))}")
    frame = log.df
    gc.collect()
    print(
        f"memory with a DataFrame of all: {(resident() - before) / len(frame):.0f} bytes an event"
    )


if __name__ == "__main__":
    main()
