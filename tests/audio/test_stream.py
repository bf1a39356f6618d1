"""`AudioStream` over an AudioSocket of this test: pacing, timeline, hostile peers."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from ari_notebook import AudioError, ConnectionLost, Sound, UsageProblem
from ari_notebook.audio import audiosocket
from ari_notebook.audio.codecs import codec_named, slin_of
from ari_notebook.client.media_stream import AudioStream
from ari_notebook.client.media_transports import AudioSocketTransport

WAIT = 30.0


class Peer:
    """The peer, in place of Asterisk."""

    def __init__(self) -> None:
        ours, self.socket = socket.socketpair()
        self.removed = 0
        self.stream = AudioStream(
            AudioSocketTransport(_tcp(ours), slin_of(8000)), "a test", self._remove
        ).start()

    def _remove(self) -> None:
        self.removed += 1

    def send(self, sound: Sound) -> None:
        for frame in sound.frames():
            self.socket.sendall(audiosocket.message(0x10, frame.tobytes()))


class _Tcp(socket.socket):
    """A socket of a pair, which has no option of TCP."""

    def setsockopt(self, *arguments: object) -> None:
        """Do nothing."""


def _tcp(given: socket.socket) -> socket.socket:
    return _Tcp(fileno=given.detach())


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.stream.close()
    made.socket.close()


def test_recording_is_what_arrives(peer: Peer) -> None:
    sound = Sound.tone(440, 0.5)
    taken: list[Sound] = []
    recorder = threading.Thread(target=lambda: taken.append(peer.stream.record(0.5)))
    recorder.start()
    while not peer.stream._taps:
        time.sleep(0.001)
    peer.send(sound)
    recorder.join(WAIT)
    assert taken[0].find(sound[:0.3])[1] > 0.999
    assert taken[0].duration == 0.5


def test_silence_takes_the_place_of_what_does_not_arrive(peer: Peer) -> None:
    sound = peer.stream.record(0.3)
    assert sound == Sound.silence(0.3)
    assert peer.stream.time >= 0.3


def test_recording_ends_with_silence_after_speech(peer: Peer) -> None:
    taken: list[Sound] = []
    recorder = threading.Thread(
        target=lambda: taken.append(peer.stream.record(until_silence=0.2, timeout=WAIT))
    )
    recorder.start()
    while not peer.stream._taps:
        time.sleep(0.001)
    peer.send(Sound.tone(440, 0.4))
    recorder.join(WAIT)
    ((begin, end),) = taken[0].speech_segments(threshold=-40)
    assert end - begin == pytest.approx(0.4, abs=0.03)
    assert taken[0].duration - end == pytest.approx(0.2, abs=0.03)


def test_echo_does_not_hasten_the_stream(peer: Peer) -> None:
    def echo() -> None:
        while octets := peer.socket.recv(65536):
            peer.socket.sendall(octets)

    time.sleep(0.3)  # late audio is added to the silence that took its place
    peer.send(Sound.tone(440, 0.3))
    echoing = threading.Thread(target=echo)
    echoing.start()
    began = time.monotonic()
    peer.stream.play(Sound.tone(440, 1.5)).wait(WAIT)
    assert time.monotonic() - began > 1
    peer.stream.close()
    echoing.join(WAIT)


def test_frames_have_time_and_iteration_ends_with_the_call(peer: Peer) -> None:
    frames = []
    for frame in peer.stream:
        frames.append(frame)
        if len(frames) == 3:
            peer.socket.close()
    assert [len(frame) for frame in frames] == [160] * len(frames)
    assert np.diff([frame.time for frame in frames]) == pytest.approx(0.02)
    assert peer.stream.ended
    with pytest.raises(ConnectionLost, match="has ended"):
        peer.stream.record(1)
    with pytest.raises(ConnectionLost, match="has ended"):
        peer.stream.play(Sound.tone(440))


def test_frames_come_to_coroutines_and_other_tasks_run(peer: Peer) -> None:
    async def main() -> int:
        count = 0
        async for _ in peer.stream:
            count += 1
            if count == 3:
                break
        await peer.stream.arecord(0.04)
        return count

    assert asyncio.run(main()) == 3


def test_played_sound_arrives_paced_and_whole(peer: Peer) -> None:
    sound = Sound.tone(440, 0.3)
    playing = peer.stream.play(sound)
    begun = time.monotonic()
    received = b""
    reader = audiosocket.MessageReader()
    while len(received) < len(sound.samples) * 2:
        arrived = [content for _, content in reader.feed(peer.socket.recv(4096))]
        received += b"".join(each for each in arrived if any(each))  # not the silence before it
    assert time.monotonic() - begun > 0.2
    assert np.frombuffer(received, np.int16).tolist() == sound.samples.tolist()
    assert playing.wait(WAIT) == pytest.approx(0.3)
    assert playing.done
    assert not playing.stopped


def test_silent_stream_sends_a_frame_a_second(peer: Peer) -> None:
    reader = audiosocket.MessageReader()
    received: list[tuple[int, bytes]] = []
    begun = time.monotonic()
    while len(received) < 3:
        received += reader.feed(peer.socket.recv(4096))
    assert received[0] == (0x10, bytes(320))
    assert time.monotonic() - begun > 1.5


def test_stopping_drops_the_rest_and_says_what_was_heard(peer: Peer) -> None:
    first, second = peer.stream.play(Sound.tone(440, 10)), peer.stream.play(Sound.tone(880, 10))
    peer.socket.recv(3 + 320)
    heard = peer.stream.stop()
    assert 0 <= heard < 10_000
    assert first.stopped
    assert second.stopped
    assert second.heard == 0
    assert first.stop() == heard


def test_speech_and_keys_call_functions_whose_failure_is_logged(
    peer: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[object] = []
    both = threading.Event()

    @peer.stream.on_speech
    def speech(begun: bool) -> None:
        calls.append(begun)
        raise RuntimeError("of the user")

    @peer.stream.on_dtmf
    def key(digit: str) -> None:
        calls.append(digit)
        both.set()

    peer.send(Sound.tone(440, 0.2))
    peer.socket.sendall(audiosocket.message(audiosocket.DTMF, b"7"))
    assert both.wait(WAIT)
    assert calls == [True, "7"]
    assert "speech failed" in caplog.text


@pytest.mark.parametrize(
    "data",
    [
        audiosocket.message(0x77, b"text where audio should be"),
        audiosocket.message(0x12, b"another rate"),
        audiosocket.message(0x10, b"odd"),
        audiosocket.message(0x10, b""),
        audiosocket.message(audiosocket.DTMF, b"\xff"),
        audiosocket.message(0x10, bytes(65_534)),
    ],
)
def test_unusual_messages_do_not_end_the_stream(peer: Peer, data: bytes) -> None:
    peer.socket.sendall(data)
    peer.send(Sound.tone(440, 0.1))
    deadline = time.monotonic() + WAIT
    while peer.stream.level < -40 and time.monotonic() < deadline:
        time.sleep(0.005)
    assert not peer.stream.ended


@pytest.mark.parametrize(
    ("data", "reason"),
    [(audiosocket.message(0), ""), (audiosocket.message(0xFF), "Asterisk reports an error")],
)
def test_hangup_and_error_end_the_stream(peer: Peer, data: bytes, reason: str) -> None:
    playing = peer.stream.play(Sound.tone(440, 60))
    peer.socket.sendall(data)
    assert peer.stream.wait(WAIT)
    playing.wait(WAIT)
    assert playing.heard < 60
    assert peer.stream.reason == reason


def test_peer_that_never_reads_ends_only_its_own_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    from ari_notebook.client import media_transports

    monkeypatch.setattr(media_transports, "SEND_SECONDS", 0.2)
    peer = Peer()
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    peer.stream._outgoing._lead = 1e9  # all at once, to fill the buffers
    playing = peer.stream.play(Sound.silence(600))
    assert peer.stream.wait(WAIT)
    playing.wait(WAIT)
    assert peer.stream.reason == "Asterisk reads nothing"
    peer.stream.close()
    peer.socket.close()


def test_flood_loses_the_oldest_frames_of_a_slow_consumer(peer: Peer) -> None:
    frames = iter(peer.stream)
    next(frames)
    peer.send(Sound.silence(65))
    deadline = time.monotonic() + WAIT
    while not peer.stream.dropped and time.monotonic() < deadline:
        time.sleep(0.01)
    assert peer.stream.dropped > 0
    assert len(peer.stream._taps[0]._frames) <= 3000


def test_closing_is_idempotent_and_removes_what_was_made(peer: Peer) -> None:
    with peer.stream as audio:
        pass
    audio.close()
    assert peer.removed == 1
    assert audio.ended
    assert "ended" in repr(audio)
    assert not any(each.name == "ari-audio" for each in threading.enumerate())


def test_invalid_arguments_are_refused(peer: Peer) -> None:
    with pytest.raises(UsageProblem, match="needs a duration"):
        peer.stream.record()
    with pytest.raises(UsageProblem, match="not a number of seconds"):
        peer.stream.record(float("nan"))
    with pytest.raises(AudioError, match="empty"):
        peer.stream.play([])
    with pytest.raises(AudioError, match="int16 or floats"):
        peer.stream.play("text")


def test_opus_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opuslib_next", None)
    with pytest.raises(AudioError, match="apt install libopus0"):
        codec_named("opus")
    with pytest.raises(AudioError, match="no codec for 'g729'"):
        codec_named("g729")
