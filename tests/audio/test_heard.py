"""What is heard on a simulated and on a real Asterisk: likeness, onset, level, length."""

from __future__ import annotations

import gc
import itertools
import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import Literal, TypeAlias, cast

import numpy as np
import pytest

import ari_notebook
from ari_notebook import AudioError, Session, Sound
from ari_notebook.audio.codecs import codec_named
from ari_notebook.audio.outgoing_audio import Playing
from ari_notebook.client.media_stream import AudioStream
from tests.audio.lines import FRAME, WAIT, compare, line_of
from tests.audio.sounds import speech
from tests.helpers.servers import Server
from tests.helpers.waiting import until

Transport: TypeAlias = Literal["websocket", "audiosocket", "rtp"]
RATES = {"websocket": 16000, "audiosocket": 16000, "rtp": 8000}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # speech in real time


@pytest.fixture
def pbx(exchange_server: Server) -> Iterator[Session]:
    with ari_notebook.connect(exchange_server.url) as session:
        yield session


def _stopped(playing: Playing) -> bool:
    return playing.stopped


def _send(source: AudioStream, target: AudioStream) -> None:
    """Play until what arrives is what was sent: a busy machine leaves gaps in real time."""
    said = speech(source.rate)
    end = time.monotonic() + WAIT
    while True:
        source.play(said)
        received = target.record(1.8)
        until(lambda: target.level < -60)
        found = compare(said, received)
        if found.good:
            return
        assert time.monotonic() < end, found


@pytest.mark.parametrize("direction", ["to the call", "from the call"])
@pytest.mark.parametrize("transport", ["websocket", "audiosocket", "rtp"])
def test_sound_arrives_whole_in_time_and_as_loud(
    pbx: Session, transport: str, direction: str
) -> None:
    rate = RATES[transport]
    line = line_of(pbx, rate)
    with (
        line.near.audio(rate, transport=cast("Transport", transport)) as tested,
        line.far.audio(rate) as other,
    ):
        if direction == "to the call":
            _send(tested, other)
        else:
            _send(other, tested)
    line.near.hangup()


@pytest.mark.parametrize("format", ["ulaw", "alaw", "slin", "slin12", "slin24", "slin48"])
def test_every_format_carries_speech(pbx: Session, format: str) -> None:
    rate = {"slin12": 12000, "slin24": 24000, "slin48": 48000}.get(format, 8000)
    line = line_of(pbx, rate)
    with line.near.audio(format=format) as tested, line.far.audio(format=format) as other:
        assert (tested.rate, tested.format) == (rate, format)
        said = speech(rate)
        end = time.monotonic() + WAIT
        while True:
            tested.play(said)
            found = compare(said, other.record(1.8))
            if found.alike >= 9 and abs(found.level) <= 0.5:
                break
            assert time.monotonic() < end, found
    line.near.hangup()


def test_opus_carries_keys_both_ways(pbx: Session) -> None:
    try:
        codec_named("opus")
    except AudioError as error:
        pytest.skip(str(error))
    line = line_of(pbx, 48000)
    with line.near.audio(format="opus") as tested, line.far.audio(48000) as other:
        assert (tested.rate, tested.format) == (48000, "opus")
        for source, target in ((tested, other), (other, tested)):
            end = time.monotonic() + WAIT
            while True:
                playing = source.play(Sound.keys("159#", 48000))
                received = target.record(1.8)
                playing.wait(WAIT)
                if received.dtmf() == "159#":
                    break
                assert time.monotonic() < end, received
    line.near.hangup()


def test_keys_arrive_beside_audio(pbx: Session) -> None:
    line = line_of(pbx, 16000)
    keys: list[str] = []
    with line.near.audio(16000) as tested, line.far.audio(16000) as other:
        tested.on_dtmf(keys.append)
        playing = other.play(Sound.tone(440, 60, 16000))
        until(lambda: tested.level > -30)
        line.far.send_dtmf(dtmf="159#")
        until(lambda: len(keys) == 4)
        assert "".join(keys) == "159#"
        assert not playing.done
        until(lambda: tested.record(0.2).find(Sound.tone(440, 0.1, 16000))[1] > 0.95)
    line.near.hangup()


def test_interrupted_bot_is_silent_and_knows_what_was_heard(pbx: Session) -> None:
    line = line_of(pbx, 8000)
    with line.near.audio(8000) as bot, line.far.audio(8000) as caller:
        end = time.monotonic() + WAIT
        bot.on_speech(lambda begun: begun and bot.stop())
        while True:
            playing = bot.play(Sound.tone(440, 30))
            until(lambda: caller.level > -30)
            begin = caller.time
            caller.play(Sound.tone(900, 0.5))
            until(partial(_stopped, playing))
            rest = caller.record(1.0)
            stopped = caller.time - begin
            segments = rest.speech_segments(threshold=-40)
            if not segments or segments[-1][1] < 0.5:
                break
            assert time.monotonic() < end, (segments, stopped)
        assert 0 < playing.heard < 30
    line.near.hangup()


def _collect(stream: AudioStream, frames: list[tuple[float, float]]) -> None:
    """Append time and level of each frame of a second."""
    frames.extend((frame.time, frame.level) for frame in itertools.islice(stream, 50))


