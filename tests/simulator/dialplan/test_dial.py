"""Dial: what is told of caller, called and bridge is what a real Asterisk 22.10 told."""

import pytest

from tests.simulator.dialplan.calls import call, ran, told

ANSWERED = """[default]
exten => x,1,Dial(Local/{}@default,5,g)
 same => n,NoOp(${{DIALSTATUS}} ${{ANSWEREDTIME}})
exten => short,1,Answer()
 same => n,Wait(1)
exten => long,1,Answer()
 same => n,Wait(3600)
"""


def without_cleared(lines):
    """Leave out that Dial first clears its variables."""
    return [line for line in lines if not line.endswith("=") or "BRIDGEPEER" in line]


def test_a_call_that_the_called_one_ends():
    board = call(ANSWERED.format("short"))
    peer = board.of("Dial")[1]["peer"]["name"]
    assert without_cleared(told(board)) == [
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


def test_a_call_that_the_caller_ends():
    board = call(ANSWERED.format("long"), seconds=3)
    first = next(iter(board.exchange.channels))
    board.ask("DELETE", f"/channels/{first}")
    board.wait(0)
    assert ran(board) == ["x,1 Dial(Local/long@default,5,g)"]
    assert "HangupRequest cause=16" in told(board)
    assert told(board, half=";1", pair=1)[-1] == "Destroyed cause=16"
    assert board.exchange.channels == {}
    assert board.exchange.bridges == {}


def test_who_calls_is_shown_to_the_called_one():
    board = call(ANSWERED.format("long"), seconds=3)
    dialled = board.of("Dial")[1]
    assert dialled["caller"]["name"].endswith(";2")
    assert dialled["dialstring"] == "long@default"
    assert dialled["peer"]["dialplan"]["app_name"] == "AppDial"


def outcome(target, options="", seconds=40):
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


def test_failures_say_why():
    assert outcome("Local/busy@default")[1] == "x,2 NoOp(BUSY)"
    assert outcome("Local/full@default")[1] == "x,2 NoOp(CONGESTION)"
    assert outcome("Local/nobody@default")[1] == "x,2 NoOp(CHANUNAVAIL)"
    assert outcome("Nothing/nobody")[1] == "x,2 NoOp(CHANUNAVAIL)"
    assert outcome("Local/rings@default", ",1")[1] == "x,2 NoOp(NOANSWER)"


def test_ringing_is_passed_on():
    board, _ = outcome("Local/rings@default", ",1")
    assert "Dial dialstatus=RINGING" in told(board, half=";1")
    assert "Varset RINGTIME=0" in told(board)


def test_the_first_to_answer_gets_the_call():
    board, last = outcome("Local/rings@default&Local/answers@default", ",,g")
    assert last == "x,2 NoOp(ANSWER)"
    # The original call, then the two that were dialled.
    assert "Dial dialstatus=CANCEL" in told(board, half=";1", pair=1)
    assert "Dial dialstatus=ANSWER" in told(board, half=";1", pair=2)
    assert board.exchange.channels == {}


def test_a_caller_who_gives_up():
    board, _ = outcome("Local/rings@default", seconds=2)
    first = next(iter(board.exchange.channels))
    board.ask("DELETE", f"/channels/{first}")
    board.wait(0)
    assert "Dial dialstatus=CANCEL" in told(board, half=";1", pair=1)
    assert "Varset DIALSTATUS=CANCEL" in told(board)
    assert board.exchange.channels == {}


def test_marked_variables_are_inherited():
    board = call(
        "[default]\nexten => x,1,Set(_A=1)\n same => n,Set(__B=2)\n same => n,Set(C=3)\n"
        " same => n,Dial(Local/y@default,5)\nexten => y,1,NoOp(${A}-${B}-${C})"
    )
    assert ran(board, pair=1) == ["y,1 NoOp(1-2-)"]


def test_an_endpoint_that_is_not_there():
    board = call(
        "[default]\nexten => x,1,Dial(PJSIP/nosuchphone,5)\n same => n,NoOp(${DIALSTATUS})"
    )
    assert ran(board)[-1] == "x,2 NoOp(CHANUNAVAIL)"


def test_options_that_would_change_the_call_are_named(caplog):
    call("[default]\nexten => x,1,Dial(Local/y@default,5,gS(5)b(a^b^1)t)\nexten => y,1,Answer()")
    assert [r.message for r in caplog.records] == ["Dial: the options b are not simulated"]


@pytest.mark.parametrize("limit", ["S(5)", "L(5000:1000)"])
def test_the_two_may_talk_only_so_long(limit):
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
def test_a_hangup_without_a_cause_is_no_missing_answer(end, status):
    board = call(
        "[default]\nexten => x,1,Dial(Local/y@default,5)\n same => n,NoOp(${DIALSTATUS})\n"
        f"exten => y,1,{end}"
    )
    assert f"x,2 NoOp({status})" in ran(board)


def test_an_address_without_a_technology_ends_the_call():
    board = call("[default]\nexten => x,1,Dial(abc)\n same => n,NoOp(never)")
    assert "Varset DIALSTATUS=INVALIDARGS" in told(board)
    assert ran(board) == ["x,1 Dial(abc)"]
