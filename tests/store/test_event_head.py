"""Heads of events: the partial decoding of a frequent event equals the whole event."""

from __future__ import annotations

import itertools
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_notebook.store.columns import Columns
from ari_notebook.store.event_batch import EventBatch
from ari_notebook.store.event_head import Head, decode_event, summarize
from ari_notebook.store.event_log import EventLog
from ari_notebook.store.tables import KINDS, Tables
from benchmarks.fuzz import Mutator
from benchmarks.mix import events

pytestmark = pytest.mark.usefixtures("decoder")

CHANNEL = {"id": "1.1", "name": "PJSIP/a-1", "state": "Up", "dialplan": {"app_name": "Stasis"}}
PLAYBACK = {"id": "p", "media_uri": "sound:x", "target_uri": "channel:1.1", "state": "playing"}
BASE = {"timestamp": "2026-11-23T11:00:00.000+0000", "application": "app", "asterisk_id": "a"}
FREQUENT: list[dict[str, Any]] = [
    {"type": "ChannelCallerId", "channel": CHANNEL, "caller_presentation_txt": "Allowed"},
    {"type": "ChannelConnectedLine", "channel": CHANNEL},
    {"type": "ChannelCreated", "channel": CHANNEL},
    {"type": "ChannelDestroyed", "channel": CHANNEL, "cause": 16, "cause_txt": "Normal Clearing"},
    {"type": "ChannelDestroyed", "channel": CHANNEL},
    {"type": "ChannelDialplan", "channel": CHANNEL, "dialplan_app": "A", "dialplan_app_data": "b"},
    {"type": "ChannelDtmfReceived", "channel": CHANNEL, "digit": "1", "duration_ms": 100},
    {"type": "ChannelEnteredBridge", "channel": CHANNEL, "bridge": {"id": "b"}},
    {"type": "ChannelHangupRequest", "channel": CHANNEL, "cause": 16, "soft": True},
    {"type": "ChannelHangupRequest", "channel": CHANNEL, "soft": True},
    {"type": "ChannelLeftBridge", "channel": CHANNEL, "bridge": {"id": "b"}},
    {"type": "ChannelStateChange", "channel": CHANNEL},
    {"type": "ChannelTalkingFinished", "channel": CHANNEL, "duration": 20},
    {"type": "ChannelTalkingStarted", "channel": CHANNEL},
    {"type": "ChannelVarset", "channel": CHANNEL, "variable": "X", "value": "1"},
    {"type": "PlaybackContinuing", "playback": PLAYBACK},
    {"type": "PlaybackFinished", "playback": PLAYBACK},
    {"type": "PlaybackStarted", "playback": PLAYBACK},
    {"type": "StasisEnd", "channel": CHANNEL},
    {"type": "StasisStart", "channel": CHANNEL, "args": ["a", "b"]},
]
# Frequent events that the extension leaves to the classes.
BRIDGE = {"id": "b", "bridge_type": "mixing", "name": "n"}
BY_CLASS: list[dict[str, Any]] = [
    {"type": "BridgeCreated", "bridge": BRIDGE},
    {"type": "BridgeDestroyed", "bridge": {"id": "b", "bridge_type": "holding"}},
    {"type": "DeviceStateChanged", "device_state": {"name": "PJSIP/a", "state": "BUSY"}},
    {"type": "Dial", "peer": CHANNEL, "dialstring": "a", "dialstatus": "ANSWER"},
    {"type": "Dial", "peer": CHANNEL, "caller": CHANNEL, "dialstring": "a", "dialstatus": ""},
]
ALL = [*FREQUENT, *BY_CLASS]


def fields(head: Head) -> tuple[object, ...]:
    channel = (head.channel.id, head.channel.name, head.channel.state)
    words = (head.type, head.timestamp, head.application, head.asterisk_id, head.detail)
    return (*words, channel, head.objects)


def assert_same(frames: list[bytes]) -> None:
    """Assert that the decoded head of an event equals the whole event."""
    heads, malformed = Columns().decode(frames)
    for place, (frame, head) in enumerate(zip(frames, heads, strict=True)):
        event, sound = decode_event(frame)
        assert (place in malformed) == (not sound), frame[:200]
        assert fields(head) == fields(summarize(event)), frame[:200]
    for subscribe_all in (False, True):
        by_head, by_event = Tables(subscribe_all), Tables(subscribe_all)
        by_head.apply(EventBatch(frames, (heads, malformed)))
        by_event.apply([decode_event(frame)[0] for frame in frames])
        for kind in KINDS:
            assert getattr(by_head, kind).copy() == getattr(by_event, kind).copy()


