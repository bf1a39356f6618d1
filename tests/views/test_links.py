"""Whole programs on the simulator and on a real Asterisk: each event has the request it came of."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

import ari_notebook
from ari_notebook.resources import LiveObject
from ari_notebook.session import Session
from ari_notebook.views.sequence import sequence

# The events that a request has to be found for, or none.
_TOLD = ("ChannelConnectedLine", "ChannelVarset")  # depend on who is in a bridge; tried elsewhere


@pytest.fixture
def ari(exchange_server: object) -> Iterator[Session]:
    url, user = exchange_server.url, exchange_server.user  # type: ignore[attr-defined]
    with ari_notebook.connect(url, user=user, app="hello-world") as session:
        yield session


def arrives(ari: Session, caller: str) -> LiveObject:
    ari.call("1003", caller=caller)
    return ari.channels[ari.wait_for("StasisStart").channel.id]


def links(ari: Session) -> list[tuple[str, str, str]]:
    """Each event: its type, whose it is, and the request that it came of."""
    shown = sequence(ari, last=1000)
    requests = {
        step.number: " ".join(word for word in step.label.split(" ") if "=" not in word)
        for step in shown.steps
        if step.sent
    }
    return [
        (str(step.source["type"]), step.lane.name, requests.get(step.cause, ""))
        for step in shown.steps
        if not step.sent and step.source["type"] not in _TOLD
    ]


def test_a_call_that_is_hung_up_while_it_plays(ari: Session) -> None:
    channel = arrives(ari, "Alice <5551>")
    channel.answer()
    channel.play("sound:beep")
    ari.wait_for("PlaybackFinished")
    channel.play("sound:tt-monkeys")
    ari.wait_for("PlaybackStarted")
    channel.hangup()
    ari.wait_for("StasisEnd")
    assert sorted(links(ari)) == [
        ("ChannelHangupRequest", "Alice <5551>", "DELETE"),
        ("ChannelStateChange", "Alice <5551>", "POST answer"),
        ("PlaybackFinished", "sound:beep", "POST play"),
        ("PlaybackFinished", "sound:tt-monkeys", "DELETE"),
        ("PlaybackStarted", "sound:beep", "POST play"),
        ("PlaybackStarted", "sound:tt-monkeys", "POST play"),
        ("StasisEnd", "Alice <5551>", "DELETE"),
        ("StasisStart", "Alice <5551>", ""),
    ]


def test_from_bridge_to_bridge(ari: Session) -> None:
    alice, bob = arrives(ari, "Alice <5551>"), arrives(ari, "Bob <5552>")
    for channel in (alice, bob):
        channel.answer()
    one, two = (ari.bridges.create(type="mixing", name=name) for name in ("one", "two"))
    one.add_channel(channel=[alice, bob])
    ari.wait_for("ChannelEnteredBridge", channel=bob)
    two.add_channel(channel=alice)
    ari.wait_for("ChannelEnteredBridge", channel=alice)
    one.remove_channel(channel=bob)
    ari.wait_for("ChannelLeftBridge", channel=bob)
    two.destroy()
    ari.wait_for("ChannelLeftBridge", channel=alice)
    moved = [link for link in links(ari) if "Bridge" in link[0]]
    assert sorted(moved) == [
        ("ChannelEnteredBridge", "Alice <5551>", "POST addChannel"),
        ("ChannelEnteredBridge", "Alice <5551>", "POST addChannel"),
        ("ChannelEnteredBridge", "Bob <5552>", "POST addChannel"),
        ("ChannelLeftBridge", "Alice <5551>", "DELETE"),
        ("ChannelLeftBridge", "Alice <5551>", "POST addChannel"),
        ("ChannelLeftBridge", "Bob <5552>", "POST removeChannel"),
    ]
    one.destroy()


def test_who_calls_while_the_program_calls_out(ari: Session) -> None:
    made = ari.channels.originate(endpoint="Local/1002@default", app="hello-world")
    ari.call("1003", caller="Carol <5553>")
    until = time.monotonic() + 10
    while len(ari.events.df.query("type == 'StasisStart'")) < 2:
        assert time.monotonic() < until
        time.sleep(0.05)
    starts = {who: cause for type, who, cause in links(ari) if type == "StasisStart"}
    assert starts == {"Carol <5553>": "", made.name: "POST channels"}
