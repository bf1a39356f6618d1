"""Whole programs on simulator and Asterisk: each event has the request that caused it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

import ari_notebook
from ari_notebook import Channel
from ari_notebook.sessions.session import Session
from ari_notebook.views.diagrams.labels import unisolated
from ari_notebook.views.diagrams.selection import Selection
from ari_notebook.views.diagrams.sequence import sequence
from tests.helpers.servers import Server

# The events that a request has to be found for, or none.
_CONTEXTUAL = (
    "ChannelConnectedLine",
    "ChannelVarset",
)  # depend on who is in a bridge; tried elsewhere


@pytest.fixture
def ari(exchange_server: Server) -> Iterator[Session]:
    url, user = exchange_server.url, exchange_server.user
    with ari_notebook.connect(url, user=user, app="hello-world") as session:
        yield session


def arrives(ari: Session, caller: str) -> Channel:
    ari.call("1003", caller=caller)
    return ari.channels[ari.wait_for("StasisStart").channel.id]


def links(ari: Session) -> list[tuple[str, str, str]]:
    """Return each event's type, object, and the request that caused it."""
    shown = sequence(ari, Selection(last=1000))
    requests = {step.number: unisolated(step.label) for step in shown.steps if step.sent}
    return [
        (str(step.source["type"]), step.lane.name, requests.get(step.cause, ""))
        for step in shown.steps
        if not step.sent and step.source["type"] not in _CONTEXTUAL
    ]


def test_call_that_is_hung_up_while_it_plays(ari: Session) -> None:
    channel = arrives(ari, "Alice <5551>")
    channel.answer()
    channel.play("sound:beep")
    ari.wait_for("PlaybackFinished")
    channel.play("sound:tt-monkeys")
    ari.wait_for("PlaybackStarted")
    channel.hangup()
    ari.wait_for("StasisEnd")
    assert sorted(links(ari)) == [
        ("ChannelHangupRequest", "Alice <5551>", "hang up"),
        ("ChannelStateChange", "Alice <5551>", "answer"),
        ("PlaybackFinished", "Alice <5551>", "hang up"),
        ("PlaybackFinished", "Alice <5551>", "play sound:beep"),
        ("PlaybackStarted", "Alice <5551>", "play sound:beep"),
        ("PlaybackStarted", "Alice <5551>", "play sound:tt-monkeys"),
        ("StasisEnd", "Alice <5551>", "hang up"),
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
        ("ChannelEnteredBridge", "Alice <5551>", "add Alice to two"),
        ("ChannelEnteredBridge", "Alice <5551>", "add Alice, Bob to one"),
        ("ChannelEnteredBridge", "Bob <5552>", "add Alice, Bob to one"),
        ("ChannelLeftBridge", "Alice <5551>", "add Alice to two"),
        ("ChannelLeftBridge", "Alice <5551>", "destroy two"),
        ("ChannelLeftBridge", "Bob <5552>", "remove Bob from one"),
    ]
    one.destroy()


def test_incoming_call_during_outgoing_call_is_not_linked(ari: Session) -> None:
    made = ari.channels.originate(endpoint="Local/1002@default", app="hello-world")
    ari.call("1003", caller="Carol <5553>")
    until = time.monotonic() + 10
    while len(ari.events.df.query("type == 'StasisStart'")) < 2:
        assert time.monotonic() < until
        time.sleep(0.05)
    starts = {who: cause for type, who, cause in links(ari) if type == "StasisStart"}
    assert starts == {"Carol <5553>": "", made.name: "call Local/1002@default"}
