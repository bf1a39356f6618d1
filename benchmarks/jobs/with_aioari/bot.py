"""A voice bot: it listens until the caller pauses, and answers with a tone of the same length."""

import asyncio
import sys
import time
import uuid
from contextlib import suppress

import numpy as np

from benchmarks.jobs.with_aioari.calls import Call, HungUp, serve

FRAME = 160  # samples in 20 ms
AUDIO = 0x10  # AudioSocket's type of 16-bit samples, 8,000 a second
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def open_media(call: Call) -> tuple[Call, Streams]:
    """Make an external media channel; return it and its connection."""
    came: asyncio.Future[Streams] = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(
        lambda reader, writer: came.set_result((reader, writer)), "127.0.0.1", 0
    )
    media = Call(call.ari, str(uuid.uuid4()))
    call.ari.own.add(media.id)
    await media.do(
        "externalMedia",
        app="jobs",
        external_host=f"127.0.0.1:{server.sockets[0].getsockname()[1]}",
        encapsulation="audiosocket",
        transport="tcp",
        format="slin",
        data=str(uuid.uuid4()),
    )
    streams = await asyncio.wait_for(came, 10)
    server.close()
    while (event := await media.next(time.monotonic() + 10)) and event["type"] != "StasisStart":
        pass
    return media, streams


async def hear(reader: asyncio.StreamReader) -> float:
    """Return the seconds up to a pause of one second after speech."""
    begun, spoken, buffer = time.monotonic(), 0.0, b""
    while time.monotonic() - (spoken or begun + 30) < 1:
        with suppress(TimeoutError):  # Asterisk sends no silence
            if not (data := await asyncio.wait_for(reader.read(4096), 0.02)):
                raise HungUp
            buffer += data
        while len(buffer) >= 3 and len(buffer) >= 3 + int.from_bytes(buffer[1:3]):
            end = 3 + int.from_bytes(buffer[1:3])
            kind, frame, buffer = buffer[0], buffer[3:end], buffer[end:]
            samples = np.frombuffer(frame, "<i2" if kind == AUDIO else "u1").astype(float)
            if kind == AUDIO and np.sqrt(np.mean(samples**2)) > 300:
                spoken = time.monotonic()
    return time.monotonic() - begun


async def say(writer: asyncio.StreamWriter, seconds: float) -> None:
    """Send a tone."""
    begun = time.monotonic()
    for number in range(int(seconds * 50)):
        places = np.arange(number * FRAME, (number + 1) * FRAME)
        samples = (8000 * np.sin(2 * np.pi * 800 * places / 8000)).astype("<i2")
        writer.write(bytes([AUDIO]) + (2 * FRAME).to_bytes(2) + samples.tobytes())
        await asyncio.sleep(max(0, begun + (number + 1) * 0.02 - time.monotonic()))


async def bot(call: Call) -> None:
    """Serve a caller."""
    await call.do("answer")
    media, (reader, writer) = await open_media(call)
    bridges = call.ari.client.bridges
    bridge = (await call.ari.do(bridges.create, type="mixing")).json["id"]
    try:
        members = f"{call.id},{media.id}"
        await call.ari.do(bridges.addChannel, bridgeId=bridge, channel=members)
        seconds = await hear(reader)
        await say(writer, seconds)
        await call.do("setChannelVar", variable="GLOBAL(SAID)", value=f"{seconds:.1f}")
    finally:
        writer.close()
        with suppress(HungUp):
            await call.ari.do(bridges.destroy, bridgeId=bridge)
        with suppress(HungUp):
            await media.do("hangup")


if __name__ == "__main__":
    url, user, password = sys.argv[1:4]
    asyncio.run(serve(url, user, password, {"bot": bot}))
