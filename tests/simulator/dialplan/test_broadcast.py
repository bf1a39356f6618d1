"""StasisBroadcast and the claim of a call, as a real Asterisk 22.10 does both."""

import pytest

from tests.simulator.dialplan.calls import call, ran

DIALPLAN = "[default]\nexten => x,1,StasisBroadcast({})\n same => n,NoOp(${{STASISSTATUS}})"


def broadcast(data, seconds=0.2):
    return call(DIALPLAN.format(data), seconds=seconds)


def claim(board, application="hello-world"):
    id = board.of("CallBroadcast")[0]["channel"]["id"]
    return board.ask("POST", "/events/claim", channelId=id, application=application)


def test_the_first_to_claim_gets_the_call():
    board = broadcast("1000,,a:b,yes")
    offered = board.of("CallBroadcast")[0]
    assert (offered["caller"], offered["called"]) == ("", "x")
    assert claim(board)[0] == 204
    assert claim(board, "other") == (
        409,
        {"message": "Channel has already been claimed by another application"},
    )
    board.wait(0.1)
    assert board.of("StasisStart")[0]["args"] == ["a", "b"]
    assert board.of("CallClaimed")[0]["winner_app"] == "hello-world"
    board.ask("POST", f"/channels/{offered['channel']['id']}/continue")
    board.wait(0.1)
    assert ran(board)[-1] == "x,2 NoOp(SUCCESS)"
    assert claim(board)[0] == 404


def test_nobody_is_told_of_a_claim_unless_asked_for():
    board = broadcast("1000")
    claim(board)
    board.wait(0.1)
    assert board.of("StasisStart")[0]["args"] == []
    assert not board.of("CallClaimed")


@pytest.mark.parametrize(
    ("data", "offered"), [("300", 1), ("300,^nobody", 0), ("300,[", 1), ("300,world$", 1)]
)
def test_an_offer_that_nobody_takes_runs_out(data, offered):
    board = broadcast(data, seconds=2)
    assert len(board.of("CallBroadcast")) == offered
    assert ran(board)[-1] == "x,2 NoOp(TIMEOUT)"
    assert not board.exchange.broadcasts


def test_an_offer_stands_for_half_a_second_unless_said_otherwise():
    board = broadcast("", seconds=0.45)
    assert len(ran(board)) == 1
    board.wait(0.1)
    assert ran(board)[-1] == "x,2 NoOp(TIMEOUT)"


def test_a_call_that_is_hung_up_is_no_longer_on_offer():
    board = broadcast("5000", seconds=1)
    board.ask("DELETE", f"/channels/{next(iter(board.exchange.channels))}")
    board.wait(0)
    assert not board.exchange.broadcasts
    assert claim(board)[0] == 404
