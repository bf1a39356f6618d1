"""The live tables: the effect of each event, also of malformed ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_notebook.store.tables import KINDS, Tables
from tests.helpers.servers import Event


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


def test_stasis_start_brings_a_channel_in() -> None:
    row = after(STARTED).channels["a"]
    assert (row["in_stasis"], row["app_name"], row["state"]) == (True, "hello", "Up")


@pytest.mark.parametrize("everything", [False, True])
def test_stasis_end_removes_channel_unless_subscribed_to_all(everything: bool) -> None:
    tables = after(STARTED, event("StasisEnd", channel=channel("a")), subscribe_all=everything)
    assert list(tables.channels) == (["a"] if everything else [])
    if everything:
        assert tables.channels["a"]["in_stasis"] is False


@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize("start_first", [False, True])
def test_move_between_two_applications_in_either_order(everything: bool, start_first: bool) -> None:
    # The channel's dialplan location keeps the application that it entered first.
    moved = channel("a", app="x")
    end = event("StasisEnd", channel=moved) | {"application": "x"}
    start = event("StasisStart", channel=moved, args=[]) | {"application": "y"}
    tables = after(
        event("StasisStart", channel=moved, args=[]) | {"application": "x"},
        *([start, end] if start_first else [end, start]),
        event("ChannelDtmfReceived", channel=moved, digit="1"),
        subscribe_all=everything,
    )
    row = tables.channels["a"]
    assert (row["in_stasis"], row["app_name"]) == (True, "y")
    tables.apply([event("StasisEnd", channel=channel("a")) | {"application": "y"}])
    assert list(tables.channels) == (["a"] if everything else [])
    assert not everything or tables.channels["a"]["in_stasis"] is False


def test_move_during_gap_leaves_table_with_its_stasis_end() -> None:
    tables = after(event("StasisStart", channel=channel("a", app="x"), args=[]))
    tables.replace({"channels": [channel("a", app="x")]})
    tables.apply([event("StasisEnd", channel=channel("a")) | {"application": "y"}])
    assert tables.channels == {}


def test_event_after_stasis_end_restores_channel_outside_stasis() -> None:
    tables = after(
        STARTED,
        event("StasisEnd", channel=channel("a")),
        event("ChannelStateChange", channel=channel("a", "Ring")),
    )
    assert tables.channels["a"]["in_stasis"] is False


def test_late_event_does_not_restore_destroyed_channel() -> None:
    tables = after(
        STARTED,
        event("ChannelDestroyed", channel=channel("a", "Down"), cause=16),
        event("ChannelVarset", channel=channel("a"), variable="X", value="1"),
    )
    assert not tables.channels


def test_bridge_of_a_channel_that_moves() -> None:
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


def test_playback_and_recording_mark_their_channel_while_they_last() -> None:
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


def test_endpoints_and_device_states() -> None:
    tables = after(
        event("EndpointStateChange", endpoint={"technology": "PJSIP", "resource": "x"}),
        event("DeviceStateChanged", device_state={"name": "Stasis:lamp", "state": "INUSE"}),
    )
    assert list(tables.endpoints) == ["PJSIP/x"]
    assert tables.device_states["Stasis:lamp"]["state"] == "INUSE"


def test_endpoint_has_its_channels_that_are_in_the_table() -> None:
    def endpoint(*ids: str) -> dict[str, Any]:
        return {"technology": "PJSIP", "resource": "my-desk", "channel_ids": list(ids)}

    def called(id: str) -> dict[str, Any]:
        return {**channel(id), "name": f"PJSIP/my-desk-0000000{id}"}

    def there() -> object:
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
    partial = Tables()
    partial.replace({"endpoints": [endpoint("1")], "channels": [called("1")]})
    partial.apply([event("StasisEnd", channel=called("1"))])
    assert partial.endpoints["PJSIP/my-desk"]["channel_ids"] == []


def test_removed_object_leaves_every_table_it_stands_in() -> None:
    tables = Tables(subscribe_all=True)
    tables.replace(
        {
            "endpoints": [
                {"technology": "PJSIP", "resource": "my-desk", "channel_ids": ["1", "2"]}
            ],
            "channels": [{**channel(id), "name": f"PJSIP/my-desk-{id}"} for id in "12"],
            "bridges": [bridge("b")],
        }
    )
    for kind, id in (("channels", "1"), ("bridges", "b"), ("playbacks", "unknown")):
        tables.remove(kind, id)
    assert list(tables.channels) == ["2"]
    assert tables.endpoints["PJSIP/my-desk"]["channel_ids"] == ["2"]
    assert not tables.bridges


def test_unknown_event_shows_the_channels_and_bridges_it_carries() -> None:
    tables = after(event("OfTheFuture", channel=channel("a"), bridge=bridge("b", "a"), more=1))
    assert (list(tables.channels), list(tables.bridges)) == (["a"], ["b"])


def test_replace_says_what_changed() -> None:
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
def test_no_event_breaks_the_tables_nor_hides_the_next(events: Iterable[Event]) -> None:
    tables = after(*events)
    tables.apply([event("StasisStart", channel=channel("sound"), args=[])])
    assert tables.channels["sound"]["in_stasis"] is True
    for kind in KINDS:
        assert len(tables.frame(kind)) == len(getattr(tables, kind))


@pytest.mark.parametrize(
    "odd", [{}, {"id": 5}, {"id": "2", "dialplan": True}, {"id": ["x"]}, None, "x"]
)
def test_truth_of_another_shape_is_taken_as_far_as_it_can_be(
    odd: Any,
) -> None:
    tables = Tables()
    snapshot: dict[str, list[Any]] = {kind: [odd] for kind in KINDS}
    snapshot["channels"] = [odd, {"id": "1", "state": "Up"}]
    snapshot["bridges"] = [odd, {"id": "b", "channels": ["1", 5, None]}, {"id": "c", "channels": 7}]
    snapshot["playbacks"] = [{"id": "p", "target_uri": "channel:1"}, {"id": "q", "target_uri": 3}]
    tables.replace(snapshot)
    assert tables.channels["1"]["bridge"] == "b"
    assert set(tables.bridges) >= {"b", "c"}
