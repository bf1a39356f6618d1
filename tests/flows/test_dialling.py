"""Early media, attended transfer and audio of a flow, on the simulator and a real Asterisk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ari_notebook import HungUp, Session, Sound
from ari_notebook.flows.call import Call
from ari_notebook.parts import Queue
from tests.helpers.servers import Server, connected
from tests.helpers.waiting import until

DIALPLAN = """
[default]
exten => 1,1,Stasis(flows,one)
exten => 2,1,Answer()
 same => n,Stasis(flows,two)
exten => early,1,Progress()
 same => n,Playback(beep,noanswer)
 same => n,Answer()
 same => n,Wait(60)
exten => refuses,1,Progress()
 same => n,Playback(beep,noanswer)
 same => n,Hangup(17)
exten => rings,1,Progress()
 same => n,Wait(60)
exten => agent,1,Answer()
 same => n,Wait(60)
exten => completes,1,Answer()
 same => n,Wait(2)
 same => n,SendDTMF(#)
 same => n,Wait(60)
exten => refused,1,Answer()
 same => n,Wait(1)
"""


@pytest.fixture
def ari(exchange_server: Server) -> Iterator[Session]:
    with connected(exchange_server, "flows", DIALPLAN) as ari:
        yield ari
        until(lambda: ari.flows.running == 0)
        until(lambda: ari.bridges.list() == [])


def run(
    ari: Session,
    script: Callable[[Call], Any],
    act: Callable[[Any], object] = lambda caller: None,
    extension: str = "1",
) -> tuple[Any, str]:
    """Run a script for a call; return its result, and how the flow ended."""
    results: list[Any] = [None]

    @ari.flow
    def flow(call: Call) -> None:
        results[0] = script(call)

    caller = ari.call(extension)
    until(lambda: ari.flows.runs)
    act(caller)
    ended = ari.flows.runs[-1]
    until(ended.over.is_set, state=lambda: ari.flows.df.to_string())
    caller.hangup()
    return results[0], ended.error or ended.state


def test_early_media_reaches_the_unanswered_caller(ari: Session) -> None:
    bridged: list[str] = []

    def script(call: Call) -> Any:
        leg = call.dial("Local/early@default/n", early_media=True)
        entered = [e for e in ari.events if e["type"] == "ChannelEnteredBridge"]
        bridged.extend(str(each["channel"]["state"]) for each in entered)
        return leg.status, bool(leg)

    assert run(ari, script) == (("ANSWER", True), "done")
    assert "Up" not in bridged  # neither was answered when they were put together


@pytest.mark.parametrize(("endpoint", "status"), [("refuses", "BUSY"), ("rings", "NOANSWER")])
def test_early_media_of_an_endpoint_that_does_not_answer(
    ari: Session, endpoint: str, status: str
) -> None:
    def script(call: Call) -> Any:
        leg = call.dial(f"Local/{endpoint}@default/n", timeout=3, early_media=True)
        return leg.status, bool(leg)

    assert run(ari, script) == ((status, False), "done")


def test_caller_hangs_up_during_early_media(ari: Session) -> None:
    def script(call: Call) -> None:
        with pytest.raises(HungUp):
            call.dial("Local/rings@default/n", timeout=60, early_media=True)
        raise HungUp("it did")

    def act(caller: Any) -> None:
        until(lambda: any(len(b.get("channels", ())) == 2 for b in ari.tables.bridges.values()))
        caller.hangup()

    assert run(ari, script, act)[1].startswith("HungUp")
    until(lambda: ari.channels.list() == [])


def test_early_media_of_several_at_once_is_refused(ari: Session) -> None:
    def script(call: Call) -> None:
        with pytest.raises(ValueError, match="one endpoint"):
            call.dial("Local/a@default", "Local/b@default", early_media=True)

    assert run(ari, script) == (None, "done")


def test_attended_transfer_is_completed_by_a_key(ari: Session) -> None:
    def script(call: Call) -> Any:
        call.answer()
        agent = call.dial("Local/completes@default/n")
        return call.transfer("Local/agent@default/n", consult=agent, timeout=30)

    def act(caller: Any) -> None:
        until(lambda: talking(ari))
        caller.hangup()

    assert "has left" in run(ari, script, act, "2")[1]
    until(lambda: ari.channels.list() == [])


def talking(ari: Session) -> bool:
    """Return whether a caller and a leg are in a bridge."""
    bridges = list(ari.tables.bridges.values())
    return any(caller_in(each, ari) and len(each["channels"]) == 2 for each in bridges)


def test_end_key_of_digits_ends_the_conversation_after_them(ari: Session) -> None:
    def script(call: Call) -> Any:
        return call.digits(2, end="#"), call.connect(call.dial("Local/agent@default"), until="#")

    def act(caller: Any) -> None:
        caller.press("47")
        until(lambda: talking(ari))
        caller.press("#")

    assert run(ari, script, act, "2") == (("47", "#"), "done")


def test_keys_after_the_conversation_are_typed_ahead(ari: Session) -> None:
    def script(call: Call) -> Any:
        ended_by = call.connect(call.dial("Local/agent@default"), until="#")
        return ended_by, call.digits(2, prompt="beep"), call.typed_ahead

    def act(caller: Any) -> None:
        until(lambda: talking(ari))
        caller.press("5#12")

    assert run(ari, script, act, "2") == (("#", "12", ""), "done")


def caller_in(bridge: Any, ari: Session) -> bool:
    return ari.flows.runs[-1].steps.party.id in bridge.get("channels", ())


def test_attended_transfer_whose_target_refuses(ari: Session) -> None:
    def script(call: Call) -> Any:
        call.answer()
        agent = call.dial("Local/agent@default/n")
        return call.transfer("Local/refused@default/n", consult=agent), bool(agent)

    assert run(ari, script, extension="2") == ((False, True), "done")


def test_audio_of_a_call_is_heard_and_spoken(ari: Session) -> None:
    def script(call: Call) -> Any:
        call.answer()
        with call.audio(rate=16000) as audio:
            audio.play(Sound.tone(440, 0.3, 16000)).wait()
            heard = audio.record(0.5)
        call.say("beep")
        return heard.rate, round(heard.duration, 1)

    assert run(ari, script, extension="2") == ((16000, 0.5), "done")


def test_queue_of_a_call_connects_to_an_agent(ari: Session) -> None:
    queue = Queue("Local/refused@default/n", announce=0)

    assert run(ari, lambda call: call.queue(queue)) == ("ANSWERED", "done")
    assert queue.calls["agent"].tolist() == ["Local/refused@default/n"]
