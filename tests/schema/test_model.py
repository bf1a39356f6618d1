import keyword
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_notebook import schema
from ari_notebook.schema.model import identifier, snake_case

DECLARATION = schema.builtin()


@pytest.mark.parametrize(
    ("ari", "python"),
    [
        ("sendDTMF", "send_dtmf"),
        ("deviceStates", "device_states"),
        ("playWithId", "play_with_id"),
        ("transfer_progress", "transfer_progress"),
        ("rtpstatistics", "rtpstatistics"),
        ("StasisStart", "stasis_start"),
        ("RESTResponse", "rest_response"),
        ("absorbDTMF", "absorb_dtmf"),
    ],
)
def test_snake_case_of_aris_names(ari: str, python: str) -> None:
    assert snake_case(ari) == python


@given(st.text())
def test_any_name_has_an_identifier(name: str) -> None:
    legal = identifier(name)
    assert legal.isidentifier()
    assert not keyword.iskeyword(legal)


def test_every_python_name_is_unique_within_its_operation() -> None:
    for operation in DECLARATION.operations:
        names = [parameter.python_name for parameter in operation.parameters]
        assert len(set(names)) == len(names), operation.qualified_name


def test_keyword_gets_an_underscore() -> None:
    send = DECLARATION.operation("endpoints.send_message")
    assert send.parameter("from").python_name == "from_"
    assert send.parameter("from_") is send.parameter("from")


@pytest.mark.parametrize(
    "name",
    ["channels.send_dtmf", "channels.sendDTMF", "sendDTMF", "send_dtmf", "Channels.sendDTMF"],
)
def test_operation_is_found_by_every_spelling(name: str) -> None:
    assert DECLARATION.operation(name).qualified_name == "channels.send_dtmf"


def test_resource_is_found_by_aris_spelling() -> None:
    assert DECLARATION.operation("deviceStates.list").path == "/deviceStates"
    assert DECLARATION.operation("device_states.list").resource == "deviceStates"


def test_unknown_operation_names_the_nearest() -> None:
    with pytest.raises(schema.UnknownName) as caught:
        DECLARATION.operation("chanels.play")
    assert caught.value.nearest[0] == "channels.play"
    assert "did you mean channels.play" in str(caught.value)
    assert isinstance(caught.value, KeyError)


def test_ambiguous_operation_names_all_of_them() -> None:
    with pytest.raises(
        schema.UnknownName, match=r"2 resources have an operation 'record'"
    ) as caught:
        DECLARATION.operation("record")
    assert caught.value.nearest == ("bridges.record", "channels.record")


def test_every_operation_is_found_under_its_own_name() -> None:
    for operation in DECLARATION.operations:
        assert DECLARATION.operation(operation.qualified_name) is operation
        assert DECLARATION.operation(f"{operation.resource}.{operation.nickname}") is operation
        assert DECLARATION.resources[operation.resource_name][operation.name] is operation


def test_unknown_parameter_names_the_nearest() -> None:
    with pytest.raises(schema.UnknownName, match=r"channels\.play has no parameter 'medium'"):
        DECLARATION.operation("channels.play").parameter("medium")


@pytest.mark.parametrize("name", ["StasisStart", "stasisstart", "stasis_start", "STASISSTART"])
def test_model_is_found_whatever_its_case(name: str) -> None:
    assert DECLARATION.model(name).name == "StasisStart"


def test_unknown_model_names_the_nearest() -> None:
    with pytest.raises(schema.UnknownName, match="StasisStart"):
        DECLARATION.model("StasisStrat")


def test_event_has_the_fields_that_it_inherits() -> None:
    names = [field.name for field in DECLARATION.fields("StasisStart")]
    assert names[:4] == ["type", "asterisk_id", "application", "timestamp"]
    assert names[4:] == ["args", "channel", "replace_channel"]


def test_models_that_extend_each_other_in_a_circle_end() -> None:
    a = schema.Model("A", fields=(schema.ModelField("x"),), subtypes=("B",))
    b = schema.Model("B", fields=(schema.ModelField("y"),), subtypes=("A",))
    circle = schema.Declaration("", (), {"A": a, "B": b})
    assert {field.name for field in circle.fields("B")} == {"x", "y"}


def test_declaration_without_events_has_none() -> None:
    assert schema.Declaration("", (), {}).events == ()


def test_nearest_searches_everything() -> None:
    assert DECLARATION.nearest("channel.hangup", 1) == ("channels.hangup",)
    assert DECLARATION.nearest("playbackfinish", 1) == ("PlaybackFinished",)
    assert DECLARATION.nearest("recording", 1) == ("recordings",)
    assert DECLARATION.nearest("qqqqqq") == ()


def test_declared_things_are_values() -> None:
    play = DECLARATION.operation("channels.play")
    assert pickle.loads(pickle.dumps(play)) == play
    assert hash(play) == hash(pickle.loads(pickle.dumps(play)))
    assert pickle.loads(pickle.dumps(DECLARATION)) == DECLARATION
    assert isinstance(hash(DECLARATION), int)
    with pytest.raises(AttributeError):
        play.path = "/elsewhere"  # type: ignore[misc]
