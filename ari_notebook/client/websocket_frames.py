"""A WebSocket's frames, without I/O (RFC 6455, section 5).

Optimised for many small text messages in large reads: one pass over a buffer, no object per frame,
in C where that was compiled (`ari_notebook.store.event_scanner`).
websocket-client opens and closes the connection.
"""

from __future__ import annotations

import os
import struct

from ari_notebook.store import event_scanner

try:
    from websockets.speedups import apply_mask
except ImportError:  # it was not compiled, or there is none, as in a browser
    apply_mask = None  # type: ignore[assignment]

__all__ = [
    "BINARY",
    "CLOSE",
    "PING",
    "PONG",
    "TEXT",
    "BinaryMessage",
    "ProtocolError",
    "Splitter",
    "frame",
]

_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0, 1, 2, 8, 9, 10
_FINAL = 0x80
TEXT, BINARY, CLOSE, PING, PONG = _TEXT, _BINARY, _CLOSE, _PING, _PONG


_HEAD = struct.Struct(">HH").unpack_from
_EVENT = (_FINAL | _TEXT) << 8 | 126


class BinaryMessage(bytes):
    """A binary message; text messages are plain bytes."""

    __slots__ = ()


class ProtocolError(Exception):
    """The peer violated the WebSocket protocol."""


def frame(opcode: int, payload: bytes, *, masked: bool = True) -> bytes:
    """Return a message as one frame.

    Args:
        opcode: `TEXT`, `BINARY`, `CLOSE`, `PING` or `PONG`.
        payload: its content; at most 125 bytes for the last three.
        masked: whether this end is the client, which masks its frames.
    """
    size, bit = len(payload), 0x80 if masked else 0
    if size < 126:
        head = bytes((_FINAL | opcode, bit | size))
    elif size < 1 << 16:
        head = bytes((_FINAL | opcode, bit | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((_FINAL | opcode, bit | 127)) + size.to_bytes(8, "big")
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + _masked(payload, key)


def _masked(payload: bytes, key: bytes) -> bytes:
    """Return a payload masked by a key."""
    if apply_mask is not None:
        return apply_mask(payload, key)
    size = len(payload)
    # As integers: a loop over the bytes would take longer than sending them.
    mask = int.from_bytes((key * (size // 4 + 1))[:size], "big")
    return (int.from_bytes(payload, "big") ^ mask).to_bytes(size, "big")


def _split_texts(data: bytes, at: int, messages: list[bytes]) -> int:
    """Split whole text messages of 126 to 65,535 bytes, which most events are, off a stream.

    Args:
        data: bytes of the stream.
        at: where a frame begins in it.
        messages: what the messages are added to.

    Returns:
        Where the next other frame begins, or one that is not complete.
    """
    take, end = messages.append, len(data)
    while (start := at + 4) <= end:
        head, length = _HEAD(data, at)
        stop = start + length
        if head != _EVENT or stop > end:
            break
        take(data[start:stop])
        at = stop
    return at


_take_texts = event_scanner.split_texts or _split_texts


class Splitter:
    """Splits a byte stream into complete messages.

    Args:
        limit: maximum size of a message, in bytes.
    """

    def __init__(self, limit: int = 64 << 20) -> None:
        self._limit = limit
        self._rest = bytearray()  # of a frame that is not complete, at the end of a read
        self._needed = 2  # octets needed to complete the frame at the start of the rest
        self._parts: bytearray | None = None  # parts of a fragmented message
        self._binary = False  # whether that message is binary
        self._controls: list[tuple[int, bytes]] = []

    def feed(self, data: bytes) -> list[bytes]:
        """Return the messages completed by this data, in order.

        Raises:
            ProtocolError: the rest of the stream cannot be parsed.
        """
        messages: list[bytes] = []
        at = 0
        while self._rest:  # only the frame that began in an earlier read is copied to that
            start, at = at, at + self._needed - len(self._rest)
            self._rest += data[start:at]
            if len(self._rest) < self._needed:
                return messages  # parse once per frame, however small the reads are
            self._split(bytes(self._rest), 0, messages)
        self._split(data, at, messages)
        return messages

    def _split(self, data: bytes, at: int, messages: list[bytes]) -> None:
        """Add the messages of complete frames to others, and keep the rest.

        Args:
            data: bytes of the stream.
            at: where a frame begins in it.
            messages: what the messages are added to.
        """
        self._needed = 2
        take, end = messages.append, len(data)
        while end - at >= 2:
            if self._parts is None:
                at = _take_texts(data, at, messages)
                if end - at < 2:
                    break
            first, length = data[at], data[at + 1]
            start = at + 2
            if length == 126:
                start += 2
                if start > end:
                    self._needed = 4
                    break
                length = data[at + 2] << 8 | data[at + 3]
            elif length == 127:
                start += 8
                if start > end:
                    self._needed = 10
                    break
                length = int.from_bytes(data[at + 2 : start], "big")
                if length > self._limit:
                    raise ProtocolError(f"a message of {length} bytes")
            elif length > 127:
                raise ProtocolError("a masked frame from a server")
            stop = start + length
            if stop > end:
                self._needed = stop - at
                break
            at = stop
            if first == _FINAL | _TEXT and self._parts is None:
                take(data[start:stop])
            else:
                message = self._unusual(first, data[start:stop])
                if message is not None:
                    take(message)
        self._rest = bytearray(data[at:])

    def take_controls(self) -> list[tuple[int, bytes]]:
        """Return the control frames since the last call, as (opcode, payload)."""
        controls, self._controls = self._controls, []
        return controls

    def _unusual(self, first: int, payload: bytes) -> bytes | None:
        """Handle any other frame: control, fragment, binary or invalid."""
        opcode, final = first & 0x0F, first & _FINAL
        if first & 0x70:
            raise ProtocolError("reserved bits are set")
        if opcode in (_CLOSE, _PING, _PONG):
            if not final or len(payload) > 125:
                raise ProtocolError("a control frame that is fragmented or too long")
            self._controls.append((opcode, payload))
            return None
        if opcode == _CONTINUATION:
            if self._parts is None:
                raise ProtocolError("a continuation without a first fragment")
            self._parts += payload
            if len(self._parts) > self._limit:
                raise ProtocolError("a fragmented message over the limit")
        elif opcode in (_TEXT, _BINARY):
            if self._parts is not None:
                raise ProtocolError("a message inside a fragmented one")
            if final and opcode == _BINARY:
                return BinaryMessage(payload)
            self._parts, self._binary = bytearray(payload), opcode == _BINARY
        else:
            raise ProtocolError(f"unknown opcode {opcode}")
        if not final:
            return None
        message, self._parts = bytes(self._parts), None
        return BinaryMessage(message) if self._binary else message
