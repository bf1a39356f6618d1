"""Events, models and live objects have classes at run time, on either server."""

from __future__ import annotations

import copy
import json
import pickle
import threading

import pytest

import ari_notebook
from ari_notebook import Channel, Playback, UsageProblem
from ari_notebook.connection.event_types import typed_event
from ari_notebook.connection.generated.objects import Channels
from ari_notebook.connection.operation_methods import make_resources
from ari_notebook.events import (
    CallerID,
    ChannelDtmfReceived,
    ChannelSnapshot,
    Event,
    PlaybackFinished,
    PlaybackStarted,
    StasisEnd,
    StasisStart,
)
from ari_notebook.schema import from_api_docs
from ari_notebook.schema.builtin import builtin_files
from ari_notebook.sessions.session import Session

START = {
    "type": "StasisStart",
    "args": ["a"],
    "channel": {"id": "1", "caller": {"name": "", "number": "5551"}, "newer": {"field": 1}},
}


def kind(event: Event) -> str:
    match event:
        case ChannelDtmfReceived(digit="1"):
            return "one"
        case ChannelDtmfReceived():
            return "another digit"
        case StasisStart(channel=ChannelSnapshot(state="Up")):
            return "start"
        case _:
            return "other"


def test_handlers_and_waits_take_event_classes(ari: Session) -> None:
    ended = threading.Event()
    seen: list[tuple[ChannelDtmfReceived, Channel]] = []

    @ari.on(ChannelDtmfReceived, digit="2")
    def digit(event: ChannelDtmfReceived, channel: Channel) -> None:
        seen.append((event, channel))

    @ari.on([StasisEnd, "ChannelDestroyed"])
    def end(event: Event) -> None:
        ended.set()

    caller = ari.call("1000")
    start = ari.wait_for(StasisStart)
    assert isinstance(start, StasisStart)
    assert isinstance(start.channel, ChannelSnapshot)
    assert isinstance(start.channel.caller, CallerID)
    assert start["channel"]["id"] == start.channel.id
    assert start.replace_channel is None
    channel = ari.channels[start.channel.id]
    assert isinstance(channel, Channel)
    assert isinstance(channel.fields, ChannelSnapshot)
    playback = channel.play("sound:beep")
    assert isinstance(playback, Playback)
    finished = ari.wait_for(PlaybackFinished, playback=playback)
    assert finished.playback.state == "done"
    caller.press("12")
    digits = [ari.wait_for(ChannelDtmfReceived, channel=channel) for _ in range(2)]
    assert [kind(each) for each in digits] == ["one", "another digit"]
    assert kind(start) == "start"
    caller.hangup()
    assert ended.wait(30)
    assert [(type(event), event.digit, which.id) for event, which in seen] == [
        (ChannelDtmfReceived, "2", channel.id)
    ]


def test_logged_events_have_their_classes(ari: Session) -> None:
    ari.call("1000")
    start = ari.wait_for("StasisStart")
    assert start in list(ari.events)
    assert ari.events.last(StasisStart) == ari.events.last("StasisStart") == start
    assert ari.events.last(PlaybackStarted) is None
    assert ari.events.last(Event) == ari.events[-1]
    assert {StasisStart} <= {type(event) for event in ari.events[:]}
    assert isinstance(ari.events[0], Event)


def test_responses_have_their_classes(ari: Session) -> None:
    info = ari.asterisk.get_info(only=["system"])
    assert info.system is not None
    assert info.system.version
    assert info.build is None
    assert isinstance(ari.asterisk.ping(), ari_notebook.events.AsteriskPing)
    assert {type(each) for each in ari.asterisk.list_modules()} == {ari_notebook.events.Module}
    sound = ari.sounds.get("beep")
    assert sound.formats[0].language.startswith("en")


def test_other_class_is_refused(ari: Session) -> None:
    for wrong in (Channel, int, CallerID):
        with pytest.raises(UsageProblem, match=f"unknown event: '{wrong.__name__}'"):
            ari.wait_for(wrong)  # type: ignore[type-var]


def test_event_is_a_dict_with_any_field() -> None:
    event = typed_event(START)
    assert event == START
    assert isinstance(event, StasisStart)
    assert json.loads(json.dumps(event)) == START
    assert pickle.loads(pickle.dumps(event)) == copy.deepcopy(event) == START
    assert getattr(event.channel, "newer").field == 1  # noqa: B009 - checkers do not know it
    assert event.channel.caller_rdnis is None
    assert {"args", "channel", "replace_channel"} <= set(dir(event))
    with pytest.raises(AttributeError, match="no field 'state'"):
        event.channel.state  # noqa: B018 - declared, but the server left it out


@pytest.mark.parametrize("type", ["ChannelDanced", None, ["StasisStart"], 3])
def test_event_of_unknown_type_is_an_event(type: object) -> None:
    event = typed_event({"type": type, "mood": {"is": "good"}})
    assert event.__class__ is Event
    assert getattr(event, "mood")["is"] == "good"  # noqa: B009


@pytest.mark.parametrize("channel", ["text", 3, None, ["a"], [{"id": "1"}]])
def test_field_of_undeclared_type_is_unchanged(channel: object) -> None:
    event = typed_event({"type": "StasisEnd", "channel": channel})
    assert isinstance(event, StasisEnd)
    assert event.channel == channel


def test_operation_that_the_server_lacks_is_explained() -> None:
    files = builtin_files()
    channels = files["channels.json"]
    channels["apis"] = [api for api in channels["apis"] if "silence" not in api["path"]]
    resources, objects = make_resources(from_api_docs(files))
    made = resources["channels"](None)  # type: ignore[arg-type]
    assert isinstance(made, Channels)
    assert "start_silence" not in dir(made)
    assert "start_moh" in dir(made)
    with pytest.raises(UsageProblem, match=r"does not declare channels\.start_silence"):
        made.start_silence("1")
    assert "start_silence" not in vars(objects["Channel"])
