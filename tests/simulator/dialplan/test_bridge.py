"""Bridge: the events of both channels equal those of a real Asterisk 22.10."""

import pytest

from tests.simulator.switchboard import Switchboard

DIALPLAN = """
[default]
exten => app,1,Answer()
 same => n,Stasis(hello-world)
 same => n,UserEvent(After)
 same => n,Wait(1)
exten => stay,1,Answer()
 same => n,Wait(3600)
exten => join,1,Answer()
 same => n,Bridge(${WHO})
exten => end,1,Answer()
 same => n,Bridge(${WHO},x)
exten => quietly,1,Bridge(${WHO},n)
"""


def place(board: Switchboard, exten: str, id: str) -> None:
    """Call an extension by a Local channel whose other half stays."""
    board.ask(
        "POST", "/channels", endpoint=f"Local/{exten}@default", extension="stay", channelId=id
    )
    board.wait(1)


@pytest.fixture
def board() -> Switchboard:
    board = Switchboard(DIALPLAN)
    place(board, "app", "a")
    bridge = board.ask("POST", "/bridges")[1]["id"]
    board.ask("POST", f"/bridges/{bridge}/addChannel", channel="a;2")
    board.ask("POST", "/asterisk/variable", variable="WHO", value="a;2")
    board.wait(1)
    board.events.clear()
    return board


def story(board: Switchboard, id: str) -> list[str]:
    return [
        " ".join([event["type"].removeprefix("Channel"), event.get("variable", "")]).strip()
        for event in board.events
        if event.get("channel", {}).get("id") == id
    ]


TAKEN = ["LeftBridge", "StasisEnd", "EnteredBridge", "Varset BRIDGEPEER"]
PARTED = ["Varset BRIDGEPEER", "LeftBridge", "Varset STASISSTATUS"]


def test_bridged_peer_returns_after_its_application(board: Switchboard) -> None:
    place(board, "join", "b")
    assert story(board, "a;2") == TAKEN
    assert board.of("BridgeCreated")[0]["bridge"]["bridge_class"] == "basic"
    board.ask("DELETE", "/channels/b;2")
    board.wait(0.5)
    assert story(board, "a;2") == [*TAKEN, *PARTED, "Dialplan", "Userevent", "Dialplan"]
    assert story(board, "b;2")[-5:] == [
        "Varset BRIDGEPEER",
        "LeftBridge",
        "Varset BRIDGERESULT",
        "HangupRequest",
        "Destroyed",
    ]
    assert len(board.of("BridgeDestroyed")) == 1


def test_bridged_peer_is_hung_up_after_it(board: Switchboard) -> None:
    place(board, "end", "b")
    board.ask("DELETE", "/channels/b;2")
    board.wait(0.5)
    assert story(board, "a;2") == [*TAKEN, *PARTED, "HangupRequest", "Destroyed"]


def test_bridge_answers_caller_unless_option_forbids(board: Switchboard) -> None:
    place(board, "quietly", "b")
    assert story(board, "a;2") == TAKEN
    assert board.ask("GET", "/channels/b;2")[1]["state"] == "Ring"
