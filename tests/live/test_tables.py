"""The live tables: what each event does to them, and that none can break them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_notebook.live import KINDS, Tables


def channel(id: str, state: str = "Up", app: str = "") -> dict[str, Any]:
    dialplan = {"context": "default", "exten": "1000", "priority": 1}
    if app:
        dialplan |= {"app_name": "Stasis", "app_data": f"{app},inbound"}
    return {"id": id, "name": f"PJSIP/{id}", "state": state, "dialplan": dialplan}


def bridge(id: str, *channels: str) -> dict[str, Any]:
    return {"id": id, "bridge_class": "stasis", "bridge_type": "mixing", "channels": [*channels]}


def event(type: str, **fields: Any) -> dict[str, Any]:
    return {"type": type, "application": "hello", **fields}


def after(*events: dict[str, Any], subscribe_all: bool = False) -> Tables:
    tables = Tables(subscribe_all=subscribe_all)
    tables.apply(events)
    return tables


STARTED = event("StasisStart", channel=channel("a"), args=[])


def test_stasis_start_brings_a_channel_in():
    row = after(STARTED).channels["a"]
    assert (row["in_stasis"], row["app_name"], row["state"]) == (True, "hello", "Up")


@pytest.mark.parametrize("everything", [False, True])
def test_stasis_end_takes_it_away_unless_all_is_told(everything):
    tables = after(STARTED, event("StasisEnd", channel=channel("a")), subscribe_all=everything)
    assert list(tables.channels) == (["a"] if everything else [])
    if everything:
        assert tables.channels["a"]["in_stasis"] is False


def test_a_channel_heard_of_after_stasis_end_is_back_outside_stasis():
    tables = after(
        STARTED,
        event("StasisEnd", channel=channel("a")),
        event("ChannelStateChange", channel=channel("a", "Ring")),
    )
    assert tables.channels["a"]["in_stasis"] is False


def test_what_comes_late_does_not_revive_a_destroyed_channel():
    tables = after(
        STARTED,
        event("ChannelDestroyed", channel=channel("a", "Down"), cause=16),
        event("ChannelVarset", channel=channel("a"), variable="X", value="1"),
    )
    assert not tables.channels


def test_bridge_of_a_channel_that_moves():
    # Asterisk reports the channel in the new bridge before it reports it out of the old one.
    tables = after(
        STARTED,
        event("ChannelEnteredBridge", bridge=bridge("one", "a"), channel=channel("a")),
        event("ChannelEnteredBridge", bridge=bridge("two", "a"), channel=channel("a")),
        event("ChannelLeftBridge", bridge=bridge("one"), channel=channel("a")),
    )
    assert tables.channels["a"]["bridge"] == "two"
    assert tables.bridges["one"]["channels"] == []
    tables.apply([event("BridgeDestroyed", bridge=bridge("two"))])
    assert tables.channels["a"]["bridge"] == ""
    assert list(tables.bridges) == ["one"]


def test_playback_and_recording_mark_their_channel_while_they_last():
    playback = {"id": "p", "media_uri": "sound:hi", "target_uri": "channel:a", "state": "playing"}
    recording = {"name": "r", "format": "wav", "target_uri": "channel:a", "state": "recording"}
    tables = after(
        STARTED,
        event("PlaybackStarted", playback=playback),
        event("RecordingStarted", recording=recording),
    )
    row = tables.channels["a"]
    assert (row["playing"], row["recording"]) == ("sound:hi", "r")
    assert (list(tables.playbacks), list(tables.recordings)) == (["p"], ["r"])
    tables.apply([event("ChannelStateChange", channel=channel("a"))])
    assert tables.channels["a"]["playing"] == "sound:hi"
    tables.apply(
        [
            event("PlaybackFinished", playback=playback),
            event("RecordingFailed", recording=recording),
        ]
    )
    row = tables.channels["a"]
    assert (row["playing"], row["recording"]) == ("", "")
    assert not tables.playbacks
    assert not tables.recordings


def test_endpoints_and_device_states():
    tables = after(
        event("EndpointStateChange", endpoint={"technology": "PJSIP", "resource": "x"}),
        event("DeviceStateChanged", device_state={"name": "Stasis:lamp", "state": "INUSE"}),
    )
    assert list(tables.endpoints) == ["PJSIP/x"]
    assert tables.device_states["Stasis:lamp"]["state"] == "INUSE"


def test_an_endpoint_has_its_channels_that_are_in_the_table():
    def endpoint(*ids):
        return {"technology": "PJSIP", "resource": "my-desk", "channel_ids": list(ids)}

    def called(id):
        return {**channel(id), "name": f"PJSIP/my-desk-0000000{id}"}

    def there():
        return tables.endpoints["PJSIP/my-desk"]["channel_ids"]

    tables = Tables(subscribe_all=True)
    # Of "8" no end would be heard; "2" began after the endpoints had been read.
    tables.replace({"endpoints": [endpoint("8", "1")], "channels": [called("1"), called("2")]})
    assert there() == ["1", "2"]
    tables.apply([event("ChannelCreated", channel=called("3"))])
    assert there() == ["1", "2", "3"]
    tables.apply([event("ChannelDestroyed", channel=called("1"), cause=16)])
    assert there() == ["2", "3"]
    tables.apply([event("EndpointStateChange", endpoint=endpoint("1", "2", "3"))])
    assert there() == ["2", "3"]
    tables.apply([event("EndpointStateChange", endpoint={**endpoint(), "channel_ids": "odd"})])
    tables.apply([event("ChannelCreated", channel=called("4"))])
    assert there() == ["4"]
    told_less = Tables()
    told_less.replace({"endpoints": [endpoint("1")], "channels": [called("1")]})
    told_less.apply([event("StasisEnd", channel=called("1"))])
    assert told_less.endpoints["PJSIP/my-desk"]["channel_ids"] == []


def test_an_unknown_event_shows_the_channels_and_bridges_it_carries():
    tables = after(event("OfTheFuture", channel=channel("a"), bridge=bridge("b", "a"), more=1))
    assert (list(tables.channels), list(tables.bridges)) == (["a"], ["b"])


def test_replace_says_what_changed():
    tables = after(STARTED, event("StasisStart", channel=channel("b"), args=[]))
    changes = tables.replace(
        {"channels": [channel("b", app="hello"), channel("c")], "bridges": [bridge("x", "c")]}
    )
    assert changes.vanished["channels"] == ["a"]
    assert changes.appeared["channels"] == ["c"]
    assert tables.channels["b"]["app_name"] == "hello"
    assert tables.channels["c"]["bridge"] == "x"


TYPES = ["StasisStart", "StasisEnd", "ChannelDestroyed", "ChannelEnteredBridge", "BridgeDestroyed"]
TYPES += ["ChannelLeftBridge", "PlaybackStarted", "RecordingStarted", "DeviceStateChanged", "New"]
VALUES = st.recursive(
    st.none() | st.integers(0, 2) | st.sampled_from(["a", "channel:a", ""]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["id", "name", "state", "bridge_class", "technology", "target_uri"]),
            inner,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "type": st.sampled_from(TYPES) | VALUES,
                **dict.fromkeys(("channel", "bridge", "endpoint", "playback"), VALUES),
            },
        ),
        max_size=4,
    )
)
def test_no_event_breaks_the_tables_nor_hides_the_next(events):
    tables = after(*events)
    tables.apply([event("StasisStart", channel=channel("sound"), args=[])])
    assert tables.channels["sound"]["in_stasis"] is True
    for kind in KINDS:
        assert len(tables.frame(kind)) == len(getattr(tables, kind))


@pytest.mark.parametrize(
    "odd", [{}, {"id": 5}, {"id": "2", "dialplan": True}, {"id": ["x"]}, None, "x"]
)
def test_a_truth_of_another_shape_is_taken_as_far_as_it_can_be(odd):
    tables = Tables()
    truth = {kind: [odd] for kind in KINDS}
    truth["channels"] = [odd, {"id": "1", "state": "Up"}]
    truth["bridges"] = [odd, {"id": "b", "channels": ["1", 5, None]}, {"id": "c", "channels": 7}]
    truth["playbacks"] = [{"id": "p", "target_uri": "channel:1"}, {"id": "q", "target_uri": 3}]
    tables.replace(truth)
    assert tables.channels["1"]["bridge"] == "b"
    assert set(tables.bridges) >= {"b", "c"}
