"""Refusals by state: not connected, read-only, a channel that is not ready."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_notebook.magics.grammar import VERBS
from ari_notebook.magics.verbs import load_verbs
from tests.helpers.servers import Server
from tests.magics.prompt import Prompt

load_verbs()
CONNECTED = [name for name, verb in VERBS.items() if verb.connected]


def typed(verb: str) -> str:
    return f"%%ari {verb}" if VERBS[verb].cell == "required" else f"%ari {verb}"


@pytest.mark.parametrize("verb", CONNECTED)
def test_verb_without_connection_is_refused(prompt: Prompt, verb: str) -> None:
    words = " ".join("one" for each in VERBS[verb].arguments if each.required)
    cell = "\npass" if VERBS[verb].cell == "required" else ""
    shown = prompt.fail(f"{typed(verb)} {words}{cell}")
    assert len(shown.splitlines()) == 1
    assert "not connected to an Asterisk. Type: %ari connect" in shown


def test_read_only_session_changes_nothing(exchange_server: Server, prompt: Prompt) -> None:
    url, user = exchange_server.url, exchange_server.user
    prompt(f"%ari connect {url} --user {user} --read-only")
    for line in ("%ari call 1000", "%ari originate Local/1000@default", "%ari bridge create"):
        assert prompt.fail(line).startswith("ReadOnly: this session is read-only")
    assert len(prompt("%ari channels")) == 0


def test_verb_on_channel_not_ready_is_refused(on_exchange: Callable[..., Prompt]) -> None:
    prompt = on_exchange()
    prompt("channel = %ari create Local/1002@default")
    prompt("%ari wait StasisStart")
    shown = prompt.fail("%ari play hello-world --channel $channel")
    assert shown.startswith("PreconditionFailed: 412")
    assert shown.endswith("The channel is Down: dial it (`%ari dial`), and wait until it is Up.")
    prompt("%ari hangup $channel")
