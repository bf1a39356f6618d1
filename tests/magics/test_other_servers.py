"""A server with another declaration: newer operations, events and parameters, and one operation
less. Validation, completion and reference follow the server's declaration.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ari_notebook import connect
from ari_notebook.schema import builtin_files
from ari_notebook.simulator.rest import apidocs
from tests.helpers.servers import Server
from tests.magics.prompt import Prompt


def parameter(name: str, location: str = "query", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "description": f"The {name}.",
        "paramType": location,
        "required": False,
        "allowMultiple": False,
        "dataType": "string",
        **more,
    }


def change(files: dict[str, Any]) -> dict[str, Any]:
    """Return a declaration with more operations and parameters, and without silence."""
    channels, events = files["channels.json"], files["events.json"]["models"]
    paths = {api["path"]: api for api in channels["apis"]}
    paths["/channels/{channelId}/play"]["operations"][0]["parameters"] += [
        parameter(
            "volume",
            dataType="int",
            allowableValues={"valueType": "RANGE", "min": 0, "max": 10},
        ),
        parameter("mood", allowableValues={"valueType": "LIST", "values": ["happy", "sad"]}),
    ]
    dance = {
        "httpMethod": "POST",
        "nickname": "danceNow",
        "summary": "Let a channel dance.",
        "responseClass": "void",
        "parameters": [
            parameter("channelId", "path", required=True),
            parameter("speed", dataType="double", required=True),
        ],
    }
    channels["apis"].remove(paths["/channels/{channelId}/silence"])
    channels["apis"].append(
        {"path": "/channels/{channelId}/dance", "description": "", "operations": [dance]}
    )
    events["Event"]["subTypes"].append("ChannelDanced")
    events["ChannelDanced"] = {
        "id": "ChannelDanced",
        "description": "A channel danced.",
        "properties": {"channel": {"type": "Channel", "required": True}},
    }
    robots = {"httpMethod": "GET", "nickname": "list", "summary": "All.", "responseClass": "object"}
    files["resources.json"]["apis"].append({"path": "/api-docs/robots.{format}", "description": ""})
    files["robots.json"] = {
        **{key: channels[key] for key in ("swaggerVersion", "apiVersion", "basePath")},
        "resourcePath": "/api-docs/robots.{format}",
        "apis": [{"path": "/robots", "description": "", "operations": [robots]}],
        "models": {},
    }
    return files


@pytest.fixture
def other(exchange_server: Server, prompt: Prompt, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A prompt at either exchange, which serves another declaration."""
    before: dict[Path, str] = {}
    if hasattr(exchange_server, "own"):
        folder = exchange_server.own() / "usr/share/asterisk/rest-api"
        before = {path: path.read_text() for path in folder.glob("*.json")}
        changed = change({path.name: json.loads(text) for path, text in before.items()})
        for name, content in changed.items():
            (folder / name).write_text(json.dumps(content))
    else:
        changed = change(builtin_files())
        monkeypatch.setattr(apidocs, "_files", lambda _version: changed)
    try:
        prompt(f"%ari connect {exchange_server.url} --user {exchange_server.user}")
        prompt("%ari call 1000\n%ari wait StasisStart;\nchannel = %ari select")
        yield prompt
    finally:
        for path, text in before.items():
            path.write_text(text)
        if before:
            (folder / "robots.json").unlink()


def test_arguments_are_checked_by_the_servers_declaration(other: Prompt) -> None:
    requests = other.names["ari"].requests
    sent = requests.count
    for line, says in (
        ("channels.dance_now channelId=$channel", "speed is missing"),
        ("channels.dance_now channelId=$channel speed=fast", "speed must be a number"),
        ("channels.dance_now channelId=$channel sped=1", "did you mean speed?"),
        ("channels.dance channelId=$channel", "channels.dance_now"),
        ("play hello-world volume=11", "volume must be at most 10, not 11"),
        ("play hello-world mood=hapy", "must be one of happy, sad, not 'hapy', did you mean happy"),
        ("silence", "has no POST /channels/{channelId}/silence. `%ari diff` lists what else"),
        ("channels.start_silence channelId=$channel", "no operation 'channels.start_silence'"),
        ("wait ChannelDancd", "Did you mean ChannelDanced"),
    ):
        shown = other.fail(f"%ari {line}")
        assert says in shown
        assert len(shown.splitlines()) == 1
    assert requests.count == sent
    # What fits goes out, and the answer is the server's: it only claims to know how to dance.
    assert "404 Resource not found" in other.fail(
        "%ari channels.dance_now channelId=$channel speed=1.5"
    )
    assert requests.last.params == {"speed": "1.5"}
    assert other("%ari play beep mood=sad volume=3").media_uri == "sound:beep"


def test_operations_of_other_servers_are_completed(other: Prompt) -> None:
    for typed, offered in (
        ("%ari channels.dan", "channels.dance_now"),
        ("%ari robo", "robots."),
        ("%ari robots.", "robots.list"),
        ("%ari play beep moo", "mood="),
        ("%ari channels.play mood=h", "mood=happy"),
        ("%ari channels.dance_now sp", "speed="),
        ("%ari wait ChannelDan", "ChannelDanced"),
        ("%ari docs ChannelDan", "ChannelDanced"),
    ):
        assert other.tab(typed) == [offered]
    assert "channels.start_silence" not in other.tab("%ari channels.")


def test_operations_of_other_servers_are_in_docs_and_diff(other: Prompt) -> None:
    assert "POST /channels/{channelId}/dance" in str(other("%ari docs channels.dance_now"))
    assert "A channel danced." in str(other("%ari docs ChannelDanced"))
    assert "mood ('happy' | 'sad')" in str(other("%ari docs channels.play"))
    assert "at least 0, at most 10" in other("channel.play.__doc__")
    table = other("%ari diff")
    assert {
        ("the server", "operation", "channels.dance_now"),
        ("the server", "operation", "robots.list"),
        ("the server", "parameter", "channels.play(mood)"),
        ("the server", "event", "ChannelDanced"),
        ("the built-in declaration", "operation", "channels.start_silence"),
    } <= {tuple(row) for row in table.itertuples(index=False)}


def test_unknown_resource_without_members_raises(
    other: Prompt,
) -> None:
    for cell in ("ari.robots['x']", "len(ari.robots)", "list(ari.robots)"):
        assert "NotFound: robots has no members" in other.fail(cell)
    assert "404 Resource not found" in other.fail("%ari robots.list")


def test_server_equal_to_builtin_declaration_has_no_diff() -> None:
    with connect() as ari:
        assert "robots" not in ari.resources
