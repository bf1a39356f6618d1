import copy

from hypothesis import given
from hypothesis import strategies as st

from ari_notebook import schema
from ari_notebook.schema import Change

DECLARATION = schema.builtin()


def test_declaration_does_not_differ_from_itself() -> None:
    assert not schema.diff(DECLARATION, schema.from_api_docs(schema.builtin_files()))


def test_prose_is_no_difference() -> None:
    files = schema.builtin_files()
    files["channels.json"]["apis"][0]["operations"][0]["summary"] = "Otherwise put."
    assert not schema.diff(DECLARATION, schema.from_api_docs(files))


def test_every_kind_of_change_is_listed() -> None:
    files = schema.builtin_files()
    operation = files["playbacks.json"]["apis"][1]["operations"][0]
    operation["parameters"][1]["allowableValues"]["values"].append("louder")
    operation["parameters"].append({"name": "by", "paramType": "query", "dataType": "int"})
    files["playbacks.json"]["apis"][0]["operations"].append(
        {"httpMethod": "PUT", "nickname": "replace", "parameters": operation["parameters"]}
    )
    files["playbacks.json"]["models"]["Playback"]["properties"]["volume"] = {"type": "int"}
    files["playbacks.json"]["models"]["Volume"] = {"properties": {"level": {"type": "int"}}}
    events = files["events.json"]["models"]
    events["PlaybackLouder"] = {"properties": {"playback": {"type": "Playback"}}}
    events["Event"]["subTypes"].append("PlaybackLouder")
    newer = schema.from_api_docs(files)

    difference = schema.diff(DECLARATION, newer)
    assert set(difference.added) == {
        Change("operation", "playbacks.replace"),
        Change("parameter", "playbacks.control(by)"),
        Change("value", "playbacks.control(operation=louder)"),
        Change("field", "Playback.volume"),
        Change("model", "Volume"),
        Change("event", "PlaybackLouder"),
    }
    assert difference.removed == ()
    back = schema.diff(newer, DECLARATION)
    assert (back.added, back.removed) == (difference.removed, difference.added)


@given(st.sampled_from(DECLARATION.operations), st.sampled_from(sorted(DECLARATION.models)))
def test_removal_is_listed_once(operation: schema.Operation, model: str) -> None:
    models = {name: each for name, each in DECLARATION.models.items() if name != model}
    operations = tuple(each for each in DECLARATION.operations if each is not operation)
    older = schema.Declaration("9.0.0", operations, copy.copy(models))

    difference = schema.diff(DECLARATION, older)
    names = {change.name for change in difference.removed}
    assert {operation.qualified_name, model} <= names
    assert not any(name.startswith(f"{operation.qualified_name}(") for name in names)
    assert not any(name.startswith(f"{model}.") for name in names)
    if model != "Event":  # only it distinguishes events from other models
        assert len(difference.removed) == 2
        assert difference.added == ()
