"""Whole jobs as programs: with flows, with aioari, and with requests and websocket-client.

The programs of benchmarks/jobs run as processes; what they did is read from Asterisk. On the
simulator phones call them, on a real Asterisk sipp.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
import requests

from ari_notebook import simulator
from ari_notebook.simulator import RunningSimulator
from tests.conftest import TOP, RealAsterisk, free_port
from tests.helpers.sipp import SippCalls
from tests.helpers.waiting import until

DIALPLAN = """
[default]
exten => 7001,1,Answer()
 same => n,Stasis(jobs,ivr)
exten => 7002,1,Answer()
 same => n,Stasis(jobs,queue)
exten => 7003,1,Answer()
 same => n,Stasis(jobs,guest)
exten => 7004,1,Answer()
 same => n,Stasis(jobs,moderator)
exten => 7005,1,Answer()
 same => n,Stasis(jobs,leave)
exten => 7006,1,Answer()
 same => n,Stasis(jobs,listen)
exten => 7007,1,Answer()
 same => n,Stasis(jobs,many)
exten => 7008,1,Answer()
 same => n,Stasis(jobs,bot)
exten => 5001,1,Set(GLOBAL(PIN_GIVEN)=${PIN})

[far]
exten => agent,1,Answer()
 same => n,Wait(60)
exten => _0XX,1,Answer()
 same => n,Wait(5)
exten => _1XX,1,Hangup(17)
exten => speaks,1,Answer()
 same => n,Playback(tt-weasels)
 same => n,Wait(60)
exten => _2XX,1,Ringing()
 same => n,Wait(60)
