"""Flows on the simulator and on a real Asterisk, with callers of Local channels."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import ari_notebook
from ari_notebook import ConnectionLost, HungUp, Session
from ari_notebook.flows.call import Call
from ari_notebook.parts import Queue
from tests.conftest import RealAsterisk
from tests.helpers.servers import connected
from tests.helpers.waiting import until

DIALPLAN = """
[default]
exten => 1,1,Stasis(flows,one)
exten => answers,1,Answer()
 same => n,Wait(60)
exten => rings,1,Ringing()
 same => n,Wait(60)
exten => busy,1,Hangup(17)
exten => hangs,1,Answer()
 same => n,Wait(1)
exten => 5001,1,Answer()
 same => n,Wait(60)
"""


@pytest.fixture
def ari(real_asterisk: RealAsterisk) -> Iterator[Session]:
    with connected(real_asterisk, "flows", DIALPLAN) as ari:
        yield ari
        until(lambda: ari.flows.running == 0)
        left = ari.bridges.list()
    assert left == []


def run(
    ari: Session, script: Callable[[Call], Any], act: Callable[[Any], object], until_step: str = ""
) -> tuple[Any, str]:
    """Run a script for a call; return its result, and how the flow ended."""
    results: list[Any] = [None]

    @ari.flow
    def flow(call: Call) -> None:
        results[0] = script(call)

    caller = ari.call("1")
    until(lambda: ari.flows.runs and (not until_step or ari.flows.runs[-1].step == until_step))
    act(caller)
    ended = ari.flows.runs[-1]
    until(ended.over.is_set, state=lambda: ari.flows.df.to_string())
    return results[0], ended.state


def test_keys_typed_ahead_and_barge_in(ari: Session) -> None:
    def script(call: Call) -> Any:
        call.answer()
        return call.digits(4, prompt="tt-weasels"), call.ask("tt-weasels", keys="12")

    assert run(ari, script, lambda caller: caller.press("4711#2")) == (("4711", "2"), "done")


def test_say_and_record(ari: Session) -> None:
    def script(call: Call) -> Any:
        call.answer()
        call.say("beep", 42)
        made = call.record("on-asterisk", beep=False, until="#")
        content = made.read()
        made.delete()
        return content[:4]

    def act(caller: Any) -> None:
        until(lambda: ari.tables.recordings)
        caller.talk()
        caller.press("#")

    assert run(ari, script, act) == (b"RIFF", "done")


def test_recording_of_a_caller_who_hangs_up_is_kept(ari: Session) -> None:
    def script(call: Call) -> Any:
        call.answer()
        made = call.record("cut-off", beep=False)
        made.delete()
        return made.name

    def act(caller: Any) -> None:
        until(lambda: ari.tables.recordings)
        caller.hangup()

    assert run(ari, script, act) == ("cut-off", "done")


def test_dial_and_connect_until_the_leg_hangs_up(ari: Session) -> None:
    def script(call: Call) -> Any:
        leg = call.dial("Local/hangs@default/n", timeout=20)
        return leg.status, call.connect(leg), call.say("beep")

    assert run(ari, script, lambda caller: None) == (("ANSWER", "leg", ""), "done")


@pytest.mark.parametrize(
    ("endpoint", "status"),
    [
        ("Local/busy@default/n", "BUSY"),
        ("Local/rings@default/n", "NOANSWER"),
        ("PJSIP/no-such-phone", "CHANUNAVAIL"),
    ],
)
def test_dial_that_fails_says_why(ari: Session, endpoint: str, status: str) -> None:
    def script(call: Call) -> Any:
        leg = call.dial(endpoint, timeout=2)
        return bool(leg), leg.status

    assert run(ari, script, lambda caller: None) == ((False, status), "done")


def test_first_of_two_legs_wins(ari: Session) -> None:
    def script(call: Call) -> Any:
        return call.dial("Local/rings@default/n", "Local/answers@default/n").endpoint

    assert run(ari, script, lambda caller: None) == ("Local/answers@default/n", "done")


def test_blind_transfer(ari: Session) -> None:
    def script(call: Call) -> Any:
        call.answer()
        return call.transfer("5001")

    result = run(ari, script, lambda caller: None)
    for channel in ari.channels.list():
        with contextlib.suppress(ari_notebook.NotFound):  # the other half of one that has gone
            channel.hangup()
    assert result == (True, "done")


STEPS: dict[str, Callable[[Call], Any]] = {
    "say": lambda call: call.say("tt-weasels", "tt-weasels", "tt-weasels"),
    "ask": lambda call: call.ask("tt-weasels", "tt-weasels", timeout=60),
    "digits": lambda call: call.digits(4, timeout=60),
    "dial": lambda call: call.dial("Local/rings@default/n", timeout=60),
    "connect": lambda call: call.connect(call.dial("Local/answers@default/n")),
    "conference": lambda call: call.conference("on-asterisk"),
    "park": lambda call: call.park("on-asterisk", timeout=60),
    "sleep": lambda call: call.sleep(60),
    "transfer": lambda call: call.transfer("Local/rings@default/n", timeout=60),
}


@pytest.mark.parametrize("step", STEPS)
def test_caller_hangs_up_in_step_on_asterisk(ari: Session, step: str) -> None:
    def script(call: Call) -> None:
        call.answer()
        with pytest.raises(HungUp):
            STEPS[step](call)
        raise HungUp("it did")

    def act(caller: Any) -> None:
        if step == "connect":
            until(lambda: any(len(b.get("channels", ())) == 2 for b in ari.tables.bridges.values()))
        caller.hangup()

    assert run(ari, script, act, step) == (None, "hung up")
    until(lambda: ari.bridges.list() == [] and ari.channels.list() == [])


def test_queue_and_table_of_calls_agree(ari: Session) -> None:
    """One caller talks to an agent, one gives up: the part and `calls.df` say the same."""
    queue = Queue(announce=0, ring=10)

    @ari.flow
    def waiting(call: Call) -> None:
        queue.serve(call)

    def rows() -> Any:
        found = queue.calls.set_index("channel")
        return found, ari.calls.df.reindex(found.index)

    gives_up = ari.call("1")
    until(lambda: len(queue.waiting) == 1)
    until(lambda: "waiting" in ari.calls.live["state"].tolist())
    gives_up.hangup()
    until(lambda: ari.flows.running == 0)
    queue.login("Local/answers@default")
    talks = ari.call("1")
    until(lambda: rows()[0]["answered"].notna().any())
    until(lambda: rows()[1]["connected"].notna().any())
    talks.hangup()
    until(lambda: ari.flows.running == 0)
    of_queue, table = rows()
    assert table["connected"].notna().tolist() == of_queue["answered"].notna().tolist()
    assert table["agent"].astype(str).tolist() == ["", "Local/answers@default"]
    waited = (table["queue_wait"].astype(float) - of_queue["wait"].astype(float)).abs()
    assert waited.max() < 2


@pytest.mark.slow
@pytest.mark.parametrize("step", [*STEPS, "record"])
def test_server_killed_in_step_on_asterisk(
    ari: Session, real_asterisk: RealAsterisk, step: str
) -> None:
    seen: list[str] = []

    @ari.flow
    def flow(call: Call) -> None:
        call.answer()
        try:
            if step == "record":
                call.record("killed", beep=False)
                call.say("beep")
            else:
                STEPS[step](call)
        except (HungUp, ConnectionLost) as error:
            seen.append(type(error).__name__)
            raise

    ari.call("1")
    until(lambda: ari.flows.runs and ari.flows.runs[-1].step == step)
    real_asterisk.kill()
    real_asterisk.start()
    run = ari.flows.runs[-1]
    until(run.over.is_set, state=lambda: ari.flows.df.to_string())
    assert run.state in ("hung up", "failed"), run.error
    assert seen
    until(lambda: ari.connected and ari.bridges.list() == [] and ari.channels.list() == [])
