"""Voice mail: greeting, beep, a message up to # or silence; listen, delete."""

import asyncio
import sys
import time
from typing import Any

from benchmarks.jobs.with_aioari.calls import Call, HungUp, serve

FOLDER = "voicemail/100/"
OPTIONS: Any = {"format": "wav", "beep": "true", "terminateOn": "#", "maxSilenceSeconds": 5}


async def leave(call: Call) -> None:
    """Record a message."""
    await call.do("answer")
    await call.play("sound:vm-intro", interrupt="#")
    name = f"{FOLDER}{time.time():.0f}-unknown"
    await call.do("record", name=name, maxDurationSeconds=180, **OPTIONS)
    while event := await call.next():
        if event["type"] in ("RecordingFinished", "RecordingFailed"):
            break
    call.keys = ""
    await call.play("sound:vm-msgsaved")


async def listen(call: Call) -> None:
    """Let the owner listen."""
    await call.do("answer")
    recordings = call.ari.client.recordings
    stored = [each.json["name"] for each in await call.ari.do(recordings.listStored)]
    names = sorted(name for name in stored if name.startswith(FOLDER))
    await call.play("sound:vm-youhave", f"sound:digits/{len(names)}", "sound:vm-messages")
    for name in names:
        key = "1"
        while key == "1":
            await call.play(f"recording:{name}", interrupt="12#")
            key = await call.ask("sound:vm-repeat", keys="12#", tries=1)
        if key == "2":
            try:
                await call.ari.do(recordings.deleteStored, recordingName=name)
            except HungUp:
                continue
            await call.play("sound:vm-deleted")
    await call.play("sound:vm-nomore")


if __name__ == "__main__":
    url, user, password = sys.argv[1:4]
    asyncio.run(serve(url, user, password, {"leave": leave, "listen": listen}))
