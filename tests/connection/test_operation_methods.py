"""Operations of a server's api-docs with the names of existing members."""

from __future__ import annotations

from typing import Any

import pytest

import ari_notebook
from ari_notebook.schema import builtin_files
from ari_notebook.simulator import RunningSimulator
from ari_notebook.simulator.rest import apidocs

TAKEN = ["__len__", "__repr__", "__del__", "_repr_html_", "df", "operations", "_session"]
OF_A_CHANNEL = ["__hash__", "__eq__", "fields", "alive", "id", "name", "_type"]


def parameter(name: str, location: str = "query") -> dict[str, Any]:
    return {"name": name, "paramType": location, "dataType": "string", "required": False}


def operation(nickname: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "httpMethod": "POST",
        "nickname": nickname,
        "responseClass": "void",
        "parameters": list(parameters),
    }


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Serve api-docs whose operations have the names of our members, and parameters that clash."""
    files = builtin_files()
    bound = parameter("channelId", "path")
    files["channels.json"]["apis"] += [
        {"path": "/channels/taken", "operations": [operation(name) for name in TAKEN]},
        {
            "path": "/channels/{channelId}/taken",
            "operations": [operation(name, bound) for name in OF_A_CHANNEL],
        },
        {
            "path": "/channels/{channelId}/twice",
            "operations": [
                operation(
                    "twice",
                    bound,
                    *(parameter(each) for each in ("a-b", "a_b", "a.b", "self", "a-b")),
                    parameter("channelId"),
                )
            ],
        },
    ]
    monkeypatch.setattr(apidocs, "_files", lambda _version: files)


@pytest.mark.usefixtures("hostile")
def test_operations_replace_no_existing_member(simulator: RunningSimulator) -> None:
    with ari_notebook.connect(simulator.url, password=simulator.password) as ari:
        ari.call("1000")
        channel = ari.channels[ari.wait_for("StasisStart")["channel"]["id"]]
        sent = len(ari.requests)
        assert len(ari.channels) == 1
        assert list(ari.channels.df.index)
        assert repr(ari.channels).startswith("<channels: ")
        assert channel.alive
        assert channel == channel.id
        assert hash(channel) == hash(channel.id)
        assert channel.fields.id == channel.id
        assert isinstance(channel.name, str)
        assert len(ari.requests) == sent
        for name in ("operation__len__", "operation_repr_html_", "df_", "operations_"):
            assert name in ari.channels.operations
            assert callable(getattr(ari.channels, name))
        for name in ("operation__hash__", "fields_", "id_", "name_"):
            assert callable(getattr(channel, name))


@pytest.mark.usefixtures("hostile")
def test_parameters_of_one_python_name_are_numbered(simulator: RunningSimulator) -> None:
    with ari_notebook.connect(simulator.url, password=simulator.password) as ari:
        ari.call("1000")
        channel: Any = ari.channels[ari.wait_for("StasisStart")["channel"]["id"]]
        with pytest.raises(ari_notebook.NotFound):
            channel.twice(a_b="1", a_b_2="2", a_b_3="3", self_2="4")
        last = ari.requests.last
        assert last is not None
        assert last.params == {"a-b": "1", "a_b": "2", "a.b": "3", "self": "4"}
