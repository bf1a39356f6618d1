"""Many callers at once: each listens to a sound, presses a key, and gets another."""

import asyncio
import sys

from benchmarks.jobs.with_aioari.calls import Call, serve


async def greet(call: Call) -> None:
    """Serve a caller."""
    await call.do("answer")
    key = await call.ask("sound:beep", keys="123456789", tries=1, timeout=60)
    await call.play("sound:beep")
    await call.do("setChannelVar", variable="GLOBAL(LAST)", value=key)


if __name__ == "__main__":
    url, user, password = sys.argv[1:4]
    asyncio.run(serve(url, user, password, {"many": greet}))
