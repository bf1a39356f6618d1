"""The same analysis of a year's events by pyarrow, Polars, DuckDB, and Dask on two workers.

    python -m benchmarks.beyond FOLDER [--events 10000000] [--servers 4] [--engines NAMES] [--make]
        [--no-calls]

The events are those of a recorded day of calls on a real Asterisk, repeated with other ids, for
several servers and consecutive days, as `to_parquet` writes them. FOLDER is created if it does not
exist (some 300 MB for ten million events), else reused. Every engine runs in
separate processes; the results must be equal. "events" reads three columns, leaves out the rows
that Asterisk did not send, and counts by type and by server; "calls" makes one row of each call,
which this package does, with pandas (beside pyarrow) or Dask. Prints the seconds of each and, in
brackets, the processor time of all threads without Dask's workers; and the time from start to end
with the imports. Memory is the maximum that all processes of an engine used at once (their
proportional set sizes).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pandas as pd

from ari_notebook.captures.parquet import pieces

RECORDED = Path(__file__).parent.parent / "tests" / "captures" / "calls.jsonl.gz"
FILE_EVENTS = 100_000
PARTS = "types", "servers"
FIRST_IDS = "1795452375.", "1795452376.", "1795452377.", "1795452378.", "1795452379."

START = """
import json, sys, time
folder, with_calls = sys.argv[1], sys.argv[2] == "True"
began, worked, calls, took = time.perf_counter(), time.process_time(), None, {}
def note(what):
    global began, worked
    took[what] = time.perf_counter() - began, time.process_time() - worked
    began, worked = time.perf_counter(), time.process_time()
"""
PYARROW = """
import pandas
import pyarrow
from pyarrow.parquet import ParquetFile
import ari_notebook
opened = ari_notebook.open_capture(folder)
note("imports")
names = ["type", "asterisk_id", "origin"]
counts = pyarrow.concat_tables([  # in pieces: each fits into the processor's caches
    ParquetFile(file, read_dictionary=names).read(names, use_threads=False)
    .group_by(names, use_threads=False).aggregate([([], "count_all")])
    for file in opened.files]).to_pandas()
counts = counts[counts["origin"] == "asterisk"]
types, servers = (
    counts.groupby(name, observed=True)["count_all"].sum() for name in ("type", "asterisk_id"))
note("events")
if with_calls:
    calls = opened.calls.df.groupby("disposition")["talk"].agg(["size", "sum"])
    note("calls")
"""
DASK = """
import ari_notebook
from distributed import Client, LocalCluster
if __name__ == "__main__":
    with LocalCluster(2, threads_per_worker=1, dashboard_address=None) as two, Client(two):
        import dask
        note("imports")
        opened = ari_notebook.open_capture(folder, engine="dask")
        events = opened.events.df[["type", "asterisk_id", "origin"]]
        events = events[events["origin"] == "asterisk"]
        types, servers = dask.compute(
            events.groupby("type").size(), events.groupby("asterisk_id").size())
        note("events")
        if with_calls:
            calls = opened.calls.df.groupby("disposition")["talk"].agg(["size", "sum"]).compute()
            note("calls")
"""
DUCKDB = """
import duckdb
import pandas
duckdb.sql("set threads to 2")
note("imports")
table = f"read_parquet('{folder}/*/*/*.parquet', hive_partitioning=false)"
counts = duckdb.sql(
    f"select type, asterisk_id, count(*) as count from {table} where origin = 'asterisk'"
    " group by 1, 2").df()
types, servers = (counts.groupby(name)["count"].sum() for name in ("type", "asterisk_id"))
note("events")
"""
POLARS = """
import polars as pl
import pandas as pd
note("imports")
table = pl.scan_parquet(f"{folder}/*/*/*.parquet", hive_partitioning=False)
table = table.filter(pl.col("origin") == "asterisk")
counts = table.group_by("type", "asterisk_id").len().collect()
types, servers = (
    pd.Series(dict(counts.group_by(name).agg(pl.col("len").sum()).iter_rows()))
    for name in ("type", "asterisk_id"))
note("events")
"""
END = """
if __name__ == "__main__":
    answer = {"took": took, "types": types.to_dict(), "servers": servers.to_dict()}
    if calls is not None:
        answer["calls"] = {
            name: [int(row["size"]), round(float(row["sum"]), 3)] for name, row in calls.iterrows()}
    print(json.dumps(answer))
