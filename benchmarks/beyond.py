"""The same analysis of a year's events by pandas, by Dask on two workers, and by DuckDB.

    python benchmarks/beyond.py FOLDER [--events 10000000] [--servers 4] [--make]

The events are those of a recorded day's calls at a real Asterisk, again and again under other ids,
from several servers, days after one another; written as `to_parquet` writes them. FOLDER is made
where it is not there (some 300 MB for ten million events), else used again. Every engine runs in
processes of its own; the results must be equal. Time is from start to end, memory the most that
all its processes together held at once (their proportional set sizes).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd

from ari_notebook.captures.datasets import pieces

RECORDED = Path(__file__).parent.parent / "tests" / "captures" / "calls.jsonl.gz"
FILE_EVENTS = 100_000
FIRST_IDS = "1795452375.", "1795452376.", "1795452377.", "1795452378.", "1795452379."

START = """
import json, sys, time
folder = sys.argv[1]
"""
PANDAS = """
import pandas as pd
import ari_notebook
opened = ari_notebook.open_capture(folder)
events = pd.read_parquet(folder, columns=["type", "asterisk_id"])
types = events.groupby("type").size()
servers = events.groupby("asterisk_id").size()
calls = opened.calls.df.groupby("disposition")["talk"].agg(["size", "sum"])
"""
DASK = """
import ari_notebook
from distributed import Client, LocalCluster
if __name__ == "__main__":
    with LocalCluster(2, threads_per_worker=1, dashboard_address=None) as two, Client(two):
        opened = ari_notebook.open_capture(folder, engine="dask")
        events = opened.events.df[["type", "asterisk_id"]]
        calls = opened.calls.df.groupby("disposition")["talk"].agg(["size", "sum"])
        import dask
        types, servers, calls = dask.compute(
            events.groupby("type").size(), events.groupby("asterisk_id").size(), calls)
"""
DUCKDB = """
import duckdb
duckdb.sql("set threads to 2")
table = f"read_parquet('{folder}/*/*/*.parquet', hive_partitioning=false)"
count = f"count(*) from {table} group by 1"
types = duckdb.sql(f"select type, {count}").df().set_index("type").iloc[:, 0]
servers = duckdb.sql(f"select asterisk_id, {count}").df().set_index("asterisk_id").iloc[:, 0]
calls = None
"""
END = """
if __name__ == "__main__":
    answer = {"types": types.to_dict(), "servers": servers.to_dict()}
    if calls is not None:
        answer["calls"] = {
            name: [int(row["size"]), round(float(row["sum"]), 3)] for name, row in calls.iterrows()}
    print(json.dumps(answer))
"""
ENGINES = {"pandas": PANDAS, "dask": DASK, "duckdb": DUCKDB}


def make(folder: Path, count: int, servers: int) -> None:
    """Write a dataset of so many events."""
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
    """Bytes that a process and all that it started hold; what they share is counted once."""
    total = 0
    for one in (pid, *descendants(pid)):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
    return total


def descendants(pid: int) -> list[int]:
    """Ids of the processes that one started, and those that they started."""
    try:
        tasks = Path(f"/proc/{pid}/task").glob("*/children")
        children = [int(child) for task in tasks for child in task.read_text().split()]
    except OSError:
        return []
    return children + [below for child in children for below in descendants(child)]


def ask(engine: str, folder: Path) -> tuple[float, int, dict[str, dict[str, object]]]:
    """An engine's seconds, the most memory it held, and its answer."""
    script = folder.parent / f"{engine}_asks.py"
    script.write_text(START + ENGINES[engine] + END)
    started = time.perf_counter()
    asked = subprocess.Popen([sys.executable, script, folder], stdout=subprocess.PIPE)
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
    """Make the dataset where it is not there, ask every engine, and compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--servers", type=int, default=4)
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
    for engine in ENGINES:
        took, most, answers[engine] = ask(engine, folder)
        count = sum(answers[engine]["servers"].values())  # type: ignore[arg-type]
        print(f"{engine:7} {took:7.1f} s {most / 2**20:7,.0f} MiB, {count:,} events", flush=True)
    shared = {engine: {k: a[k] for k in ("types", "servers")} for engine, a in answers.items()}
    equal = shared["pandas"] == shared["dask"] == shared["duckdb"]
    equal = equal and answers["pandas"]["calls"] == answers["dask"]["calls"]
    print(f"calls and seconds of talk: {answers['pandas']['calls']}")
    print("results are equal" if equal else f"results differ: {answers}")
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
