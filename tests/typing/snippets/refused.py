"""What is wrong: mypy and pyright report an error on each line marked so, and on no other."""
# pyright: reportUnnecessaryComparison=true

from __future__ import annotations

import ari_notebook
from ari_notebook import Bridge, Channel, Playback, Session, simulator
from ari_notebook.events import ChannelDtmfReceived, StasisEnd, StasisStart
from ari_notebook.simulator import RunningSimulator

ari = ari_notebook.connect(transpot="http")  # error
ari = ari_notebook.connects()  # error
ari = ari_notebook.connect(transport="udp")  # error
ari = ari_notebook.connect()

# Misspelled resources, operations, parameters and values.
ari.chanels  # error
ari.channels.originates("PJSIP/alice")  # error
ari.channels.originate("PJSIP/alice", ap="hello-world")  # error
ari.channels.originate()  # error
ari.channels.originate("PJSIP/alice", timeout="30")  # error
channel = ari.channels.originate("PJSIP/alice", app="hello-world")
channel.plya("sound:beep")  # error
channel.hangup(reasn="busy")  # error
channel.mute(direction="sideways")  # error
channel.play(channelId=channel.id, media="sound:beep")  # error
ari.bridges.add_channel(channel, channel)  # error
ari.bridges["b"].play(3)  # error
ari.channels[1]  # error
playback: Bridge = channel.play("sound:beep")  # error

# Misspelled fields.
channel.stat  # error
channel.caller.digits  # error
if channel.state == "Upp":  # error
    pass
start = ari.wait_for("StasisStart")
start.chanel  # error
start.channel.caller.digits  # error
start.digit  # error
start.replace_channel.id  # error

# Misspelled events.
ari.wait_for("StasisStrat")  # error
ari.wait_for(["StasisStart", "StasisStop"])  # error
ari.wait_for("StasisStart", timeout="5")  # error
ari.wait_for(Channel)  # error
ari.on("StasisStrat")  # error


# Handlers that ask for what there is not.
@ari.on("StasisStart")  # error
def unknown_argument(event: StasisStart, chanel: Channel) -> None: ...


@ari.on("StasisStart")  # error
def other_event(event: StasisEnd) -> None: ...


@ari.on(ChannelDtmfReceived)  # error
def other_type(channel: Bridge) -> None: ...


@ari.on("StasisStart")  # error
def no_playback(playback: Playback) -> None: ...


@ari.on("ChannelUserevent")  # error
def channel_may_be_none(channel: Channel) -> None: ...


async def coroutines() -> None:
    ari_notebook.aaccept(8765, ap="hello-world")  # error
    async with ari_notebook.aaccept(8765) as accepting:
        accepting.config_for(connection_type="per_cal")  # error
        accepting.wait().channels  # error
        (await accepting.wait()).chanels  # error


ari.requests.dff  # error
ari.status.reconnections  # error
ari.calls.dff  # error
ari.ladder(lst=3)  # error
simulator.begin()  # error


def test_call(simulated_asterisk: RunningSimulator, ari: Session) -> None:
    simulated_asterisk.cal("1000")  # error
    simulated_asterisk.phones["alice"].dail("1000")  # error
