"""Recording directly into a dataset, from several servers at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import ari_notebook
from ari_notebook import simulator
from ari_notebook.captures.file_format import Writer, line
from ari_notebook.captures.parquet import FOLDER, convert_left, left
from ari_notebook.client.errors import UsageProblem
from ari_notebook.sessions.session import Session


def call(ari: Session) -> None:
    ari.call("1000")
    channel = ari.channels[ari.wait_for("StasisStart")["channel"]["id"]]
    channel.hangup()
    ari.wait_for("ChannelDestroyed")


def test_sessions_to_several_servers_feed_one_dataset(tmp_path: Path) -> None:
    days = tmp_path / "days.parquet"
    another = simulator.start(seed=1)  # with an asterisk_id of its own
    with another, ari_notebook.connect(subscribe_all=True) as one:
        with ari_notebook.connect(
            another.url, user=another.user, password=another.password, subscribe_all=True
        ) as two:
            first, second = one.capture(days), two.capture(days)
            call(one)
            call(two)
            call(two)
        assert not second.running  # it ends with its session
        first.stop()
        first.stop()
        own = {one.events[0]["asterisk_id"]: len(one.events)}
        own[two.events[0]["asterisk_id"]] = len(two.events)
    opened = ari_notebook.open_capture(days)
    assert opened.events.df.groupby("asterisk_id").size().to_dict() == own
    assert len(own) == 2
    assert sorted(opened.calls.df.groupby("asterisk_id").size()) == [1, 2]
    assert len(pd.read_parquet(days)) == sum(own.values())  # which passes over the recordings
    assert [one.suffix for one in (days / FOLDER).iterdir()] == [".gz", ".gz"]
    assert not left(days)
    with ari_notebook.connect() as again:
        again.capture(days).stop()  # without an event
    assert len(ari_notebook.open_capture(days).events.df) == sum(own.values())


KILLED = """
import sys, time, ari_notebook
ari = ari_notebook.connect(subscribe_all=True)
ari.capture(sys.argv[1])
ari.call("1000")
ari.wait_for("StasisStart")
time.sleep(1.1)
print(len(ari.events), flush=True)
time.sleep(60)
"""


def test_capture_of_a_killed_process_is_converted_later(tmp_path: Path) -> None:
    days = tmp_path / "days.parquet"
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(days)],
        stdout=subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if name != "ARI_URL"},
    ) as program:
        assert program.stdout is not None
        events = int(program.stdout.readline())
        program.send_signal(signal.SIGKILL)
    with pytest.raises(UsageProblem, match=r"1 recording.*convert_left"):
        ari_notebook.open_capture(days)
    assert convert_left(days) == list((days / FOLDER).iterdir())
    assert len(ari_notebook.open_capture(days).events.df) == events
    assert not left(days)


def test_unwritable_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        ari_notebook.connect() as ari,
        pytest.raises(UsageProblem, match="cannot write"),
    ):
        ari.capture(tmp_path / "file" / "days.parquet")


def test_folder_of_a_server_fits_and_is_its_own(tmp_path: Path) -> None:
    names = ["x" * 300, "x" * 301, "é" * 300, "a/b", "a-b", "a b", "02:00:00:1a:2b:3c"]
    file = tmp_path / "day.jsonl"
    lines = [line("capture", {"version": 1})]
    for name in names:
        event = {"type": "DeviceStateChanged", "application": "app", "asterisk_id": name}
        lines.append(line("event", event))
    Writer(file, b"".join(lines)).close()
    folder = ari_notebook.to_parquet(file, tmp_path / "days.parquet")
    servers = [each.name.removeprefix("server=") for each in folder.glob("server=*")]
    assert len(servers) == len(names)
    assert {"a-b", "02-00-00-1a-2b-3c"} < set(servers)
    assert max(len(each.encode()) for each in servers) <= 100
    assert len(ari_notebook.open_capture(folder).events.df) == len(names)
