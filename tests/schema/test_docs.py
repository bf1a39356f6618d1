import inspect
import json
from typing import Any, Literal, Optional

import pytest

from ari_notebook import schema
from ari_notebook.schema.docs import WIDTH

DECLARATION = schema.builtin()


@pytest.mark.parametrize("operation", DECLARATION.operations, ids=lambda each: each.qualified_name)
def test_every_signature_binds_what_check_accepts(operation: schema.Operation) -> None:
    signature = schema.signature(operation)
    required = [each.python_name for each in operation.parameters if each.required]
    assert list(signature.parameters)[: len(required)] == required
    bound = signature.bind(*required)
    assert list(bound.arguments) == required
    for parameter in signature.parameters.values():
        assert parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        assert parameter.default is (
            inspect.Parameter.empty if parameter.name in required else None
        )


def test_annotations_are_real_types() -> None:
    parameters = schema.signature(DECLARATION.operation("channels.record")).parameters
    assert parameters["channelId"].annotation is str
    assert parameters["maxDurationSeconds"].annotation == Optional[int]  # noqa: UP045
    assert parameters["ifExists"].annotation == Literal["fail", "overwrite", "append"] | None
    assert parameters["beep"].annotation == bool | None
    play = schema.signature(DECLARATION.operation("channels.play"))
    assert play.parameters["media"].annotation == str | list[str]
    assert play.return_annotation == dict[str, Any]
    assert (
        schema.signature(DECLARATION.operation("channels.list")).return_annotation
        == list[dict[str, Any]]
    )
    assert schema.signature(DECLARATION.operation("channels.hangup")).return_annotation is None


def test_keyword_is_spelled_legally() -> None:
    assert "from_" in schema.signature(DECLARATION.operation("endpoints.refer")).parameters


def test_docstring_has_all_sections() -> None:
    text = schema.docstring(DECLARATION.operation("channels.play"))
    assert text.startswith("Play one or more media to a channel, one after the other.\n\n")
    assert "REST: POST /channels/{channelId}/play" in text
    assert "Since: Asterisk 12.0.0" in text
    assert "    media (str, or a list of these; required): " in text
    assert "    skipms (int; default 3000): " in text
    assert "Returns:\n    Playback" in text
    assert "    412: " in text
    mute = schema.docstring(DECLARATION.operation("channels.mute"))
    assert "direction ('both' | 'in' | 'out'; default both): " in mute


@pytest.mark.parametrize("operation", DECLARATION.operations, ids=lambda each: each.qualified_name)
def test_every_docstring_is_readable(operation: schema.Operation) -> None:
    lines = schema.docstring(operation).splitlines()
    assert lines[1] == ""
    assert all(len(line) <= WIDTH for line in lines[1:])
    assert not any(line != line.rstrip() for line in lines)
    assert "{" not in schema.signature(operation).__str__().replace("{}", "")
    for parameter in operation.parameters:
        assert any(line.startswith(f"    {parameter.python_name} (") for line in lines)
    for error in operation.errors:
        assert any(line.startswith(f"    {error.code}: ") for line in lines)


def test_event_is_described_with_its_fields() -> None:
    text = schema.reference(DECLARATION, "stasisstart")
    assert text.startswith("Event StasisStart\n\n")
    assert "    args (List[string]): " in text
    assert "    application (string): " in text
    assert "    replace_channel (Channel; may be absent): " in text


def test_model_is_described_with_allowed_values_and_subtypes() -> None:
    assert "'queued' | 'playing'" in schema.reference(DECLARATION, "Playback")
    assert "Extended by: DeviceStateChanged, " in schema.reference(DECLARATION, "Event")


def test_resource_is_described_with_its_operations() -> None:
    text = schema.reference(DECLARATION, "deviceStates")
    assert text.startswith("Resource device_states\n\n")
    assert all(f"\n    {name}: " in text for name in DECLARATION.resources["device_states"])


def test_operation_is_described_by_its_short_name() -> None:
    assert schema.reference(DECLARATION, "sendDTMF") == schema.docstring(
        DECLARATION.operation("send_dtmf")
    )


def test_unknown_name_gets_suggestions_of_every_kind() -> None:
    with pytest.raises(schema.UnknownName, match="StasisStart"):
        schema.reference(DECLARATION, "stasisstrat")
    with pytest.raises(schema.UnknownName, match=r"bridges\.record or channels\.record"):
        schema.reference(DECLARATION, "record")


def test_every_name_has_a_text() -> None:
    texts = {name: schema.reference(DECLARATION, name) for name in DECLARATION.names}
    assert len(texts) == 109 + 11 + 85
    assert all(texts.values())
    assert "null" not in json.dumps(texts)
