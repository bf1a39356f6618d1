"""Flows on simulated time: steps that wait for half a minute take milliseconds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from ari_notebook import HungUp
from ari_notebook.flows.call import AsyncCall, Call
from ari_notebook.flows.virtual import VirtualFlows
from ari_notebook.parts import Queue
from ari_notebook.simulator import VirtualSimulator

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
DIALPLAN = """
[default]
exten => 1,1,Stasis(flows,one)
exten => 5001,1,Answer()
 same => n,Wait(1)
"""


@pytest.fixture
def flows() -> Iterator[VirtualFlows]:
    virtual = VirtualSimulator(start=MONDAY, seed=3)
    virtual.set_dialplan(DIALPLAN)
    virtual.phones.add("anna", answer_after=4)
    virtual.phones.add("silent", answer_after=None)
    with VirtualFlows(virtual) as flows:
        yield flows
    assert not virtual.exchange.bridges


def clean(flows: VirtualFlows) -> bool:
    return not flows.simulator.exchange.channels and not flows.simulator.exchange.bridges


@pytest.mark.parametrize("kind", ["function", "coroutine"])
def test_time_outs_of_a_menu_pass_in_simulated_time(flows: VirtualFlows, kind: str) -> None:
    results: list[Any] = []
    if kind == "function":

        @flows.flow(args="one")
        def menu(call: Call) -> None:
            call.answer()
            results.append(call.ask("hello", keys="1", tries=3, timeout=30, invalid="beep"))
            results.append(flows.time() - MONDAY.timestamp())
    else:

        @flows.flow(args="one")
        async def waiting_menu(call: AsyncCall) -> None:
            await call.answer()
            results.append(await call.ask("hello", keys="1", tries=3, timeout=30, invalid="beep"))
            results.append(flows.time() - MONDAY.timestamp())

    flows.simulator.phones.call("1")
    flows.run(3600)
    key, seconds = results
    assert key == ""
    assert 90 < seconds < 100
    assert flows.df["state"].tolist() == ["done"]
    assert flows.df["started"].iloc[0].to_pydatetime() == MONDAY
    assert flows.time() == MONDAY.timestamp() + 3600
    assert clean(flows)


def test_keys_interrupt_and_are_typed_ahead(flows: VirtualFlows) -> None:
    results: list[Any] = []

    @flows.flow
    def digits(call: Call) -> None:
        call.answer()
        results.append(call.digits(4, prompt="tone:ring"))
        results.append(call.ask("tone:ring", keys="5"))

    caller = flows.simulator.phones.call("1")
    caller.later(20, lambda: caller.press("1234#5"))
    flows.run(60)
    assert results == ["1234", "5"]


def test_dial_rings_out_and_connects(flows: VirtualFlows) -> None:
    results: list[Any] = []

    @flows.flow
    async def attendant(call: AsyncCall) -> None:
        results.append((await call.dial("PJSIP/silent", timeout=30)).status)
        leg = await call.dial("PJSIP/anna", timeout=30)
        results.append(leg.status)
        await call.connect(leg)

    caller = flows.simulator.phones.call("1")
    caller.later(45, caller.hangup)
    flows.run(60)
    assert results == ["NOANSWER", "ANSWER"]
    assert flows.runs[0].state == "hung up"
    assert clean(flows)


STEPS = {
    "say": lambda call: call.say("tone:ring"),
    "ask": lambda call: call.ask("tone:ring", timeout=60),
    "digits": lambda call: call.digits(4, timeout=60),
    "dial": lambda call: call.dial("PJSIP/silent", timeout=60),
    "connect": lambda call: call.connect(call.dial("PJSIP/anna")),
    "conference": lambda call: call.conference("virtual"),
    "park": lambda call: call.park("virtual", timeout=60),
    "sleep": lambda call: call.sleep(60),
}


@pytest.mark.parametrize("step", STEPS)
def test_caller_hangs_up_in_step(flows: VirtualFlows, step: str) -> None:
    @flows.flow
    def flow(call: Call) -> None:
        call.answer()
        with pytest.raises(HungUp):
            STEPS[step](call)
        raise HungUp("it did")

    caller = flows.simulator.phones.call("1")
    caller.later(10, caller.hangup)
    flows.run(20)
    assert flows.runs[0].state == "hung up", flows.runs[0].error
    assert clean(flows)


def test_flow_that_fails_is_reported_with_its_line(
    flows: VirtualFlows, caplog: pytest.LogCaptureFixture
) -> None:
    @flows.flow
    def broken(call: Call) -> None:
        call.answer()
        raise ValueError("no")

    flows.simulator.phones.call("1")
    flows.run(1)
    assert flows.df["code"].tolist() == ['raise ValueError("no")']
    assert "ValueError: no" in caplog.text
    assert clean(flows)


def test_coroutine_that_awaits_something_else_fails_with_advice(flows: VirtualFlows) -> None:
    class Other:
        def __await__(self) -> Any:
            yield "something"

    @flows.flow
    async def broken(call: AsyncCall) -> None:
        await Other()

    flows.simulator.phones.call("1")
    flows.run(1)
    assert "call.sleep()" in flows.runs[0].error


def test_closing_ends_flows_and_removes_what_they_made(flows: VirtualFlows) -> None:
    @flows.flow
    def parked(call: Call) -> None:
        call.park("virtual", timeout=600)

    flows.simulator.phones.call("1")
    flows.run(5)
    flows.close()
    flows.run(1)
    assert flows.runs[0].state == "cancelled"
    assert clean(flows)


def day(seed: int) -> tuple[list[float], int]:
    """Return the waits of a queue's callers in an hour, and how many gave up."""
    virtual = VirtualSimulator(start=MONDAY, seed=seed)
    virtual.set_dialplan(DIALPLAN)
    for name in ("anna", "bert"):
        virtual.phones.add(name, answer_after=4)
    with VirtualFlows(virtual) as flows:
        queue = Queue("PJSIP/anna", "PJSIP/bert", announce=0, wrap_up=10, clock=flows.time)

        @flows.flow
        def hotline(call: Call) -> None:
            queue.serve(call)

        virtual.phones.traffic(0.6, extensions=["1"], mean_duration=120)
        flows.run(3600)
        calls = queue.calls
        return calls["wait"].dropna().tolist(), int(calls["abandoned"].sum())


def test_hour_of_a_queue_is_the_same_for_a_seed() -> None:
    first, second = day(1), day(1)
    assert first == second
    assert len(first[0]) > 20
    assert first[0][0] > 3.9
    assert first != day(2)