def _has_begun(frames: list[tuple[float, float]]) -> bool:
    return len(frames) >= 10


@pytest.mark.parametrize("transport", ["websocket", "audiosocket", "rtp"])
def test_far_end_is_silent_a_tenth_of_a_second_after_stop(pbx: Session, transport: str) -> None:
    rate = RATES[transport]
    line = line_of(pbx, rate)
    delays: list[float] = []
    with (
        line.near.audio(rate, transport=cast("Transport", transport)) as bot,
        line.far.audio(rate) as caller,
    ):
        end = time.monotonic() + WAIT
        while len(delays) < 5 or np.median(delays[-5:]) > 0.1:
            assert time.monotonic() < end, delays
            playing = bot.play(Sound.tone(440, 30, rate))
            until(lambda: caller.level > -30)
            frames: list[tuple[float, float]] = []
            listening = threading.Thread(target=_collect, args=(caller, frames))
            listening.start()
            until(partial(_has_begun, frames))
            at = caller.time
            playing.stop()
            listening.join(WAIT)
            delays.append(max(moment + FRAME for moment, level in frames if level > -40) - at)
    print(f"{transport}: silent {1000 * np.median(delays[-5:]):.0f} ms after stop()")
    line.near.hangup()


def test_milliseconds_that_stop_returns_are_those_that_arrived(pbx: Session) -> None:
    line = line_of(pbx, 8000)
    with line.near.audio(8000) as bot, line.far.audio(8000) as caller:
        end = time.monotonic() + WAIT
        while True:
            frames: list[float] = []
            playing = bot.play(Sound.tone(440, 30))
            quiet = 0
            for frame in caller:
                if frame.level > -40:
                    frames.append(frame.time)
                    quiet = 0
                elif frames:
                    quiet += 1
                if len(frames) == 50:
                    playing.stop()
                if quiet == 25:
                    break
            arrived = len(frames) * FRAME
            if abs(arrived - playing.heard) <= 0.1:
                break
            assert time.monotonic() < end, (arrived, playing.heard)
    line.near.hangup()


def test_three_in_a_bridge_receive_the_two_others(pbx: Session) -> None:
    lines = [line_of(pbx, 8000) for _ in range(3)]
    bridge = pbx.bridges.create(type="mixing")
    bridge.add_channel([line.near.id for line in lines])
    voices = [speech(seed=seed) for seed in (1, 2, 3)]
    a, b, c = (line.far for line in lines)
    with a.audio(8000) as one, b.audio(8000) as two, c.audio(8000) as three:
        streams = (one, two, three)
        end = time.monotonic() + WAIT
        while True:
            for stream, voice in zip(streams, voices, strict=True):
                stream.play(voice)
            received = one.record(2)
            own, *others = (received.find(voice[0.2:0.8])[1] for voice in voices)
            if own < 0.3 and min(others) > 0.55:
                break
            assert time.monotonic() < end, (own, others)
            until(lambda: one.level < -60)
    for line in lines:
        line.near.hangup()
    bridge.destroy()


def test_recording_of_the_bridge_has_what_the_program_played(pbx: Session) -> None:
    line = line_of(pbx, 8000)
    said = speech()
    with line.near.audio(8000) as tested, line.far.audio(8000) as other:
        (bridge,) = [b for b in pbx.bridges.list() if line.near.id in b.channels]
        end = time.monotonic() + WAIT
        while True:
            bridge.record(name="program", format="wav", ifExists="overwrite")
            pbx.wait_for("RecordingStarted", timeout=WAIT)
            tested.play(said).wait(WAIT)
            other.record(0.3)
            pbx.recordings.stop("program")
            pbx.wait_for("RecordingFinished", timeout=WAIT)
            recorded = pbx.recordings["program"].sound
            if recorded.find(said[0.3:0.5])[1] > 0.9:
                break
            assert time.monotonic() < end, recorded
    pbx.recordings.delete_stored("program")
    line.near.hangup()


@pytest.mark.nightly
@pytest.mark.timeout(1500)
def test_ten_minutes_neither_drift_nor_grow(pbx: Session) -> None:
    line = line_of(pbx, 16000)
    click = speech(16000, 0.2)
    delays: list[float] = []
    objects: list[int] = []
    with line.near.audio(16000) as tested, line.far.audio(16000) as other:
        begin, at = time.monotonic(), other.time
        while time.monotonic() - begin < 600:
            sent = time.monotonic()
            tested.play(Sound.silence(0.3, 16000) + click)  # a recording may begin late
            received = other.record(1.0)
            where, same = received.find(click)
            if same > 0.9:
                delays.append(where)
            gc.collect()
            objects.append(len(gc.get_objects()))
            time.sleep(max(0.0, 10 - (time.monotonic() - sent)))
        drift = (other.time - at) - (time.monotonic() - begin)
        assert abs(drift) < 0.2, drift
        assert len(delays) > 50
        first, last = np.median(delays[:10]), np.median(delays[-10:])
        assert abs(last - first) <= 2 * FRAME, (first, last)
        assert objects[-1] - objects[10] < 3000, objects
        print(f"drift {1000 * drift:.0f} ms, delay {first:.3f} to {last:.3f} s, {objects[10::15]}")
    line.near.hangup()
