"""A greeter with ari-client (PyPI): plays a sound to each call, and hangs up."""

import asyncio
import sys
from typing import Any
from urllib.parse import urlsplit

from ari_client import AriClient, EventType

URL, USER, PASSWORD, APP = sys.argv[1:5]


async def main() -> None:
    place = urlsplit(URL)
    client = AriClient(place.hostname, place.port, USER, PASSWORD)
    over = asyncio.Event()

    async def greet(event: Any) -> None:
        await client.ari.answer_channel(event.channel.id)
        await client.ari.play_channel(event.channel.id, "sound:beep")

    async def played(event: Any) -> None:
        target = event.playback.target_uri.removeprefix("channel:")
        await client.ari.hangup_channel(target)

    async def ended(event: Any) -> None:
        over.set()

    client.on_event(EventType.STASIS_START)(greet)
    client.on_event(EventType.PLAYBACK_FINISHED)(played)
    client.on_event(EventType.STASIS_END)(ended)
    await client.connect(APP)
    print("connected", flush=True)
    await over.wait()
    print("done", flush=True)
    await client.disconnect()


asyncio.run(main())
