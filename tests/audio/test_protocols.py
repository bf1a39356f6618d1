"""The protocols that carry audio, without I/O: media WebSocket, AudioSocket, RTP, pacing."""

from __future__ import annotations

import numpy as np
import pytest

from ari_notebook import AudioError, Sound
from ari_notebook.audio import audiosocket, rtp, websocket_media
from ari_notebook.audio.codecs import CODECS, codec_named, slin_of
from ari_notebook.audio.outgoing_audio import Outgoing, Playing


def test_media_command_is_json_or_plain() -> None:
    assert websocket_media.command("MARK_MEDIA", correlation_id="m1") == (
        b'{"command":"MARK_MEDIA","correlation_id":"m1"}'
    )
    assert (
        websocket_media.command("MARK_MEDIA", plain=True, correlation_id="m1") == b"MARK_MEDIA m1"
    )


@pytest.mark.parametrize(
    ("message", "name", "fields"),
    [
        (b'{"event":"DTMF_END","digit":"5"}', "DTMF_END", {"digit": "5"}),
        (b"DTMF_END channel_id:c digit:5", "DTMF_END", {"channel_id": "c", "digit": "5"}),
        (b"MEDIA_XOFF", "MEDIA_XOFF", {}),
        (b"MARK_MEDIA m1", "MARK_MEDIA", {"correlation_id": "m1"}),
        (b'{"event":5}', "", {}),
        (b"{", "", {}),
        (b"{[" * 100_000, "", {}),
        (b"\xff\xfe", "\ufffd\ufffd", {}),
        (b"", "", {}),
    ],
)
def test_media_event_is_parsed_or_nameless(
    message: bytes, name: str, fields: dict[str, str]
) -> None:
    assert websocket_media.event(message) == (name, fields)


def test_audiosocket_reader_takes_any_pieces() -> None:
    stream = audiosocket.message(1, bytes(16)) + audiosocket.message(0x12, b"ab" * 320)
    stream += audiosocket.message(0)
    for size in (1, 2, 3, 7, 1000):
        reader = audiosocket.MessageReader()
        found = [
            each
            for begin in range(0, len(stream), size)
            for each in reader.feed(stream[begin : begin + size])
        ]
        assert found == [(1, bytes(16)), (0x12, b"ab" * 320), (0, b"")]


@pytest.mark.parametrize("rate", [8000, 12000, 16000, 24000, 32000, 44100, 48000])
def test_audiosocket_types_name_the_rate(rate: int) -> None:
    assert audiosocket.codec_of(audiosocket.kind_of(rate)) == slin_of(rate)


def test_formats_without_a_codec_are_refused() -> None:
    with pytest.raises(AudioError, match="no codec for 'g729'"):
        codec_named("g729")
    with pytest.raises(AudioError, match="11025 Hz"):
        slin_of(11025)
    with pytest.raises(AudioError, match="slin16"):
        rtp.Sender(CODECS["slin16"])


@pytest.mark.parametrize("name", ["ulaw", "alaw", "slin"])
def test_rtp_carries_frames_both_ways(name: str) -> None:
    codec = CODECS[name]
    sender, receiver = rtp.Sender(codec), rtp.Receiver(codec)
    frames = [codec.encode(np.asarray(f, np.int16)) for f in Sound.tone(440, 0.1).frames()]
    packets = [sender.packet(frame) for frame in frames]
    assert [receiver.audio(packet) for packet in packets] == frames
    assert [packet[1] & 0x80 for packet in packets] == [0x80, 0, 0, 0, 0]


def test_lost_packets_become_silence_and_late_ones_are_dropped() -> None:
    codec = CODECS["ulaw"]
    sender, receiver = rtp.Sender(codec), rtp.Receiver(codec)
    one, two, three = (sender.packet(bytes([code]) * 160) for code in (1, 2, 3))
    assert receiver.audio(one) == b"\x01" * 160
    assert receiver.audio(three) == b"\xff" * 160 + b"\x03" * 160
    assert receiver.audio(two) is None
    assert receiver.lost == 1


@pytest.mark.parametrize(
    "packet", [b"", b"\x80", bytes(12), b"\x80\x60" + bytes(170), b"\xff" * 12]
)
def test_malformed_packets_are_dropped(packet: bytes) -> None:
    assert rtp.Receiver(CODECS["ulaw"]).audio(packet) is None


def _nothing(playing: Playing) -> None:
    """Do nothing."""


def test_frames_are_due_in_time_and_at_most_the_lead_early() -> None:
    outgoing = Outgoing(slin_of(16000), lead=0.1)
    playing = outgoing.add(Sound.tone(440, 1), _nothing)
    now, sent = 100.0, 0
    for _ in range(200):
        sent += len(outgoing.take(now))
        assert sent * 0.02 <= now - 100.0 + 0.13 + 1e-6
        assert sent * 0.02 >= min(1.0, now - 100.0)
        now += 0.01
    assert sent == 50
    assert playing.sent == pytest.approx(1.0)
    assert outgoing.next_due(now) is None


def test_held_stream_sends_nothing_and_goes_on_without_a_burst() -> None:
    outgoing = Outgoing(slin_of(8000), lead=0.1)
    outgoing.add(Sound.tone(440, 5), _nothing)
    assert len(outgoing.take(10.0)) == 6
    outgoing.held = True
    assert outgoing.take(12.0) == []
    outgoing.held = False
    assert len(outgoing.take(12.0)) == 6


def test_frames_are_whole_and_of_the_codec() -> None:
    outgoing = Outgoing(CODECS["ulaw"], lead=1.0)
    playing = outgoing.add(Sound.tone(440, 0.05, 16000), _nothing)
    frames = outgoing.take(0.0)
    assert [len(frame) for frame, _ in frames] == [160, 160, 160]
    assert [ended for _, ended in frames] == [None, None, playing]
    with pytest.raises(AudioError, match="empty"):
        outgoing.add(Sound.silence(0), _nothing)
