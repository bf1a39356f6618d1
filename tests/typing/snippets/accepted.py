# pyright: strict
"""What a program may write: mypy and pyright accept every line, with these types."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import assert_type

import pandas as pd
import pytest

import ari_notebook
from ari_notebook import (
    AsyncOutboundServer,
    AsyncSession,
    Bridge,
    Channel,
    LiveRecording,
    Playback,
    Session,
    events,
)
from ari_notebook import simulator as simulated
from ari_notebook.client.rest import RestResponse
from ari_notebook.connection.caller import Caller
from ari_notebook.connection.generated.async_objects import AsyncChannel, AsyncPlayback
from ari_notebook.connection.generated.models import CallerID, ChannelSnapshot, Variable
from ari_notebook.connection.handlers import Handler
from ari_notebook.connection.status import Status
from ari_notebook.events import ChannelDtmfReceived, Event, StasisEnd, StasisStart
from ari_notebook.flows.call import AsyncCall, AsyncLeg, AsyncRecording, Call, Leg, Recording
from ari_notebook.sessions.outbound_server import OutboundServer
from ari_notebook.simulator import RunningSimulator
from ari_notebook.store.calls import Calls
from ari_notebook.store.request_log import RequestLog, SentRequest
from ari_notebook.store.schema_drift import Drift
from ari_notebook.views.diagrams.drawing import Drawing
from ari_notebook.views.panel.widget import Panel

ari = ari_notebook.connect()
assert_type(ari, Session)
with ari_notebook.connect("http://pbx:8088", app=["a", "b"], transport="websocket") as session:
    assert_type(session, Session)

# Resources and their operations.
channel = ari.channels.originate("PJSIP/alice", app="hello-world", callerId="Alice <5551>")
assert_type(channel, Channel)
assert_type(ari.channels.list(), list[Channel])
assert_type(channel.play("sound:hello-world"), Playback)
assert_type(channel.play(["sound:one", "sound:two"], skipms=100), Playback)
assert_type(channel.record("greeting", "wav", ifExists="overwrite"), LiveRecording)
assert_type(channel.hangup(reason="busy"), None)
assert_type(channel.get_channel_var("CALLERID(num)"), Variable)
assert_type(channel.get_channel_var("CALLERID(num)").value, str)
bridge = ari.bridges.create(type="mixing,dtmf_events", name="conference")
assert_type(bridge, Bridge)
bridge.add_channel([channel, "1700000000.1"])
ari.bridges.add_channel(bridge, channel.id)
ari.channels.play(channel, "sound:beep")
assert_type(ari.recordings.get_stored_file("greeting"), bytes)
assert_type(ari.asterisk.ping().asterisk_id, str)

# Live objects.
assert_type(ari.channels["1700000000.1"], Channel)
assert_type(list(ari.bridges), list[Bridge])
assert_type(ari.playbacks["p"].media_uri, str)
assert_type(channel.caller, CallerID)
assert_type(channel.caller.number, str)
assert_type(channel.fields, ChannelSnapshot)
assert_type(channel.alive, bool)
assert_type(channel.in_stasis, bool)
if channel.state == "Up" and channel in ari.channels:
    assert_type(len(ari.channels), int)
assert_type(ari.current_channel, Channel)
assert_type(ari.find_bridge("conference"), Bridge)

# Waits.
start = ari.wait_for("StasisStart", timeout=5, channel=channel)
assert_type(start, StasisStart)
assert_type(start.args, list[str])
assert_type(start.channel, ChannelSnapshot)
assert_type(start.channel.caller.number, str)
assert_type(start.replace_channel, ChannelSnapshot | None)
number: str = start["channel"]["caller"]["number"]
ari.channels.play(start.channel, "sound:beep")
assert_type(ari.wait_for(ChannelDtmfReceived), ChannelDtmfReceived)
assert_type(ari.wait_for(["StasisStart", "StasisEnd"]), Event)
assert_type(ari.wait_for("*"), Event)
assert_type(ari.wait_for("Gap"), Event)
event: Event = ari.wait_for((StasisStart, StasisEnd))
match event:
    case ChannelDtmfReceived(digit="1"):
        assert_type(event.duration_ms, int)
    case StasisStart():
        assert_type(event.channel, ChannelSnapshot)
    case _:
        pass
if isinstance(event, events.BridgeMerged):
    assert_type(event.bridge_from.channels, list[str])


# Handlers: a function asks for its arguments by name.
@ari.on("StasisStart")
def greet(event: StasisStart, channel: Channel, ari: Session) -> None:
    channel.answer()


@ari.on(ChannelDtmfReceived, digit="1")
async def pressed(channel: Channel, event: ChannelDtmfReceived) -> None:
    following = await ari.next_event("PlaybackFinished", playback=channel.play("sound:beep"))
    assert_type(following.playback.target_uri, str)


@ari.on("PlaybackFinished")
def finished(playback: Playback) -> None: ...


@ari.on(["StasisStart", StasisEnd])
def either(event: Event, channel: Channel | None) -> None: ...


@ari.on("ChannelUserevent")
def custom(event: events.ChannelUserevent, bridge: Bridge | None) -> None: ...


@ari.on("*")
def everything(event: Event) -> None: ...


@ari.on("StasisEnd")
def nothing() -> None: ...


ari.on("StasisStart")(lambda event: print(event))
ari.off(greet)
assert_type(ari.handlers["greet"], Handler)


# Flows, and Asterisk's own connections.
@ari.flow(args=["inbound"])
def attendant(call: Call) -> None:
    assert_type(call.ask("menu", keys="12"), str)
    assert_type(call.record(beep=True, review=True), Recording)
    leg = call.dial("PJSIP/100", "PJSIP/101", timeout=20, ring="all")
    assert_type(leg, Leg)
    assert_type(call.connect(leg), str)
    assert_type(call.transfer("5001"), bool)


server = ari_notebook.accept(8765, app="hello-world")
assert_type(server, OutboundServer)
same: Callable[[Call], None] = server.flow(attendant)
assert_type(server.wait(timeout=5), Session)


async def coroutines() -> None:
    async with ari_notebook.aconnect("http://pbx:8088") as session:
        assert_type(session, AsyncSession)
        assert_type(session.channels["1700000000.1"], AsyncChannel)
    async with ari_notebook.aaccept(8765, app=["a", "b"]) as server:
        assert_type(server, AsyncOutboundServer)

        @server.flow(exten="100")
        async def greet(call: AsyncCall) -> None:
            assert_type(await call.ask("menu"), str)
            assert_type(await call.record(), AsyncRecording)
            assert_type(await call.dial("PJSIP/100"), AsyncLeg)

        @server.on_session
        def prepare(ari: AsyncSession) -> None:
            ari.flow(greet)

        prepare(await server.wait(timeout=5))
        assert_type(await server.wait(), AsyncSession)
        assert_type(server.sessions, dict[str, AsyncSession])
        channel = (await server.wait()).channels["1700000000.1"]
        assert_type(await channel.play("sound:beep"), AsyncPlayback)
        assert_type(server.config_for(connection_type="per_call").ari, str)


# Tables, logs and views.
assert_type(ari.events.df, pd.DataFrame)
assert_type(ari.events.tail(3), pd.DataFrame)
assert_type(ari.events[0], Event)
assert_type(ari.events[-3:], list[Event])
assert_type(ari.events.last(StasisStart), StasisStart | None)
assert_type(ari.events.last(), Event | None)
assert_type(iter(ari.events), Iterator[Event])
assert_type(ari.channels.df, pd.DataFrame)
assert_type(ari.asterisk.df, pd.DataFrame)
assert_type(ari.requests, RequestLog)
assert_type(ari.requests.df, pd.DataFrame)
assert_type(ari.requests.last, SentRequest | None)
assert_type(ari.calls, Calls)
assert_type(ari.calls.df, pd.DataFrame)
assert_type(ari.drift, Drift)
assert_type(ari.status, Status)
assert_type(ari.status.reconnects, int)
assert_type(ari.call("1000"), Caller)
assert_type(ari.request("GET", "/channels"), RestResponse)
assert_type(ari.panel(), Panel)
assert_type(ari.ladder(), Drawing)
assert_type(ari.timeline(channel), Drawing)

# The simulator and the fixture.
with simulated.start(seed=1) as running:
    assert_type(running, RunningSimulator)
    assert_type(running.url, str)


def test_call(simulated_asterisk: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    simulated_asterisk.call("1000").hangup()
    simulated_asterisk.phones["alice"]
    simulated_asterisk.faults.restart(1.0)
    assert_type(simulated_asterisk.credentials, tuple[str, str])
