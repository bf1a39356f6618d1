"""A watcher with asterisk-agent, which reads events and endpoints only."""

import asyncio
import base64
import os
import sys
from typing import Any

from asterisk_agent.ari import Ari
from asterisk_agent.config import AriConfig
from asterisk_agent.websocket import WebsocketEvents

URL, USER, PASSWORD = sys.argv[1:4]  # its application has a name of its own
KEY = f"{USER}:{PASSWORD}"


async def main() -> None:
    over = asyncio.Event()

    async def on_event(event: Any) -> None:
        if event.get("type") == "ChannelDestroyed":
            over.set()

    events = ["ChannelCreated", "ChannelStateChange", "ChannelDestroyed"]
    config = AriConfig(
        url=f"{URL}/ari",
        wss=f"{URL.replace('http', 'ws', 1)}/ari/events",
        login=USER, password=PASSWORD, events_ignore=[], events_used=events,
    )  # fmt: skip
    key = base64.b64encode(KEY.encode()).decode()
    watcher = WebsocketEvents(key, KEY, config, on_event=on_event)
    running = asyncio.ensure_future(watcher.run_forever(1))
    await Ari(f"{URL}/ari/", KEY).numbers()
    print("connected", flush=True)
    await over.wait()
    print("done", flush=True)
    assert not running.done()
    os._exit(0)  # it connects again after its task is cancelled


asyncio.run(main())
