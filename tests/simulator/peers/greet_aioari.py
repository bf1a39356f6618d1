"""A greeter with aioari: plays a sound to each call, and hangs up."""

import asyncio
import sys
from typing import Any

import aioari

URL, USER, PASSWORD, APP = sys.argv[1:5]


async def main() -> None:
    client = await aioari.connect(URL, USER, PASSWORD)
    over = asyncio.Event()

    async def greet(objects: Any, event: Any) -> None:
        await objects["channel"].answer()
        await objects["channel"].play(media="sound:beep")

    async def played(playback: Any, event: Any) -> None:
        id = event["playback"]["target_uri"].removeprefix("channel:")
        await client.channels.hangup(channelId=id)

    client.on_channel_event("StasisStart", greet)
    client.on_playback_event("PlaybackFinished", played)
    client.on_channel_event("StasisEnd", lambda channel, event: over.set())
    running = asyncio.ensure_future(client.run(APP))
    print("connected", flush=True)
    await over.wait()
    print("done", flush=True)
    running.cancel()
    await client.close()


asyncio.run(main())
