"""StasisBroadcast and the claim of a call, as a real Asterisk 22.10 does both."""

from __future__ import annotations

from typing import Any

import pytest

from ari_notebook.simulator.stasis.broadcast import CallOffer
from tests.simulator.dialplan.calls import call, ran
from tests.simulator.switchboard import Switchboard

DIALPLAN = "[default]\nexten => x,1,StasisBroadcast({})\n same => n,NoOp(${{STASISSTATUS}})"


def broadcast(data: str, seconds: float = 0.2) -> Switchboard:
    return call(DIALPLAN.format(data), seconds=seconds)


def claim(board: Switchboard, application: str = "hello-world") -> tuple[int, Any]:
    id = board.of("CallBroadcast")[0]["channel"]["id"]
    return board.ask("POST", "/events/claim", channelId=id, application=application)


def test_first_to_claim_gets_the_call() -> None:
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


def test_claim_is_published_only_on_request() -> None:
    board = broadcast("1000")
    claim(board)
    board.wait(0.1)
    assert board.of("StasisStart")[0]["args"] == []
    assert not board.of("CallClaimed")


@pytest.mark.parametrize(
    ("data", "offered"), [("300", 1), ("300,^nosuch", 0), ("300,[", 1), ("300,world$", 1)]
)
def test_unclaimed_offer_times_out(data: str, offered: int) -> None:
    board = broadcast(data, seconds=2)
    assert len(board.of("CallBroadcast")) == offered
    assert ran(board)[-1] == "x,2 NoOp(TIMEOUT)"
    assert not any(each.attached(CallOffer) for each in board.exchange.channels.values())


def test_offer_times_out_after_half_a_second_by_default() -> None:
    board = broadcast("", seconds=0.45)
    assert len(ran(board)) == 1
    board.wait(0.1)
    assert ran(board)[-1] == "x,2 NoOp(TIMEOUT)"


def test_offer_ends_with_hangup() -> None:
    board = broadcast("5000", seconds=1)
    board.ask("DELETE", f"/channels/{next(iter(board.exchange.channels))}")
    board.wait(0)
    assert claim(board)[0] == 404
