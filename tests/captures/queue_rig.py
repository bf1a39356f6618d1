"""Calls through app_queue of a real Asterisk, and its queue_log, CDR and CEL of them."""

from __future__ import annotations

import csv
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from ari_notebook.sessions.session import Session
from tests.conftest import RealAsterisk
from tests.helpers import sip

LOG, CDR, CEL = "queue_log", "cdr-custom/queue_cdr.csv", "cel-custom/queue_cel.csv"
# Agent → what sipp does for it.
AGENTS = {
    "answers": sip.answers(1),
    "ends": sip.answers_and_hangs_up(0.5, 2),
    "holds": sip.holds(0.5, 1, 2),
    "transfers": sip.transfers(0.5, 1, "1002"),
    "busy": sip.refuses("486 Busy Here"),
    "rings": sip.rings(),
}
# Queue → its members, the application's arguments, and the seconds that the caller stays.
QUEUES: dict[str, tuple[list[str], str, float]] = {
    "answers": (["answers"], "", 7),
    "ends": (["ends"], "", 12),
    "holds": (["holds"], "", 14),
    "transfers": (["transfers"], "", 6),
    "second": (["busy", "answers"], "", 8),
    "rings": (["rings"], "", 5),
    "timeout": (["rings"], ",,,,4", 14),
    "empty": ([], "", 14),
}
_MAPPING = "[mappings]\n{file} => {fields}\n"
_CDR = (
    "linkedid",
    "uniqueid",
    "channel",
    "dstchannel",
    "start,u",
    "answer,u",
    "end,u",
    "billsec,f",
)
_CEL = ("eventtype", "eventtime", "CHANNEL(linkedid)", "CHANNEL(uniqueid)", "CHANNEL(channame)")


def _fields(names: tuple[str, ...], around: str) -> str:
    return ",".join("${CSV_QUOTE(${" + around.format(name) + "})}" for name in names)


def _dialplan() -> str:
    lines = ["", "[queues]", "exten => 1002,1,Answer()", " same => n,Wait(3600)"]
    for name, (_, arguments, _) in QUEUES.items():
        lines += [f"exten => q-{name},1,Answer()", " same => n,Wait(0.4)"]
        lines += [f" same => n,Queue({name}{arguments})", " same => n,NoOp(after)"]
        lines += [" same => n,Wait(1)", " same => n,Hangup()"]
    return "\n".join([*lines, ""])


def _queues() -> str:
    text = "[general]\npersistentmembers = no\n"
    for name, (members, _, _) in QUEUES.items():
        text += f"[{name}]\nstrategy = linear\ntimeout = 2\nretry = 1\njoinempty = no\n"
        text += "".join(f"member => PJSIP/{member}\n" for member in members)
    return text


def _endpoint(name: str, port: int) -> str:
    return (
        f"\n[{name}]\ntype = endpoint\ncontext = queues\ndisallow = all\nallow = ulaw\n"
        f"direct_media = no\naors = {name}\n[{name}]\ntype = aor\n"
        f"contact = sip:{name}@127.0.0.1:{port}\n"
    )


_RELOADED = ("res_pjsip.so", "app_queue.so", "cdr", "cdr_custom.so", "cel", "cel_custom.so")


@contextmanager
def configured(asterisk: RealAsterisk, ports: dict[str, int]) -> Iterator[Path]:
    """Configure queues, agents, and records in files; yield the folder of these."""
    logs = asterisk.own() / "var/log/asterisk"
    for name in (LOG, CDR, CEL):
        (logs / name).parent.mkdir(exist_ok=True)
        (logs / name).unlink(missing_ok=True)
    etc = asterisk.own() / "etc/asterisk"
    asterisk.write_config("queues.conf", _queues())
    endpoints = "".join(_endpoint(name, port) for name, port in ports.items())
    asterisk.write_config("pjsip.conf", (etc / "pjsip.conf").read_text() + endpoints)
    plan = (
        (etc / "extensions.conf")
        .read_text()
        .replace("[default]", "[default]\ninclude => queues", 1)
    )
    asterisk.write_config("extensions.conf", plan + _dialplan())
    asterisk.write_config("cdr.conf", "[general]\nenable = yes\nunanswered = yes\n")
    asterisk.write_config(
        "cdr_custom.conf",
        _MAPPING.format(file="queue_cdr.csv", fields=_fields((*_CDR, "disposition"), "CDR({})")),
    )
    asterisk.write_config("cel.conf", "[general]\nenable = yes\napps = queue,dial\nevents = ALL\n")
    asterisk.write_config(
        "cel_custom.conf", _MAPPING.format(file="queue_cel.csv", fields=_fields(_CEL, "{}"))
    )
    try:
        _reload(asterisk)
        yield logs
    finally:
        asterisk.restore_files()
        _reload(asterisk)


def _reload(asterisk: RealAsterisk) -> None:
    asterisk.reload()
    asterisk.console("logger reload")  # it keeps queue_log open
    for module in _RELOADED:
        asterisk.console(f"module reload {module}")
    for module in ("cdr_custom.so", "cel_custom.so"):  # declined to load without configuration
        asterisk.console(f"module load {module}")
    time.sleep(0.5)


