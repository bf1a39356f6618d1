"""A greeter with asyncari: plays a sound to each call, and hangs up."""

import sys

import anyio
import asyncari

URL, USER, PASSWORD, APP = sys.argv[1:5]


async def main() -> None:
    async with asyncari.connect(URL + "/", APP, USER, PASSWORD) as client:
        print("connected", flush=True)
        async for event in client:
            if event.type == "StasisStart":
                await event.channel.answer()
                await event.channel.play(media="sound:beep")
            elif event.type == "PlaybackFinished":
                id = event.playback.target_uri.removeprefix("channel:")
                await client.channels.hangup(channelId=id)
            elif event.type == "StasisEnd":
                print("done", flush=True)
                return


anyio.run(main)
