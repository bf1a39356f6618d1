"""Record, open and replay calls of sipp on a real Asterisk, and compare them with its records.

    python -m benchmarks.calls URL SIP_PORT [--seconds 600] [--rate 2] [--cdr FILE]

URL is a real Asterisk on this machine with the configuration of
ari_notebook/simulator/sample_config and with SIP on SIP_PORT;
user asterisk, password asterisk unless ARI_PASSWORD says another. sipp calls four
extensions, a program answers and bridges, Local channels are originated. The recording must open
and replay as the session's tables, cell by cell; else the exit code is 1. With --cdr, calls are
compared with what cdr_custom wrote into FILE meanwhile, with the columns in DETAILS:

    calls.csv => ${CSV_QUOTE(${CDR(linkedid)})},${CSV_QUOTE(${CDR(uniqueid)})},...

times as ``CDR(start,u)``, durations as ``CDR(billsec,f)``; unanswered calls have records
where cdr.conf says ``unanswered = yes``.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

import ari_notebook
from ari_notebook.sessions.session import Session

DETAILS = ("linkedid", "uniqueid", "start", "answer", "end", "billsec", "disposition")
KINDS = ("channels", "bridges", "playbacks", "recordings", "endpoints", "device_states")
# Extension → how long sipp's caller stays, milliseconds: to the program, to the dialplan's
# answer, to one that rings first, and to one that is busy.
CALLED = {"1000": 4000, "1002": 2500, "1004": 3000, "1006": 1000}
NEAR = 0.02  # seconds


def program(ari: Session) -> None:
    """Handle the calls to hello-world: play a file to each caller, then bridge it."""

    @ari.on("StasisStart")
    def greet(channel: Any) -> None:
        channel.play("sound:hello-world")

    @ari.on("PlaybackFinished")
    def bridge(event: dict[str, Any]) -> None:
        made = ari.bridges.create(type="mixing")
        made.add_channel(channel=event["playback"]["target_uri"].removeprefix("channel:"))


def sipp(extension: str, port: int, seconds: float, rate: float) -> subprocess.Popen[bytes]:
    """Run callers of one extension for a time."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        own = free.getsockname()[1]
    count = max(1, int(seconds * rate))
    return subprocess.Popen(
        [
            *("sipp", "-sn", "uac", "-s", extension, f"127.0.0.1:{port}", "-i", "127.0.0.1"),
            *("-p", str(own), "-r", str(max(1, int(rate * 10))), "-rp", "10000"),
            *("-m", str(count), "-d", str(CALLED[extension]), "-nostdin"),
            *("-timeout", str(int(seconds) + 30)),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=tempfile.gettempdir(),
    )


def traffic(ari: Session, port: int, seconds: float, rate: float) -> None:
    """Make calls for a time, and wait until all of them have ended."""
    callers = [sipp(extension, port, seconds, rate / len(CALLED)) for extension in CALLED]
    until, lines = time.monotonic() + seconds, []
    while time.monotonic() < until:
        lines.append(
            ari.channels.originate(
                endpoint="Local/1004@default", extension="1001", context="default", priority=1
            )
        )
        time.sleep(min(4, max(0, until - time.monotonic())))
        if len(lines) > 1:
            hang_up(lines.pop(0))
    for caller in callers:
        caller.wait()
    for line in lines:
        hang_up(line)
    while len(ari.channels) and time.monotonic() < until + 60:
        time.sleep(0.2)
    time.sleep(1)


def hang_up(channel: Any) -> None:
    """Hang up a call if it has not ended."""
    try:
        channel.hangup()
    except ari_notebook.NotFound:
        return


def differences(ari: Session, path: Path) -> list[str]:
    """Return the differences between the session's tables and an opened or replayed recording."""
    wrong = []
    started = time.perf_counter()
    opened = ari_notebook.open_capture(path)
    took = time.perf_counter() - started
    print(f"opened in {took:.2f} s: {opened!r}")
    started = time.perf_counter()
    with ari_notebook.replay(path, speed=math.inf, keep=None) as played:
        played.wait()
        print(f"replayed in {time.perf_counter() - started:.2f} s")
        for name, other in (("opened", opened), ("replayed", played)):
            log: Any = other.log
            if [log.raw(i) for i in range(len(log))] != [ari.log.raw(i) for i in range(len(log))]:
                wrong.append(f"{name}: events are not byte for byte the same")
            tables = {kind: other.tables.frame(kind) for kind in KINDS}
            tables |= {n: getattr(other, n).df for n in ("events", "requests", "calls")}
            for kind, table in tables.items():
                mine = ari.tables.frame(kind) if kind in KINDS else getattr(ari, kind).df
                try:
                    pd.testing.assert_frame_equal(table, mine)
                except AssertionError as error:
                    wrong.append(f"{name}: {kind}: {error}")
        wrong += [f"left out: {count} {reason}" for reason, count in opened.problems.items()]
    return wrong


def record_times(ari: Session) -> tuple[dict[str, float], dict[str, float]]:
    """Return when a channel's record starts and ends according to the events.

    It starts when the channel is published, which is after its creation; it ends when the channel
    leaves its last bridge, else when it is destroyed. A call begins with the creation of its first
    channel and ends when its last one is destroyed. On a busy machine the times differ.
    """
    created: dict[str, float] = {}
    left: dict[str, float] = {}
    destroyed: dict[str, float] = {}
    kept = {"ChannelCreated": created, "ChannelLeftBridge": left, "ChannelDestroyed": destroyed}
    for event in ari.log[:]:
        if event["type"] in kept:
            at = datetime.fromisoformat(event["timestamp"]).timestamp()
            kept[event["type"]][event["channel"]["id"]] = at
    return created, destroyed | left


def against_records(ari: Session, path: Path, since: float) -> list[str]:
    """Return differences between calls and the server's call detail records, row by row."""
    calls, (starts, ends) = ari.calls.df, record_times(ari)
    records: dict[str, list[dict[str, str]]] = defaultdict(list)
    with path.open() as file:
        for row in csv.DictReader(file, DETAILS):
            if float(row["start"]) >= since:
                records[row["linkedid"]].append(row)
    wrong = [f"{id}: no call" for id in set(records) - set(calls.index)]
    wrong += [f"{id}: no record" for id in set(calls.index) - set(records)]
    furthest: dict[str, float] = defaultdict(float)
    earlier = later = 0.0
    for id, rows in records.items():
        if id not in calls.index:
            continue
        call: Any = calls.loc[id]
        first = [row for row in rows if row["uniqueid"] == id] or rows
        answered = [float(row["answer"]) for row in first if float(row["answer"])]
        ended = max(ends[row["uniqueid"]] for row in rows)
        after = call.end.timestamp() - ended  # it had left its bridge
        later = max(later, after)
        began = min(starts[row["uniqueid"]] for row in first)
        before = began - call.begin.timestamp()
        earlier = max(earlier, before)
        off = {
            "begin": began - min(float(row["start"]) for row in first),
            "end": ended - max(float(row["end"]) for row in rows),
            "order": min(0.0, before, after),
        }
        if bool(answered) != (call.disposition == "ANSWERED"):
            wrong.append(f"{id}: {call.disposition}, but answered {answered}")
        elif answered:
            off["answer"] = call.answered.timestamp() - min(answered)
            talked = max(float(row["end"]) for row in rows) - min(answered)
            if len(rows) == 1:
                talked = float(rows[0]["billsec"])
            off["talk"] = call.talk - after - talked
        elif call.disposition not in {row["disposition"] for row in first}:
            wrong.append(f"{id}: {call.disposition}, not {[row['disposition'] for row in rows]}")
        for name, value in off.items():
            furthest[name] = max(furthest[name], abs(value))
            if abs(value) > NEAR:
                wrong.append(f"{id}: {name} is {value * 1000:+.0f} ms off")
    shown = ", ".join(f"{name} {value * 1000:.1f}" for name, value in furthest.items())
    count = sum(map(len, records.values()))
    print(f"{count} records of {len(records)} linked ids; at most {shown} ms off;")
    print(f"channels were announced at most {earlier * 1000:.0f} ms after their creation;")
    print(f"calls ended at most {later * 1000:.0f} ms after their channel had left its bridge")
    return wrong


def main() -> int:
    """Record, and compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("url")
    parser.add_argument("sip_port", type=int)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--rate", type=float, default=2, help="calls a second")
    parser.add_argument("--cdr", type=Path, help="what cdr_custom writes")
    parser.add_argument("--keep", type=Path, help="keep the recording here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        path = options.keep or Path(name) / "calls.jsonl.gz"
        password = os.environ.get("ARI_PASSWORD", "asterisk")
        with ari_notebook.connect(
            options.url, "hello-world", "asterisk", password, subscribe_all=True, keep=None
        ) as ari:
            program(ari)
            since = time.time()
            with ari.capture(path) as capture:
                traffic(ari, options.sip_port, options.seconds, options.rate)
            print(f"{time.time() - since:.0f} s of {ari.server} at {urlsplit(ari.url).netloc}:")
            print(
                f"{capture.events:,} events, {capture.requests:,} requests, {capture.bytes:,} bytes"
            )
            print(ari.calls.df.groupby("disposition").size().to_string())
            wrong = differences(ari, path)
            if options.cdr:
                wrong += against_records(ari, options.cdr, since)
    print("\n".join(wrong) or "all tables are equal")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