"""
ENGINES = {"pyarrow": PYARROW, "polars": POLARS, "duckdb": DUCKDB, "dask": DASK}


def make(folder: Path, count: int, servers: int) -> None:
    """Write a dataset of a number of events."""
    (table,) = pieces(RECORDED)
    words = [name for name in table.columns if name not in ("timestamp", "received")]
    table = table.astype(dict.fromkeys(words, "str"))
    rounds = FILE_EVENTS // len(table)
    written = number = 0
    while written < count:
        server = f"02:fc:00:00:00:{number % servers + 1:02x}"
        day = pd.Timedelta(days=number // servers)
        parts = []
        for turn in range(min(rounds, -(-(count - written) // len(table)))):
            part = table.assign(
                timestamp=table["timestamp"] + day + pd.Timedelta(seconds=20 * turn),
                received=table["received"] + day + pd.Timedelta(seconds=20 * turn),
                asterisk_id=server,
            )
            for name in ("channel", "raw"):
                for at, first in enumerate(FIRST_IDS):
                    own = f"{18 + at}{number:04d}{turn:04d}."  # of this file and round alone
                    part[name] = part[name].str.replace(first, own, regex=False)
            raw = part["raw"].str.replace("02:fc:00:00:00:01", server, regex=False)
            parts.append(part.assign(raw=raw))
            written += len(part)
        rows = pd.concat(parts, ignore_index=True)
        date = rows["received"].iloc[0].strftime("%Y-%m-%d")
        place = folder / f"server={server.replace(':', '-')}" / f"date={date}"
        place.mkdir(parents=True, exist_ok=True)
        rows.to_parquet(place / f"day-{number:08}.parquet", index=False, compression="zstd")
        number += 1
        sys.stderr.write(f"\rmaking {written:,} of {count:,}")
    sys.stderr.write("\n")


def held(pid: int) -> int:
    """Return the memory of a process and its descendants in bytes; shared memory counts once."""
    total = 0
    for one in (pid, *descendants(pid)):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
    return total


def descendants(pid: int) -> list[int]:
    """Return the ids of a process's descendants."""
    try:
        tasks = Path(f"/proc/{pid}/task").glob("*/children")
        children = [int(child) for task in tasks for child in task.read_text().split()]
    except OSError:
        return []
    return children + [below for child in children for below in descendants(child)]


def ask(
    engine: str, folder: Path, with_calls: bool
) -> tuple[float, int, dict[str, dict[str, Any]]]:
    """Return an engine's seconds, its maximum memory, and its result."""
    script = folder.parent / f"{engine}_asks.py"
    script.write_text(START + ENGINES[engine] + END)
    started = time.perf_counter()
    asked = subprocess.Popen(
        [sys.executable, script, folder, str(with_calls)], stdout=subprocess.PIPE
    )
    over, most = threading.Event(), [0]

    def watch() -> None:
        while not over.wait(0.25):
            most[0] = max(most[0], held(asked.pid))

    watching = threading.Thread(target=watch)
    watching.start()
    output, _ = asked.communicate()
    over.set()
    watching.join()
    script.unlink()
    if asked.returncode:
        raise SystemExit(f"{engine} failed")
    return time.perf_counter() - started, most[0], json.loads(output)


def main() -> int:
    """Create the dataset if necessary, run every engine, and compare the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--servers", type=int, default=4)
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=[*ENGINES])
    parser.add_argument("--no-calls", action="store_true", help="analyse the events only")
    parser.add_argument("--make", action="store_true", help="make the dataset, and no more")
    options = parser.parse_args()
    folder = options.folder.absolute()
    if not folder.exists():
        started = time.perf_counter()
        make(folder, options.events, options.servers)
        print(f"made in {time.perf_counter() - started:.0f} s")
    if options.make:
        return 0
    sizes = [file.stat().st_size for file in folder.rglob("*.parquet")]
    print(f"{len(sizes)} files, {sum(sizes) / 1e6:,.0f} MB")
    answers = {}
    for engine in options.engines:
        took, most, answers[engine] = ask(engine, folder, not options.no_calls)
        count = sum(answers[engine]["servers"].values())
        parts = [
            f"{what} {seconds[0]:.2f} s ({seconds[1]:.2f} s)"
            for what, seconds in answers[engine].pop("took").items()
        ]
        print(
            f"{engine:7} {', '.join(parts)}, in all {took:.1f} s, {most / 2**20:,.0f} MiB,"
            f" {count:,} events",
            flush=True,
        )
    some = next(iter(answers.values()))
    calls = [answer["calls"] for answer in answers.values() if "calls" in answer]
    equal = all(answer[part] == some[part] for answer in answers.values() for part in PARTS)
    equal = equal and all(each == calls[0] for each in calls)
    print(f"calls and seconds of talk: {calls[:1]}")
    print("results are equal" if equal else f"results differ: {answers}")
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
