"""`greet` of test_server.py, written with aioari, whose requests have another form."""

import asyncio
import json
import sys
from typing import Any

import aioari

URL, USER, PASSWORD = sys.argv[1:4]


async def main() -> None:
    client = await aioari.connect(URL, USER, PASSWORD)
    seen: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    client.on_event("*", seen.put_nowait)

    async def until(kind: str) -> dict[str, Any]:
        while True:
            event = await asyncio.wait_for(seen.get(), 15)
            if event["type"] == kind:
                return event

    running = asyncio.ensure_future(client.run("hello-world"))
    start = await until("StasisStart")
    channel = await client.channels.get(channelId=start["channel"]["id"])
    await channel.answer()
    await channel.play(media="sound:hello-world")
    done = await until("PlaybackFinished")
    bridge = await client.bridges.create(type="mixing")
    await bridge.addChannel(channel=channel.id)
    entered = await until("ChannelEnteredBridge")
    there = await client.channels.get(channelId=channel.id)
    await channel.hangup()
    await until("StasisEnd")
    running.cancel()
    await client.close()
    saw = {
        "channel": channel.id,
        "playback": done["playback"]["id"],
        "bridge": entered["bridge"]["id"],
        "state": there.json["state"],
    }
    print(json.dumps(saw))


asyncio.run(main())
