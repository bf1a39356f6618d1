"""Dial: the events of caller, callee and bridge equal those of a real Asterisk 22.10."""

from __future__ import annotations

import pytest

from tests.simulator.dialplan.calls import call, published, ran
from tests.simulator.switchboard import Switchboard

ANSWERED = """[default]
exten => x,1,Dial(Local/{}@default,5,g)
 same => n,NoOp(${{DIALSTATUS}} ${{ANSWEREDTIME}})
exten => short,1,Answer()
 same => n,Wait(1)
exten => long,1,Answer()
 same => n,Wait(3600)
"""


def without_cleared(lines: list[str]) -> list[str]:
    """Return the lines without the cleared variables with which Dial begins."""
    return [line for line in lines if not line.endswith("=") or "BRIDGEPEER" in line]


def test_hangup_by_callee_ends_the_dial() -> None:
    board = call(ANSWERED.format("short"))
    peer = board.of("Dial")[1]["peer"]["name"]
    assert without_cleared(published(board)) == [
        "Created",
        "Dialplan x,1 Dial(Local/short@default,5,g)",
        "Varset DIALSTATUS=ANSWER",
        f"Varset DIALEDPEERNAME={peer}",
        "Varset DIALEDPEERNUMBER=short@default",
        "StateChange Up",
        "EnteredBridge",
        f"Varset BRIDGEPEER={peer}",
        "Varset BRIDGEPEER=",
        "LeftBridge",
        "Varset ANSWEREDTIME=1",
        "Varset ANSWEREDTIME_MS=1500",
        "Varset DIALEDTIME=1",
        "Varset DIALEDTIME_MS=1500",
        "Varset DIALSTATUS=ANSWER",
        "Dialplan x,2 NoOp(ANSWER 1)",
        "HangupRequest cause=16 soft=True",
        "Destroyed cause=16",
    ]
    assert [event["type"] for event in board.of("BridgeCreated", "BridgeDestroyed")] == [
        "BridgeCreated",
        "BridgeDestroyed",
    ]
    bridge = board.of("BridgeCreated")[0]["bridge"]
    assert (bridge["bridge_class"], bridge["bridge_type"]) == ("basic", "mixing")
    assert board.exchange.bridges == {}


def test_hangup_by_caller_ends_the_dial() -> None:
    board = call(ANSWERED.format("long"), seconds=3)
    first = next(iter(board.exchange.channels))
    board.ask("DELETE", f"/channels/{first}")
    board.wait(0)
    assert ran(board) == ["x,1 Dial(Local/long@default,5,g)"]
    assert "HangupRequest cause=16" in published(board)
    assert published(board, half=";1", pair=1)[-1] == "Destroyed cause=16"
    assert board.exchange.channels == {}
    assert board.exchange.bridges == {}


def test_callee_receives_caller_id() -> None:
    board = call(ANSWERED.format("long"), seconds=3)
    dialled = board.of("Dial")[1]
    assert dialled["caller"]["name"].endswith(";2")
    assert dialled["dialstring"] == "long@default"
    assert dialled["peer"]["dialplan"]["app_name"] == "AppDial"


def outcome(target: str, options: str = "", seconds: float = 40) -> tuple[Switchboard, str]:
    board = call(
        f"""[default]
exten => x,1,Dial({target}{options})
 same => n,NoOp(${{DIALSTATUS}})
exten => busy,1,Busy(5)
exten => full,1,Congestion(5)
exten => rings,1,Ringing()
 same => n,Wait(60)
exten => answers,1,Wait(1)
 same => n,Answer()
 same => n,Wait(1)
""",
        seconds=seconds,
    )
    return board, ran(board)[-1]


def test_dialstatus_of_each_failure() -> None:
    assert outcome("Local/busy@default")[1] == "x,2 NoOp(BUSY)"
    assert outcome("Local/full@default")[1] == "x,2 NoOp(CONGESTION)"
    assert outcome("Local/nosuch@default")[1] == "x,2 NoOp(CHANUNAVAIL)"
    assert outcome("Nothing/nosuch")[1] == "x,2 NoOp(CHANUNAVAIL)"
    assert outcome("Local/rings@default", ",1")[1] == "x,2 NoOp(NOANSWER)"


def test_ringing_is_passed_on() -> None:
    board, _ = outcome("Local/rings@default", ",1")
    assert "Dial dialstatus=RINGING" in published(board, half=";1")
    assert "Varset RINGTIME=0" in published(board)


