"""WebSocket frames: messages are parsed however the network splits them."""

from __future__ import annotations

import time

import pytest
import websocket
from hypothesis import given
from hypothesis import strategies as st

from ari_notebook.client.websocket_frames import PING, PONG, TEXT, ProtocolError, Splitter, frame

pytestmark = pytest.mark.usefixtures("splitter")

SIZES = st.sampled_from([0, 1, 125, 126, 127, 65535, 65536, 70000])


def unmasked(data: bytes, opcode: int = TEXT, final: bool = True) -> bytes:
    """Return a server's frame, as websocket-client makes it."""
    made = websocket.ABNF(int(final), 0, 0, 0, opcode, 0, data)
    return bytes(made.format())


@given(st.lists(SIZES, max_size=5), st.lists(st.integers(1, 70_000), max_size=8))
def test_messages_are_whole_however_stream_is_split(sizes: list[int], cuts: list[int]) -> None:
    texts = [bytes([65 + n]) * size for n, size in enumerate(sizes)]
    stream = b"".join(map(unmasked, texts))
    splitter, at, found = Splitter(), 0, []
    for cut in [*cuts, len(stream) + 1]:
        found += splitter.feed(stream[at : at + cut])
        at += cut
    assert found == texts


@given(SIZES.flatmap(lambda size: st.binary(min_size=size, max_size=size)))
def test_frame_is_read_by_another_implementation(payload: bytes) -> None:
    data = bytearray(frame(TEXT, payload))

    def receive(size: int) -> bytes:
        taken = bytes(data[:size])
        del data[:size]
        return taken

    buffer = websocket._abnf.frame_buffer(receive, skip_utf8_validation=True)
    read = buffer.recv_frame()
    assert (read.fin, read.opcode, bool(read.mask_value), bytes(read.data)) == (
        1,
        TEXT,
        True,
        payload,
    )
    assert not data


def test_control_frame_inside_fragments_is_separate() -> None:
    stream = (
        unmasked(b"one ", final=False)
        + unmasked(b"?", PING)
        + unmasked(b"two", websocket.ABNF.OPCODE_CONT)
        + unmasked(b"!", PONG)
    )
    splitter = Splitter()
    assert splitter.feed(stream) == [b"one two"]
    assert splitter.take_controls() == [(PING, b"?"), (PONG, b"!")]
    assert splitter.take_controls() == []


@pytest.mark.parametrize(
    ("stream", "complaint"),
    [
        pytest.param(frame(TEXT, b"x"), "masked", id="masked"),  # by chance: no name of its own
        (b"\xc1\x00", "reserved"),
        (b"\x80\x00", "continuation without a first fragment"),
        (b"\x83\x00", "unknown opcode 3"),
        (b"\x89\x7e\x00\x80" + bytes(128), "too long"),
        (b"\x01\x01a\x81\x01b", "inside a fragmented"),
        (b"\x81\x7f" + (1 << 40).to_bytes(8, "big"), "a message of"),
    ],
)
def test_invalid_frame_is_refused(stream: bytes, complaint: str) -> None:
    with pytest.raises(ProtocolError, match=complaint):
        Splitter().feed(stream)


def test_fragmented_message_has_the_same_limit() -> None:
    splitter = Splitter(limit=10)
    splitter.feed(unmasked(b"12345678", final=False))
    with pytest.raises(ProtocolError, match="limit"):
        splitter.feed(unmasked(b"12345678", websocket.ABNF.OPCODE_CONT))


def test_fragments_without_content_take_linear_time() -> None:
    splitter = Splitter()
    began = time.process_time()
    assert splitter.feed(b"\x01\x01a" + b"\x00\x00" * 60_000 + b"\x80\x01b") == [b"ab"]
    assert time.process_time() - began < 1.5


def test_large_message_in_small_pieces_takes_linear_time() -> None:
    size = 30_000_000
    splitter = Splitter()
    began = time.process_time()
    assert splitter.feed(b"\x81\x7f" + size.to_bytes(8, "big")) == []
    for _ in range(size // 4096):
        assert splitter.feed(b"x" * 4096) == []
    for _ in range(size % 4096 - 1):
        splitter.feed(b"x")
    assert len(splitter.feed(b"x")[0]) == size
    assert time.process_time() - began < 3
