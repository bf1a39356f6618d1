"""A voice bot: it listens until the caller pauses, and answers with a tone of the same length."""

import socket
import sys
import time
import uuid
from contextlib import closing, suppress

import numpy as np

from benchmarks.jobs.bare.calls import Ari, Call, HungUp

FRAME = 160  # samples in 20 ms
AUDIO = 0x10  # AudioSocket's type of 16-bit samples, 8,000 a second


def open_media(call: Call) -> tuple[Call, socket.socket]:
    """Make an external media channel; return it and its connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        media = Call(call.ari, str(uuid.uuid4()))
        call.ari.own.add(media.id)
        call.ari.request(
            "POST",
            "/channels/externalMedia",
            channelId=media.id,
            app="jobs",
            external_host=f"127.0.0.1:{listener.getsockname()[1]}",
            encapsulation="audiosocket",
            transport="tcp",
            format="slin",
            data=str(uuid.uuid4()),
        )
        listener.settimeout(10)
        connection, _ = listener.accept()
    while (event := media.next(time.monotonic() + 10)) and event["type"] != "StasisStart":
        pass
    return media, connection


def hear(connection: socket.socket) -> float:
    """Return the seconds up to a pause of one second after speech."""
    connection.settimeout(0.02)
    begun, spoken, buffer = time.monotonic(), 0.0, b""
    while time.monotonic() - (spoken or begun + 30) < 1:
        with suppress(TimeoutError):  # Asterisk sends no silence
            if not (data := connection.recv(4096)):
                raise HungUp
            buffer += data
        while len(buffer) >= 3 and len(buffer) >= 3 + int.from_bytes(buffer[1:3]):
            end = 3 + int.from_bytes(buffer[1:3])
            kind, frame, buffer = buffer[0], buffer[3:end], buffer[end:]
            samples = np.frombuffer(frame, "<i2" if kind == AUDIO else "u1").astype(float)
            if kind == AUDIO and np.sqrt(np.mean(samples**2)) > 300:
                spoken = time.monotonic()
    return time.monotonic() - begun


def say(connection: socket.socket, seconds: float) -> None:
    """Send a tone."""
    begun = time.monotonic()
    for number in range(int(seconds * 50)):
        places = np.arange(number * FRAME, (number + 1) * FRAME)
        samples = (8000 * np.sin(2 * np.pi * 800 * places / 8000)).astype("<i2")
        connection.sendall(bytes([AUDIO]) + (2 * FRAME).to_bytes(2) + samples.tobytes())
        time.sleep(max(0, begun + (number + 1) * 0.02 - time.monotonic()))


def bot(call: Call) -> None:
    """Serve a caller."""
    call.do("answer")
    media, connection = open_media(call)
    bridge = call.ari.request("POST", "/bridges", type="mixing")["id"]
    try:
        with closing(connection):
            path = f"/bridges/{bridge}/addChannel"
            call.ari.request("POST", path, channel=[call.id, media.id])
            seconds = hear(connection)
            say(connection, seconds)
        call.do("variable", variable="GLOBAL(SAID)", value=f"{seconds:.1f}")
    finally:
        for path in (f"/bridges/{bridge}", f"/channels/{media.id}"):
            with suppress(HungUp):
                call.ari.request("DELETE", path)


if __name__ == "__main__":
    Ari(*sys.argv[1:4]).run({"bot": bot})
