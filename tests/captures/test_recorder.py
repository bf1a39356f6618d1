"""Recording a session, and opening the recording as the same tables."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest

import ari_notebook
from ari_notebook.captures.file_format import Reader, Writer, event_lines, line
from ari_notebook.client.errors import AriError, UsageProblem
from ari_notebook.sessions.session import Session
from ari_notebook.simulator import RunningSimulator
from ari_notebook.store.redaction import without_secrets
from tests.helpers.waiting import until

TABLES = ("channels", "bridges", "playbacks", "endpoints", "device_states")


def hello(ari: Session) -> None:
    """Make a call, with media, a bridge and a refused request."""
    ari.call("1000")
    channel = ari.channels[ari.wait_for("StasisStart")["channel"]["id"]]
    channel.play("sound:hello-world")
    ari.wait_for("PlaybackFinished")
    bridge = ari.bridges.create(type="mixing")
    bridge.add_channel(channel=channel)
    ari.wait_for("ChannelEnteredBridge")
    with pytest.raises(AriError):
        ari.request("GET", "/channels/none")


@pytest.fixture(params=["a.jsonl", "a.jsonl.gz"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


@pytest.mark.parametrize("subscribe_all", [True, False])
def test_capture_opens_as_the_same_tables(path: Path, subscribe_all: bool) -> None:
    with ari_notebook.connect(subscribe_all=subscribe_all) as ari:
        with ari.capture(path) as capture:
            hello(ari)
            assert capture.running
        assert not capture.running
        opened = ari_notebook.open_capture(path)
        assert not opened.problems
        assert len(opened.events) == capture.events > 3
        pd.testing.assert_frame_equal(opened.events.df, ari.events.df)
        pd.testing.assert_frame_equal(opened.requests.df, ari.requests.df)
        pd.testing.assert_frame_equal(opened.calls.df, ari.calls.df)
        for kind in TABLES if subscribe_all else ("channels", "bridges"):
            pd.testing.assert_frame_equal(getattr(opened, kind).df, getattr(ari, kind).df)
        assert [opened.events.raw(i) for i in range(len(opened.events))] == [
            ari.log.raw(i) for i in range(len(ari.log))
        ]


def test_sessions_own_rows_are_the_same(path: Path) -> None:
    """A failed handler has a row with exactly the time in the log."""
    with ari_notebook.connect(subscribe_all=True) as ari, ari.capture(path):

        @ari.on("StasisStart")
        def fails(channel: object) -> None:
            raise ValueError(str(channel))

        ari.call("1000")
        until = time.monotonic() + 20
        while ari.events.last("HandlerFailed") is None and time.monotonic() < until:
            time.sleep(0.01)
    opened = ari_notebook.open_capture(path)
    assert "handler" in set(opened.events.df["origin"])
    pd.testing.assert_frame_equal(opened.events.df, ari.events.df)


def test_capture_begins_with_the_current_tables(tmp_path: Path) -> None:
    with ari_notebook.connect(subscribe_all=True) as ari:
        hello(ari)
        with ari.capture(tmp_path / "late.jsonl"):
            pass
        opened = ari_notebook.open_capture(tmp_path / "late.jsonl")
        pd.testing.assert_frame_equal(opened.channels.df, ari.channels.df)
        assert len(opened.bridges) == 1
        assert len(opened.events) == 0


def test_pandas_alone_reads_it(path: Path) -> None:
    with ari_notebook.connect() as ari, ari.capture(path):
        hello(ari)
    table = pd.read_json(path, lines=True)
    types = table["event"].dropna().map(lambda event: event["type"])
    assert "StasisStart" in set(types)
    assert table["request"].notna().sum() == 4


def test_capture_ends_with_its_session(path: Path) -> None:
    with ari_notebook.connect() as ari:
        capture = ari.capture(path)
    assert not capture.running
    assert b'"end"' in list(open_lines(path))[-1]


def open_lines(path: Path) -> list[bytes]:
    text = path.read_bytes()
    return (gzip.decompress(text) if path.suffix == ".gz" else text).splitlines()


def test_capture_contains_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with ari_notebook.connect() as ari, ari.capture(path):
        ari.call("1000")
        channel = ari.wait_for("StasisStart")["channel"]["id"]
        variable = {"variable": "SIP_PASSWORD", "value": "hunter2"}
        ari.request("POST", f"/channels/{channel}/variable", variable)
        ari.request("GET", f"/channels/{channel}/variable", {"variable": "SIP_PASSWORD"})
        ari.request("GET", f"/channels/{channel}/variable?variable=SIP_PASSWORD")
        for path_, body in (
            ("/asterisk/config/dynamic/res_pjsip/auth/a", {"fields": [
                {"attribute": "username", "value": "alice"},
                {"attribute": "password", "value": "hunter2"},
            ]}),
            ("/channels?api_key=asterisk:hunter2", {"variables": {"secret": "hunter2"}}),
            ("/channels?X-Api-Key=hunter2&PIN=hunter2", {"pwd": "hunter2", "VM_PIN": "hunter2"}),
            ("/channels", {"variables": {"PJSIP_HEADER(add,X-API-Key)": "hunter2", "a": "alice"}}),
        ):  # fmt: skip
            with pytest.raises(AriError):
                ari.request("PUT", path_, body=body)
        password = ari.simulator.password  # type: ignore[union-attr]
        ari.request("GET", "/channels")
    for written in path.read_bytes().splitlines():
        if b'"request"' in written:
            assert b"hunter2" not in written
        assert b"Authorization" not in written
    assert b'"alice"' in path.read_bytes()
    assert without_secrets({"pinned": 1, "spin": 2, "PIN": 3}) == {
        "pinned": 1,
        "spin": 2,
        "PIN": "***",
    }
    assert password


def test_existing_file_is_kept(path: Path) -> None:
    path.write_text("mine")
    with ari_notebook.connect() as ari:
        with pytest.raises(UsageProblem, match="already exists"):
            ari.capture(path)
        assert path.read_text() == "mine"
        ari.capture(path, overwrite=True).stop()
        assert len(ari_notebook.open_capture(path).events) == 0
        with pytest.raises(UsageProblem, match="cannot write"):
            ari.capture(path / "below")


KILLED = """
import sys, time, ari_notebook
ari = ari_notebook.connect(subscribe_all=True)
ari.capture(sys.argv[1])
while True:
    ari.call("1000")
    channel = ari.channels[ari.wait_for("StasisStart")["channel"]["id"]]
    channel.hangup()
    ari.wait_for("ChannelDestroyed", channel=channel)
    print(len(ari.events), time.time(), flush=True)
