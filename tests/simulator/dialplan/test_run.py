"""Running the dialplan: events equal those of a real Asterisk 22.10 with the same dialplan."""

import logging

import pytest

from tests.simulator.dialplan.calls import call, published, ran


def test_end_of_extension_hangs_up() -> None:
    board = call("[default]\nexten => x,1,NoOp(a)\n same => n,Answer()\n same => n,NoOp(b)")
    assert published(board) == [
        "Created",
        "Dialplan x,1 NoOp(a)",
        "Dialplan x,2 Answer()",
        "StateChange Up",
        "Dialplan x,3 NoOp(b)",
        "HangupRequest cause=16 soft=True",
        "Destroyed cause=0",
    ]
    request, destroyed = board.of("ChannelHangupRequest")[0], board.of("ChannelDestroyed")[-1]
    assert request["channel"]["dialplan"]["priority"] == 3
    assert request["channel"]["dialplan"]["app_name"] == "NoOp"
    assert destroyed["channel"]["dialplan"]["app_name"] in ("", "AppDial2")


def test_answer_waits_for_audio_of_the_other_half() -> None:
    board = call("[default]\nexten => x,1,Answer()\n same => n,NoOp(after)", seconds=0.4)
    assert ran(board) == ["x,1 Answer()"]
    board.wait(0.2)
    assert ran(board) == ["x,1 Answer()", "x,2 NoOp(after)"]


def test_unknown_application_ends_the_call_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        board = call("[default]\nexten => x,1,NoOp(a)\n same => n,Nonsense(1)\n same => n,NoOp(b)")
    assert ran(board) == ["x,1 NoOp(a)"]
    assert published(board)[-2:] == ["HangupRequest cause=16 soft=True", "Destroyed cause=0"]
    assert "No application 'Nonsense' for extension (default, x, 2)" in caplog.text
    assert "extensions.conf:3" in caplog.text


def test_h_runs_after_the_end_until_something_waits() -> None:
    board = call(
        "[default]\nexten => x,1,NoOp(a)\nexten => h,1,NoOp(bye)\n same => n,Wait(1)\n"
        " same => n,NoOp(never)"
    )
    assert published(board)[2:] == [
        "HangupRequest cause=16 soft=True",
        "Dialplan h,1 NoOp(bye)",
        "Dialplan h,2 Wait(1)",
        "Destroyed cause=0",
    ]


def test_h_runs_when_the_other_end_hangs_up() -> None:
    board = call("[default]\nexten => x,1,Wait(100)\nexten => h,1,NoOp(bye)", seconds=1)
    first = next(iter(board.exchange.channels))
    board.ask("DELETE", f"/channels/{first}")
    board.wait(0)
    assert ran(board) == ["x,1 Wait(100)", "h,1 NoOp(bye)"]


def test_missing_extension_continues_at_i() -> None:
    board = call("[default]\nexten => x,1,Goto(nosuch,1)\nexten => i,1,NoOp(${INVALID_EXTEN})")
    assert ran(board) == ["x,1 Goto(nosuch,1)", "i,1 NoOp(nosuch)"]
    assert "Varset INVALID_EXTEN=nosuch" in published(board)


def test_endless_loop_ends_the_call(caplog: pytest.LogCaptureFixture) -> None:
    board = call("[default]\nexten => x,1,Goto(1)", seconds=1)
    assert board.exchange.channels == {}
    assert "loops without waiting" in caplog.text


def test_failed_dial_is_heard_at_the_end() -> None:
    board = call("[default]\nexten => x,1,Dial(Local/busy@default)\nexten => busy,1,Busy(5)")
    assert "StateChange Busy" in published(board)
    assert published(board, half=";1")[-2:] == ["Dial dialstatus=BUSY", "Destroyed cause=0"]


def test_dialplan_goes_on_after_stasis() -> None:
    board = call(
        "[default]\nexten => x,1,Stasis(hello-world,a,b)\n same => n,NoOp(${STASISSTATUS})",
        seconds=1,
    )
    start = board.of("StasisStart")[0]
    assert start["args"] == ["a", "b"]
    board.ask("POST", f"/channels/{start['channel']['id']}/continue")
    board.wait(1)
    assert ran(board) == ["x,1 Stasis(hello-world,a,b)", "x,2 NoOp(SUCCESS)"]


def test_application_may_send_the_channel_elsewhere() -> None:
    board = call(
        "[default]\nexten => x,1,Stasis(hello-world)\nexten => y,1,NoOp(a)\n"
        " same => n(there),NoOp(b)",
        seconds=1,
    )
    channel = board.of("StasisStart")[0]["channel"]["id"]
    board.ask("POST", f"/channels/{channel}/continue", extension="y", label="there")
    board.wait(1)
    assert ran(board)[1:] == ["y,2 NoOp(b)"]


def test_stasis_without_connected_application_continues() -> None:
    board = call("[default]\nexten => x,1,Stasis(nosuch)\n same => n,NoOp(${STASISSTATUS})")
    assert ran(board) == ["x,1 Stasis(nosuch)", "x,2 NoOp(FAILED)"]


def test_replaced_dialplan_applies_to_running_calls() -> None:
    board = call("[default]\nexten => x,1,Wait(5)\n same => n,NoOp(old)", seconds=1)
    board.asterisk.set_dialplan("[default]\nexten => x,1,Wait(5)\n same => n,NoOp(new)")
    board.wait(10)
    assert ran(board) == ["x,1 Wait(5)", "x,2 NoOp(new)"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Goto(nowhere,1)", "INVALID nowhere 1"),
        ("WaitExten(1)", "RESPONSETIMEOUT x 1"),
    ],
)
def test_extension_e_has_reason_in_exception(text: str, reason: str) -> None:
    board = call(
        f"[default]\nexten => x,1,{text}\n"
        "exten => e,1,NoOp(${EXCEPTION(reason)} ${EXCEPTION(exten)} ${EXCEPTION(priority)})"
    )
    assert ran(board)[-1] == f"e,1 NoOp({reason})"


@pytest.mark.parametrize(
    ("exten", "last"),
    [("T", "T,2 NoOp()"), ("e", "e,2 NoOp(ABSOLUTETIMEOUT)"), ("z", "x,2 Wait(9)")],
)
def test_dialplan_goes_on_when_the_time_of_a_call_is_over(exten: str, last: str) -> None:
    board = call(
        "[default]\nexten => x,1,Set(TIMEOUT(absolute)=1)\n same => n,Wait(9)\n"
        f"exten => {exten},1,Wait(1)\n same => n,NoOp(${{EXCEPTION(reason)}})"
    )
    assert ran(board)[-1] == last
    assert not any("soft" in each and each["cause"] == 32 for each in board.events)
    assert board.exchange.channels == {}


def test_timeout_set_again_restarts() -> None:
    board = call(
        "[default]\nexten => x,1,Set(TIMEOUT(absolute)=1)\n same => n,Set(TIMEOUT(absolute)=0)\n"
        " same => n,Wait(2)\n same => n,NoOp(still there)"
    )
    assert ran(board)[-1] == "x,4 NoOp(still there)"
