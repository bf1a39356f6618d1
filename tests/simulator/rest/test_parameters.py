"""Parameters, read like Asterisk's generated code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_notebook.schema import builtin
from ari_notebook.simulator.messages import AriRefusal
from ari_notebook.simulator.rest import parameters
from ari_notebook.simulator.rest.parameters import decode, pairs, read, separate

ORIGINATE = builtin().operation("channels.originate")
ADD_CHANNEL = builtin().operation("bridges.add_channel")
PLAY = builtin().operation("channels.play")


def test_plus_is_a_space_and_a_broken_escape_stands_for_itself() -> None:
    assert decode("a+b%20c%2Bd") == "a b c+d"
    assert decode("100%") == "100%"
    assert decode("%zz") == "%zz"
    assert decode("caf%C3%A9") == "café"


def test_parameter_without_a_value_is_empty() -> None:
    assert pairs("a&b=&c=1=2") == [("a", ""), ("b", ""), ("c", "1=2")]
    assert pairs("") == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", [""]),
        ("a,b,", ["a", "b", ""]),
        ("RAND(1,2),x[3,4],y", ["RAND(1,2)", "x[3,4]", "y"]),
        ('"a,b",c', ["a,b", "c"]),
        (r"a\,b,c\"d,\\", ["a,b", 'c"d', "\\"]),
        ("a),(b,c", ["a)", "(b,c"]),
    ],
)
def test_comma_in_brackets_or_quotes_separates_nothing(text: str, parts: list[str]) -> None:
    assert separate(text) == parts


@given(st.text(max_size=60))
def test_any_text_can_be_decoded(text: str) -> None:
    assert isinstance(decode(text), str)


def test_last_of_several_values_counts() -> None:
    assert read(ORIGINATE, {}, pairs("app=a&app=b"), None)["app"] == "b"


def test_json_overrides_the_query_whatever_it_holds() -> None:
    arguments = read(ORIGINATE, {}, pairs("app=a&timeout=5"), {"app": "b", "timeout": None})
    assert (arguments["app"], arguments["timeout"]) == ("b", 0)


def test_missing_values_ignore_declared_defaults() -> None:
    arguments = read(PLAY, {"channelId": "1"}, [], None)
    assert arguments["skipms"] == 0  # declared default 3000
    assert arguments["media"] == []  # declared required
    assert arguments["lang"] is None
    assert read(ADD_CHANNEL, {"bridgeId": "1"}, [], None)["mute"] is False


@pytest.mark.parametrize(
    ("text", "number"),
    [("30", 30), (" -1x", -1), ("x", 0), ("", 0), ("1.9", 1), ("4294967295", -1), ("9" * 5000, -1)],
)
def test_number_is_read_as_far_as_it_goes(text: str, number: int) -> None:
    assert read(ORIGINATE, {}, [("timeout", text)], None)["timeout"] == number


@pytest.mark.parametrize("text", ["yes", "TRUE", "y", "t", "1", "On"])
def test_values_treated_as_true(text: str) -> None:
    assert read(ADD_CHANNEL, {"bridgeId": "1"}, [("mute", text)], None)["mute"] is True


@pytest.mark.parametrize("text", ["no", "2", "enabled", ""])
def test_values_treated_as_false(text: str) -> None:
    assert read(ADD_CHANNEL, {"bridgeId": "1"}, [("mute", text)], None)["mute"] is False


def test_json_of_the_wrong_type_counts_as_nothing() -> None:
    assert read(ORIGINATE, {}, [], {"timeout": "30", "app": 5})["timeout"] == 0
    assert read(ORIGINATE, {}, [], {"timeout": "30", "app": 5})["app"] is None
    assert read(ADD_CHANNEL, {"bridgeId": "1"}, [], {"mute": "yes"})["mute"] is False
    assert read(ADD_CHANNEL, {"bridgeId": "1"}, [], {"mute": True})["mute"] is True


def test_several_values_are_split_at_commas_in_the_query_but_not_in_json() -> None:
    path = {"channelId": "1"}
    assert read(PLAY, path, pairs("media=a,b"), None)["media"] == ["a", "b"]
    assert read(PLAY, path, [], {"media": "a,b"})["media"] == ["a,b"]
    assert read(PLAY, path, [], {"media": ["a", "b"]})["media"] == ["a", "b"]


def test_128_values_are_too_many() -> None:
    path = {"channelId": "1"}
    assert len(read(PLAY, path, pairs("media=" + ",".join("a" * 127)), None)["media"]) == 127
    with pytest.raises(AriRefusal, match="Too many values for media") as refused:
        read(PLAY, path, pairs("media=" + ",".join("a" * 128)), None)
    assert refused.value.status == 400


def test_operation_with_body_receives_body_and_its_parameters() -> None:
    body = {"endpoint": "Local/1000", "variables": {"A": "1"}}
    arguments = read(ORIGINATE, {}, [], body)
    assert arguments["endpoint"] == "Local/1000"
    assert arguments["variables"] == body
    assert read(ORIGINATE, {}, [], None)["variables"] is None


def test_every_operation_can_be_read_from_nothing() -> None:
    for operation in builtin().operations:
        path = {each.name: "x" for each in operation.parameters if each.location == "path"}
        arguments = parameters.read(operation, path, [], None)
        assert set(arguments) == {each.name for each in operation.parameters}
