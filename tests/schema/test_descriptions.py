from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from ari_notebook.schema import builtin, builtin_files, diff, explained, from_api_docs


def newer() -> dict[str, object]:
    """Return a declaration with other descriptions and more parameters, operations and fields."""
    files: dict[str, Any] = json.loads(json.dumps(builtin_files()))
    channels = files["channels.json"]
    play = next(api for api in channels["apis"] if api["path"] == "/channels/{channelId}/play")
    operation = play["operations"][0]
    operation["summary"] = "Start playback of media."
    operation["parameters"] += [
        {"name": "volume", "description": "How loud.", "paramType": "query", "dataType": "int"}
    ]
    for each in operation["parameters"]:
        if each["name"] == "skipms":
            each["defaultValue"] = 5000
    dance = {**operation, "nickname": "dance", "summary": "Dance.", "parameters": []}
    channels["apis"].append({"path": "/channels/dance", "operations": [dance]})
    channels["models"]["Channel"]["properties"]["mood"] = {"type": "string", "description": "How."}
    return files


def test_common_names_get_the_other_descriptions() -> None:
    server = from_api_docs(newer())
    better = explained(server, builtin())
    play, ours = better.operation("channels.play"), builtin().operation("channels.play")
    assert (play.summary, play.notes, play.errors) == (ours.summary, ours.notes, ours.errors)
    assert play.parameter("media").description == ours.parameter("media").description
    assert better.model("StasisStart") == builtin().model("StasisStart")


def test_names_only_in_the_server_keep_their_descriptions() -> None:
    server = from_api_docs(newer())
    better = explained(server, builtin())
    play = better.operation("channels.play")
    assert play.parameter("volume").description == "How loud."
    assert play.parameter("skipms").default == 5000
    assert better.operation("channels.dance") == server.operation("channels.dance")
    assert "mood" in {each.name for each in better.fields("Channel")}
    assert diff(server, better) == diff(server, server)


def test_declaration_is_unchanged_without_other_descriptions() -> None:
    silent = replace(builtin(), operations=(), models={}, about={})
    assert explained(builtin(), silent) == builtin()
