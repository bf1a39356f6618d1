"""`channel.audio()`: the audio over each transport, and the objects created and removed for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal, cast

import numpy as np
import pytest

import ari_notebook
from ari_notebook import Channel, NotFound, Session, Sound, UsageProblem
from tests.helpers.servers import Server

WAIT = 30.0
TRANSPORTS = ("websocket", "audiosocket", "rtp")
Transport = Literal["websocket", "audiosocket", "rtp"]


@pytest.fixture
def pbx(exchange_server: Server) -> Iterator[Session]:
    with ari_notebook.connect(exchange_server.url) as session:
        yield session


def _until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _echo(ari: Session, rate: int = 16000) -> Channel:
    """Return a channel whose far end is an echo.

    Asterisk 22.10 halves the amplitude where it converts the rate, so that the channel has the
    stream's.
    """
    format = "slin" if rate == 8000 else "slin16"
    channel = ari.channels.originate(
        endpoint="Local/1001@default/n", app=ari.apps[0], formats=format
    )
    ari.wait_for("StasisStart", channel=channel.id, timeout=WAIT)
    return channel


def _speech(rate: int) -> Sound:
    """Return a sound of telephone bandwidth that correlates with itself at one place only."""
    noise = np.random.default_rng(7).normal(0, 0.1, rate)
    return Sound(noise, rate).resample(8000).resample(rate)


def _ours(ari: Session, *, ghosts: bool = False) -> list[str]:
    """Return the names of the channels that streams have created.

    Asterisk lists a snoop channel until that which it snoops on hangs up, even after its own end.
    """
    channels = ari.request("GET", "/channels").json()
    names = [each["name"] for each in channels if each["id"].startswith("ari-audio-")]
    return [name for name in names if ghosts or not name.startswith("Snoop/")]


@pytest.mark.parametrize(
    ("transport", "rate"),
    [("websocket", 8000), ("websocket", 16000), ("audiosocket", 16000), ("rtp", 8000)],
)
def test_played_audio_arrives_unchanged_and_in_time(
    pbx: Session, transport: str, rate: int
) -> None:
    channel = _echo(pbx, rate)
    bridges = len(pbx.request("GET", "/bridges").json())
    with channel.audio(rate, transport=cast("Transport", transport)) as audio:
        assert audio.rate == rate
        said = _speech(rate)
        lead = Sound.silence(0.3, rate)  # an echo begins with the first audio
        parts = [said[at / 10 : (at + 1) / 10] for at in range(10)]
        deadline = time.monotonic() + WAIT
        while True:  # on a busy machine a stream in real time may have gaps: once it has none
            playing = audio.play(lead + said)
            heard = audio.record(2)
            assert playing.wait(WAIT) == pytest.approx(1.3)
            found = [heard.find(part) for part in parts]
            alike = [begin - at / 10 for at, (begin, same) in enumerate(found) if same > 0.95]
            if len(alike) >= 9 and 0.2 < min(alike) <= max(alike) < 0.7:
                break
            assert time.monotonic() < deadline, found
        levels = [heard[begin : begin + 0.1].level for begin, same in found if same > 0.95]
        assert np.median(levels) == pytest.approx(np.median([p.level for p in parts]), abs=0.5)
        assert heard.duration == pytest.approx(2, abs=0.02)
    _until(lambda: not _ours(pbx))
    assert len(pbx.request("GET", "/bridges").json()) == bridges
    assert channel.id in [each["id"] for each in pbx.request("GET", "/channels").json()]
    channel.hangup()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_stopping_is_heard_at_once(pbx: Session, transport: str) -> None:
    channel = _echo(pbx)
    with channel.audio(8000, transport=cast("Transport", transport)) as audio:
        playing = audio.play(Sound.tone(440, 30))
        _until(lambda: audio.level > -30)
        heard = playing.stop()
        rest = audio.record(2)
        assert all(end < 1.5 for _, end in rest.speech_segments(threshold=-40))
        assert 0 < heard < 5000
        assert playing.stopped
    channel.hangup()


def test_frames_and_speech_come_to_coroutines(pbx: Session) -> None:
    channel = _echo(pbx)

    async def main() -> list[bool]:
        changes: list[bool] = []
        async with channel.audio(16000) as audio:
            audio.on_speech(changes.append, end_after=0.2)
            audio.play(Sound.tone(440, 0.5, 16000))
            async for frame in audio:
                assert len(frame) == 320
                if len(changes) == 2 or frame.time > WAIT:
                    break
        return changes

    assert asyncio.run(main()) == [True, False]
    channel.hangup()


def test_keys_of_the_channel_reach_the_stream(pbx: Session) -> None:
    caller = pbx.call("1000")
    pbx.wait_for("StasisStart", timeout=WAIT)
    keys: list[str] = []
    with pbx.current_channel.audio() as audio:
        audio.on_dtmf(keys.append)
        caller.press("12#")
        _until(lambda: len(keys) == 3)
    assert keys == ["1", "2", "#"]
    caller.hangup()


def test_media_channels_start_no_handler_and_are_no_current_channel(pbx: Session) -> None:
    started: list[str] = []

    @pbx.on("StasisStart")
    def bot(channel: Channel) -> None:
        started.append(channel.id)

    caller = pbx.call("1000")
    pbx.wait_for("StasisStart", timeout=WAIT)
    channel = pbx.current_channel
    with channel.audio():
        assert pbx.current_channel == channel
        pbx.wait_for("ChannelEnteredBridge", timeout=WAIT)
    _until(lambda: started)
    assert started == [channel.id]
    caller.hangup()


def test_hangup_of_the_caller_ends_the_stream(pbx: Session) -> None:
    caller = pbx.call("1000")
    pbx.wait_for("StasisStart", timeout=WAIT)
    with pbx.current_channel.audio() as audio:
        caller.hangup()
        assert audio.wait(WAIT)
        assert audio.reason == ""
    _until(lambda: not _ours(pbx))


def test_channel_outside_stasis_is_snooped_upon(pbx: Session) -> None:
    channel = _echo(pbx)
    other = next(c for c in pbx.request("GET", "/channels").json() if c["id"] != channel.id)
    with channel.audio(8000) as near, pbx.channels[other["id"]].audio(8000, hear="in") as audio:
        said = _speech(8000)
        for _ in range(4):  # a busy machine loses single frames
            near.play(Sound.silence(0.3) + said)
            alike = audio.record(2).find(said)[1]
            if alike > 0.95:
                break
        assert alike > 0.95
        assert len(_ours(pbx, ghosts=True)) == 3
    _until(lambda: not _ours(pbx))
    channel.hangup()
    _until(lambda: not _ours(pbx, ghosts=True))


def test_error_inside_the_block_removes_everything(pbx: Session) -> None:
    channel = _echo(pbx)
    with pytest.raises(KeyboardInterrupt), channel.audio():
        raise KeyboardInterrupt
    _until(lambda: not _ours(pbx))
    channel.hangup()


def test_failed_opening_leaves_nothing(pbx: Session) -> None:
    channel = _echo(pbx)
    with pytest.raises(ari_notebook.AudioError, match="slin16"), channel.audio(transport="rtp"):
        pass
    with pytest.raises(NotFound), pbx.channels[channel].audio(), pbx.channels["none"].audio():
        pass
    _until(lambda: not _ours(pbx))
    with pytest.raises(UsageProblem, match="unknown transport"):
        channel.audio(transport="pigeon")  # type: ignore[arg-type]
    with (
        pytest.raises(UsageProblem, match="either rate or format"),
        channel.audio(8000, format="slin16"),
    ):
        pass
    channel.hangup()
