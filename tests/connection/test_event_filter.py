from __future__ import annotations

from typing import Any

import pytest

from ari_notebook.client.errors import UsageProblem
from ari_notebook.connection.event_filter import EventFilter
from ari_notebook.schema import builtin

EVENT = {
    "type": "ChannelDtmfReceived",
    "digit": "1",
    "duration_ms": 100,
    "channel": {
        "id": "1.2",
        "name": "PJSIP/alice-1",
        "state": "Up",
        "caller": {"name": "Alice", "number": "5551"},
    },
}


@pytest.mark.parametrize(
    "where",
    [
        {},
        {"digit": "1"},
        {"digit": 1},
        {"duration_ms": "100"},
        {"digit": ["1", "2"]},
        {"digit": lambda digit: digit in "123"},
        {"channel": "1.2"},
        {"channel": "PJSIP/alice-1"},
        {"channel_name": "PJSIP/alice-1"},
        {"state": "Up"},
        {"channel__caller__number": "5551"},
    ],
)
def test_matching_event_passes(where: dict[str, Any]) -> None:
    assert EventFilter("ChannelDtmfReceived", where, builtin())(EVENT)


@pytest.mark.parametrize(
    "where", [{"digit": "2"}, {"channel": "1.3"}, {"channel__caller__number": "1"}]
)
def test_other_event_does_not_pass(where: dict[str, Any]) -> None:
    assert not EventFilter("ChannelDtmfReceived", where, builtin())(EVENT)


def test_several_types_or_none_match() -> None:
    assert EventFilter(["StasisStart", "ChannelDtmfReceived"], {}, builtin())(EVENT)
    assert EventFilter("*", {"digit": "1"}, builtin())(EVENT)
    assert not EventFilter("StasisStart", {}, builtin())(EVENT)


def test_gap_matches_like_an_event() -> None:
    assert EventFilter("Gap", {}, builtin())({"type": "Gap"})


@pytest.mark.parametrize(
    ("type", "where", "says"),
    [
        ("StasisStrat", {}, "StasisStart"),
        ("ChannelDtmfReceived", {"digits": "1"}, "digit"),
        ("stasisstart", {}, "StasisStart"),
    ],
)
def test_unknown_name_gets_nearest_suggestion(type: str, where: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        EventFilter(type, where, builtin())
    assert says in str(caught.value)
