"""The built-in declaration, and requests built from it, on a real Asterisk 22."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import websocket

from ari_notebook import schema

URL = os.environ.get("ARI_URL", "").rstrip("/").removesuffix("/ari")
CREDENTIALS = os.environ.get("ARI_USER", "asterisk"), os.environ.get("ARI_PASSWORD", "asterisk")
APP = "spec-tests"

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.skipif(not URL, reason="needs a real Asterisk at ARI_URL"),
]


def perform(name: str, /, **arguments: Any) -> requests.Response:
    checked = schema.check(schema.builtin().operation(name), arguments)
    return requests.request(
        checked.operation.method,
        f"{URL}/ari{checked.path}",
        params=checked.params,
        json=checked.body,
        auth=CREDENTIALS,
        timeout=10,
    )


@pytest.fixture
def channel() -> Iterator[str]:
    """An answered channel in an application; 1002 is the extension that answers and waits."""
    events = f"{URL.replace('http', 'ws', 1)}/ari/events?app={APP}&api_key={':'.join(CREDENTIALS)}"
    stream = websocket.create_connection(events, timeout=10)
    made = perform("channels.originate", endpoint="Local/1002@default", app=APP).json()
    while json.loads(stream.recv())["type"] != "StasisStart":
        pass
    yield made["id"]
    perform("channels.hangup", channelId=made["id"])
    stream.close()


@pytest.fixture
def bridge() -> Iterator[str]:
    yield "spec-tests-bridge"
    perform("bridges.destroy", bridgeId="spec-tests-bridge")


def test_server_declares_what_is_built_in() -> None:
    files = {
        name: requests.get(f"{URL}/ari/api-docs/{name}", auth=CREDENTIALS, timeout=30).json()
        for name in schema.builtin_files()
    }
    served, builtin = schema.from_api_docs(files), schema.builtin()
    difference = schema.diff(builtin, served)
    assert (difference.added, difference.removed) == ((), ())
    assert served.version == builtin.version
    for theirs, ours in zip(served.operations, builtin.operations, strict=True):
        for what in ("resource", "method", "path", "nickname", "response", "since", "websocket"):
            assert getattr(theirs, what) == getattr(ours, what), ours.qualified_name
        assert [each.code for each in theirs.errors] == [each.code for each in ours.errors]
        for parameter in theirs.parameters:
            mine = ours.parameter(parameter.name)
            for what in ("location", "type", "required", "multiple", "default", "allowed"):
                assert getattr(parameter, what) == getattr(mine, what), ours.qualified_name
            assert (parameter.minimum, parameter.maximum) == (mine.minimum, mine.maximum)
    for name, model in served.models.items():
        mine_fields = builtin.models[name].fields
        assert [(each.name, each.type, each.required, each.allowed) for each in model.fields] == [
            (each.name, each.type, each.required, each.allowed) for each in mine_fields
        ]


def test_bridge_variables_arrive_by_both_ways_of_making_one(bridge: str) -> None:
    for name in ("bridges.create", "bridges.create_with_id"):
        assert perform(name, bridgeId=bridge, variables={"COUNT": 3}).status_code == 200
        got = perform("bridges.get_bridge_var", bridgeId=bridge, variable="COUNT")
        assert got.json() == {"value": "3"}
        perform("bridges.destroy", bridgeId=bridge)


def test_list_whose_values_hold_commas_arrives_whole(channel: str) -> None:
    perform("channels.set_channel_vars", channelId=channel, variables={"LIST": "a,b", "ONE": 1})
    names = ["ONE", "CUT(LIST,\\,,2)"]
    got = perform("channels.get_channel_vars", channelId=channel, variables=names)
    assert list(got.json()["variables"].values()) == ["1", "b"]


def test_event_filter_is_the_body_itself(channel: str) -> None:
    allowed = [{"type": "StasisStart"}]
    got = perform("applications.filter", applicationName=APP, filter={"allowed": allowed})
    assert got.json()["events_allowed"] == allowed
    got = perform("applications.filter", applicationName=APP, filter={})
    assert got.json()["events_allowed"] == []


def test_mute_needs_no_direction_from_the_user(channel: str) -> None:
    bare = requests.post(f"{URL}/ari/channels/{channel}/mute", auth=CREDENTIALS, timeout=30)
    assert bare.json() == {"message": "Direction is required"}
    assert perform("channels.mute", channelId=channel).status_code == 204
    assert perform("channels.unmute", channelId=channel).status_code == 204


def test_name_with_slashes_and_spaces_is_one_path_part() -> None:
    got = perform("recordings.get_stored", recordingName="no such/recording + other")
    assert (got.status_code, got.json()["message"]) == (404, "Recording not found")
