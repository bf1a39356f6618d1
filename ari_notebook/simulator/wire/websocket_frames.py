"""WebSocket frames (RFC 6455, section 5): encoding and decoding without I/O.

The simulator needs both roles: server of ``/ari/events`` and client of outbound WebSockets. It
accepts what Asterisk accepts, which is less strict than the RFC: a client's frame need not be
masked, and text is not checked for UTF-8 before it is parsed.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
KNOWN = frozenset({CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG})

NORMAL, UNSUPPORTED, TOO_BIG = 1000, 1003, 1009

MAX_FRAME = 65535  # octets of a received frame, including its header
RECONSTRUCT = 65535  # fragments are joined up to this size, then passed on separately

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class BadFrame(Exception):
    """The peer violated the protocol, which ends the connection.

    Attributes:
        code: close code (RFC 6455, section 7.4).
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class WebSocketMessage:
    """A whole message, or a control frame.

    Attributes:
        opcode: TEXT, BINARY, CLOSE, PING or PONG.
        payload: its octets, unmasked.
    """

    opcode: int
    payload: bytes

    @property
    def close_code(self) -> int:
        """Return the status code of a CLOSE to repeat in the response; default 1000."""
        return int.from_bytes(self.payload[:2], "big") if len(self.payload) >= 2 else NORMAL


def accept_key(key: str) -> str:
    """Return the response to a client's ``Sec-WebSocket-Key`` (RFC 6455, section 4.2.2)."""
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest()).decode()  # noqa: S324


def encode(opcode: int, payload: bytes, *, mask: bool = False) -> bytes:
    """Encode one final frame; a client masks its frames, a server does not."""
    length = len(payload)
    flag = 0x80 if mask else 0
    if length < 126:
        head = bytes((0x80 | opcode, flag | length))
    elif length < 1 << 16:
        head = bytes((0x80 | opcode, flag | 126)) + length.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, flag | 127)) + length.to_bytes(8, "big")
    if not mask:
        return head + payload
    key = os.urandom(4)
    return head + key + _masked(payload, key)


def encode_close(code: int, *, mask: bool = False) -> bytes:
    """Encode a CLOSE frame with a status code."""
    return encode(CLOSE, code.to_bytes(2, "big"), mask=mask)


def _masked(payload: bytes, key: bytes) -> bytes:
    length = len(payload)
    pad = (key * (length // 4 + 1))[:length]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")).to_bytes(length, "big")


class FrameReader:
    """Parses received octets into complete messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._fragments = bytearray()
        self._opcode = TEXT

    def feed(self, data: bytes) -> Iterator[WebSocketMessage]:
        """Yield the messages completed by these octets.

        Raises:
            BadFrame: the connection must be closed; earlier messages were yielded.
        """
        self._buffer += data
        while (frame := self._frame()) is not None:
            final, opcode, payload = frame
            if opcode >= CLOSE:
                yield WebSocketMessage(opcode, payload)
                continue
            if opcode != CONTINUATION:
                self._opcode = opcode
            if final and not self._fragments:
                yield WebSocketMessage(self._opcode, payload)
                continue
            self._fragments += payload
            if final or len(self._fragments) >= RECONSTRUCT:
                whole, self._fragments = bytes(self._fragments), bytearray()
                yield WebSocketMessage(self._opcode, whole)

    def _frame(self) -> tuple[bool, int, bytes] | None:
        """Take one frame from the buffer; return whether it is final, its opcode and payload."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        opcode = buffer[0] & 0x0F
        if opcode not in KNOWN:
            raise BadFrame(UNSUPPORTED, f"unknown opcode {opcode}")
        length = buffer[1] & 0x7F
        start = 2
        if length >= 126:
            start = 4 if length == 126 else 10
            if len(buffer) < start:
                return None
            length = int.from_bytes(buffer[2:start], "big")
        masked = buffer[1] & 0x80
        end = start + (4 if masked else 0) + length
        if end > MAX_FRAME:
            raise BadFrame(TOO_BIG, f"frame of {end} octets; the limit is {MAX_FRAME}")
        if len(buffer) < end:
            return None
        if masked:
            payload = _masked(bytes(buffer[start + 4 : end]), bytes(buffer[start : start + 4]))
        else:
            payload = bytes(buffer[start:end])
        final = bool(buffer[0] & 0x80)
        del buffer[:end]
        return final, opcode, payload