"""
LONG = 100  # seconds that a loaded machine may take


class Calls(Protocol):
    """Callers."""

    def hangup(self) -> None: ...


class Stage:
    """An exchange, the callers of its extensions, and what can be seen of it."""

    def __init__(self, server: Any, folder: Path) -> None:
        self.url, self.user, self.password = server.url, server.user, server.password
        self._server, self._folder = server, folder
        self._calls = contextlib.ExitStack()
        self._count = 0

    @property
    def is_real(self) -> bool:
        return isinstance(self._server, RealAsterisk)

    def get(self, path: str, **params: str) -> Any:
        auth = self.user, self.password
        return requests.get(f"{self.url}/ari{path}", params, auth=auth, timeout=30).json()

    def variable(self, name: str) -> str:
        return str(self.get("/asterisk/variable", variable=name).get("value", ""))

    def call(self, extension: str, keys: str = "", count: int = 1, pause: float = 1) -> Calls:
        """Let callers dial an extension, and press keys after the answer.

        Args:
            extension: what they dial.
            keys: the keys.
            count: how many callers.
            pause: seconds between the answer and the keys; phones of the simulator need none.
        """
        self._count += 1
        if isinstance(self._server, RealAsterisk):
            folder = self._folder / f"sipp-{self._count}"
            sip_port = self._server.sip_port
            calls = SippCalls(folder, sip_port, extension, keys, count=count, pause=pause)
            return self._calls.enter_context(calls)
        made = [self._server.call(extension) for _ in range(count)]
        if keys:  # those that are pressed earlier belong to the dialplan
            ids = {call.id for call in made}
            until(lambda: ids <= set(self.get("/applications/jobs")["channel_ids"]), LONG)
            for call in made:
                call.press(keys)
        return _Phones(made)

    def call_and_speak(self, extension: str) -> None:
        """Let a caller dial an extension who speaks for some seconds, then is silent."""
        where = {"endpoint": f"Local/{extension}@default", "extension": "speaks", "context": "far"}
        auth = self.user, self.password
        requests.post(f"{self.url}/ari/channels", where, auth=auth, timeout=30).raise_for_status()

    def in_app(self) -> int:
        return len(self.get("/applications/jobs")["channel_ids"])

    def in_bridges(self) -> list[int]:
        return sorted(len(each["channels"]) for each in self.get("/bridges"))

    @contextlib.contextmanager
    def program(self, style: str, job: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-m", f"benchmarks.jobs.{style}.{job}"]
        errors = self._folder / f"{style}-{job}.txt"
        with errors.open("w") as stderr:
            started = subprocess.Popen(
                [*command, self.url, self.user, self.password, *arguments],
                cwd=TOP,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                env=os.environ | {"PYTHONPATH": str(TOP)},
            )
        try:
            if not arguments:
                until(self.is_served, LONG)
            yield started
        finally:
            started.kill()
            started.communicate()
            print(errors.read_text())  # pytest shows it if the test fails

    def is_served(self) -> bool:
        return any(each["name"] == "jobs" for each in self.get("/applications"))

    def close(self) -> None:
        self._calls.close()


class _Phones:
    def __init__(self, calls: list[Any]) -> None:
        self._calls = calls

    def hangup(self) -> None:
        for call in self._calls:
            call.hangup()


@pytest.fixture
def speed() -> float:
    """How fast the simulator is."""
    return 4


@pytest.fixture(params=["simulator", pytest.param("real", marks=pytest.mark.asterisk)])
def stage(request: pytest.FixtureRequest, tmp_path: Path, speed: float) -> Iterator[Stage]:
    with contextlib.ExitStack() as leaving:
        if request.param == "simulator":
            running: RunningSimulator = leaving.enter_context(simulator.start(speed=speed))
            running.set_dialplan(DIALPLAN)
            server: Any = running
        else:
            server = request.getfixturevalue("real_asterisk")
            server.write_config("extensions.conf", DIALPLAN)
            server.reload()
        stage = Stage(server, tmp_path)
        leaving.callback(stage.close)
        yield stage


REAL, NIGHTLY = pytest.mark.asterisk, pytest.mark.nightly
# What other libraries' programs do on a real Asterisk is compared at night.
STYLES = pytest.mark.parametrize(
    ("stage", "style"),
    [
        *(("simulator", style) for style in ("ours", "with_aioari", "bare")),
        pytest.param("real", "ours", marks=REAL),
        *(pytest.param("real", style, marks=[REAL, NIGHTLY]) for style in ("with_aioari", "bare")),
    ],
    indirect=["stage"],
)
pytestmark = pytest.mark.slow


@STYLES
def test_ivr(stage: Stage, style: str) -> None:
    with stage.program(style, "ivr"):
        stage.call("7001", "24711")
        until(lambda: stage.variable("PIN_GIVEN") == "4711", LONG)
        until(lambda: stage.get("/channels") == [], LONG)


@STYLES
def test_queue(stage: Stage, style: str) -> None:
    with stage.program(style, "queue"):
        first = stage.call("7002")
        until(lambda: stage.in_bridges() == [2], LONG)
        second = stage.call("7002")
        until(lambda: len(stage.get("/channels")) >= 4, LONG)
        assert stage.in_bridges() == [2]
        talking = stage.get("/bridges")[0]["channels"]
        hang_up(stage, talking, first)
        until(lambda: stage.in_bridges() == [2] and stage.get("/bridges")[0]["channels"] != talking)
        second.hangup()
        for channel in stage.get("/channels"):
            hang_up(stage, [channel["id"]], second)
        until(lambda: stage.get("/channels") == [] and stage.in_bridges() == [], LONG)


def hang_up(stage: Stage, channels: list[str], calls: Calls) -> None:
    """Let a caller hang up; Asterisk does it for sipp, which follows its scenario."""
    calls.hangup()
    for id in channels:
        auth = stage.user, stage.password
        requests.delete(f"{stage.url}/ari/channels/{id}", auth=auth, timeout=30)


@STYLES
def test_conference(stage: Stage, style: str) -> None:
    with stage.program(style, "conference"):
        stage.call("7003")
        stage.call("7003")
        until(lambda: len(stage.get("/channels")) == 2, LONG)
        assert sum(stage.in_bridges()) == 0
        stage.call("7004", "")
        until(lambda: stage.in_bridges() == [3], LONG)
        bridge = stage.get("/bridges")[0]
        newest = max(stage.get("/channels"), key=lambda each: each["creationtime"])
        assert newest["id"] in bridge["channels"]
        hang_up(stage, [newest["id"]], _Phones([]))
        until(lambda: stage.get("/channels") == [] and stage.in_bridges() == [], LONG)


@STYLES
def test_dialer_of_100_calls(stage: Stage, style: str) -> None:
    numbers = [f"{kind}{number:02}" for number in range(33) for kind in (0, 1, 2)] + ["033"]
    with stage.program(style, "dialer", *numbers) as program:
        printed, _ = program.communicate(timeout=LONG)
    assert json.loads(printed) == {"ANSWERED": 34, "BUSY": 33, "NO ANSWER": 33}
    until(lambda: stage.get("/channels") == [], LONG)


@STYLES
def test_voice_mail(stage: Stage, style: str) -> None:
    with stage.program(style, "voice_mail"):
        stage.call("7005", "#")
        until(lambda: stage.get("/channels"), LONG)
        until(lambda: stage.get("/channels") == [], LONG)
        (left,) = stage.get("/recordings/stored")
        assert left["name"].startswith("voicemail/100/")
        stage.call("7006", "22")
        until(lambda: stage.get("/recordings/stored") == [], LONG)
        until(lambda: stage.get("/channels") == [], LONG)


@STYLES
@pytest.mark.parametrize("speed", [1])  # the programs measure pauses by their own clock
def test_voice_bot(stage: Stage, style: str) -> None:
    with stage.program(style, "bot"):
        stage.call_and_speak("7008")
        until(lambda: stage.variable("SAID"), LONG)
        assert float(stage.variable("SAID")) > 1
        until(lambda: stage.get("/channels") == [] and stage.in_bridges() == [], LONG)


@STYLES
def test_twenty_callers_at_once(stage: Stage, style: str) -> None:
    serve_at_once(stage, style, 20, pause=1)


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    "stage",
    ["simulator", pytest.param("real", marks=[pytest.mark.asterisk, pytest.mark.nightly])],
    indirect=True,
)
def test_500_callers_at_once(stage: Stage) -> None:
    serve_at_once(stage, "ours", 500, pause=45)  # sipp begins 20 calls a second


def serve_at_once(stage: Stage, style: str, count: int, pause: float) -> None:
    with stage.program(style, "many"):
        calls = stage.call("7007", "7", count, pause)
        if isinstance(calls, SippCalls):
            until(lambda: stage.in_app() == count, LONG)
        until(lambda: stage.variable("LAST") == "7", LONG)
        until(lambda: stage.in_app() == 0, 300)
        until(lambda: stage.get("/channels") == [], LONG)
        if isinstance(calls, SippCalls):
            assert calls.ended_well()


def in_flows(port: int) -> bool:
    with contextlib.suppress(requests.ConnectionError):
        shown = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text
        return 'ari_flow_calls{flow="greet",state="running"} 1' in shown
    return False


@STYLES
def test_service_that_is_killed_takes_its_call_over(stage: Stage, style: str) -> None:
    port = free_port()
    with stage.program(style, "service", str(port)) as program:
        until(lambda: serves(port), LONG)
        stage.call("7007")
        until(lambda: in_flows(port), LONG)
        program.kill()
        program.wait()
    assert len(stage.get("/channels")) == 1
    with stage.program(style, "service", str(port)) as program:
        until(lambda: in_flows(port), LONG)
        program.send_signal(signal.SIGTERM)
        until(lambda: not serves(port), LONG)
        assert len(stage.get("/channels")) == 1  # it drains
        program.send_signal(signal.SIGTERM)
        until(lambda: stage.get("/channels") == [], LONG)
        assert program.wait(LONG) == 0


def serves(port: int) -> bool:
    with contextlib.suppress(requests.ConnectionError):
        return requests.get(f"http://127.0.0.1:{port}/health", timeout=30).status_code == 200
    return False
