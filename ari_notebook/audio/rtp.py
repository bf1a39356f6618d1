"""RTP (RFC 3550) as Asterisk's UnicastRTP channels use it: headers, order, lost packets."""

from __future__ import annotations

import secrets
import struct

from ari_notebook.audio.codecs import Codec
from ari_notebook.audio.errors import AudioError

__all__ = ["FORMATS", "Receiver", "Sender", "payload_type"]

_HEAD = struct.Struct(">BBHII")
_VERSION = 0x80
_MOST_LOST = 50  # packets: a larger jump is a new beginning
# Payload types of Asterisk (main/rtp_engine.c). Linear samples are big-endian on the wire. It sends
# slin16 as 118 as well, but a UnicastRTP channel of 22.10 understands none that it receives.
_TYPES = {"ulaw": 0, "alaw": 8, "slin": 10}
FORMATS = tuple(_TYPES)


def payload_type(codec: Codec) -> int:
    """Return the payload type of a codec.

    Raises:
        AudioError: it has no fixed one.
    """
    if codec.name not in _TYPES:
        raise AudioError(f"RTP here has no {codec.name}: use one of {', '.join(FORMATS)}")
    return _TYPES[codec.name]


def _swapped(data: bytes, codec: Codec) -> bytes:
    """Return linear samples in the other byte order."""
    if codec.width == 1:
        return data
    swapped = bytearray(len(data) // 2 * 2)
    swapped[0::2], swapped[1::2] = data[1 : len(swapped) : 2], data[0 : len(swapped) : 2]
    return bytes(swapped)


class Sender:
    """Makes packets of frames.

    Args:
        codec: format of the frames.
    """

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._type = payload_type(codec)
        self._sequence = secrets.randbelow(0x8000)
        self._stamp = secrets.randbelow(0x80000000)
        self._source = secrets.randbits(32)
        self._marked = True

    def pause(self, samples: int) -> None:
        """Skip time in which nothing is sent; the next packet begins a talkspurt."""
        self._stamp = (self._stamp + samples) & 0xFFFFFFFF
        self._marked = True

    def packet(self, frame: bytes) -> bytes:
        """Return the packet of a frame."""
        kind = self._type | (0x80 if self._marked else 0)
        head = _HEAD.pack(_VERSION, kind, self._sequence, self._stamp, self._source)
        self._marked = False
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._stamp = (self._stamp + len(frame) // self._codec.width) & 0xFFFFFFFF
        return head + _swapped(frame, self._codec)


class Receiver:
    """Extracts the audio of packets.

    Args:
        codec: format of the audio; packets of another payload type are dropped.

    Attributes:
        lost: number of packets that did not arrive.
    """

    def __init__(self, codec: Codec) -> None:
        self.lost = 0
        self._codec = codec
        self._type = payload_type(codec)
        self._expected: int | None = None

    def audio(self, packet: bytes) -> bytes | None:
        """Return the audio of a packet, with silence for lost ones before it; None if dropped."""
        if len(packet) < _HEAD.size or packet[0] & 0xC0 != _VERSION:
            return None
        begin = _HEAD.size + 4 * (packet[0] & 0x0F)
        if packet[0] & 0x10 and len(packet) >= begin + 4:
            begin += 4 + 4 * int.from_bytes(packet[begin + 2 : begin + 4], "big")
        end = len(packet) - (packet[-1] if packet[0] & 0x20 else 0)
        if packet[1] & 0x7F != self._type or begin >= end:
            return None
        sequence = int.from_bytes(packet[2:4], "big")
        missing = 0 if self._expected is None else (sequence - self._expected) & 0xFFFF
        if missing >= 0x8000:  # before the expected one: late, or twice
            if missing > 0x10000 - _MOST_LOST:
                return None
            missing = 0
        if missing > _MOST_LOST:
            missing = 0
        self.lost += missing
        self._expected = (sequence + 1) & 0xFFFF
        audio = _swapped(packet[begin:end], self._codec)
        silence = (
            b"\xff" if self._codec.name == "ulaw" else b"\xd5" if self._codec.width == 1 else b"\0"
        )
        return silence * (missing * len(audio)) + audio
