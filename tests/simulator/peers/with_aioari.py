"""What a program written with aioari does: hello-world, a recording, a bridge. Prints a summary."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import aioari

URL, USER, PASSWORD = sys.argv[1:4]
APP = "with-aioari"


async def main() -> None:
    client = await aioari.connect(URL, USER, PASSWORD)
    seen: asyncio.Queue[Any] = asyncio.Queue()
    client.on_event("*", seen.put_nowait)

    async def until(kind: str, **where: Any) -> Any:
        while True:
            event = await asyncio.wait_for(seen.get(), 10)
            if event["type"] == kind and all(event.get(k) == v for k, v in where.items()):
                return event

    running = asyncio.ensure_future(client.run(APP))
    while not client.websockets:
        await asyncio.sleep(0.01)

    async def channel(*args: str) -> Any:
        await client.channels.originate(
            endpoint="Local/1002@default", app=APP, appArgs=",".join(args)
        )
        event = await until("StasisStart", args=list(args))
        return await client.channels.get(channelId=event["channel"]["id"])

    one = await channel("one")
    playback = await one.play(media="sound:hello-world")
    played = await until("PlaybackFinished")
    assert played["playback"]["id"] == playback.id

    recording = await one.record(name="aioari", format="wav", ifExists="overwrite")
    await until("RecordingStarted")
    await asyncio.sleep(0.2)
    await recording.stop()
    recorded = await until("RecordingFinished")
    stored = await client.recordings.getStored(recordingName="aioari")
    await stored.deleteStored()

    two = await channel("two", "2")
    bridge = await client.bridges.create(type="mixing")
    await bridge.addChannel(channel=[one.id, two.id])
    members = (await client.bridges.get(bridgeId=bridge.id)).json["channels"]
    await one.hangup()
    await two.hangup()
    await until("StasisEnd")
    await until("StasisEnd")
    await bridge.destroy()
    running.cancel()
    await client.close()
    print(
        json.dumps(
            {
                "played": played["playback"]["state"],
                "recorded": recorded["recording"]["state"],
                "members": sorted(members) == sorted([one.id, two.id]),
            }
        )
    )


asyncio.run(main())
