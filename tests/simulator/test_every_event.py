"""Every event type of ARI is published by the simulator, or cannot be caused here.

`CAUSES` has the cause of each type. Tests that run on both servers show that a real Asterisk
publishes it in the same way (`test_side_by_side.py`, `test_phones_side_by_side.py`).
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from ari_notebook import schema
from ari_notebook.simulator import OutboundWebsocket, Request
from ari_notebook.simulator.rest.event_socket import EventSocket
from tests.simulator.switchboard import AUTHORITY, HANDSHAKE, Switchboard, upgraded

DIALPLAN = """
[default]
exten => app,1,Answer()
 same => n,Stasis(hello-world)
exten => talk,1,Answer()
 same => n,Set(TALK_DETECT(set)=500)
 same => n,Stasis(hello-world)
exten => tone,1,Answer()
 same => n,Set(TONE_DETECT(440)=)
 same => n,Stasis(hello-world)
exten => refer,1,Set(PJSIP_TRANSFER_HANDLING()=ari-only)
 same => n,Answer()
 same => n,Stasis(hello-world)
exten => stay,1,Answer()
 same => n,Wait(3600)
exten => keys,1,Answer()
 same => n,SendDTMF(5)
 same => n,Wait(3600)
exten => offered,1,StasisBroadcast(3000,,,yes)
exten => alice,1,Dial(PJSIP/alice)
exten => carol,1,Dial(PJSIP/carol)
"""
# What no operation and no call of this exchange brings about.
UNCAUSED = {
    "ApplicationUnregistered": "ari.conf loses an application while Asterisk runs",
    "BridgeMerged": "two bridges of the dialplan merge that have more than two members each",
}


@pytest.fixture
def board() -> Switchboard:
    board = Switchboard(DIALPLAN)
    for name in ("alice", "bob", "carol"):
        board.phones.add(name, f"{name.title()} <555>").behave(answer_after=1)
    board.wait(1)
    board.events.clear()
    return board


def local(board: Switchboard, exten: str = "stay") -> str:
    """Return a channel in the application."""
    made = board.ask("POST", "/channels", endpoint=f"Local/{exten}@default", app="hello-world")[1]
    board.wait(2)
    return str(made["id"])


def bridged(board: Switchboard, *channels: str) -> str:
    bridge = board.ask("POST", "/bridges")[1]["id"]
    for channel in channels:
        board.ask("POST", f"/bridges/{bridge}/addChannel", channel=channel)
    board.wait(1)
    return str(bridge)


def inbound(board: Switchboard, exten: str = "app") -> Any:
    """Return Bob's call into the application."""
    call = board.phones["bob"].call(exten)
    board.wait(2)
    return call


def a_channel(board: Switchboard) -> None:
    board.ask("DELETE", f"/channels/{local(board)}")


def digits(board: Switchboard) -> None:
    local(board, "keys")


def bridge(board: Switchboard) -> None:
    one, two = local(board), local(board)
    room = bridged(board, one, two)
    board.ask("POST", f"/bridges/{room}/videoSource/{one}")
    board.ask("POST", f"/bridges/{room}/removeChannel", channel=one)
    board.ask("DELETE", f"/bridges/{room}")


def played(board: Switchboard) -> None:
    media = "sound:beep,sound:beep"
    board.ask("POST", f"/channels/{local(board)}/play", media=media)
    board.wait(3)


def recorded(board: Switchboard) -> None:
    channel = local(board)
    board.ask("POST", f"/channels/{channel}/record", name="one", format="wav")
    board.wait(1)
    board.ask("POST", "/recordings/live/one/stop")
    bridged(board, channel)
    board.ask("POST", f"/channels/{channel}/record", name="two", format="wav")


def variables(board: Switchboard) -> None:
    channel = local(board)
    for name in ("CALLERID(name)", "CONNECTEDLINE(name)"):
        board.ask("POST", f"/channels/{channel}/variable", variable=name, value="Bob")


def a_user_event(board: Switchboard) -> None:
    board.ask("POST", "/events/user/hello", application="hello-world")


def a_device_state(board: Switchboard) -> None:
    board.ask("PUT", "/deviceStates/Stasis:x", deviceState="BUSY")


def a_move_to_missing_application(board: Switchboard) -> None:
    board.ask("POST", f"/channels/{local(board)}/move", app="nosuch")


def held(board: Switchboard) -> None:
    call = inbound(board)
    call.hold()
    call.unhold()


def talking(board: Switchboard) -> None:
    call = inbound(board, "talk")
    call.talk()
    board.wait(1)
    call.quiet()


