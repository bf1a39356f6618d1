import copy

from hypothesis import given, settings
from hypothesis import strategies as st

from ari_notebook import spec
from ari_notebook.spec import Change

DECLARATION = spec.builtin()


def test_a_declaration_does_not_differ_from_itself() -> None:
    assert not spec.diff(DECLARATION, spec.from_api_docs(spec.builtin_files()))


def test_prose_is_no_difference() -> None:
    files = spec.builtin_files()
    files["channels.json"]["apis"][0]["operations"][0]["summary"] = "Otherwise put."
    assert not spec.diff(DECLARATION, spec.from_api_docs(files))


def test_every_kind_of_change_is_told() -> None:
    files = spec.builtin_files()
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
    newer = spec.from_api_docs(files)

    difference = spec.diff(DECLARATION, newer)
    assert set(difference.added) == {
        Change("operation", "playbacks.replace"),
        Change("parameter", "playbacks.control(by)"),
        Change("value", "playbacks.control(operation=louder)"),
        Change("field", "Playback.volume"),
        Change("model", "Volume"),
        Change("event", "PlaybackLouder"),
    }
    assert difference.removed == ()
    back = spec.diff(newer, DECLARATION)
    assert (back.added, back.removed) == (difference.removed, difference.added)


@settings(deadline=None)
@given(st.sampled_from(DECLARATION.operations), st.sampled_from(sorted(DECLARATION.models)))
def test_what_is_taken_away_is_told_once(operation: spec.Operation, model: str) -> None:
    models = {name: each for name, each in DECLARATION.models.items() if name != model}
    operations = tuple(each for each in DECLARATION.operations if each is not operation)
    older = spec.Declaration("9.0.0", operations, copy.copy(models))

    difference = spec.diff(DECLARATION, older)
    names = {change.name for change in difference.removed}
    assert {operation.qualified_name, model} <= names
    assert not any(name.startswith(f"{operation.qualified_name}(") for name in names)
    assert not any(name.startswith(f"{model}.") for name in names)
    if model != "Event":  # without it, nothing tells the events from other models
        assert len(difference.removed) == 2
        assert difference.added == ()
