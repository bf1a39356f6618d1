"""A dataset of many servers, analysed by Dask on two workers, and by other engines.

    python -m benchmarks.many_servers [--events N] [--servers N] [--folder DIR]

A simulated exchange makes the events of one server; the other servers have the same events under
their own ids. The calls of all servers are computed by two worker processes, then the events by
type by Dask, pandas, Polars and DuckDB (those that are installed), each in a separate process.
Printed are wall time, processor time, the largest process, and processor time a million events.
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
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ari_notebook
from ari_notebook.captures.file_format import VERSION, Writer, line
from ari_notebook.simulator import VirtualSimulator

GROUPS, PHONES = 10, 5
SEED = 7


def events(count: int) -> Iterator[tuple[float, bytes]]:
    """Yield the events of one exchange, with callers who are dialled to groups of phones."""
    office = VirtualSimulator(start=datetime(2026, 3, 2, 8, tzinfo=UTC), seed=SEED)
    plan = ["[default]"]
    for group in range(GROUPS):
        for phone in range(PHONES):
            office.phones.add(f"a{group}-{phone}", answer_after=3)
        dialled = "&".join(f"PJSIP/a{group}-{phone}" for phone in range(PHONES))
        plan += [f"exten => {700 + group},1,Answer()", f" same => n(again),Dial({dialled},10)"]
        plan += [" same => n,Wait(5)", " same => n,Goto(again)"]
    office.set_dialplan("\n".join(plan) + "\n")
    extensions = [str(700 + group) for group in range(GROUPS)]
    office.phones.traffic(12, mean_duration=120, extensions=extensions)
    yielded = 0
    while True:
        for at, event in office.run(60):
            yield at, event
            yielded += 1
            if yielded == count:
                return


def base(folder: Path, count: int) -> Path:
    """Write the capture of one server, and return its dataset."""
    file = folder / "base.jsonl.gz"
    writer: Writer | None = None
    for at, event in events(count):
        if writer is None:
            writer = Writer(file, line("capture", {"version": VERSION}, at))
        writer.add_events([event], at)
    if writer is not None:
        writer.close()
    return ari_notebook.to_parquet(file, folder / "base")


def multiply(one: Path, folder: Path, servers: int) -> None:
    """Write the dataset of many servers."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    for file in sorted(one.glob("server=*/date=*/*.parquet")):
        table = pq.read_table(file, partitioning=None)
        id = str(table["asterisk_id"][0])
        for server in range(servers):
            name = f"pbx{server:04}"
            there = folder / f"server={name}" / file.parent.name
            there.mkdir(parents=True, exist_ok=True)
            raw = pc.replace_substring(table["raw"], id, name)
            ids = pa.array([name] * len(table), table["asterisk_id"].type)
            made = table.set_column(table.schema.get_field_index("raw"), "raw", raw)
            made = made.set_column(table.schema.get_field_index("asterisk_id"), "asterisk_id", ids)
            pq.write_table(made, there / file.name, compression="zstd", write_page_checksum=True)


def calls_by_dask(folder: Path) -> Any:
    """Return the number of calls by disposition, computed by two workers."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
    ):
        calls = ari_notebook.open_capture(folder, engine="dask").calls.df
        return calls.groupby("disposition")["queue_wait"].count().compute().to_dict()


def types_by_dask(folder: Path) -> Any:
    """Return the number of events by type, computed by two workers."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
    ):
        events = ari_notebook.open_capture(folder, engine="dask").events.df
        return events["type"].value_counts().compute().to_dict()


def types_by_pandas(folder: Path) -> Any:
    """Return the number of events by type, computed by pandas in one process."""
    import pandas as pd

    read = pd.read_parquet(folder, columns=["type"], read_dictionary=["type"], partitioning=None)
    return read["type"].value_counts().to_dict()


def types_by_polars(folder: Path) -> Any:
    """Return the number of events by type, computed by Polars."""
    import polars as pl

    scanned = pl.scan_parquet(f"{folder}/server=*/date=*/*.parquet", hive_partitioning=False)
    return dict(scanned.group_by("type").len().collect().rows())


def types_by_duckdb(folder: Path) -> Any:
    """Return the number of events by type, computed by DuckDB."""
    import duckdb

    files = f"{folder}/server=*/date=*/*.parquet"
    query = f"select type, count(*) from read_parquet('{files}') group by type"
    return dict(duckdb.connect().execute(query).fetchall())


WAYS = {
    each.__name__: each
    for each in (calls_by_dask, types_by_dask, types_by_pandas, types_by_polars, types_by_duckdb)
}


def measured(way: str, folder: Path) -> dict[str, Any]:
    """Run one way in a separate process; return its result and what it took."""
    command = [sys.executable, "-m", "benchmarks.many_servers", "--folder", str(folder)]
    done = subprocess.run([*command, "--way", way], capture_output=True, text=True)
    if done.returncode:
        return {"missing": done.stderr.strip().rpartition("\n")[2]}
    found: dict[str, Any] = json.loads(done.stdout.strip().rpartition("\n")[2])
    return found


def one_way(way: str, folder: Path) -> None:
    """Print one way's result as JSON."""
    started = time.perf_counter()
    result = WAYS[way](folder)
    passed = time.perf_counter() - started
    usage = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print()
    print(
        json.dumps(
            {
                "result": result,
                "seconds": passed,
                "cpu": sum(each.ru_utime + each.ru_stime for each in usage),
                "mebibytes": max(_peak(), usage[1].ru_maxrss) / 1024,
            }
        )
    )


def _peak() -> int:
    """Return the most memory of this process in KiB; its ru_maxrss begins with its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def main() -> None:
    """Make the dataset, and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--events", type=int, default=20_000_000, help="of all servers")
    parser.add_argument("--servers", type=int, default=100)
    parser.add_argument("--folder", type=Path, help="a dataset that exists already")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        one_way(options.way, options.folder)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = options.folder
        if folder is None:
            started = time.perf_counter()
            folder = Path(name) / "days"
            multiply(base(Path(name), options.events // options.servers), folder, options.servers)
            print(f"made in {time.perf_counter() - started:.0f} s", flush=True)
        files = list(folder.glob("server=*/date=*/*.parquet"))
        size = sum(file.stat().st_size for file in files)
        import pyarrow.parquet as pq

        count = sum(pq.read_metadata(file).num_rows for file in files)
        servers = len({file.parent.parent for file in files})
        load = os.getloadavg()[0]
        print(f"{count:,} events of {servers} servers, {size >> 20:,} MiB; load {load:.0f}")
        for way in WAYS:
            found = measured(way, folder)
            if "missing" in found:
                print(f"{way:16} {found['missing']}")
                continue
            print(
                f"{way:16} {found['seconds']:8.1f} s  processor {found['cpu']:8.1f} s  largest"
                f" process {found['mebibytes']:6,.0f} MiB"
                f"  {found['cpu'] / count * 1e6:7.2f} processor s a million events",
                flush=True,
            )


if __name__ == "__main__":
    main()
