"""A queue with one agent: the longest waiting is first, with music and announcements."""

import asyncio
import sys
import time
from contextlib import suppress

from benchmarks.jobs.with_aioari.calls import Call, HungUp, serve

waiting: list[Call] = []
busy = False


async def hotline(call: Call) -> None:
    """Serve a caller."""
    await call.do("answer")
    waiting.append(call)
    await call.do("startMoh")
    announced = time.monotonic()
    try:
        while not await talk(call):
            if time.monotonic() - announced > 15:
                announced = time.monotonic()
                await call.do("stopMoh")
                place = waiting.index(call) + 1
                said = ["sound:queue-thereare", f"sound:digits/{place}", "sound:queue-callswaiting"]
                await call.play(*(["sound:queue-youarenext"] if place == 1 else said))
                await call.do("startMoh")
            end = time.monotonic() + 0.2
            while await call.next(end):
                pass
    finally:
        if call in waiting:
            waiting.remove(call)


async def talk(call: Call) -> bool:
    """Try the agent, if the call is first and the agent is idle."""
    global busy
    if busy or waiting[0] is not call:
        return False
    busy = True
    ari, leg, bridge = call.ari, None, None
    try:
        leg = await call.dial("Local/agent@far/n", 10)
        if leg is None:
            return False
        waiting.remove(call)
        await call.do("stopMoh")
        bridge = await ari.do(ari.client.bridges.create, type="mixing")
        await ari.do(bridge.addChannel, channel=f"{call.id},{leg.id}")
        while True:
            try:
                await leg.next(time.monotonic() + 0.1)
            except HungUp:
                return True
            while not call.mailbox.empty():
                await call.next()
    finally:
        busy = False
        with suppress(HungUp):
            if bridge:
                await ari.do(bridge.destroy)
            if leg:
                await leg.do("hangup")


if __name__ == "__main__":
    url, user, password = sys.argv[1:4]
    asyncio.run(serve(url, user, password, {"queue": hotline}))