"""


def test_kill_9_loses_at_most_the_last_second(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)],
        stdout=subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if name != "ARI_URL"},
    ) as program:
        assert program.stdout is not None
        heard: list[tuple[int, float]] = []
        while not heard or time.time() < heard[0][1] + 2:
            events, at = program.stdout.readline().split()
            heard.append((int(events), float(at)))
        program.send_signal(signal.SIGKILL)
        killed = time.time()
    opened = ari_notebook.open_capture(path)
    safe = [events for events, at in heard if at < killed - 1]
    assert safe
    assert len(opened.events) >= safe[-1]
    assert set(opened.problems) <= {"cut off at the end"}


def test_capture_can_be_opened_at_once(path: Path) -> None:
    with ari_notebook.connect() as ari, ari.capture(path):
        assert ari_notebook.open_capture(path).header["applications"] == list(ari.apps)


def test_all_requests_of_a_long_day_are_in_it(tmp_path: Path) -> None:
    """A session keeps its last 10,000 requests, a capture all of them."""
    path = tmp_path / "long.jsonl"
    asked: dict[str, Any] = {"method": "GET", "path": "/channels", "params": {}, "body": None}
    answer = {"status": 200, "message": "OK", "milliseconds": 1.5}
    path.write_bytes(
        line("capture", {"version": 1}, 1.0)
        + b"".join(line("request", asked, 2.0 + n, response=answer) for n in range(12_000))
    )
    assert len(ari_notebook.open_capture(path).requests.df) == 12_000
    assert len(ari_notebook.open_capture(path, keep=10).requests.df) == 10


# Files that are not as they should be.


def written(path: Path, count: int = 5000) -> Path:
    writer = Writer(path)
    writer.add(line("capture", {"version": 1, "subscribe_all": True}, 1000.0))
    for number in range(count):
        raw = b'{"type":"ChannelCreated","n":%d}' % number
        writer.add(event_lines([raw], 1000 + number / 100))
        if number % 1000 == 999 and path.suffix == ".gz":
            time.sleep(0.55)  # so that there are several compressed members
    writer.close()
    return path


@pytest.mark.parametrize("part", [0.3, 0.61, 0.999])
def test_truncated_file_opens_up_to_its_end(path: Path, part: float) -> None:
    text = written(path, 3000).read_bytes()
    path.write_bytes(text[: int(len(text) * part)])
    opened = ari_notebook.open_capture(path)
    assert 3000 * (part - 0.35) < len(opened.events) <= 3000
    assert opened.problems["cut off at the end"] == 1
    assert "cut off" in repr(opened)


def test_damage_loses_only_damaged_lines(path: Path) -> None:
    text = bytearray(written(path, 3000).read_bytes())
    middle = len(text) // 2
    text[middle : middle + 40] = b"\x00\xff" * 20
    path.write_bytes(text)
    opened = ari_notebook.open_capture(path)
    assert opened.problems
    assert 1000 < len(opened.events) < 3001
    assert opened.events.df["type"].eq("ChannelCreated").sum() > 1000
    last = opened.events[len(opened.events) - 1]
    assert last["n"] == 2999


def test_unknown_records_and_newer_versions_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "newer.jsonl"
    path.write_bytes(
        line("capture", {"version": 7}, 1.0)
        + b'{"at":2,"hologram":{}}\nnot JSON\n[]\n{"at":3,"snapshot":[]}\n'
        + line("malformed", "no event", 4.0)
        + event_lines([b'{"type":"A"}'], 5.0)
        + event_lines([b'{"type":"B"}'], 4.5)
    )
    opened = ari_notebook.open_capture(path)
    assert opened.problems == {
        "of version 7, supported is 1": 1,
        "of unknown kind": 1,
        "not readable": 2,
        "invalid snapshot": 1,
        "clock went backwards": 1,
    }
    assert [event["type"] for event in opened.events[:]] == ["malformed", "A", "B"]


@pytest.mark.parametrize("text", [b"", b"hello\n", b"\x1f\x8b\x08", b"{}\n", b"\x00" * 99])
def test_file_other_than_a_capture_is_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "x").write_bytes(text)
    with pytest.raises(UsageProblem, match="is not a capture"):
        ari_notebook.open_capture(tmp_path / "x")
    with pytest.raises(UsageProblem, match="cannot read"):
        ari_notebook.open_capture(tmp_path / "none")


def test_event_on_several_lines_becomes_one(tmp_path: Path) -> None:
    path = tmp_path / "pretty.jsonl"
    path.write_bytes(event_lines([b'{\n "type": "A"\n}'], 1.5))
    (record,) = Reader(path)
    assert orjson.loads(record.raw) == {"type": "A"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk at hand")
def test_full_disk_ends_the_capture_and_not_the_session() -> None:
    with ari_notebook.connect() as ari:
        capture = ari.capture("/dev/full", overwrite=True)
        hello(ari)
        capture.stop()
        assert "No space left" in capture.failure
        assert ari.connected


def test_requests_of_several_threads_have_one_order(tmp_path: Path) -> None:
    paths = ["/channels", "/bridges", "/asterisk/ping"] * 20
    with ari_notebook.connect() as ari:
        # What looks at a request before the capture does, now for longer, now for shorter.
        ari.sender.add_listener(lambda request, _: time.sleep(len(request.path) % 3 / 100))
        with ari.capture(tmp_path / "a.jsonl"), ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda path: ari.request("GET", path), paths))
        opened = ari_notebook.open_capture(tmp_path / "a.jsonl")
        pd.testing.assert_frame_equal(opened.requests.df, ari.requests.df)


def test_event_of_type_malformed_is_recorded_whole(
    tmp_path: Path, simulator: RunningSimulator
) -> None:
    path = tmp_path / "day.jsonl"
    own = b'{"type":"malformed","text":"a","application":"hello-world","more":1}'
    with ari_notebook.connect(simulator.url, password=simulator.password) as ari:
        capture = ari.capture(path)
        with ari.synchronizer.arrived:
            messages = [b"no JSON", own]
            batch = ari.log.append(messages, 1e9)
            capture.took(messages, batch, 1e9)
        capture.stop()
    records = [each for each in Reader(path) if each.kind in ("event", "malformed")]
    assert [(each.kind, each.data or each.raw) for each in records] == [
        ("malformed", "no JSON"),
        ("event", own),
    ]


def test_call_up_at_the_start_of_a_capture_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "late.jsonl"
    with ari_notebook.connect(subscribe_all=True) as ari:
        members = []
        for _ in range(2):
            member = ari.channels.originate("Local/1002@default", app="hello-world")
            ari.wait_for("StasisStart", timeout=30, channel=member)
            members.append(member)
        ari.bridges.create(type="mixing").add_channel(channel=members)
        for member in members:
            ari.wait_for("ChannelEnteredBridge", timeout=30, channel=member)
        with ari.capture(path):
            for member in members:
                member.hangup()
            for member in members:
                ari.wait_for("ChannelDestroyed", timeout=30, channel=member)
            until(lambda: not ari.tables.channels, 30)
    columns = ["channels", "answered", "talk", "disposition", "cause", "hangup_by"]
    (call,) = ari_notebook.open_capture(path).calls.df[columns].to_dict("records")
    assert {each.id for each in members} < set(call["channels"])
    assert (call["disposition"], call["hangup_by"]) == ("ANSWERED", "program")
    assert pd.isna(call["answered"])
    assert pd.isna(call["talk"])
    with ari_notebook.replay(path, speed=float("inf")) as again:
        until(lambda: again.finished, 30)
        assert len(again.calls.df) == 1
