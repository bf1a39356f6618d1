"""The examples of the documentation run unchanged."""

from __future__ import annotations

import ast
import asyncio
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ari_notebook
from ari_notebook import simulator
from tests.helpers.waiting import until

DOCS = Path(__file__).parent.parent / "docs"
# nbval takes a second to import.
PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:nbval")
GREETER = """
import pytest

import ari_notebook


class greeter:
    @staticmethod
    def serve(ari):
        @ari.on("StasisStart")
        def greet(channel):
            channel.play("sound:hello-world")

        @ari.on("ChannelDtmfReceived", digit="1")
        def beep(channel):
            channel.play("sound:beep")


def run_my_application(url, user, password):
    ari_notebook.connect(url, app="my-app", user=user, password=password).close()


"""


def examples(page: str, language: str = "python") -> list[str]:
    """Return the fenced examples of a page."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def run_program(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=folder)


@pytest.fixture
def asterisk() -> Iterator[Any]:
    with simulator.start() as running:
        yield running


def _bridged(exchange: Any) -> list[str]:
    return [each.name for each in exchange.exchange.channels.values() if each.bridge]


def test_simulator_program_prints_url_and_user(tmp_path: Path) -> None:
    (program,) = examples("reference/simulator/running.md")
    done = run_program("-c", program, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+ asterisk \S+\n", done.stdout)


def test_phone_examples_run_line_by_line(asterisk: Any) -> None:
    (text,) = examples("reference/simulator/scenarios.md")
    names: dict[str, Any] = {"asterisk": asterisk}
    for statement in ast.parse(text).body:
        if "attended_transfer" in ast.unparse(statement):  # as a reader, after both have answered
            until(lambda: len(asterisk.run(_bridged)) == 4, 30)
        exec(ast.unparse(statement), names)
    with pytest.raises(Exception, match="has hung up"):
        names["call"].press("1")
    until(lambda: {names["first"].state, names["second"].state} == {"Gone"}, 30)


def test_scenario_file_is_followed_without_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (text,) = examples("reference/simulator/scenarios.md", "toml")
    (tmp_path / "day.toml").write_text(text)
    with (
        caplog.at_level(logging.WARNING),
        simulator.start(speed=10) as asterisk,
        ari_notebook.connect(
            asterisk.url, user=asterisk.user, password=asterisk.password, subscribe_all=True
        ) as ari,
    ):
        asterisk.follow(tmp_path / "day.toml")
        for digit in "12#":
            ari.wait_for("ChannelDtmfReceived", timeout=30, digit=digit)
    assert [each for each in caplog.messages if "alice" in each] == []


def test_faults_of_the_table_exist(asterisk: Any) -> None:
    text = (DOCS / "reference/simulator/faults.md").read_text(encoding="utf-8")
    calls = re.findall(r"`(\.\w+\([^`]*\))`", text)
    assert len(calls) == 11
    names = {"asterisk": asterisk, "code": 1011, "number": 1, "seconds": 0.01, "None": None}
    for call in calls:
        exec(f"asterisk.faults{re.sub('seconds', '0.01', call)}", names)
    asterisk.faults.clear()


@pytest.mark.slow
def test_pytest_examples_pass(tmp_path: Path) -> None:
    *programs, _ = examples("how-to/test-an-application.md")
    (tmp_path / "test_mine.py").write_text("\n\n".join([GREETER, *programs]))
    done = run_program(*PYTEST, folder=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "....." in done.stdout


@pytest.mark.slow
def test_fixture_over_versions_runs_each_test_for_each(tmp_path: Path) -> None:
    (fixture,) = examples("reference/simulator/versions.md")
    head = "import pytest\nfrom ari_notebook import simulator\n"
    (tmp_path / "conftest.py").write_text(head + fixture)
    program = "def test_it(simulated_asterisk):\n    assert simulated_asterisk.url\n"
    (tmp_path / "test_mine.py").write_text(program)
    done = run_program(*PYTEST, folder=tmp_path)
    assert (done.returncode, "...." in done.stdout) == (0, True), done.stdout


@pytest.mark.slow
def test_day_in_seconds_gives_events(tmp_path: Path) -> None:
    program = examples("how-to/test-an-application.md")[-1].replace("    ...", "    print(at)")
    head = "from datetime import UTC, datetime\nfrom ari_notebook import simulator\n"
    done = run_program("-c", head + program.replace("8 * 3600", "600"), folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) > 10


def test_capture_and_replay_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    capture, rotated, opened, replay, serve = examples("how-to/record-and-replay.md")
    names: dict[str, Any] = {"ari_notebook": ari_notebook}
    with ari_notebook.connect() as names["ari"]:
        exec(capture.replace("...", "ari.call('1000'); ari.wait_for('StasisStart')"), names)
        exec(rotated, names)
    exec(opened, names)
    assert len(names["opened"].calls.df) == 1
    assert sum(names["opened"].problems.values()) == 0
    exec(replay, names)
    names["ari"].close()
    exec(serve.replace("...  # the program", "ari.close()"), names)


def test_flow_examples_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ARI_URL", raising=False)
    text = (DOCS / "how-to" / "call-flows.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(compile(block, "call-flows.md", "exec"), names)
    ari = names["ari"]
    until(lambda: [run.flow.name for run in ari.flows.runs] == ["counted"])
    ari.close()
    assert list(ari.flows) == ["attendant", "counted", "sales"]


def test_async_examples_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ARI_URL", raising=False)
    text = (DOCS / "how-to" / "async.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        free = block.replace("port=8765", "port=0")
        code = compile(free, "async.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        asyncio.run(eval(code, names))
    assert names["event"].type == "StasisStart"
    assert "type = outbound_websocket" in capsys.readouterr().out
