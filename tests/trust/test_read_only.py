"""A read-only session sends only GET requests, as recorded by a proxy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

import ari_notebook
from ari_notebook.client.errors import NotFound, ReadOnly
from ari_notebook.magics.grammar import VERBS, Verb
from ari_notebook.magics.verbs import load_verbs
from ari_notebook.sessions.session import Session
from ari_notebook.simulator import RunningSimulator
from ari_notebook.views.panel.commands import _COMMANDS, Commands
from tests.magics.prompt import Prompt
from tests.trust.proxy import Proxy, wait_until

load_verbs()
WORDS = {"URL": "", "EVENT": "ChannelDtmfReceived --timeout 0.1", "MEDIA": "hello-world"}
# Verbs about what a session of its own began, of which this one has nothing.
ELSEWHERE = {"select", "capture stop", "recording listen", "get"}
METHODS = ("POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")


def messages(octets: bytes) -> list[dict[str, Any]]:
    """Return what a client sent over a WebSocket, after the handshake."""
    at, found = octets.index(b"\r\n\r\n") + 4, []
    while at < len(octets):
        opcode, size = octets[at] & 15, octets[at + 1] & 127
        wide = {126: 2, 127: 8}.get(size, 0)
        if wide:
            size = int.from_bytes(octets[at + 2 : at + 2 + wide], "big")
        at += 2 + wide
        key, at = octets[at : at + 4], at + 4
        text = bytes(c ^ key[i % 4] for i, c in enumerate(octets[at : at + size]))
        if opcode == 1:
            found.append(orjson.loads(text))
        at += size
    return found


def sent_methods(proxy: Proxy) -> set[str]:
    """Return the methods of all requests that passed, over HTTP and inside WebSockets."""
    found = {method for method, _ in proxy.requests}
    for octets in proxy.sent:
        if b"Upgrade: websocket" in octets:
            found |= {message["method"] for message in messages(bytes(octets))}
    return found


def busy_channel(ari: Session) -> str:
    """Return a channel in Stasis and in a bridge, played to, the bridge recorded; its id."""
    ari.call("1000")
    channel = ari.channels[ari.wait_for("StasisStart")["channel"]["id"]]
    channel.answer()
    bridge = ari.bridges.create()
    bridge.add_channel(channel=channel)
    bridge.record(name="meeting", format="wav")
    bridge.play(media="tone:ring")
    return str(channel.id)


def line_for(verb: Verb, channel: str, folder: Path) -> str:
    """Return a line that would work in a session that may write."""
    words = ["%%ari" if verb.cell == "required" else "%ari", verb.name]
    for argument in verb.arguments:
        if argument.required:
            kinds = {"channel": channel, "file": str(folder / "capture.jsonl.gz")}
            words.append(WORDS.get(argument.name, kinds.get(argument.kind, "Local/1000@default")))
    return " ".join(words) + ("\nexten => 1,1,Hangup()" if verb.cell else "")


@pytest.mark.parametrize("transport", ["http", "websocket"])
def test_every_verb(
    simulator: RunningSimulator,
    prompt: Prompt,
    transport: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ARI_PASSWORD", simulator.password)
    with (
        Proxy(simulator.url) as proxy,
        ari_notebook.connect(simulator.url, user=simulator.user, app="hello-world") as writer,
    ):
        prompt(
            f"%ari connect {proxy.url} --user {simulator.user} --app watcher"
            f" --read-only --subscribe-all --transport {transport}"
        )
        ari = prompt.names["ari"]
        channel = busy_channel(writer)
        assert wait_until(lambda: ari.tables.playbacks and ari.tables.recordings)
        refused = set()
        for name, verb in VERBS.items():
            if verb.connected:
                ari.current_channel = channel
                typed = prompt.type(line_for(verb, channel, tmp_path))
                assert not isinstance(typed.error, NotFound) or name in ELSEWHERE, typed.out
                if isinstance(typed.error, ReadOnly):
                    refused.add(name)
        assert len(refused) > 40, sorted(refused)
        assert sent_methods(proxy) == {"GET"}


def buttons() -> list[tuple[str, str, dict[str, Any]]]:
    """Return every button of the panel, with valid arguments."""
    given = {"timeout": 5, "media": "sound:beep", "direction": "both", "dtmf": "1", "name": "x"}
    given |= {"format": "wav", "type": "mixing", "channel": "1.1", "endpoint": "PJSIP/x"}
    given |= {"context": "default", "extension": "1000", "priority": "1", "app": "watcher"}
    given |= {"appArgs": "a", "callerId": "A <1>", "operation": "pause", "with": "1.2"}
    given |= {"variables": {"COLOUR": "red"}}
    pressed = [
        (kind, action, {name: given[name] for name in names if name not in conflicting})
        for kind, actions in _COMMANDS.items()
        for action, names in actions.items()
        for conflicting in [("app", "appArgs") if "extension" in names else ()]
    ]
    joined = ("channels", "join", {"with": "1.2"})
    return [*pressed, joined, ("phone", "call", {"extension": "1000"})]


@pytest.mark.parametrize("transport", ["http", "websocket"])
def test_every_operation_and_every_method(simulator: RunningSimulator, transport: Any) -> None:
    with (
        Proxy(simulator.url) as proxy,
        ari_notebook.connect(
            proxy.url,
            user=simulator.user,
            password=simulator.password,
            read_only=True,
            subscribe_all=True,
            transport=transport,
        ) as ari,
    ):
        refused = 0
        for operation in ari.declaration.operations:
            if operation.method != "GET":
                path = operation.path.replace("{", "").replace("}", "")
                with pytest.raises(ReadOnly):
                    ari.request(operation.method, path)
                with pytest.raises(ReadOnly):
                    ari.request(operation.method.lower(), path, {"a": "b"}, {"c": 1})
                refused += 1
        for method in METHODS:
            with pytest.raises(ReadOnly):
                ari.request(method, "/channels")
        with pytest.raises(ReadOnly):
            ari.call("1000")
        for kind, action, arguments in buttons():
            with pytest.raises(ReadOnly):
                Commands(ari).do(kind, action, "1.1", arguments)
        assert ari.channels.list() == []
        assert refused > 60
        # A lost connection is taken up again without changing anything either.
        proxy.drop()
        assert wait_until(lambda: ari.gaps)
    assert sent_methods(proxy) == {"GET"}
