"""A served capture: programs that were recorded run again and receive the same."""

from __future__ import annotations

import importlib.util
import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

import ari_notebook
from ari_notebook.captures.file_format import Reader, Writer, event_lines, line
from ari_notebook.captures.replay.request_matcher import IdMap, wanted
from ari_notebook.captures.replay.server import RecordedBackend, ServedCapture
from ari_notebook.client.errors import ConnectionLost, ServerError, UsageProblem
from ari_notebook.sessions.session import Session
from ari_notebook.simulator import EventSocket, Request
from ari_notebook.simulator.messages import Response
from tests.conftest import RealAsterisk
from tests.demonstration import demonstration
from tests.helpers.waiting import until
from tests.simulator.switchboard import AUTHORITY, HANDSHAKE

Seen = list[tuple[str, str]]


def first_call(ari: Session) -> str:
    """Return the channel of the first call, which may exist before `connect` returns."""
    until(lambda: ari.events.last("StasisStart"), state=lambda: ari.events.df["type"].tolist())
    start = ari.events.last("StasisStart")
    assert start is not None
    return str(start["channel"]["id"])


def greet(ari: Session) -> Seen:
    """Run a program that answers, plays, bridges and hangs up; return what it received."""
    channel = ari.channels[first_call(ari)]
    channel.answer()
    playback = channel.play("sound:hello-world")
    done = ari.wait_for("PlaybackFinished", timeout=30, playback=playback)
    bridge = ari.bridges.create(type="mixing")
    bridge.add_channel(channel=channel)
    entered = ari.wait_for("ChannelEnteredBridge", timeout=30)
    there = ari.request("GET", f"/channels/{channel.id}").json()["state"]
    channel.hangup()
    ari.wait_for("StasisEnd", timeout=30)
    return [
        ("channel", channel.id),
        ("playback", done["playback"]["id"]),
        ("bridge", entered["bridge"]["id"]),
        ("state", there),
    ]


def record(path: Path, program: Callable[[Session], Seen] = greet) -> Seen:
    with ari_notebook.connect() as ari, ari.capture(path):
        ari.simulator.call("1000")  # type: ignore[union-attr]
        return program(ari)


def client(served: ServedCapture, **options: Any) -> Session:
    return ari_notebook.connect(served.url, password=served.password, **options)


def begun(
    path: Path, patience: float, app: str = "hello-world"
) -> tuple[RecordedBackend, EventSocket]:
    """Return a replay with a manual clock, and a connected program."""
    day = RecordedBackend(demonstration(), 0.0, Reader(path), speed=1, patience=patience)
    socket = day.request(Request("GET", f"/ari/events?app={app}&{AUTHORITY}", HANDSHAKE))
    assert isinstance(socket, EventSocket)
    return day, socket


@pytest.mark.parametrize("transport", ["http", "websocket"])
def test_program_runs_again_against_the_recorded_day(tmp_path: Path, transport: str) -> None:
    path = tmp_path / "day.jsonl.gz"
    seen = record(path)
    recorded = ari_notebook.open_capture(path)
    with recorded.serve(speed=4) as served, client(served, transport=transport) as ari:
        assert greet(ari) == seen
        until(lambda: served.finished)
        assert not served.problems
        assert not served.waiting_for
        until(lambda: len(ari.events) == len(recorded.events))
        assert [event["type"] for event in ari.events[:]] == [
            event["type"] for event in recorded.events[:]
        ]
        assert [ari.log.raw(i) for i in range(len(ari.log))] == [
            recorded.events.raw(i) for i in range(len(recorded.events))
        ]
        assert len(ari.channels.df) == len(recorded.channels.df)