@pytest.mark.parametrize("event", ALL, ids=lambda event: str(event["type"]))
def test_frequent_event_is_decoded_by_its_class(event: dict[str, Any]) -> None:
    frame = orjson.dumps(event | BASE)
    (head,), malformed = Columns().decode([frame])
    assert (head.type, head.kind, malformed) == (event["type"], event["type"], [])
    assert_same([orjson.dumps(FREQUENT[-1] | BASE), frame])


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2, 3))])
def test_mutated_events_are_what_the_whole_event_says(seed: int) -> None:
    mutate = Mutator(seed, big=200)
    batch = [mutate(text) for text in itertools.islice(events(1000, alive=30, seed=seed), 1000)]
    batch = [frame for frame in batch if b"9" * 30 not in frame]  # see the test of large numbers
    for start in range(0, len(batch), 250):
        assert_same(batch[start : start + 250])


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 70), 1 << 70)
    | st.sampled_from(["", "a", "1.1", "channel:1.1", "\u00fc", "failed"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from([*CHANNEL, *PLAYBACK, *BRIDGE]), inner, max_size=4)
    ),
    max_leaves=5,
)
FIELDS = sorted({*itertools.chain(*ALL), *BASE, "replace_channel", "recording"})


@given(
    st.lists(
        st.tuples(
            st.sampled_from(ALL), st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=2)
        ),
        max_size=5,
    )
)
def test_frequent_events_with_fields_of_any_type(
    changed: list[tuple[dict[str, Any], dict[str, Any]]],
) -> None:
    def frame(event: dict[str, Any]) -> bytes:
        try:
            return orjson.dumps(event)
        except TypeError:  # a number beyond 64 bits
            return repr(event).replace("'", '"').encode()

    assert_same([frame(BASE | event | changes) for event, changes in changed])


@pytest.mark.parametrize(
    "text",
    [b"\xff", b"\xc3\x28", b"\xed\xa0\x80"],
    ids=["no lead byte", "no continuation", "surrogate"],
)
def test_invalid_utf8_in_a_field_that_is_skipped(text: bytes) -> None:
    frame = b'{"type":"ChannelVarset","variable":"a","value":"b","channel":{"id":"1"},"x":"%s"}'
    log = EventLog()
    batch = log.append([frame % b"\xc3\xbc", frame % text], 1.0)
    assert (batch.types, log.malformed) == (["ChannelVarset", "malformed"], 1)
    assert log[0]["x"] == "\u00fc"
    assert log.raw(1) == frame % text


@pytest.mark.parametrize("depth", [20_000, 200_000])
def test_levels_past_counting_are_malformed_and_kept(depth: int) -> None:
    frame = b'{"type":"ChannelVarset","x":' + b"[" * depth + b"]" * depth + b"}"
    log = EventLog()
    log.append([frame], 1.0)
    assert log.malformed == 1
    assert log.raw(0) == frame
    assert log[0]["type"] == "malformed"


def test_number_beyond_64_bits_is_kept_exactly() -> None:
    log = EventLog()
    number = 10**30 + 1
    log.append([b'{"type":"ChannelVarset","x":%d}' % number], 1.0)
    assert log.malformed == 0
    assert log[0]["x"] == number


def test_number_past_every_bound_leaves_the_event_inspectable() -> None:
    log = EventLog()
    log.append([orjson.dumps(FREQUENT[-1]).replace(b'"state":"Up"', b'"x":1e999')], 1.0)
    tables = Tables()
    tables.apply(log.part(0)[0])
    assert log[0]["type"] == "malformed"
    assert "1e999" in log[0]["text"]
    assert len(tables.frame("channels")) == 1
    assert log.df["type"].item() == "StasisStart"


@pytest.mark.parametrize(
    ("frame", "type"),
    [
        (b'{"type":"StasisEnd","channel":{"id":"1"},"type":"New"}', "New"),
        (b'{"channel":{"id":"1"},"type":"New","type":"StasisEnd"}', "StasisEnd"),
        (b'{"type":"StasisEnd","channel":5,"channel":{"id":"1"}}', "StasisEnd"),
        (b'{"channel":{"id":"1"}}', ""),
    ],
)
def test_duplicate_and_missing_keys(frame: bytes, type: str) -> None:
    log = EventLog()
    assert log.append([frame], 1.0).types == [type]
    assert log[0].get("type", "") == type
    assert log.df["channel"].item() == "1"
    assert_same([frame])
