"""A greeter with asterkit: plays a sound to each call, and hangs up."""

import asyncio
import sys
from typing import Any
from urllib.parse import urlsplit

from asterkit.ari.client import App, Client

URL, USER, PASSWORD, APP = sys.argv[1:5]


async def main() -> None:
    place = urlsplit(URL)
    client = Client(host=place.hostname, port=place.port, username=USER, password=PASSWORD)
    over = asyncio.Event()

    async def greet(event: Any, **options: Any) -> None:
        channel = event["channel"]["id"]
        await client.post(f"/channels/{channel}/answer")
        await client.post(f"/channels/{channel}/play", params={"media": "sound:beep"})

    async def played(event: Any, **options: Any) -> None:
        channel = event["playback"]["target_uri"].removeprefix("channel:")
        await client.delete(f"/channels/{channel}")

    async def ended(event: Any, **options: Any) -> None:
        over.set()

    await client.add_apps(type("Greeter", (App,), {"name": APP}))
    client.subscribe("StasisStart", greet)
    client.subscribe("PlaybackFinished", played)
    client.subscribe("StasisEnd", ended)
    running = asyncio.ensure_future(client.connect())
    print("connected", flush=True)
    await over.wait()
    print("done", flush=True)
    running.cancel()


asyncio.run(main())
