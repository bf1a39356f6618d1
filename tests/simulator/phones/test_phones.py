"""Simulated phones in virtual time: events equal those that a SIP phone at a real Asterisk
caused (see test_phones_side_by_side.py)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ari_notebook.simulator.messages import Request
from ari_notebook.simulator.phones.call import NotPossible
from ari_notebook.simulator.phones.phone import Behaviour, Phone
from tests.simulator.switchboard import AUTHORITY, HANDSHAKE, Switchboard, story, upgraded

DIALPLAN = """
[default]
exten => 1000,1,Answer()
 same => n,Stasis(hello-world)
exten => 1002,1,Answer()
 same => n,Wait(3600)
exten => 1003,1,Stasis(hello-world,inbound)
exten => 1006,1,Busy(5)
exten => 1007,1,Congestion(5)
exten => talk,1,Answer()
 same => n,Set(TALK_DETECT(set)=)
 same => n,Wait(3600)
exten => alice,1,Dial(PJSIP/alice,5)
"""


@pytest.fixture
def board() -> Switchboard:
    return Switchboard(DIALPLAN)


@pytest.fixture
def alice(board: Switchboard) -> Phone:
    phone = board.phones.add("alice", "Alice <5551>")
    board.wait(0)
    board.events.clear()
    return phone


@pytest.fixture
def bob(board: Switchboard) -> Phone:
    phone = board.phones.add("bob", "Bob <5552>")
    board.wait(0)
    board.events.clear()
    return phone


def originate(board: Switchboard, to: str = "PJSIP/alice", **more: Any) -> dict[str, Any]:
    status, channel = board.ask("POST", "/channels", endpoint=to, app="hello-world", **more)
    assert status == 200
    board.wait(0)
    return dict(channel)


# Incoming calls.


def test_phone_answered_before_it_rings_does_not_ring_later(
    board: Switchboard, alice: Phone
) -> None:
    alice.behave(ring_after=1.0, answer_after=None)
    originate(board)
    alice.answer()
    board.wait(2)
    assert "ChannelStateChange" in [event["type"] for event in board.events]
    states = [event["channel"]["state"] for event in board.events if "channel" in event]
    assert "Ringing" not in states


def test_call_into_an_application_and_its_end(board: Switchboard) -> None:
    call = board.phones.call("1000", caller="Eve <99>")
    board.wait(1)
    assert call.state == "Up"
    call.hangup()
    board.wait(0)
    assert story(board.events) == [
        "ChannelCreated loopback Ring",
        "ChannelVarset loopback Ring variable=SIPDOMAIN",
        "ChannelDialplan loopback Ring",
        "ChannelStateChange loopback Up",
        "DeviceStateChanged PJSIP/loopback INUSE",
        "ChannelDialplan loopback Up",
        "ChannelVarset loopback Up variable=STASISSTATUS",
        "StasisStart loopback Up",
        "ChannelHangupRequest loopback Up",
        "StasisEnd loopback Up",
        "ChannelVarset loopback Up variable=STASISSTATUS",
        "ChannelHangupRequest loopback Up cause=16 soft=True",
        "ChannelDestroyed loopback Up cause=0",
        "DeviceStateChanged PJSIP/loopback UNAVAILABLE",
    ]
    assert call.state == "Gone"


def test_caller_channel_has_its_fields(board: Switchboard) -> None:
    call = board.phones.call("1000", caller='"Eve Adams" <99>')
    board.wait(1)
    channel = board.of("StasisStart")[0]["channel"]
    assert channel["name"] == call.name == "PJSIP/loopback-00000000"
    assert channel["caller"] == {"name": "Eve Adams", "number": "99"}
    assert channel["dialplan"]["exten"] == "1000"
    assert channel["protocol_id"], "the Call-ID of the SIP dialogue"
    assert board.of("ChannelCreated")[0]["channel"]["protocol_id"] == "", "not known that early"


def test_rtp_statistics_are_set_before_the_hangup(board: Switchboard) -> None:
    call = board.phones.call("1000")
    board.wait(2)
    call.hangup()
    published = [event.get("variable", event["type"]) for event in board.wait(0)]
    assert published[:6] == [
        "RTPAUDIOQOS",
        "RTPAUDIOQOSJITTER",
        "RTPAUDIOQOSLOSS",
        "RTPAUDIOQOSRTT",
        "RTPAUDIOQOSMES",
        "ChannelHangupRequest",
    ]
    assert "rxcount=100;" in board.of("ChannelVarset")[2]["value"], "two seconds of 20 ms packets"


def test_caller_gives_up_before_the_answer(board: Switchboard) -> None:
    call = board.phones.call("1003")
    board.wait(1)
    call.hangup()
    assert story(board.wait(0)) == [
        "ChannelHangupRequest loopback Ring cause=127 tech_cause=487",
        "StasisEnd loopback Ring",
        "ChannelVarset loopback Ring variable=STASISSTATUS",
        "ChannelHangupRequest loopback Ring cause=16 soft=True tech_cause=487",
        "ChannelDestroyed loopback Ring cause=127 tech_cause=487",
    ]


def test_phone_hangup_may_set_a_cause(board: Switchboard) -> None:
    call = board.phones.call("1000")
    board.wait(1)
    call.hangup(cause=31)
    causes = [event["cause"] for event in board.wait(0) if "cause" in event]
    assert causes == [31, 16, 31]


def test_hangup_by_ari_reaches_the_phone_as_sip_status(board: Switchboard) -> None:
    call = board.phones.call("1003")
    board.wait(1)
    board.ask("DELETE", f"/channels/{call.id}", reason="busy")
    board.wait(0)
    assert story(board.of("ChannelDestroyed")) == [
        "ChannelDestroyed loopback Ring cause=17 tech_cause=486"
    ]


@pytest.mark.parametrize(("extension", "cause", "status"), [("1006", 17, 486), ("1007", 34, 503)])
def test_call_that_the_dialplan_refuses_before_its_answer(
    board: Switchboard, extension: str, cause: int, status: int
) -> None:
    board.phones.call(extension)
    published = [event for event in board.wait(0) if event["type"] != "DeviceStateChanged"]
    assert story(published)[3:] == [
        "ChannelStateChange loopback Busy",
        f"ChannelHangupRequest loopback Busy cause={cause} tech_cause={status}",
        f"ChannelHangupRequest loopback Busy cause=16 soft=True tech_cause={status}",
        f"ChannelDestroyed loopback Busy cause={cause} tech_cause={status}",
    ]


def test_call_to_missing_extension_raises(board: Switchboard) -> None:
    with pytest.raises(LookupError, match="no extension '777' in context 'default'"):
        board.phones.call("777")
    assert board.wait(1) == [], "a real Asterisk answers 404 and publishes nothing"


def test_conversation_of_a_caller_after_the_answer(board: Switchboard) -> None:
    board.phones.call("1000", press="1#", talk=True, hangup_after=3)
    board.wait(10)
    assert [
        (event["digit"], event["duration_ms"]) for event in board.of("ChannelDtmfReceived")
    ] == [
        ("1", 100),
        ("#", 100),
    ]
    assert len(board.of("ChannelDestroyed")) == 1


# Keys, talk, hold.


def test_keys_are_published_in_order(board: Switchboard) -> None:
    call = board.phones.call("1000")
    board.wait(1)
    board.events.clear()
    call.press("12")
    call.press("3", milliseconds=400)
    board.wait(0.25)
    assert [event["digit"] for event in board.events] == ["1"]
    board.wait(1)
    digits = [(event["digit"], event["duration_ms"]) for event in board.events]
    assert digits == [("1", 100), ("2", 100), ("3", 400)]


def test_invalid_keys_are_refused(board: Switchboard) -> None:
    call = board.phones.call("1000")
    with pytest.raises(ValueError, match="'x' is not a key; use 0123456789"):
        call.press("12x")


def test_actions_on_an_ended_call_are_refused(board: Switchboard) -> None:
    call = board.phones.call("1000")
    board.wait(1)
    call.press("123")
    call.hangup()
    board.wait(1)
    assert board.of("ChannelDtmfReceived") == []
    for act in (call.talk, call.quiet, call.hold, call.unhold, lambda: call.press("1")):
        with pytest.raises(NotPossible, match="has hung up"):
            act()
    call.hangup()
    assert board.wait(1) == []


def test_talking_is_published_with_talk_detect(board: Switchboard) -> None:
    call = board.phones.call("talk")
    board.wait(1)
    board.events.clear()
    call.talk()
    board.wait(1)
    call.quiet()
    board.wait(1)
    call.talk()
    board.wait(0.5)
    call.quiet()
    board.wait(2.4)
    assert [event["type"] for event in board.events] == ["ChannelTalkingStarted"]
    board.wait(0.2)
    assert [event["type"] for event in board.events][1:] == ["ChannelTalkingFinished"]
    assert board.events[-1]["duration"] == 2500, "a short silence does not end it"


def test_hold_and_unhold(board: Switchboard) -> None:
    call = board.phones.call("1000")
    board.wait(1)
    board.events.clear()
    call.hold()
    call.unhold()
    board.wait(0)
    assert [event["type"] for event in board.events] == ["ChannelHold", "ChannelUnhold"]
    assert board.events[0]["musicclass"] == "default"


def test_ari_holds_a_phone(board: Switchboard, alice: Phone) -> None:
    channel = originate(board)
    board.wait(3)
    board.ask("POST", f"/channels/{channel['id']}/hold")
    board.wait(0)
    assert board.ask("GET", "/deviceStates/PJSIP%2Falice")[1]["state"] == "ONHOLD"
    board.ask("DELETE", f"/channels/{channel['id']}/hold")
    board.wait(0)
    states = [event["device_state"]["state"] for event in board.of("DeviceStateChanged")]
    assert states == ["RINGING", "INUSE", "ONHOLD", "INUSE"]


# A phone is called.


def test_phone_rings_answers_and_hangs_up(board: Switchboard, alice: Phone) -> None:
    channel = originate(board)
    assert (channel["name"], channel["state"]) == ("PJSIP/alice-00000000", "Down")
    assert channel["caller"] == {"name": "Alice", "number": "5551"}, "the endpoint's own"
    board.wait(0.05)
    assert alice.calls[0].state == "Down"
    board.wait(0.1)
    assert alice.calls[0].state == "Ringing"
    board.wait(2)
    assert alice.calls[0].state == "Up"
    alice.hangup()
    board.wait(0)
    assert story(board.events) == [
        "ChannelCreated alice Down",
        "ChannelDialplan alice Down",
        "Dial alice Down dialstatus=",
        "ChannelStateChange alice Ringing",
        "Dial alice Ringing dialstatus=RINGING",
        "DeviceStateChanged PJSIP/alice RINGING",
        "ChannelStateChange alice Up",
        "Dial alice Up dialstatus=ANSWER",
        "ChannelVarset alice Up variable=STASISSTATUS",
        "StasisStart alice Up",
        "DeviceStateChanged PJSIP/alice INUSE",
        "ChannelHangupRequest alice Up",
        "StasisEnd alice Up",
        "ChannelVarset alice Up variable=STASISSTATUS",
        "ChannelDestroyed alice Up cause=0",
        "DeviceStateChanged PJSIP/alice NOT_INUSE",
    ]
    assert alice.calls == ()


@pytest.mark.parametrize(
    ("refuse", "cause", "status", "dial"),
    [
        ("busy", 17, 486, "BUSY"),
        ("congestion", 34, 503, "CONGESTION"),
        ("unavailable", 19, 480, "NOANSWER"),
        (404, 1, 404, "NOANSWER"),
        (418, 127, 418, "NOANSWER"),
    ],
)
def test_phone_refuses_with_its_status(
    board: Switchboard, alice: Phone, refuse: str | int, cause: int, status: int, dial: str
) -> None:
    alice.behave(refuse=refuse)
    originate(board)
    board.wait(1)
    assert story(board.events)[2:] == [
        "Dial alice Down dialstatus=",
        f"ChannelHangupRequest alice Down cause={cause} tech_cause={status}",
        f"Dial alice Down dialstatus={dial}",
        f"ChannelDestroyed alice Down cause={cause} tech_cause={status}",
    ]


def test_phone_declines_after_it_has_rung(board: Switchboard, alice: Phone) -> None:
    alice.behave(refuse="decline", answer_after=1)
    originate(board)
    board.wait(2)
    assert "ChannelStateChange alice Ringing" in story(board.events)
    assert story(board.of("ChannelDestroyed")) == [
        "ChannelDestroyed alice Ringing cause=21 tech_cause=603"
    ]


def test_unanswered_call_ends_by_timeout(board: Switchboard, alice: Phone) -> None:
    alice.behave(answer_after=None)
    originate(board, timeout=3)
    board.wait(4)
    assert story(board.of("ChannelDestroyed")) == [
        "ChannelDestroyed alice Ringing cause=19 tech_cause=480"
    ]


def test_call_is_answered_or_rejected_by_method(board: Switchboard, alice: Phone) -> None:
    alice.behave(answer_after=None)
    originate(board)
    board.wait(1)
    assert alice.answer().state == "Up"
    alice.hangup()
    originate(board)
    board.wait(1)
    alice.reject("busy")
    board.wait(0)
    assert story(board.of("ChannelDestroyed"))[-1].endswith("Ringing cause=17 tech_cause=486")
    with pytest.raises(NotPossible, match="alice has no call to answer"):
        alice.answer()
    with pytest.raises(NotPossible, match="alice has no call"):
        alice.current.press("1")


def test_phone_with_one_line_is_busy_while_it_has_a_call(board: Switchboard, alice: Phone) -> None:
    originate(board)
    board.wait(3)
    originate(board)
    board.wait(3)
    assert [event["dialstatus"] for event in board.of("Dial")][-1] == "BUSY"
    alice.behave(lines=2)
    originate(board)
    board.wait(3)
    assert len(alice.calls) == 2


def test_called_phone_follows_its_behaviour(board: Switchboard, alice: Phone) -> None:
    alice.behave(press="7", hangup_after=5)
    originate(board)
    board.wait(4)
    assert [event["digit"] for event in board.of("ChannelDtmfReceived")] == ["7"]
    board.wait(5)
    assert alice.calls == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"refuse": "rudely"}, "refuse must be one of busy, congestion, unavailable, decline"),
        ({"refuse": 200}, "refuse must be a SIP status from 400 to 699, not 200"),
        ({"answer_after": -1}, "answer_after must be a number of seconds or None, not -1"),
        ({"lines": 0}, "lines must be at least 1, not 0"),
        ({"press": "abc"}, "press must consist of 0123456789"),
        ({"patience": 1}, "a phone has no patience; it has ring_after"),
    ],
)
def test_invalid_behaviour_is_refused(alice: Phone, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        alice.behave(**changes)
    assert alice.behaviour == Behaviour()


def test_phone_calls_a_phone(board: Switchboard, alice: Phone, bob: Phone) -> None:
    call = bob.call("alice")
    board.wait(3)
    assert call.state == "Up"
    (bridge,) = board.ask("GET", "/bridges")[1]
    assert len(bridge["channels"]) == 2
    assert bridge["bridge_class"] == "basic"
    call.press("5")
    board.wait(1)
    assert alice.current.heard == "5"
    call.hold()
    board.wait(0)
    assert board.ask("GET", "/deviceStates/PJSIP%2Falice")[1]["state"] == "ONHOLD"
    alice.hangup()
    board.wait(1)
    assert (call.state, alice.calls, bob.calls) == ("Gone", (), ())
    assert board.ask("GET", "/bridges")[1] == board.ask("GET", "/channels")[1] == []


@pytest.mark.parametrize(("bridged", "cause"), [(False, 0), (True, 16)])
def test_bridged_channel_ends_with_a_cause(
    board: Switchboard, alice: Phone, bridged: bool, cause: int
) -> None:
    """At the end of the dialplan, which sets no cause."""
    channel = alice.call("1000").channel.id
    board.wait(1)
    if bridged:
        bridge = board.ask("POST", "/bridges", type="mixing")[1]["id"]
        board.ask("POST", f"/bridges/{bridge}/addChannel", channel=channel)
        board.wait(1)
        board.ask("POST", f"/bridges/{bridge}/removeChannel", channel=channel)
        board.wait(1)
    board.ask("POST", f"/channels/{channel}/continue", extension="1004", priority=5)
    board.wait(1)
    (gone,) = board.of("ChannelDestroyed")
    assert gone["cause"] == cause


# Registration and messages.


def test_endpoint_state_follows_registration(board: Switchboard) -> None:
    board.phones.add("alice", "Alice <5551>")
    assert story(board.wait(0)) == [
        "DeviceStateChanged PJSIP/alice NOT_INUSE",
        "PeerStatusChange",
        "ContactStatusChange",
    ]
    peer, contact = board.of("PeerStatusChange", "ContactStatusChange")
    online = {"technology": "PJSIP", "resource": "alice", "state": "online", "channel_ids": []}
    assert (peer["peer"], peer["endpoint"]) == ({"peer_status": "Reachable"}, online)
    assert contact["contact_info"]["contact_status"] == "NonQualified"
    phone = board.phones["alice"]
    assert phone.registered
    phone.unregister()
    assert story(board.wait(0)) == [
        "PeerStatusChange",
        "ContactStatusChange",
        "DeviceStateChanged PJSIP/alice UNAVAILABLE",
    ]
    assert not phone.registered
    assert board.ask("POST", "/channels", endpoint="PJSIP/alice", app="hello-world")[0] == 500


def test_technology_subscription_includes_its_phones(board: Switchboard, alice: Phone) -> None:
    target = f"/ari/events?app=phones&{AUTHORITY}"
    socket = board.asterisk.request(Request("GET", target, HANDSHAKE))
    board.ask("POST", "/applications/phones/subscription", eventSource="endpoint:PJSIP")
    alice.unregister()
    alice.send("1000", "hello")
    board.wait(0)
    heard = [json.loads(frame)["type"] for frame in upgraded(socket).take()]
    assert heard == [
        "EndpointStateChange",
        "PeerStatusChange",
        "ContactStatusChange",
        "TextMessageReceived",
    ]


def test_technology_subscription_includes_new_endpoints(board: Switchboard) -> None:
    target = f"/ari/events?app=phones&{AUTHORITY}"
    socket = board.asterisk.request(Request("GET", target, HANDSHAKE))
    board.ask("POST", "/applications/phones/subscription", eventSource="endpoint:PJSIP")
    board.phones.add("dora")
    board.phones.add("dora", "Dora <5559>")
    published = [json.loads(frame) for frame in upgraded(socket).take()]
    states = [
        each["endpoint"]["state"] for each in published if each["type"] == "EndpointStateChange"
    ]
    assert states == ["unknown", "offline", "online"]


def test_endpoint_subscription_includes_its_calls(
    board: Switchboard, alice: Phone, bob: Phone
) -> None:
    target = f"/ari/events?app=phones&{AUTHORITY}"
    socket = board.asterisk.request(Request("GET", target, HANDSHAKE))
    board.ask("POST", "/applications/phones/subscription", eventSource="endpoint:PJSIP/alice")
    alice.call("1002")
    bob.call("1002")
    board.wait(1)
    alice.hangup()
    board.wait(1)
    heard = [json.loads(frame) for frame in upgraded(socket).take()]
    kinds = [event["type"] for event in heard]
    assert kinds[:2] == ["EndpointStateChange", "ChannelCreated"]
    assert kinds[-2:] == ["ChannelDestroyed", "EndpointStateChange"]
    (id,) = heard[0]["endpoint"]["channel_ids"]
    assert {event["channel"]["id"] for event in heard[1:-1]} == {id}
    assert heard[-1]["endpoint"]["channel_ids"] == []


def test_phones_by_name(board: Switchboard, alice: Phone) -> None:
    assert list(board.phones) == ["loopback", "alice"]
    assert "alice" in board.phones
    assert "bob" not in board.phones
    assert board.phones["alice"] is alice
    with pytest.raises(LookupError, match="no endpoint 'bob'"):
        board.phones["bob"]


def test_text_messages(board: Switchboard, alice: Phone, bob: Phone) -> None:
    alice.send("bob", "hello")
    board.wait(0)
    (event,) = board.of("TextMessageReceived")
    assert event["endpoint"]["resource"] == "alice"
    message = event["message"]
    assert (message["from"], message["to"], message["body"]) == (
        '"Alice" <sip:alice@127.0.0.1>',
        "pjsip:bob@127.0.0.1",
        "hello",
    )
    status, _ = board.ask(
        "PUT", "/endpoints/PJSIP/bob/sendMessage", **{"from": "sip:x@y"}, body="hi"
    )
    assert status == 202
    assert [text for _, text in bob.messages] == ["hi"]


def test_refer_makes_a_phone_call_another_number(board: Switchboard, alice: Phone) -> None:
    status, _ = board.ask(
        "POST", "/endpoints/PJSIP/alice/refer", **{"from": "sip:x@y"}, refer_to="sip:1002@127.0.0.1"
    )
    assert status == 202
    board.wait(1)
    assert alice.current.channel.dialplan.exten == "1002"


# Memory.


def test_ended_calls_leave_nothing_in_memory(board: Switchboard, alice: Phone) -> None:
    for _ in range(50):
        board.phones.call("1000", hangup_after=1, press="1")
        originate(board)
        board.wait(3)
        alice.hangup()
        board.wait(3)
    asterisk = board.asterisk
    assert alice.calls == ()
    assert asterisk.exchange.channels == {}
    assert asterisk.ari.endpoints._used == {}
    assert asterisk.next_due() is None


# Transfers.


def test_caller_transfers_the_callee(board: Switchboard, alice: Phone, bob: Phone) -> None:
    call = bob.call("alice")
    board.wait(3)
    other = alice.current
    board.events.clear()
    assert call.transfer("1002")
    board.wait(1)
    (event,) = board.of("BridgeBlindTransfer")
    assert (event["result"], event["exten"], event["context"]) == ("Success", "1002", "default")
    assert event["channel"]["id"] == call.id
    assert event["transferee"]["id"] == other.id
    assert len(event["bridge"]["channels"]) == 2
    assert (call.state, other.state, other.channel.dialplan.exten) == ("Gone", "Up", "1002")
    assert board.ask("GET", "/bridges")[1] == []
    other.hangup()
    board.wait(1)
    assert board.exchange.channels == {}


def test_called_one_transfers_the_caller(board: Switchboard, alice: Phone, bob: Phone) -> None:
    call = bob.call("alice")
    board.wait(3)
    assert alice.current.transfer("1000")
    board.wait(100)
    assert board.of("StasisStart")[-1]["channel"]["id"] == call.id
    assert alice.calls == ()
    call.hangup()
    board.wait(1)
    assert board.exchange.channels == {}
    assert board.exchange.bridges == {}


def test_transfer_out_of_an_applications_bridge(
    board: Switchboard, alice: Phone, bob: Phone
) -> None:
    calls = [phone.call("1000") for phone in (alice, bob)]
    board.wait(1)
    bridge = board.ask("POST", "/bridges", type="mixing")[1]["id"]
    for call in calls:
        board.ask("POST", f"/bridges/{bridge}/addChannel", channel=call.id)
    board.wait(1)
    assert calls[1].transfer("1002")
    board.wait(1)
    assert calls[1].state == "Gone"
    members = board.ask("GET", f"/bridges/{bridge}")[1]["channels"]
    names = [board.ask("GET", f"/channels/{id}")[1]["name"] for id in members]
    assert names == [calls[0].name, "Local/1002@default-00000000;1"]


def test_impossible_transfer_keeps_the_call(board: Switchboard, bob: Phone) -> None:
    call = bob.call("1000")
    board.wait(1)
    assert not call.transfer("1002")
    board.wait(0)
    assert board.of("BridgeBlindTransfer")[0]["result"] == "Invalid", (
        "there is no party to transfer"
    )
    board.events.clear()
    assert not call.transfer("777")
    assert (board.wait(1), call.state) == ([], "Up")


def test_transfer_by_the_application_is_requested(board: Switchboard, bob: Phone) -> None:
    call = bob.call("1000")
    board.wait(1)
    handling = {"variable": "PJSIP_TRANSFER_HANDLING()", "value": "ari-only"}
    assert board.ask("POST", f"/channels/{call.id}/variable", **handling)[0] == 204
    assert not call.transfer("1002")
    status, _ = board.ask(
        "POST", f"/channels/{call.id}/transfer_progress", states="channel_answered"
    )
    board.wait(0)
    asked, done = board.of("ChannelTransfer")
    assert (status, call.state) == (204, "Up")
    assert asked["refer_to"] == {"requested_destination": {"destination": "1002"}}
    assert asked["referred_by"]["source_channel"]["id"] == call.id
    assert "state" not in asked
    assert done["state"] == "channel_answered"


# What a phone's media amount to.


def test_packets_are_counted_both_ways_from_the_answer_on(board: Switchboard, alice: Phone) -> None:
    id = alice.call("1000").id
    board.wait(2.01)
    status, published = board.ask("GET", f"/channels/{id}/rtp_statistics")
    assert (status, published["channel_uniqueid"]) == (200, id)
    assert published["rxcount"] == published["txcount"] == 100
    assert published["rxoctetcount"] == 100 * 160
    assert published["local_ssrc"] != published["remote_ssrc"]


def test_phone_that_was_not_called_has_no_media(board: Switchboard, alice: Phone) -> None:
    _, made = board.ask("POST", "/channels/create", endpoint="PJSIP/alice", app="hello-world")
    answer = board.ask("GET", f"/channels/{made['id']}/rtp_statistics")
    assert answer == (404, {"message": "RTP info not found"})


def test_only_channels_with_rtp_have_statistics(board: Switchboard) -> None:
    _, made = board.ask(
        "POST", "/channels", endpoint="Local/1002@default", extension="1002", context="default"
    )
    answer = board.ask("GET", f"/channels/{made['id']}/rtp_statistics")
    assert answer == (403, {"message": "Unsupported channel type"})
