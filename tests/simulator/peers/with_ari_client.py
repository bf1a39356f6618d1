"""What a program written with ari-client (PyPI) does: hello-world, a recording, a bridge."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any
from urllib.parse import urlsplit

from ari_client import AriClient, EventType

URL, USER, PASSWORD = sys.argv[1:4]
APP = "with-ari-client"


async def main() -> None:
    place = urlsplit(URL)
    client = AriClient(place.hostname, place.port, USER, PASSWORD)
    seen: asyncio.Queue[Any] = asyncio.Queue()
    for kind in EventType:
        client.on_event(kind)(seen.put)
    await client.connect(APP)

    async def until(kind: Any) -> Any:
        while True:
            event = await asyncio.wait_for(seen.get(), 10)
            if event.type in (kind, kind.value):
                return event

    async def channel() -> Any:
        await client.ari.originate(endpoint="Local/1002@default")
        return (await until(EventType.STASIS_START)).channel

    one = await channel()
    await client.ari.play_channel(one.id, "sound:hello-world")
    played = await until(EventType.PLAYBACK_FINISHED)
    await client.ari.record_channel(one.id, "ari-client", "wav")
    await until(EventType.RECORDING_STARTED)
    await asyncio.sleep(0.2)
    await client.ari.stop_recording("ari-client")
    recorded = await until(EventType.RECORDING_FINISHED)
    await client.ari.delete_stored_recording("ari-client")
    two = await channel()
    bridge = await client.ari.create_bridge()
    for each in (one, two):
        await client.ari.bridge_add_channel(bridge.id, each.id)
    members = (await client.ari.get_bridge(bridge.id)).channels
    for each in (one, two):
        await client.ari.hangup_channel(each.id)
        await until(EventType.STASIS_END)
    await client.ari.stop_bridge(bridge.id)
    print(
        json.dumps(
            {
                "played": played.playback.state,
                "recorded": recorded.recording.state,
                "members": sorted(members) == sorted([one.id, two.id]),
            },
            default=str,
        )
    )


asyncio.run(main())
