"""A greeter with the ARI client of grandstream, without its calls, which carry media."""

import asyncio
import json
import sys

from grandstream.ari.client import AriClient, AriConfig

URL, USER, PASSWORD, APP = sys.argv[1:5]


async def main() -> None:
    client = AriClient(AriConfig(url=f"{URL}/ari", username=USER, password=PASSWORD))
    socket = await client.events(APP)
    print("connected", flush=True)
    async for text in socket:
        event = json.loads(text)
        if event["type"] == "StasisStart":
            channel = event["channel"]["id"]
            await client.request("POST", f"/channels/{channel}/answer")
            await client.request(
                "POST", f"/channels/{channel}/play", params={"media": "sound:beep"}
            )
        elif event["type"] == "PlaybackFinished":
            channel = event["playback"]["target_uri"].removeprefix("channel:")
            await client.request("DELETE", f"/channels/{channel}")
        elif event["type"] == "StasisEnd":
            print("done", flush=True)
            return


asyncio.run(main())