def test_program_of_another_library_runs_against_the_recorded_day(tmp_path: Path) -> None:
    if importlib.util.find_spec("aioari") is None:
        pytest.skip("aioari is not installed: pip install -e '.[peers]'")
    seen = record(tmp_path / "day.jsonl")
    program = Path(__file__).with_name("greet_with_aioari.py")
    with ServedCapture(tmp_path / "day.jsonl", speed=4) as served:
        done = subprocess.run(
            [sys.executable, program, served.url, *served.credentials],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == dict(seen)
        until(lambda: served.finished)
        assert not served.problems


def test_program_runs_repeatedly_and_without_delays(tmp_path: Path) -> None:
    seen = record(tmp_path / "day.jsonl")
    for _ in range(2):
        with ServedCapture(tmp_path / "day.jsonl", speed=math.inf) as served, client(served) as ari:
            assert greet(ari) == seen


def test_unrecorded_request_is_refused_with_the_next_recorded_one(tmp_path: Path) -> None:
    record(tmp_path / "day.jsonl")
    with ServedCapture(tmp_path / "day.jsonl", speed=math.inf) as served, client(served) as ari:
        first_call(ari)
        with pytest.raises(
            ServerError, match=r"POST /bridges name=x has no recorded match.*/answer"
        ):
            ari.request("POST", "/bridges", {"name": "x"})
        assert served.problems["request without a recorded match"] == 1
        assert "/answer" in served.waiting_for


def test_replay_time_follows_the_program(tmp_path: Path) -> None:
    """Events follow a request as recorded; without it the replay waits, up to a timeout."""
    path = tmp_path / "paced.jsonl"
    writer = Writer(path)
    writer.add(line("capture", {"version": 1, "applications": ["hello-world"]}, 100.0))
    asked: dict[str, Any] = {
        "method": "POST",
        "path": "/bridges",
        "params": {"type": "mixing"},
        "body": None,
    }
    answer = {"status": 200, "message": "OK", "milliseconds": 1, "body": {"id": "b"}}
    event = b'{"type":"ChannelUserevent","eventname":"%d","userevent":{},"application":"%b"}'
    for at, number in ((100.2, 1), (100.9, 2)):
        writer.add(event_lines([event % (number, b"hello-world")], at))
    writer.add(line("request", asked, 100.5, response=answer))  # written late: the answer was slow
    writer.close()

    def until_event(day: RecordedBackend, socket: EventSocket) -> float:
        """Return seconds until the next event, in steps of a hundredth."""
        for step in range(1, 1000):
            day.advance(day.now + 0.01)
            if socket.take():
                return step / 100
        raise AssertionError("no event in ten seconds")

    day, socket = begun(path, patience=60)
    assert until_event(day, socket) == pytest.approx(0.3 + 0.2, abs=0.02)  # the lead comes first
    day.advance(day.now + 40)
    assert not socket.take()
    assert str(day.waiting_for) == "POST /bridges type=mixing"
    answered = day.request(Request("POST", f"/ari/bridges?type=mixing&{AUTHORITY}"))
    assert isinstance(answered, Response)
    assert json.loads(answered.body) == {"id": "b"}
    assert until_event(day, socket) == pytest.approx(0.4, abs=0.02)
    assert day.finished
    assert not day.problems

    day, socket = begun(path, patience=0.5)
    until_event(day, socket)
    # To the request, for which it waits until the timeout, then to the event.
    assert until_event(day, socket) == pytest.approx(0.3 + 0.5 + 0.4, abs=0.02)
    assert day.problems == {"recorded request not made": 1}


def test_replay_waits_for_slow_program(tmp_path: Path) -> None:
    """On a busy machine a program may send its first requests late."""
    path = tmp_path / "day.jsonl"
    event = b'{"type":"ChannelUserevent","eventname":"x","userevent":{},"application":"a"}'
    path.write_bytes(
        line("capture", {"version": 1, "applications": ["a"]}, 100.0) + event_lines([event], 100.0)
    )
    day, socket = begun(path, patience=9, app="a")
    for _ in range(8):
        day.advance(day.now + 0.25)
        assert not socket.take()
        day.request(Request("GET", f"/ari/channels?{AUTHORITY}"))
    day.advance(day.now + 0.25)
    assert not socket.take()
    day.advance(day.now + 0.1)
    assert socket.take() == [event]
    assert day.finished


def test_generated_ids_are_mapped_to_recorded_ones(tmp_path: Path) -> None:
    def program(id: str) -> Callable[[Session], Seen]:
        def run(ari: Session) -> Seen:
            channel = first_call(ari)
            ari.request("POST", f"/channels/{channel}/play/{id}", {"media": "sound:hello-world"})
            began = ari.wait_for("PlaybackStarted", timeout=30)["playback"]["id"]
            ari.request("DELETE", f"/playbacks/{id}")
            ended = ari.wait_for("PlaybackFinished", timeout=30)["playback"]["id"]
            return [("began", began), ("ended", ended)]

        return run

    assert record(tmp_path / "day.jsonl", program("mine-1"))[0] == ("began", "mine-1")
    with ServedCapture(tmp_path / "day.jsonl", speed=math.inf) as served, client(served) as ari:
        assert program("mine-2")(ari) == [("began", "mine-2"), ("ended", "mine-2")]
        assert not served.problems


def test_get_requests_are_answered_from_tables(tmp_path: Path) -> None:
    record(tmp_path / "day.jsonl")
    with ServedCapture(tmp_path / "day.jsonl") as served, client(served) as ari:
        channel = first_call(ari)
        (row,) = ari.request("GET", "/channels").json()
        assert row["id"] == channel
        assert "in_stasis" not in row  # a field of ours
        assert ari.request("GET", f"/channels/{channel}").json() == row
        assert ari.request("GET", "/applications").json()[0]["name"] == "hello-world"
        assert not served.problems


def test_request_without_valid_credentials_is_refused(tmp_path: Path) -> None:
    record(tmp_path / "day.jsonl")
    with ServedCapture(tmp_path / "day.jsonl", user="me", password="secret") as served:
        assert served.credentials == ("me", "secret")
        assert requests.get(f"{served.url}/ari/channels", timeout=30).status_code == 401
        assert "day.jsonl served at" in repr(served)
    with pytest.raises(UsageProblem, match="invalid speed"):
        ServedCapture(tmp_path / "day.jsonl", speed=0)
    with pytest.raises(UsageProblem, match="cannot read"):
        ServedCapture(tmp_path / "none")


def test_unrecorded_response_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "holes.jsonl"
    asked: dict[str, Any] = {"method": "GET", "params": {}, "body": None}
    path.write_bytes(
        line("capture", {"version": 1, "applications": ["hello-world"]}, 1.0)
        + line("request", {**asked, "path": "/sounds"}, 2.0, response={"status": None})
        + line(
            "request",
            {**asked, "path": "/recordings/stored/a/file"},
            3.0,
            response={"status": 200, "bytes": 99},
        )
    )
    with ServedCapture(path) as served, client(served) as ari:
        with pytest.raises(ServerError, match="the answer was not recorded"):
            ari.request("GET", "/sounds")
        with pytest.raises(ServerError, match="file in its response"):
            ari.request("GET", "/recordings/stored/a/file")


def test_requests_match_by_meaning() -> None:
    assert wanted([("media", "a")], None) == wanted([], {"media": ["a"]})
    assert wanted([("api_key", "u:p")], {"variables": {"b": 1, "a": 2}}) == wanted(
        [], {"variables": {"a": 2, "b": 1}}
    )
    assert wanted([("password", "hunter2")], None) == {"password": "***"}
    names = IdMap()
    names.add("mine", "theirs")
    assert names.recorded("/x/mine") == "/x/theirs"
    assert names.ours(b'{"id":"theirs"}') == b'{"id":"mine"}'


def test_replay_server_runs_from_command_line(tmp_path: Path) -> None:
    seen = record(tmp_path / "day.jsonl")
    program = [sys.executable, "-m", "ari_notebook.captures", str(tmp_path / "day.jsonl")]
    with subprocess.Popen([*program, "--speed", "9"], stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        url = served.stdout.readline().split()[-1].removesuffix("/ari")
        password = served.stdout.readline().split()[-1]
        try:
            with ari_notebook.connect(url, password=password) as ari:
                assert greet(ari) == seen
        finally:
            served.terminate()
        assert served.wait(30) == 0
    wrong = subprocess.run([*program[:-1], "none"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("cannot start: cannot read none")


def test_program_recorded_on_a_real_asterisk_runs_again(
    real_asterisk: RealAsterisk, tmp_path: Path
) -> None:
    path = tmp_path / "real.jsonl.gz"
    with ari_notebook.connect(real_asterisk.url, user=real_asterisk.user) as ari:
        with ari.capture(path):
            ari.call("1000")
            seen = greet(ari)
        types = [event["type"] for event in ari.events[:]]
    with ServedCapture(path, speed=4) as served, client(served) as ari:
        assert greet(ari) == seen  # who called then calls again: that is the day's part
        assert [event["type"] for event in ari.events[:]] == types
        assert not served.problems
    with pytest.raises(ConnectionLost):
        client(served)
