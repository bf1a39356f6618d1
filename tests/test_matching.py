import pytest

from ari_notebook.client.errors import UsageProblem
from ari_notebook.matching import Pattern
from ari_notebook.spec import builtin

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
def test_event_fits(where):
    assert Pattern("ChannelDtmfReceived", where, builtin())(EVENT)


@pytest.mark.parametrize(
    "where", [{"digit": "2"}, {"channel": "1.3"}, {"channel__caller__number": "1"}]
)
def test_event_does_not_fit(where):
    assert not Pattern("ChannelDtmfReceived", where, builtin())(EVENT)


def test_several_types_and_any():
    assert Pattern(["StasisStart", "ChannelDtmfReceived"], {}, builtin())(EVENT)
    assert Pattern("*", {"digit": "1"}, builtin())(EVENT)
    assert not Pattern("StasisStart", {}, builtin())(EVENT)


def test_gap_is_an_event_of_ours():
    assert Pattern("Gap", {}, builtin())({"type": "Gap"})


@pytest.mark.parametrize(
    ("type", "where", "says"),
    [
        ("StasisStrat", {}, "StasisStart"),
        ("ChannelDtmfReceived", {"digits": "1"}, "digit"),
        ("stasisstart", {}, "StasisStart"),
    ],
)
def test_unknown_names_get_the_nearest(type, where, says):
    with pytest.raises(UsageProblem) as caught:
        Pattern(type, where, builtin())
    assert says in str(caught.value)
