"""Flows that never return, block or raise, two that match, and too many keys; on both servers."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

import ari_notebook
from ari_notebook import HungUp, Session
from ari_notebook.flows import runtime
from ari_notebook.flows.call import AsyncCall, Call
from tests.helpers.servers import Server, connected
from tests.helpers.waiting import until

DIALPLAN = "[default]\nexten => 1,1,Answer()\n same => n,Stasis(flows)\n"


@pytest.fixture
def ari(exchange_server: Server) -> Iterator[Session]:
    with connected(exchange_server, "flows", DIALPLAN) as ari:
        yield ari


@pytest.fixture
def observer(exchange_server: Server) -> Iterator[Session]:
    """Another session, which sees what is left when the first is closed."""
    with connected(exchange_server, "observes") as ari:
        yield ari


def test_first_of_two_flows_that_match_takes_the_call_and_says_so(
    ari: Session, caplog: pytest.LogCaptureFixture
) -> None:
    @ari.flow
    def first(call: Call) -> None:
        call.sleep(0.1)

    @ari.flow
    def second(call: Call) -> None:
        call.sleep(0.1)

    for _ in range(2):
        ari.call("1")
    until(lambda: [run.state for run in ari.flows.runs] == ["done", "done"])
    assert [run.flow.name for run in ari.flows.runs] == ["first", "first"]
    said = [each.message for each in caplog.records if "matches 2 flows" in each.message]
    assert len(said) == 1  # not for each call
    assert "first, second: first takes it" in said[0]


@pytest.mark.parametrize("kind", ["thread", "task"])
def test_flow_that_never_returns_ends_with_the_session(
    ari: Session, observer: Session, kind: str
) -> None:
    if kind == "task":

        @ari.flow(name="endless")
        async def task(call: AsyncCall) -> None:
            while True:
                await call.ask("beep", timeout=1)
    else:

        @ari.flow(name="endless")
        def thread(call: Call) -> None:
            while True:
                call.ask("beep", timeout=1)

    ari.call("1")
    until(lambda: [run.step for run in ari.flows.runs] == ["ask"])
    run = ari.flows.runs[0]
    ari.close()
    assert run.over.wait(30)
    assert run.state == "cancelled"
    until(lambda: observer.channels.list() == [])


def test_flow_that_ignores_the_hangup_ends_with_the_session(
    ari: Session, observer: Session
) -> None:
    ignored = threading.Event()

    @ari.flow
    def stubborn(call: Call) -> None:
        while True:
            try:
                call.sleep(60)
            except HungUp:
                ignored.set()
                time.sleep(0.02)

    caller = ari.call("1")
    until(lambda: [run.step for run in ari.flows.runs] == ["sleep"])
    caller.hangup()
    assert ignored.wait(30)
    run = ari.flows.runs[0]
    ari.close()
    assert run.over.wait(30)
    assert run.state == "cancelled"
    until(lambda: observer.channels.list() == [])


def test_flow_that_blocks_delays_no_other_and_is_left_when_the_session_closes(
    ari: Session,
    observer: Session,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(runtime, "_CLOSING_SECONDS", 0.2)
    blocked = threading.Event()
    served: list[str] = []

    @ari.flow
    def blocks(call: Call) -> None:
        if not served:
            served.append("first")
            blocked.wait()
        else:
            served.append("second")

    ari.call("1")
    until(lambda: served)
    ari.call("1")
    until(lambda: [run.state for run in ari.flows.runs if run.ended] == ["done"])
    running = next(run for run in ari.flows.runs if run.state == "running")
    assert "blocked.wait()" in running.row()["code"]
    ari.close()
    assert "flow blocks does not end" in caplog.text
    until(lambda: observer.channels.list() == [])
    blocked.set()
    assert running.over.wait(30)


def test_coroutine_that_blocks_loses_no_event_of_the_others(ari: Session) -> None:
    release, keys = threading.Event(), dict[str, str]()

    @ari.flow
    async def blocks(call: AsyncCall) -> None:
        if not keys:
            keys[call.id] = ""
            release.wait(60)  # in the loop of all coroutine flows
        keys[call.id] = await call.digits(2)

    callers = [ari.call("1")]
    until(lambda: keys)
    callers.append(ari.call("1"))
    until(lambda: len(ari.channels.list()) >= 2 and len(ari.flows.runs) == 2)
    for caller in callers:
        caller.press("47")
    until(lambda: sum(e["type"] == "ChannelDtmfReceived" for e in ari.events) >= 4)
    release.set()
    until(lambda: [run.state for run in ari.flows.runs] == ["done", "done"])
    assert list(keys.values()) == ["47", "47"]


@pytest.mark.parametrize("kind", ["thread", "task"])
def test_flow_that_raises_hangs_up_and_names_its_line(
    ari: Session, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    if kind == "task":

        @ari.flow(name="broken")
        async def task(call: AsyncCall) -> None:
            raise ValueError("on purpose")
    else:

        @ari.flow(name="broken")
        def thread(call: Call) -> None:
            raise ValueError("on purpose")

    ari.call("1")
    until(lambda: "flow broken failed on line" in caplog.text)
    assert ari.flows.df["code"].tolist() == ['raise ValueError("on purpose")']
    failed = ari.events.last("HandlerFailed")
    assert failed is not None
    assert failed["handler"] == "broken"
    until(lambda: ari.channels.list() == [])


@pytest.mark.slow  # a key takes a quarter of a second
def test_hundred_keys_at_once_keep_the_last_64(ari: Session) -> None:
    results: list[Any] = []

    @ari.flow
    def many(call: Call) -> None:
        until(lambda: sum(e["type"] == "ChannelDtmfReceived" for e in ari.events) == 100)
        results.extend((call.digits(10), len(call.typed_ahead)))

    caller = ari.call("1")
    until(lambda: ari.flows.runs)
    caller.press("1234567890" * 10)
    until(lambda: results)
    assert results == ["7890123456", 54]
    with contextlib.suppress(ari_notebook.AriError):  # the flow has hung up
        caller.hangup()
