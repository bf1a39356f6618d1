"""IPython's completer, jedi, offers the same on code that has not run and on live objects."""

from __future__ import annotations

from collections.abc import Iterator

import jedi
import pytest

import ari_notebook
from ari_notebook.sessions.session import Session

# What a cell defines before it was run.
CELL = """
import ari_notebook
from ari_notebook.events import StasisStart
ari = ari_notebook.connect()
channel = ari.channels.originate("PJSIP/alice", app="hello-world")
start = ari.wait_for("StasisStart")
"""


@pytest.fixture(scope="module")
def namespace() -> Iterator[dict[str, object]]:
    with ari_notebook.connect() as ari:
        ari.call("1000")
        start = ari.wait_for("StasisStart")
        channel = ari.channels[start.channel.id]
        cell = {"StasisStart": ari_notebook.events.StasisStart, "ari_notebook": ari_notebook}
        yield {"ari": ari, "channel": channel, "start": start, **cell}


def names(script: jedi.Script) -> list[str]:
    return [each.name for each in script.complete() if not each.name.startswith("_")]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("ari.chan", ["channels"]),
        ("ari.channels.orig", ["originate", "originate_with_id"]),
        ("ari.channels.originate('PJSIP/alice', a", ["app=", "appArgs="]),
        ("ari.channels.originate('PJSIP/alice').pl", ["play", "play_with_id", "playing"]),
        ("ari.channels['x'].con", ["connected", "continue_in_dialplan"]),
        ("channel.play('sound:beep').med", ["media_uri"]),
        ("channel.play('sound:beep', sk", ["skipms="]),
        ("ari.bridges.create().add", ["add_channel"]),
        ("ari.wait_for('StasisStart').arg", ["args"]),
        ("ari.wait_for(StasisStart).repl", ["replace_channel", "replace"]),
        ("start.arg", ["args"]),
        ("start.channel.call", ["caller", "caller_rdnis"]),
        ("start.channel.caller.num", ["number"]),
        ("channel.caller.num", ["number"]),
        ("ari.events.df.drop_dup", ["drop_duplicates"]),
    ],
)
def test_names_are_offered_before_and_after_the_cell_ran(
    line: str, offered: list[str], namespace: dict[str, object]
) -> None:
    before = names(jedi.Script(CELL + line))
    after = names(jedi.Interpreter(line, [namespace]))
    assert set(before) & set(offered) == set(offered) - {"replace"}
    assert after == before


@pytest.mark.parametrize("line", ["ari.channels.originate(", "channel.play(", "channel.hangup("])
def test_signature_and_description_are_shown_before_and_after(
    line: str, namespace: dict[str, object]
) -> None:
    (before,) = jedi.Script(CELL + line).get_signatures()
    (after,) = jedi.Interpreter(line, [namespace]).get_signatures()
    assert [each.name for each in after.params] == [each.name for each in before.params]
    assert after.docstring(raw=True) == before.docstring(raw=True)
    assert "REST: " in after.docstring(raw=True)


def test_every_resource_and_operation_is_offered_live(namespace: dict[str, object]) -> None:
    ari = namespace["ari"]
    assert isinstance(ari, Session)
    for name, resource in ari.resources.items():
        assert name in names(jedi.Interpreter("ari.", [namespace]))
        assert resource.operations.keys() <= set(
            names(jedi.Interpreter(f"ari.{name}.", [namespace]))
        )