def test_first_to_answer_gets_the_call() -> None:
    board, last = outcome("Local/rings@default&Local/answers@default", ",,g")
    assert last == "x,2 NoOp(ANSWER)"
    # The original call, then the two that were dialled.
    assert "Dial dialstatus=CANCEL" in published(board, half=";1", pair=1)
    assert "Dial dialstatus=ANSWER" in published(board, half=";1", pair=2)
    assert board.exchange.channels == {}


def test_hangup_before_answer_cancels_the_dial() -> None:
    board, _ = outcome("Local/rings@default", seconds=2)
    first = next(iter(board.exchange.channels))
    board.ask("DELETE", f"/channels/{first}")
    board.wait(0)
    assert "Dial dialstatus=CANCEL" in published(board, half=";1", pair=1)
    assert "Varset DIALSTATUS=CANCEL" in published(board)
    assert board.exchange.channels == {}


def test_marked_variables_are_inherited() -> None:
    board = call(
        "[default]\nexten => x,1,Set(_A=1)\n same => n,Set(__B=2)\n same => n,Set(C=3)\n"
        " same => n,Dial(Local/y@default,5)\nexten => y,1,NoOp(${A}-${B}-${C})"
    )
    assert ran(board, pair=1) == ["y,1 NoOp(1-2-)"]


def test_missing_endpoint_is_chanunavail() -> None:
    board = call(
        "[default]\nexten => x,1,Dial(PJSIP/nosuchphone,5)\n same => n,NoOp(${DIALSTATUS})"
    )
    assert ran(board)[-1] == "x,2 NoOp(CHANUNAVAIL)"


def test_unsupported_options_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    call("[default]\nexten => x,1,Dial(Local/y@default,5,gS(5)b(a^b^1)t)\nexten => y,1,Answer()")
    assert [r.message for r in caplog.records] == ["Dial: options b are not simulated"]


@pytest.mark.parametrize("limit", ["S(5)", "L(5000:1000)"])
def test_limit_option_ends_the_conversation(limit: str) -> None:
    board = call(
        f"[default]\nexten => x,1,Dial(Local/y@default,5,g{limit})\n"
        " same => n,NoOp(${DIALSTATUS})\n"
        "exten => y,1,Answer()\n same => n,Wait(60)",
        seconds=10,
    )
    assert ran(board)[-1] == "x,2 NoOp(ANSWER)"
    assert not any("@default" in each.name for each in board.exchange.channels.values())


@pytest.mark.parametrize(
    ("end", "status"),
    [("NoOp()", "CHANUNAVAIL"), ("Hangup(16)", "NOANSWER"), ("Hangup(19)", "NOANSWER")],
)
def test_hangup_without_a_cause_is_no_missing_answer(end: str, status: str) -> None:
    board = call(
        "[default]\nexten => x,1,Dial(Local/y@default,5)\n same => n,NoOp(${DIALSTATUS})\n"
        f"exten => y,1,{end}"
    )
    assert f"x,2 NoOp({status})" in ran(board)


def test_address_without_a_technology_ends_the_call() -> None:
    board = call("[default]\nexten => x,1,Dial(abc)\n same => n,NoOp(never)")
    assert "Varset DIALSTATUS=INVALIDARGS" in published(board)
    assert ran(board) == ["x,1 Dial(abc)"]


def test_dial_of_two_reads_the_last_one_first_or_after_the_other() -> None:
    board = Switchboard(
        """[default]
exten => x,1,Dial(Local/ring@default&Local/up@default,5,g)
exten => ring,1,Ringing()
 same => n,Wait(600)
exten => up,1,Answer()
 same => n,Wait(600)
"""
    )
    seen = set()
    for _ in range(20):
        board.events.clear()
        board.ask("POST", "/channels", endpoint="Local/x@default", extension="up")
        board.wait(1)
        dials = [(event["dialstatus"], event["peer"]["name"][:10]) for event in board.of("Dial")]
        of_both = tuple(each for each in dials if not each[1].startswith("Local/x@"))
        assert of_both[:2] == (("", "Local/ring"), ("", "Local/up@d"))
        assert of_both[-2:] == (("CANCEL", "Local/ring"), ("ANSWER", "Local/up@d"))
        seen.add(of_both[2:-2])
    assert seen == {(), (("RINGING", "Local/ring"),)}
