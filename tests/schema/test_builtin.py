import json
import re
from collections import Counter
from importlib import resources

import pytest

from ari_notebook import schema

DECLARATION = schema.builtin()
OPERATIONS = {
    "applications": 5,
    "asterisk": 16,
    "bridges": 18,
    "channels": 35,
    "device_states": 4,
    "endpoints": 7,
    "events": 3,
    "mailboxes": 4,
    "playbacks": 3,
    "recordings": 12,
    "sounds": 2,
}


def test_builtin_declaration_has_all_of_asterisk_22() -> None:
    assert DECLARATION.version == "10.0.0"
    assert Counter(each.resource_name for each in DECLARATION.operations) == OPERATIONS
    assert len(DECLARATION.operations) == 109
    assert len(DECLARATION.models) == 85
    assert len(DECLARATION.events) == 45


def test_files_are_those_that_a_server_lists() -> None:
    files = schema.builtin_files()
    listed = {
        api["path"].removeprefix("/api-docs/").replace("{format}", "json")
        for api in files["resources.json"]["apis"]
    }
    assert listed == set(files) - {"resources.json"}
    for name, content in files.items():
        assert content["basePath"] == "http://localhost:8088/ari"
        assert content["swaggerVersion"].startswith("1."), name


def test_builtin_files_are_decoded_for_each_caller() -> None:
    schema.builtin_files()["channels.json"]["apis"].clear()
    assert schema.builtin_files()["channels.json"]["apis"]


def test_files_are_in_the_package() -> None:
    folder = resources.files("ari_notebook.schema") / "api_docs"
    assert json.loads((folder / "channels.json").read_text("utf-8"))["apis"]


def test_every_declared_item_is_described() -> None:
    for operation in DECLARATION.operations:
        assert operation.summary.endswith("."), operation.qualified_name
        assert operation.since, operation.qualified_name
        assert all(error.reason.endswith(".") for error in operation.errors), operation
        for parameter in operation.parameters:
            assert parameter.description.endswith("."), (operation.qualified_name, parameter.name)
    for model in DECLARATION.models.values():
        assert model.description.endswith("."), model.name
        for field in model.fields:
            assert field.description[-1] in ".…", (model.name, field.name)
    assert set(DECLARATION.about) == set(DECLARATION.resources)


def test_names_in_descriptions_exist() -> None:
    """A description must not name an event that is never sent."""
    camel_case = re.compile(r"\b(?:[A-Z][a-z]+){2,}\b")
    outside = {"UserEvent", "StasisBroadcast", "WebSocket", "WebSockets", "NonQualified"}
    for operation in DECLARATION.operations:
        named = set(camel_case.findall(operation.summary + operation.notes))
        assert named - outside <= set(DECLARATION.models), operation.qualified_name
    for model in DECLARATION.models.values():
        texts = [model.description, *(field.description for field in model.fields)]
        named = set(camel_case.findall(" ".join(texts)))
        unknown = named - outside - set(DECLARATION.models)
        assert not unknown, model.name


def test_every_path_parameter_is_in_its_path() -> None:
    for operation in DECLARATION.operations:
        declared = {each.name for each in operation.parameters if each.location == "path"}
        assert declared == set(re.findall(r"{(\w+)}", operation.path))
        assert all(each.required for each in operation.parameters if each.location == "path")


def test_every_type_that_is_answered_is_declared() -> None:
    basic = {"void", "binary", "string", "int", "long", "double", "boolean", "object", "Date"}
    for operation in DECLARATION.operations:
        answered = operation.response.removeprefix("List[").removesuffix("]")
        assert answered in basic | set(DECLARATION.models), operation.qualified_name
    for model in DECLARATION.models.values():
        for field in model.fields:
            held = field.type.removeprefix("List[").removesuffix("]")
            assert held in basic | set(DECLARATION.models), (model.name, field.name)


@pytest.mark.parametrize(
    ("name", "parameter", "expected"),
    [
        ("channels.hangup", "reason", ("normal", "busy", "congestion")),
        ("channels.record", "terminateOn", ("none", "any", "*", "#")),
        ("playbacks.control", "operation", ("restart", "pause", "unpause", "reverse", "forward")),
    ],
)
def test_allowed_values_of_a_parameter(
    name: str, parameter: str, expected: tuple[str, ...]
) -> None:
    allowed = DECLARATION.operation(name).parameter(parameter).allowed
    assert allowed[: len(expected)] == expected


def test_event_stream_is_a_websocket() -> None:
    (stream,) = [each for each in DECLARATION.operations if each.websocket]
    assert (stream.method, stream.path) == ("GET", "/events")
