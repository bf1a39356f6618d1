"""A conference that waits for its moderator, ends with it, and can be left by #."""

import asyncio
import sys
import time
from contextlib import suppress
from typing import Any

from aiohttp import web

from benchmarks.jobs.with_aioari.calls import Call, HungUp, serve

bridge: dict[str, Any] = {"bridgeId": "conference-board"}
inside: list[Call] = []
moderators = 0


async def guest(call: Call) -> None:
    """Let a guest take part."""
    await call.do("answer")
    if not moderators:
        await call.play("sound:conf-waitforleader")
        await call.do("startMoh")
        while not moderators:
            await call.next(time.monotonic() + 0.2)
        await call.do("stopMoh")
    await take_part(call)


async def moderator(call: Call) -> None:
    """Let the moderator take part."""
    global moderators
    await call.do("answer")
    bridges = call.ari.client.bridges
    await call.ari.do(bridges.createWithId, type="mixing,dtmf_events", **bridge)
    moderators += 1
    try:
        await take_part(call)
    finally:
        moderators -= 1
        if not moderators:
            await call.ari.do(bridges.destroy, **bridge)


async def take_part(call: Call) -> None:
    """Join, until #, or until the bridge is gone."""
    ari, bridges = call.ari, call.ari.client.bridges
    if inside:
        with suppress(HungUp, web.HTTPException):  # Asterisk refuses some of two at once
            await ari.do(bridges.play, media="sound:beep", **bridge)
    inside.append(call)
    try:
        await ari.do(bridges.addChannel, channel=call.id, **bridge)
        while "#" not in call.keys:
            event = await call.next()
            if event and event["type"] == "ChannelLeftBridge":
                return
    finally:
        inside.remove(call)
        with suppress(HungUp, web.HTTPException):
            await ari.do(bridges.removeChannel, channel=call.id, **bridge)


if __name__ == "__main__":
    url, user, password = sys.argv[1:4]
    asyncio.run(serve(url, user, password, {"guest": guest, "moderator": moderator}))
