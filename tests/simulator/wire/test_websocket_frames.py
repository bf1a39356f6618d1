"""WebSocket frames, against the RFC's own examples and against what Asterisk's reader accepts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_notebook.simulator.wire import websocket_frames
from ari_notebook.simulator.wire.websocket_frames import BadFrame, FrameReader, WebSocketMessage


def read(data: bytes) -> list[WebSocketMessage]:
    return list(FrameReader().feed(data))


def test_accept_key_is_the_one_of_rfc_6455_section_1_3() -> None:
    assert websocket_frames.accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_masked_hello_of_rfc_6455_section_5_7() -> None:
    masked = bytes.fromhex("818537fa213d7f9f4d5158")
    assert read(masked) == [WebSocketMessage(websocket_frames.TEXT, b"Hello")]
    assert websocket_frames.encode(websocket_frames.TEXT, b"Hello") == bytes.fromhex(
        "810548656c6c6f"
    )


def test_fragmented_hello_of_rfc_6455_section_5_7() -> None:
    assert read(bytes.fromhex("010348656c80026c6f")) == [
        WebSocketMessage(websocket_frames.TEXT, b"Hello")
    ]


@given(st.binary(max_size=70_000), st.booleans())
def test_written_frames_are_read_unless_too_large(payload: bytes, mask: bool) -> None:
    frame = websocket_frames.encode(websocket_frames.BINARY, payload, mask=mask)
    if len(frame) <= websocket_frames.MAX_FRAME:
        assert read(frame) == [WebSocketMessage(websocket_frames.BINARY, payload)]
    else:
        with pytest.raises(BadFrame) as fault:
            read(frame)
        assert fault.value.code == websocket_frames.TOO_BIG


@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(1, 40))
def test_octets_may_arrive_in_any_pieces(payloads: list[bytes], size: int) -> None:
    stream = b"".join(
        websocket_frames.encode(websocket_frames.TEXT, each, mask=True) for each in payloads
    )
    reader = FrameReader()
    read: list[WebSocketMessage] = []
    for start in range(0, len(stream), size):
        read += reader.feed(stream[start : start + size])
    assert [each.payload for each in read] == payloads


def test_control_frame_may_come_between_fragments() -> None:
    stream = (
        bytes.fromhex("010348656c")
        + websocket_frames.encode(websocket_frames.PING, b"x")
        + bytes.fromhex("80026c6f")
    )
    assert read(stream) == [
        WebSocketMessage(websocket_frames.PING, b"x"),
        WebSocketMessage(websocket_frames.TEXT, b"Hello"),
    ]


def test_frame_of_65535_octets_with_its_header_is_the_largest() -> None:
    largest = websocket_frames.encode(websocket_frames.TEXT, b"x" * (65535 - 8), mask=True)
    assert len(read(largest)[0].payload) == 65527
    with pytest.raises(BadFrame, match="65536") as fault:
        read(websocket_frames.encode(websocket_frames.TEXT, b"x" * (65536 - 8), mask=True))
    assert fault.value.code == 1009


def test_unknown_opcode_closes_with_1003() -> None:
    with pytest.raises(BadFrame) as fault:
        read(bytes((0x83, 0x00)))
    assert fault.value.code == 1003


def test_messages_before_a_bad_frame_are_still_given() -> None:
    messages = FrameReader().feed(
        websocket_frames.encode(websocket_frames.TEXT, b"{}") + bytes((0x83, 0x00))
    )
    assert next(messages).payload == b"{}"
    with pytest.raises(BadFrame):
        next(messages)


def test_close_carries_its_code_or_means_1000() -> None:
    assert read(websocket_frames.encode_close(1001))[0].close_code == 1001
    assert read(websocket_frames.encode(websocket_frames.CLOSE, b""))[0].close_code == 1000
