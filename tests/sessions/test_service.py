"""Flows as a service: signals, draining, taking over, health and figures."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ari_notebook import UsageProblem, connect, simulator
from ari_notebook.flows import flow
from ari_notebook.flows.call import Call
from ari_notebook.sessions.service import Service, load_flows
from ari_notebook.simulator import RunningSimulator
from tests.helpers.waiting import until

DIALPLAN = "[default]\nexten => 1,1,Stasis(service,one)\nexten => 2,1,Stasis(service,two)\n"
PROGRAM = """
from ari_notebook.flows import flow

@flow(args="one")
def greet(call):
    call.answer()
    call.sleep(600 if call.start.get("taken_over") is None else 1)

def not_marked(call):
    call.answer()
"""


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningSimulator]:
    with simulator.start(speed=10) as running:
        running.set_dialplan(DIALPLAN)
        yield running


def channels(exchange: RunningSimulator) -> int:
    return exchange.run(lambda asterisk: len(asterisk.exchange.channels))


def opened(exchange: RunningSimulator, *flows: Callable[[Call], None], **given: Any) -> Service:
    user, password = exchange.credentials
    return Service(exchange.url, flows, app="service", user=user, password=password, **given)


@flow(args="one")
def waits(call: Call) -> None:
    call.answer()
    call.sleep(0.5)


@flow(args="two")
def endless(call: Call) -> None:
    call.answer()
    call.sleep(600)


def test_drained_service_lets_calls_end_and_takes_no_more(exchange: RunningSimulator) -> None:
    with opened(exchange, waits) as service:
        exchange.call("1")
        until(lambda: service.ari.flows.running == 1)
        service.stop()
        assert not service.healthy
        late = exchange.call("1")
        service.run()
        assert [run.state for run in service.ari.flows.runs] == ["done"]
        late.hangup()
    until(lambda: channels(exchange) == 0)


def test_calls_are_hung_up_when_draining_takes_too_long(exchange: RunningSimulator) -> None:
    with opened(exchange, endless, drain=0.5) as service:
        exchange.call("2")
        until(lambda: service.ari.flows.running == 1)
    until(lambda: channels(exchange) == 0)


def test_health_and_metrics(exchange: RunningSimulator) -> None:
    with opened(exchange, waits, health_port=0) as service:
        address = f"http://127.0.0.1:{service.health_port}"
        exchange.call("1")
        until(lambda: service.ari.flows.runs and service.ari.flows.runs[0].over.is_set())
        assert urllib.request.urlopen(f"{address}/health", timeout=30).read() == b"ok\n"
        figures = urllib.request.urlopen(f"{address}/metrics", timeout=30).read().decode()
        with pytest.raises(urllib.error.HTTPError, match="404") as refused:
            urllib.request.urlopen(f"{address}/other", timeout=30)
        refused.value.close()
    assert "ari_connected 1\n" in figures
    assert 'ari_flow_calls{flow="waits",state="done"} 1\n' in figures


def test_service_without_flows_is_refused(exchange: RunningSimulator) -> None:
    with pytest.raises(UsageProblem, match="no flows to serve"):
        opened(exchange)


def test_calls_left_in_the_application_are_taken_over(exchange: RunningSimulator) -> None:
    user, password = exchange.credentials
    ari = connect(exchange.url, "service", user, password)
    exchange.call("1")
    ari.wait_for("StasisStart", timeout=30)
    ari.close()
    with opened(exchange, waits) as service:
        until(lambda: service.ari.flows.runs and service.ari.flows.runs[0].over.is_set())
        assert service.ari.flows.runs[0].state == "done"
    until(lambda: channels(exchange) == 0)


def test_flows_of_a_module_are_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "office_flows.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert [each.__name__ for each in load_flows("office_flows")] == ["greet"]
    assert [each.__name__ for each in load_flows("office_flows:not_marked")] == ["not_marked"]
    with pytest.raises(UsageProblem, match="no flow other"):
        load_flows("office_flows:other")
    with pytest.raises(UsageProblem, match="no module missing_flows"):
        load_flows("missing_flows:greet")


@pytest.mark.slow
def test_killed_program_is_restarted_and_takes_its_call_over(
    exchange: RunningSimulator, tmp_path: Path
) -> None:
    (tmp_path / "office.py").write_text(PROGRAM)
    user, password = exchange.credentials
    main = "from ari_notebook.sessions.command_line import main; raise SystemExit(main())"
    command = [sys.executable, "-c", main, "serve", "office:greet"]
    command += ["--url", exchange.url, "--user", user, "--app", "service", "--drain", "0"]
    environment = {**os.environ, "ARI_PASSWORD": password, "PYTHONPATH": os.pathsep.join(sys.path)}

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
        )

    def line(program: subprocess.Popen[str], text: str) -> None:
        assert program.stderr is not None
        for each in program.stderr:
            if text in each:
                return
        raise AssertionError(f"it ended without {text!r}")

    with start() as program:
        line(program, "serving greet")
        exchange.call("1")
        until(lambda: exchange.run(lambda a: [c.state for c in a.exchange.channels.values()]))
        program.kill()
    assert channels(exchange) == 1
    with start() as program:
        line(program, "took over 1 calls")
        until(lambda: channels(exchange) == 0)
        program.send_signal(signal.SIGTERM)
        line(program, "SIGTERM: draining")
        assert program.wait(30) == 0


def test_session_is_prepared_before_its_first_event(exchange: RunningSimulator) -> None:
    seen: list[tuple[bool, int]] = []
    user, password = exchange.credentials
    with connect(
        exchange.url,
        "service",
        user,
        password,
        prepare=lambda ari: seen.append((ari.connected, len(ari.events))),
    ) as ari:
        assert ari.connected
    assert seen == [(False, 0)]
