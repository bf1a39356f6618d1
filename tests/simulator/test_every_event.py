"""Every type of event that ARI declares is told by the simulator, or nothing here could cause it.

`CAUSES` says for each type what makes an exchange tell it. That a real Asterisk tells it the same
way is shown where the programs run on both (`test_side_by_side.py`, `test_phones_side_by_side.py`).
"""

import base64
import json

import pytest

from ari_notebook import spec
from ari_notebook.simulator.messages import Request
from ari_notebook.simulator.sockets import Socket
from tests.simulator.switchboard import AUTHORITY, HANDSHAKE, Switchboard

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
def board():
    board = Switchboard(DIALPLAN)
    for name in ("alice", "bob", "carol"):
        board.phones.add(name, f"{name.title()} <555>").behave(answer_after=1)
    board.wait(1)
    board.events.clear()
    return board


def local(board, exten="stay"):
    """A channel in the application."""
    made = board.ask("POST", "/channels", endpoint=f"Local/{exten}@default", app="hello-world")[1]
    board.wait(2)
    return made["id"]


def bridged(board, *channels):
    bridge = board.ask("POST", "/bridges")[1]["id"]
    for channel in channels:
        board.ask("POST", f"/bridges/{bridge}/addChannel", channel=channel)
    board.wait(1)
    return bridge


def inbound(board, exten="app"):
    """Bob's call into the application."""
    call = board.phones["bob"].call(exten)
    board.wait(2)
    return call


def a_channel(board):
    board.ask("DELETE", f"/channels/{local(board)}")


def digits(board):
    local(board, "keys")


def bridge(board):
    one, two = local(board), local(board)
    room = bridged(board, one, two)
    board.ask("POST", f"/bridges/{room}/videoSource/{one}")
    board.ask("POST", f"/bridges/{room}/removeChannel", channel=one)
    board.ask("DELETE", f"/bridges/{room}")


def played(board):
    media = "sound:beep,sound:beep"
    board.ask("POST", f"/channels/{local(board)}/play", media=media)
    board.wait(3)


def recorded(board):
    channel = local(board)
    board.ask("POST", f"/channels/{channel}/record", name="one", format="wav")
    board.wait(1)
    board.ask("POST", "/recordings/live/one/stop")
    bridged(board, channel)
    board.ask("POST", f"/channels/{channel}/record", name="two", format="wav")


def variables(board):
    channel = local(board)
    for name in ("CALLERID(name)", "CONNECTEDLINE(name)"):
        board.ask("POST", f"/channels/{channel}/variable", variable=name, value="Bob")


def a_user_event(board):
    board.ask("POST", "/events/user/hello", application="hello-world")


def a_device_state(board):
    board.ask("PUT", "/deviceStates/Stasis:x", deviceState="BUSY")


def a_move_to_nobody(board):
    board.ask("POST", f"/channels/{local(board)}/move", app="nobody")


def held(board):
    call = inbound(board)
    call.hold()
    call.unhold()


def talking(board):
    call = inbound(board, "talk")
    call.talk()
    board.wait(1)
    call.quiet()


def a_tone(board):
    made = board.ask(
        "POST", "/channels", endpoint="Local/tone@default", app="hello-world", formats="slin"
    )[1]
    board.wait(1)
    board.ask("POST", f"/channels/{made['id']}/play", media="tone:ring;tonezone=fr")


def blindly_transferred(board):
    inbound(board, "alice").transfer("stay")


def attended_transfer(board):
    inbound(board, "alice")
    inbound(board, "carol")
    board.phones["bob"].attended_transfer()


def asked_to_transfer(board):
    inbound(board, "refer").transfer("stay")


def comes_and_goes(board):
    board.phones["alice"].unregister()


def offered(board):
    board.phones["bob"].call("offered")
    board.wait(1)
    id = board.of("CallBroadcast")[0]["channel"]["id"]
    board.ask("POST", "/events/claim", channelId=id, application="hello-world")


def of_a_technology(board):
    """Events of endpoints that go to their subscribers alone."""
    socket = _connect(board, "phones")
    board.ask("POST", "/applications/phones/subscription", eventSource="endpoint:PJSIP")
    board.phones["alice"].unregister()
    board.phones["alice"].send("stay", "hello")
    board.wait(0)
    return socket


def replaced(board):
    first = _connect(board, "twice")
    _connect(board, "twice")
    return first


def asked_by_websocket(board):
    socket = _connect(board, "asks")
    socket.receive(b'{"type": "RESTRequest", "method": "GET", "uri": "asterisk/ping"}')
    return socket


def outbound(board):
    token = base64.b64encode(b"asterisk:asterisk").decode()
    socket = Socket(board.exchange, [("Authorization", f"Basic {token}")], [], outbound=True)
    socket.register("called", subscribe_all=False)
    return socket


def _connect(board, app):
    target = f"/ari/events?app={app}&{AUTHORITY}"
    return board.exchange.request(Request("GET", target, HANDSHAKE))


CAUSES = {
    "ApplicationMoveFailed": a_move_to_nobody,
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


def test_no_type_is_forgotten():
    assert sorted([*CAUSES, *UNCAUSED]) == sorted(spec.builtin().events)
    assert len(CAUSES) + len(UNCAUSED) == 45


@pytest.mark.parametrize("type", CAUSES)
def test_it_is_told(type, board):
    socket = CAUSES[type](board)
    board.wait(3)
    told = board.of(type)
    if socket is not None:
        told += [event for event in map(json.loads, socket.take()) if event["type"] == type]
    assert told
    declared = {field.name for field in spec.builtin().models[type].fields if field.required}
    assert declared <= told[0].keys()
