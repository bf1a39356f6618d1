"""AudioSocket: messages of a type, a length and content over TCP (Asterisk's res_audiosocket).

Asterisk connects to the program. Its first message is the UUID that the program gave with the call.
Both send audio as linear samples, little-endian, one frame a message; a program paces its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from ari_notebook.audio.codecs import Codec, slin_of
from ari_notebook.audio.errors import AudioError

__all__ = [
    "DTMF",
    "ERROR",
    "HANGUP",
    "LONGEST",
    "UUID",
    "MessageReader",
    "codec_of",
    "kind_of",
    "message",
]

HANGUP, UUID, DTMF, ERROR = 0x00, 0x01, 0x03, 0xFF
LONGEST = 65_535  # octets of content

# Type of an audio message by sample rate; types above 0x10 from Asterisk 22.7.
_KINDS = {
    8000: 0x10,
    12000: 0x11,
    16000: 0x12,
    24000: 0x13,
    32000: 0x14,
    44100: 0x15,
    48000: 0x16,
    96000: 0x17,
    192000: 0x18,
}
_RATES = {kind: rate for rate, kind in _KINDS.items()}


def kind_of(rate: int) -> int:
    """Return the type of audio messages at a rate.

    Raises:
        AudioError: AudioSocket has none.
    """
    if rate not in _KINDS:
        raise AudioError(f"AudioSocket has no audio at {rate} Hz: use one of {list(_KINDS)}")
    return _KINDS[rate]


def codec_of(kind: int) -> Codec | None:
    """Return the codec of a message type; None if it is not audio."""
    return slin_of(_RATES[kind]) if kind in _RATES else None


def message(kind: int, content: bytes = b"") -> bytes:
    """Return a message.

    Args:
        kind: its type.
        content: at most 65,535 octets.
    """
    return bytes([kind]) + len(content).to_bytes(2, "big") + content


class MessageReader:
    """Splits a byte stream into messages; what a peer sends beyond a message waits for its rest."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the type and content of each complete message."""
        self._rest += data
        at = 0
        while len(self._rest) - at >= 3:
            end = at + 3 + int.from_bytes(self._rest[at + 1 : at + 3], "big")
            if len(self._rest) < end:
                break
            yield self._rest[at], bytes(self._rest[at + 3 : end])
            at = end
        del self._rest[:at]
