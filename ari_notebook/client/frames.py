"""A WebSocket client's frames, without I/O (RFC 6455, section 5).

Made for many small text messages in large pieces of data: one pass over a buffer, no object for a
frame. Connecting and closing are websocket-client's.
"""

from __future__ import annotations

import os

__all__ = ["PING", "PONG", "TEXT", "ProtocolError", "Splitter", "frame"]

_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0, 1, 2, 8, 9, 10
_FINAL = 0x80
TEXT, PING, PONG = _TEXT, _PING, _PONG


class ProtocolError(Exception):
    """The server sent what no WebSocket server may send."""


def frame(opcode: int, payload: bytes) -> bytes:
    """A whole message as one frame, masked as a client's have to be.

    Args:
        opcode: of the message: `TEXT`, `PING` or `PONG`.
        payload: its content; at most 125 bytes for the latter two.
    """
    size = len(payload)
    if size < 126:
        head = bytes((_FINAL | opcode, 0x80 | size))
    elif size < 1 << 16:
        head = bytes((_FINAL | opcode, 0xFE)) + size.to_bytes(2, "big")
    else:
        head = bytes((_FINAL | opcode, 0xFF)) + size.to_bytes(8, "big")
    key = os.urandom(4)
    # As one number each: a loop over the bytes would take longer than sending them.
    mask = int.from_bytes((key * (size // 4 + 1))[:size], "big")
    return head + key + (int.from_bytes(payload, "big") ^ mask).to_bytes(size, "big")


class Splitter:
    """Takes pieces of a byte stream, gives whole messages.

    Args:
        limit: the largest message, in bytes, that is taken.
    """

    def __init__(self, limit: int = 64 << 20) -> None:
        self._limit = limit
        self._rest = b""
        self._parts: list[bytes] | None = None  # of a message that comes in several frames
        self._controls: list[tuple[int, bytes]] = []

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete with this piece, in order.

        Raises:
            ProtocolError: the stream cannot be read on.
        """
        if self._rest:
            data = self._rest + data
        messages: list[bytes] = []
        take = messages.append
        at, end = 0, len(data)
        while end - at >= 2:
            first, length = data[at], data[at + 1]
            start = at + 2
            if length == 126:
                start += 2
                if start > end:
                    break
                length = data[at + 2] << 8 | data[at + 3]
            elif length == 127:
                start += 8
                if start > end:
                    break
                length = int.from_bytes(data[at + 2 : start], "big")
                if length > self._limit:
                    raise ProtocolError(f"a message of {length} bytes")
            elif length > 127:
                raise ProtocolError("a masked frame from a server")
            stop = start + length
            if stop > end:
                break
            at = stop
            if first == _FINAL | _TEXT and self._parts is None:
                take(data[start:stop])
            else:
                message = self._unusual(first, data[start:stop])
                if message is not None:
                    take(message)
        self._rest = data[at:]
        return messages

    def take_controls(self) -> list[tuple[int, bytes]]:
        """The control frames since the last call, as (opcode, payload)."""
        controls, self._controls = self._controls, []
        return controls

    def _unusual(self, first: int, payload: bytes) -> bytes | None:
        """Anything but a whole text message: control frames, fragments, binary, nonsense."""
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
                raise ProtocolError("a continuation of nothing")
            self._parts.append(payload)
            if sum(map(len, self._parts)) > self._limit:
                raise ProtocolError("a fragmented message over the limit")
        elif opcode in (_TEXT, _BINARY):
            if self._parts is not None:
                raise ProtocolError("a message inside a fragmented one")
            self._parts = [payload]
        else:
            raise ProtocolError(f"an unknown opcode, {opcode}")
        if not final:
            return None
        message, self._parts = b"".join(self._parts), None
        return message
