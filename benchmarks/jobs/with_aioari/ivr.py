"""A menu with barge-in, three tries and a PIN that is said back; then the dialplan goes on."""

import asyncio
import sys

from benchmarks.jobs.with_aioari.calls import Call, serve


async def ivr(call: Call) -> None:
    """Serve a caller."""
    await call.do("answer")
    choice = await call.ask("sound:tt-weasels", keys="12")
    if choice == "1":
        await call.play("sound:hello-world")
    elif choice == "2":
        await call.play("sound:agent-pass", interrupt="0123456789*#")
        pin = ""
        while len(pin) < 4 and (key := await call.key(5 if not pin else 3)) not in ("", "#"):
            pin += key
        await call.play("sound:auth-thankyou", *(f"sound:digits/{key}" for key in pin))
        await call.do("setChannelVar", variable="PIN", value=pin)
        await call.do("continueInDialplan", extension="5001", priority=1)
        call.left = True


if __name__ == "__main__":
    url, user, password = sys.argv[1:4]
    asyncio.run(serve(url, user, password, {"ivr": ivr}))
