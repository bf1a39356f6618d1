"""An echo with the AudioSocket transport of asterisk-ai-voice-agent."""

import asyncio
import sys
from collections.abc import AsyncIterator

from asterisk_ai_voice_agent.transport import AudioSocketTransport


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    transport = AudioSocketTransport(reader, writer)
    assert await transport.handshake()
    arrived: asyncio.Queue[bytes] = asyncio.Queue()
    over = asyncio.Event()

    async def listen() -> None:
        while (audio := await transport.read_audio()) is not None:
            await arrived.put(audio)
        over.set()
        await arrived.put(b"")

    async def answer() -> AsyncIterator[bytes]:
        while audio := await arrived.get():
            yield audio

    listening = asyncio.create_task(listen())
    await transport.play(answer(), over.is_set)
    await listening
    await transport.close()


async def main() -> None:
    async with await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1])):
        print("listening", flush=True)
        await asyncio.Event().wait()


asyncio.run(main())
