"""A voice bot on a simulator in this process, in virtual time: each figure is exact."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

import ari_notebook
from ari_notebook import Channel, ConnectionLost, Session, Sound, UsageProblem, simulator
from ari_notebook.client.media_stream import AudioStream
from ari_notebook.simulator import InProcessSimulator
from tests.audio import voice_bot
from tests.audio.sounds import speech

FRAME = 0.02


@dataclass
class Office:
    """A simulator in this process, and a session of it."""

    exchange: InProcessSimulator
    ari: Session

    def pass_time(self, seconds: float) -> None:
        self.exchange.clock.advance(seconds)


@pytest.fixture
def office() -> Iterator[Office]:
    with simulator.in_process(clock="virtual") as exchange:
        user, password = exchange.credentials
        with ari_notebook.connect(exchange.url, user=user, password=password) as ari:
            yield Office(exchange, ari)


def _conversation(office: Office) -> Sound:
    """Return what a caller receives who interrupts the greeting with 0.8 s of speech."""
    voice_bot.serve(office.ari)
    call = office.exchange.call("1000")
    hearing = call.listen()
    office.pass_time(1.5)
    call.say(Sound.tone((300, 900), 0.8))
    office.pass_time(3)
    received = hearing.sound
    call.hangup()
    office.pass_time(1)
    assert not list(office.ari.channels)
    return received


def test_caller_interrupts_the_bot_and_is_answered(office: Office) -> None:
    received = _conversation(office)
    greeting, answer = received.speech_segments(threshold=-40)
    assert received.find(Sound.tone(400, 0.2))[1] > 0.99
    assert 1.5 <= greeting[1] <= 1.5 + 5 * FRAME  # 60 ms of speech begin an interruption
    assert answer[0] - 2.3 == pytest.approx(0.6, abs=3 * FRAME)  # silence that ends a question
    assert received[answer[0] :].find(Sound.tone(800, 0.5))[1] > 0.99


def test_conversation_is_the_same_each_time(office: Office) -> None:
    first = _conversation(office)
    with simulator.in_process(clock="virtual") as exchange:
        user, password = exchange.credentials
        with ari_notebook.connect(exchange.url, user=user, password=password) as ari:
            assert _conversation(Office(exchange, ari)) == first


def _in_stasis(office: Office) -> Channel:
    office.exchange.call("1000")
    event = office.ari.wait_for("StasisStart")
    return office.ari.channels[event["channel"]["id"]]


def test_played_sound_ends_in_its_time_and_a_stopped_one_at_once(office: Office) -> None:
    now = office.ari.background.time
    with _in_stasis(office).audio(16000) as audio:
        begun = now()
        assert audio.play(speech(16000, 2.0)).wait() == 2.0
        assert now() - begun == pytest.approx(2.0, abs=2 * FRAME)
        playing = audio.play(Sound.tone(440, 30, 16000))
        audio.record(1.0)
        assert playing.stop() == pytest.approx(1000, abs=20)


def test_stream_of_half_a_minute_neither_drifts_nor_has_gaps(office: Office) -> None:
    now = office.ari.background.time
    with _in_stasis(office).audio(8000) as audio:
        begun = now()
        recorded = audio.record(30)
        assert recorded.duration == 30
        assert now() - begun == pytest.approx(30, abs=2 * FRAME)
        assert audio.time == pytest.approx(now() - begun, abs=0.2)


def test_keys_and_hangup_reach_the_stream(office: Office) -> None:
    call = office.exchange.call("1000")
    office.ari.wait_for("StasisStart")
    keys: list[str] = []
    with office.ari.current_channel.audio() as audio:
        audio.on_dtmf(keys.append)
        call.press("12#")
        office.pass_time(2)
        assert keys == ["1", "2", "#"]
        call.hangup()
        assert audio.wait(5)
        with pytest.raises(ConnectionLost, match="has ended"):
            audio.record(1)


def test_frames_come_to_coroutines(office: Office) -> None:
    channel = _in_stasis(office)

    async def frames() -> list[float]:
        times = []
        async with channel.audio(8000) as audio:
            async for frame in audio:
                times.append(frame.time)
                if len(times) == 10:
                    break
            await audio.arecord(0.2)
        return times

    times = office.exchange.background.run(frames())
    assert [b - a for a, b in itertools.pairwise(times)] == pytest.approx([FRAME] * 9)


def test_transports_with_sockets_are_refused(office: Office) -> None:
    channel = _in_stasis(office)
    for transport in ("audiosocket", "rtp"):
        with pytest.raises(UsageProblem, match="needs a simulator with a port"):
            channel.audio(8000, transport=transport).open()
    with pytest.raises(UsageProblem, match="connects to no port"):
        office.ari.media_server()
    assert [each.id for each in office.ari.channels] == [channel.id]


def test_restart_of_the_exchange_ends_the_stream(office: Office) -> None:
    audio: AudioStream = _in_stasis(office).audio(8000).open()
    office.exchange.restart()
    office.pass_time(1)
    assert audio.ended
    audio.close()
