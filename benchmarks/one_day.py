"""From a capture to events and calls: time and memory, beside pandas, Polars and DuckDB.

    python -m benchmarks.one_day [--events N] [--file CAPTURE]

A simulated exchange makes the capture. Then, each in a separate process and from the same file:
`open_capture` with the tables of calls and events; and pandas, Polars and DuckDB, which read the
lines into columns and count the events by type, without calls. Printed are wall time, processor
time, microseconds per event, and the most memory.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import ari_notebook
from ari_notebook.captures.file_format import VERSION, Writer, line
from benchmarks.many_servers import events

_EVENTS = 500_000


def by_open_capture(file: Path) -> int:
    """Return the number of events, with the tables of events and calls made."""
    opened = ari_notebook.open_capture(file)
    calls, table = opened.calls.df, opened.events.df
    assert len(calls)
    return len(table)


def by_pandas(file: Path) -> int:
    """Return the number of events, of lines read into columns."""
    import pandas as pd

    read = pd.read_json(file, lines=True)["event"].dropna()
    return len(pd.json_normalize(read.tolist(), max_level=1)["type"])


def by_polars(file: Path) -> int:
    """Return the number of events, of lines read into columns."""
    import gzip
    import io

    import polars as pl

    read = pl.read_ndjson(io.BytesIO(gzip.decompress(file.read_bytes())), infer_schema_length=None)
    return int(read["event"].struct.field("type").is_not_null().sum())


def by_duckdb(file: Path) -> int:
    """Return the number of events, of lines read into columns."""
    import duckdb

    query = "select count(event.type) from read_json(?, format='newline_delimited', sample_size=-1)"
    row = duckdb.connect().execute(query, [str(file)]).fetchone()
    return int(row[0]) if row else 0


WAYS = {each.__name__: each for each in (by_open_capture, by_pandas, by_polars, by_duckdb)}


def one_way(way: str, file: Path) -> None:
    """Print what one way took, as JSON."""
    started = time.perf_counter()
    count = WAYS[way](file)
    passed = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_SELF)
    peak = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
    cpu = usage.ru_utime + usage.ru_stime
    print(json.dumps({"count": count, "seconds": passed, "cpu": cpu, "mebibytes": peak / 1024}))


def make(file: Path, count: int) -> None:
    """Write the capture."""
    writer: Writer | None = None
    for at, event in events(count):
        if writer is None:
            writer = Writer(file, line("capture", {"version": VERSION}, at))
        writer.add_events([event], at)
    if writer is not None:
        writer.close()


def main() -> None:
    """Make the capture, and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--events", type=int, default=_EVENTS)
    parser.add_argument("--file", type=Path, help="a capture that exists already")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        one_way(options.way, options.file)
        return
    with tempfile.TemporaryDirectory() as name:
        file = options.file or Path(name) / "day.jsonl.gz"
        if options.file is None:
            make(file, options.events)
        print(f"{file.stat().st_size >> 20} MiB; load {os.getloadavg()[0]:.0f}")
        for way in WAYS:
            command = [sys.executable, "-m", "benchmarks.one_day", "--way", way]
            done = subprocess.run(
                [*command, "--file", str(file)], capture_output=True, text=True, check=False
            )
            if done.returncode:
                print(f"{way:16} {done.stderr.strip().rpartition(chr(10))[2]}")
                continue
            found: dict[str, Any] = json.loads(done.stdout.strip().rpartition("\n")[2])
            print(
                f"{way:16} {found['count']:9,} events {found['seconds']:7.1f} s"
                f"  processor {found['cpu']:7.1f} s"
                f"  {found['cpu'] / max(1, found['count']) * 1e6:6.1f} us an event"
                f"  {found['mebibytes']:6,.0f} MiB",
                flush=True,
            )


if __name__ == "__main__":
    main()