def a_tone(board: Switchboard) -> None:
    made = board.ask(
        "POST", "/channels", endpoint="Local/tone@default", app="hello-world", formats="slin"
    )[1]
    board.wait(1)
    board.ask("POST", f"/channels/{made['id']}/play", media="tone:ring;tonezone=fr")


def blindly_transferred(board: Switchboard) -> None:
    inbound(board, "alice").transfer("stay")


def attended_transfer(board: Switchboard) -> None:
    inbound(board, "alice")
    inbound(board, "carol")
    board.phones["bob"].attended_transfer()


def asked_to_transfer(board: Switchboard) -> None:
    inbound(board, "refer").transfer("stay")


def comes_and_goes(board: Switchboard) -> None:
    board.phones["alice"].unregister()


def offered(board: Switchboard) -> None:
    board.phones["bob"].call("offered")
    board.wait(1)
    id = board.of("CallBroadcast")[0]["channel"]["id"]
    board.ask("POST", "/events/claim", channelId=id, application="hello-world")


def of_a_technology(board: Switchboard) -> EventSocket:
    """Return events of endpoints that go to their subscribers alone."""
    socket = _connect(board, "phones")
    board.ask("POST", "/applications/phones/subscription", eventSource="endpoint:PJSIP")
    board.phones["alice"].unregister()
    board.phones["alice"].send("stay", "hello")
    board.wait(0)
    return socket


def replaced(board: Switchboard) -> EventSocket:
    first = _connect(board, "twice")
    _connect(board, "twice")
    return first


def asked_by_websocket(board: Switchboard) -> EventSocket:
    socket = _connect(board, "asks")
    socket.receive(b'{"type": "RESTRequest", "method": "GET", "uri": "asterisk/ping"}')
    return socket


def outbound(board: Switchboard) -> EventSocket:
    socket = board.asterisk.outbound_socket(
        OutboundWebsocket("called", "", "called", False, "asterisk")
    )
    socket.register("called", subscribe_all=False)
    return socket


def _connect(board: Switchboard, app: str) -> EventSocket:
    target = f"/ari/events?app={app}&{AUTHORITY}"
    return upgraded(board.asterisk.request(Request("GET", target, HANDSHAKE)))


CAUSES = {
    "ApplicationMoveFailed": a_move_to_missing_application,
    "ApplicationRegistered": outbound,
    "ApplicationReplaced": replaced,
    "BridgeAttendedTransfer": attended_transfer,
    "BridgeBlindTransfer": blindly_transferred,
    "BridgeCreated": bridge,
    "BridgeDestroyed": bridge,
    "BridgeVideoSourceChanged": bridge,
    "CallBroadcast": offered,
    "CallClaimed": offered,
    "ChannelCallerId": variables,
    "ChannelConnectedLine": variables,
    "ChannelCreated": a_channel,
    "ChannelDestroyed": a_channel,
    "ChannelDialplan": a_channel,
    "ChannelDtmfReceived": digits,
    "ChannelEnteredBridge": bridge,
    "ChannelHangupRequest": a_channel,
    "ChannelHold": held,
    "ChannelLeftBridge": bridge,
    "ChannelStateChange": a_channel,
    "ChannelTalkingFinished": talking,
    "ChannelTalkingStarted": talking,
    "ChannelToneDetected": a_tone,
    "ChannelTransfer": asked_to_transfer,
    "ChannelUnhold": held,
    "ChannelUserevent": a_user_event,
    "ChannelVarset": a_channel,
    "ContactStatusChange": comes_and_goes,
    "DeviceStateChanged": a_device_state,
    "Dial": a_channel,
    "EndpointStateChange": of_a_technology,
    "PeerStatusChange": comes_and_goes,
    "PlaybackContinuing": played,
    "PlaybackFinished": played,
    "PlaybackStarted": played,
    "RESTResponse": asked_by_websocket,
    "RecordingFailed": recorded,
    "RecordingFinished": recorded,
    "RecordingStarted": recorded,
    "StasisEnd": a_channel,
    "StasisStart": a_channel,
    "TextMessageReceived": of_a_technology,
}


def test_no_type_is_forgotten() -> None:
    assert sorted([*CAUSES, *UNCAUSED]) == sorted(schema.builtin().events)
    assert len(CAUSES) + len(UNCAUSED) == 45


@pytest.mark.parametrize("type", CAUSES)
def test_event_is_published(type: str, board: Switchboard) -> None:
    socket = CAUSES[type](board)
    board.wait(3)
    published = board.of(type)
    if socket is not None:
        published += [event for event in map(json.loads, socket.take()) if event["type"] == type]
    assert published
    declared = {field.name for field in schema.builtin().models[type].fields if field.required}
    assert declared <= published[0].keys()
