"""Many callers at once: each listens to a sound, presses a key, and gets another."""

import sys

import ari_notebook
from ari_notebook.flows import flow
from ari_notebook.flows.call import AsyncCall


@flow(args=["many"])
async def greet(call: AsyncCall) -> None:
    """Serve a caller."""
    await call.answer()
    key = await call.ask("beep", keys="123456789", tries=1, timeout=60)
    await call.say("beep")
    await call.set("GLOBAL(LAST)", key)


if __name__ == "__main__":
    url, user, password = sys.argv[1:4]
    ari_notebook.serve(url, [greet], app="jobs", user=user, password=password)
