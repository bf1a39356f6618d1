"""The walk of the official tutorial, typed into a shell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ari_notebook import NotFound
from tests.magics.prompt import Prompt


def test_tutorial_call_runs_line_by_line(on_exchange: Callable[..., Prompt]) -> None:
    prompt = on_exchange()
    prompt("%ari call 1000")
    start = prompt("start = %ari wait StasisStart\nstart")
    channel = start["channel"]["id"]
    assert list(prompt("ari.channels.df.index")) == [channel]
    playback = prompt("p = %ari play hello-world\np")
    finished = prompt("%ari wait PlaybackFinished")
    assert finished["playback"]["id"] == playback.id
    prompt("%ari hangup")
    assert prompt("%ari wait StasisEnd")["channel"]["id"] == channel
    types = [t for t in prompt("ari.events.df")["type"] if t != "ChannelDialplan"]
    walk = ["StasisStart", "PlaybackStarted", "PlaybackFinished", "StasisEnd"]
    assert [t for t in types if t in walk] == walk
    assert len(prompt("%ari channels")) == 0
    assert isinstance(prompt.type("%ari hangup").error, NotFound)


def test_session_is_ari_in_the_notebook(on_exchange: Callable[..., Prompt]) -> None:
    prompt = on_exchange()
    session = prompt.names["ari"]
    assert prompt("%ari status").events == session.status.events
    prompt("%ari disconnect")
    assert session.closed
    assert "ari" not in prompt.names


def test_readmes_first_call_can_be_pasted(prompt: Prompt) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    block = readme.partition("## The first call")[2].split("```")[1]
    table = prompt(block)
    assert list(table["type"])[-1] == "StasisEnd"
    assert "PlaybackFinished" in list(table["type"])