def traffic(ari: Session, asterisk: RealAsterisk, ports: dict[str, int], folder: Path) -> None:
    """Call each queue once, with sipp as agents and callers, until all calls have ended."""
    sipp = sip.Sipp(asterisk.sip_port, folder)
    try:
        for name, scenario in AGENTS.items():
            sipp.run(name, scenario, port=ports[name])
        time.sleep(1)
        callers = []
        for name, (_, _, stay) in QUEUES.items():
            callers.append(sipp.run(f"to-{name}", sip.calls(stay), exten=f"q-{name}", count=1))
            time.sleep(0.6)
        for caller in callers:
            caller.wait(90)
        end = time.monotonic() + 60
        while ari.request("GET", "/channels").json() and time.monotonic() < end:
            time.sleep(0.2)
        time.sleep(1)  # for the records
    finally:
        sipp.close()


class Logged(NamedTuple):
    """A line of queue_log: https://docs.asterisk.org/Configuration/Applications/Queue-Logs"""

    time: float
    call: str
    queue: str
    agent: str
    event: str
    data: tuple[str, ...]


def queue_log(path: Path) -> dict[str, list[Logged]]:
    """Return the lines by call."""
    found: dict[str, list[Logged]] = defaultdict(list)
    for line in path.read_text().splitlines():
        at, call, queue, agent, event, *data = line.split("|")
        found[call].append(Logged(float(at), call, queue, agent, event, tuple(data)))
    return found


def call_records(path: Path) -> dict[str, list[dict[str, str]]]:
    """Return call detail records by call."""
    names = [each.split(",")[0] for each in (*_CDR, "disposition")]
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    with path.open() as file:
        for row in csv.DictReader(file, names):
            found[row["linkedid"]].append(row)
    return found


def channel_events(path: Path) -> list[dict[str, str]]:
    """Return channel events in their order."""
    with path.open() as file:
        return list(csv.DictReader(file, ("type", "time", "linkedid", "uniqueid", "name")))


def differences(calls: pd.DataFrame, legs: pd.DataFrame, logs: Path) -> list[str]:
    """Return where the tables say something else than Asterisk's own records.

    queue_log has whole seconds: a duration there may differ by one.
    """
    return [
        *_against_log(calls, legs, queue_log(logs / Path(LOG).name)),
        *_against_records(calls, call_records(logs / Path(CDR).name)),
        *_against_channel_events(calls, channel_events(logs / Path(CEL).name)),
    ]


def _rows(calls: pd.DataFrame) -> list[Any]:
    return [*calls.itertuples()]


def _against_log(
    calls: pd.DataFrame, legs: pd.DataFrame, log: dict[str, list[Logged]]
) -> Iterator[str]:
    for call in _rows(calls):
        lines = {line.event: line for line in log.get(str(call.Index), ())}

        def check(what: str, right: bool, call: Any = call, lines: Any = lines) -> Iterator[str]:
            if not right:
                yield f"{call.called}: {what}: {call} but {list(lines)}"

        connect, abandon = lines.get("CONNECT"), lines.get("ABANDON")
        yield from check("connected", (connect is not None) == pd.notna(call.connected))
        yield from check("abandoned", call.abandoned == (abandon is not None))
        if connect is not None:
            yield from check("agent", call.agent == connect.agent)
            yield from check("queue_wait", abs(call.queue_wait - float(connect.data[0])) <= 1)
            yield from check("time", abs(call.connected.timestamp() - connect.time - 0.5) <= 1)
        if abandon is not None:
            yield from check("queue_wait", abs(call.queue_wait - float(abandon.data[2])) <= 1)
        left = lines.get("EXITWITHTIMEOUT")
        if left is not None:
            yield from check("queue_wait", abs(call.queue_wait - float(left.data[2])) <= 1)
            yield from check("because", "TIMEOUT" in call.failed_because)
        for event, by in (("COMPLETECALLER", "caller"), ("COMPLETEAGENT", "called")):
            if event in lines:
                yield from check("hangup_by", call.hangup_by == by)
                talked: Any = legs.loc[call.Index, "talk"]
                yield from check("talk", abs(talked - float(lines[event].data[1])) <= 1)
        yield from check("transfers", call.transfers == ("BLINDTRANSFER" in lines))


def _against_records(
    calls: pd.DataFrame, records: dict[str, list[dict[str, str]]]
) -> Iterator[str]:
    for call in _rows(calls):
        rows = [row for row in records[str(call.Index)] if row["uniqueid"] == call.Index]
        if not rows:
            yield f"{call.called}: no record"
            continue
        begin = min(float(row["start"]) for row in rows)
        if abs(begin - call.begin.timestamp()) > 0.02:
            yield f"{call.called}: begin {call.begin} but {begin}"
        answered = [row for row in rows if row["disposition"] == "ANSWERED" and row["dstchannel"]]
        agents = {row["dstchannel"].rpartition("-")[0] for row in answered}
        if {call.agent} - {""} != agents:
            yield f"{call.called}: agent {call.agent} but {agents}"


def _against_channel_events(calls: pd.DataFrame, events: list[dict[str, str]]) -> Iterator[str]:
    for call in _rows(calls):
        entered = [
            float(event["time"])
            for event in events
            if event["type"] == "BRIDGE_ENTER" and event["linkedid"] == call.Index
        ]
        if bool(entered) != pd.notna(call.connected):
            yield f"{call.called}: connected {call.connected} but {entered}"
        elif entered and abs(sorted(entered)[1] - call.connected.timestamp()) > 0.05:
            yield f"{call.called}: connected {call.connected} but {sorted(entered)}"
