"""Call numbers at a rate, with ring time-outs and a second try; print how many ended how."""

import asyncio
import json
import sys
import uuid
from collections import Counter

from benchmarks.jobs.with_aioari.calls import Ari, Call, HungUp, connect

CAUSES = {17: "BUSY", 21: "BUSY", 18: "NO ANSWER", 19: "NO ANSWER"}


async def call_number(ari: Ari, number: str, pace: asyncio.Lock, most: asyncio.Semaphore) -> str:
    """Call a number, twice if it is busy."""
    result = ""
    async with most:
        for _ in range(2):
            async with pace:
                await asyncio.sleep(0.05)
            leg = Call(ari, str(uuid.uuid4()))
            ari.own.add(leg.id)
            result = ""
            try:
                endpoint = f"Local/{number}@far/n"
                await leg.do("originateWithId", endpoint=endpoint, app="jobs", timeout=2)
                while event := await asyncio.wait_for(leg.mailbox.get(), 10):
                    if event["type"] == "StasisStart":
                        result = "ANSWERED"
                        await leg.do("hangup")
                    if event["type"] == "ChannelDestroyed":
                        result = result or CAUSES.get(event["cause"], "FAILED")
                        break
                    if event["type"] == "StasisEnd":
                        break
            except HungUp:
                result = result or "FAILED"
            ari.mailboxes.pop(leg.id, None)
            if result != "BUSY":
                break
    return result


async def main(url: str, user: str, password: str, numbers: list[str]) -> None:
    """Call all numbers."""
    ari = await connect(url, user, password)
    while not ari.client.websockets:
        await asyncio.sleep(0.01)
    pace, most = asyncio.Lock(), asyncio.Semaphore(50)
    results = await asyncio.gather(*(call_number(ari, each, pace, most) for each in numbers))
    print(json.dumps(Counter(results)))
    for task in ari.tasks:
        task.cancel()
    await ari.client.close()


if __name__ == "__main__":
    url, user, password, *wanted = sys.argv[1:]
    asyncio.run(main(url, user, password, wanted))
