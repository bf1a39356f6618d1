"""A party hangs up before each single request of a flow with several parties."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from ari_notebook.flows.call import Call
from ari_notebook.flows.commands import Perform
from ari_notebook.flows.virtual import VirtualFlows
from ari_notebook.parts import VoiceMail
from ari_notebook.simulator import VirtualSimulator
from ari_notebook.simulator.phones.call import NotPossible
from tests.flows.conftest import Stage
from tests.helpers.waiting import until

DIALPLAN = """
[default]
exten => first,1,Stasis(flows,first)
exten => second,1,Stasis(flows,second)
"""
CALLERS = ("first", "second")
MOST_REQUESTS = 60


class CountingFlows(VirtualFlows):
    """Flows that call a function before their n-th request."""

    before: int = -1
    act: Callable[[], object]
    sent = 0

    def _request(self, command: Perform) -> Any:
        if self.sent == self.before:
            self.act()
        self.sent += 1
        return super()._request(command)


def menu(call: Call) -> None:
    call.answer()
    choices: dict[str, Callable[[Call], Any]] = {
        "1": lambda call: call.menu({"2": lambda call: call.say("beep")}, "hello"),
    }
    call.menu(choices, "hello", "beep", invalid="beep")


def park(call: Call) -> None:
    call.answer()
    call.park("7", timeout=30)
    call.say("beep")


def retrieve(call: Call) -> None:
    call.answer()
    call.say("beep")
    call.retrieve("7", until="#")
    call.say("beep")


def consult(call: Call) -> None:
    call.answer()
    agent = call.dial("PJSIP/anna")
    if not agent:
        return
    call.connect(agent, until="*", keep=True)
    call.transfer("PJSIP/bert", consult=agent, timeout=10)


def warm(call: Call) -> None:
    call.transfer("PJSIP/bert", announce="beep", accept="1", timeout=10)


def press_menu(stage: Parties) -> None:
    stage.later(1, "first", "3")
    stage.later(9, "first", "12")


def press_retrieve(stage: Parties) -> None:
    stage.later(15, "second", "#")


def press_consult(stage: Parties) -> None:
    stage.later(5, "first", "*")
    stage.later(20, "anna", "#")


def press_warm(stage: Parties) -> None:
    stage.later(5, "bert", "1")


class Parties:
    """The callers and phones of a scenario; what one does who has left has no effect."""

    def __init__(self, virtual: VirtualSimulator) -> None:
        self._phones = virtual.phones
        self._callers: dict[str, Any] = {}

    def call(self, extension: str) -> None:
        self._callers[extension] = self._phones.call(extension)

    def later(self, seconds: float, who: str, keys: str = "") -> None:
        """Press keys, or hang up without any."""
        act = partial(self.press, who, keys) if keys else partial(self.hang_up, who)
        self._callers["first"].later(seconds, act)

    def press(self, who: str, keys: str) -> None:
        with suppress(NotPossible):
            self._of(who).press(keys)

    def hang_up(self, who: str) -> None:
        with suppress(NotPossible):
            self._of(who).hangup()

    def _of(self, who: str) -> Any:
        found = self._callers.get(who) if who in CALLERS else self._phones[who].current
        if found is None:
            raise NotPossible(f"{who} has no call")
        return found


# Scenario: the flows of the callers, what is pressed, and which phones may hang up.
Scenario = tuple[list[Callable[[Call], None]], Callable[[Parties], None], list[str]]
SCENARIOS: dict[str, Scenario] = {
    "menu": ([menu], press_menu, []),
    "retrieve": ([park, retrieve], press_retrieve, []),
    "consult": ([consult], press_consult, ["anna", "bert"]),
    "warm": ([warm], press_warm, ["bert"]),
}
WHO = [
    (name, who)
    for name, (functions, _, phones) in SCENARIOS.items()
    for who in [*CALLERS[: len(functions)], *phones]
]


@pytest.mark.parametrize(("name", "who"), WHO)
def test_party_hangs_up_before_each_request(name: str, who: str) -> None:
    for before in range(MOST_REQUESTS):
        if run(name, who, before) <= before:
            assert before > 5
            return
    pytest.fail(f"{name} sends more than {MOST_REQUESTS} requests")


def run(name: str, who: str, before: int) -> int:
    """Run a scenario in which a party hangs up before a request; return how many were sent."""
    functions, keys, _ = SCENARIOS[name]
    virtual = VirtualSimulator(start=datetime(2026, 3, 2, 8, tzinfo=UTC), seed=3)
    virtual.set_dialplan(DIALPLAN)
    for phone in ("anna", "bert"):
        virtual.phones.add(phone, answer_after=2)
    with CountingFlows(virtual) as flows:
        for function, argument in zip(functions, CALLERS, strict=False):
            flows.flow(args=argument)(function)
        parties = Parties(virtual)
        flows.before, flows.act = before, lambda: parties.hang_up(who)
        parties.call("first")
        flows.run(4)
        if len(functions) > 1:
            parties.call("second")
        keys(parties)
        parties.later(60, "first")
        flows.run(120)
        where = f"{name}: {who} hangs up before request {before}:\n{flows.df.to_string()}"
        for each in flows.runs:
            # The lot may be empty already.
            assert each.state in ("done", "hung up") or "nothing is parked" in each.error, where
        sent = flows.sent
        for caller in CALLERS:
            parties.hang_up(caller)
        flows.run(10)
        assert flows.running == 0, where
        assert not virtual.exchange.channels, where
        assert not virtual.exchange.bridges, where
    return sent


@pytest.mark.slow
@pytest.mark.parametrize("part", ["leave", "listen"])
def test_caller_hangs_up_after_each_request_of_voice_mail(stage: Stage, part: str) -> None:
    mail = VoiceMail({"100": "4711"}, greeting="beep")
    calls: list[Any] = []
    sent = after = 0

    @stage.ari.flow
    def flow(call: Call) -> None:
        until(lambda: calls)
        if part == "leave" or after == 0:
            mail.leave(call, "100", review=False)
        else:
            mail.listen(call, "100")

    def count(request: object, answer: object) -> None:
        nonlocal sent
        sent += 1
        if sent == after:
            calls[0].hangup()

    stage.ari.sender.add_listener(count)
    for after in range(MOST_REQUESTS):
        sent = 0
        calls[:] = []
        caller = stage.call()
        calls.append(caller)
        if after and part == "listen":
            caller.press("47113200#")  # the PIN, then forward to the box 200
        until(lambda after=after: len(stage.ari.flows.runs) == after + 1)  # type: ignore[misc]
        run = stage.ended()
        assert run.state in ("done", "hung up"), f"after request {after}: {run.error}"
        until(stage.is_clean, state=lambda: (stage.channels(), stage.bridges()))
        if sent < after:
            break
        for name in mail.messages(stage.ari)["name"].iloc[int(part == "listen") :]:
            stage.ari.recordings.delete_stored(name)
    assert after > 5
