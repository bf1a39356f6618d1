"""WebSocket frames, against the RFC's own examples and against what Asterisk's reader accepts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_notebook.simulator import frames
from ari_notebook.simulator.frames import BadFrame, FrameReader, Message


def read(data: bytes) -> list[Message]:
    return list(FrameReader().feed(data))


def test_the_accept_key_is_the_one_of_rfc_6455_section_1_3():
    assert frames.accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_the_masked_hello_of_rfc_6455_section_5_7():
    masked = bytes.fromhex("818537fa213d7f9f4d5158")
    assert read(masked) == [Message(frames.TEXT, b"Hello")]
    assert frames.encode(frames.TEXT, b"Hello") == bytes.fromhex("810548656c6c6f")


def test_the_fragmented_hello_of_rfc_6455_section_5_7():
    assert read(bytes.fromhex("010348656c80026c6f")) == [Message(frames.TEXT, b"Hello")]


@given(st.binary(max_size=70_000), st.booleans())
def test_what_is_written_is_read_again_unless_it_is_too_big(payload, mask):
    frame = frames.encode(frames.BINARY, payload, mask=mask)
    if len(frame) <= frames.MAX_FRAME:
        assert read(frame) == [Message(frames.BINARY, payload)]
    else:
        with pytest.raises(BadFrame) as fault:
            read(frame)
        assert fault.value.code == frames.TOO_BIG


@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(1, 40))
def test_octets_may_arrive_in_any_pieces(payloads, size):
    stream = b"".join(frames.encode(frames.TEXT, each, mask=True) for each in payloads)
    reader = FrameReader()
    read = []
    for start in range(0, len(stream), size):
        read += reader.feed(stream[start : start + size])
    assert [each.payload for each in read] == payloads


def test_a_control_frame_may_come_between_fragments():
    stream = (
        bytes.fromhex("010348656c") + frames.encode(frames.PING, b"x") + bytes.fromhex("80026c6f")
    )
    assert read(stream) == [Message(frames.PING, b"x"), Message(frames.TEXT, b"Hello")]


def test_a_frame_of_65535_octets_with_its_header_is_the_largest():
    largest = frames.encode(frames.TEXT, b"x" * (65535 - 8), mask=True)
    assert len(read(largest)[0].payload) == 65527
    with pytest.raises(BadFrame, match="65536") as fault:
        read(frames.encode(frames.TEXT, b"x" * (65536 - 8), mask=True))
    assert fault.value.code == 1009


def test_an_unknown_opcode_closes_with_1003():
    with pytest.raises(BadFrame) as fault:
        read(bytes((0x83, 0x00)))
    assert fault.value.code == 1003


def test_messages_before_a_bad_frame_are_still_given():
    messages = FrameReader().feed(frames.encode(frames.TEXT, b"{}") + bytes((0x83, 0x00)))
    assert next(messages).payload == b"{}"
    with pytest.raises(BadFrame):
        next(messages)


def test_a_close_carries_its_code_or_means_1000():
    assert read(frames.encode_close(1001))[0].close_code == 1001
    assert read(frames.encode(frames.CLOSE, b""))[0].close_code == 1000
