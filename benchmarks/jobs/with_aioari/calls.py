"""What the other programs here need first: a task and a mailbox for each call."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import aioari
from aiohttp import web


class HungUp(Exception):
    """The caller has left."""


class Ari:
    """A client of aioari, and events that are put into the mailboxes of their calls."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.mailboxes: dict[str, asyncio.Queue[dict[str, Any]]] = {}
        self.own: set[str] = set()
        self.flows: dict[str, Callable[[Call], Awaitable[None]]] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        client.on_event("*", self.on_event)

    async def do(self, operation: Callable[..., Awaitable[Any]], **params: Any) -> Any:
        """Send a request; 404 and 409 mean that the call is over."""
        try:
            return await operation(**params)
        except web.HTTPException as error:
            if error.status in (404, 409, 412):
                raise HungUp from error
            raise

    def on_event(self, event: dict[str, Any]) -> None:
        """Put an event into its call's mailbox; start a flow for a new call."""
        channel = event.get("channel", {}).get("id", "")
        target = event.get("playback", event.get("recording", {})).get("target_uri", "")
        if event["type"] == "StasisStart" and channel not in self.own:
            self.mailboxes[channel] = asyncio.Queue()
            task = asyncio.ensure_future(self.serve(self.flows[event["args"][0]], channel))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        mailbox = self.mailboxes.get(channel or target.partition(":")[2])
        if mailbox is not None:
            mailbox.put_nowait(event)

    async def serve(self, flow: Callable[[Call], Awaitable[None]], channel: str) -> None:
        """Run a flow."""
        call = Call(self, channel)
        try:
            with suppress(HungUp):
                await flow(call)
        finally:
            self.mailboxes.pop(channel, None)
            if not call.left:
                with suppress(HungUp):
                    await self.do(self.client.channels.hangup, channelId=channel)


class Call:
    """A call, with what its caller typed ahead."""

    def __init__(self, ari: Ari, id: str) -> None:
        self.ari, self.id, self.keys, self.left = ari, id, "", False
        self.mailbox = ari.mailboxes.setdefault(id, asyncio.Queue())

    async def next(self, end: float | None = None) -> dict[str, Any] | None:
        """Return the next event; None at a time."""
        left = None if end is None else max(0.001, end - time.monotonic())
        try:
            event = await asyncio.wait_for(self.mailbox.get(), left)
        except TimeoutError:
            return None
        if event["type"] == "ChannelDtmfReceived":
            self.keys += event["digit"]
        if event["type"] in ("StasisEnd", "ChannelDestroyed"):
            raise HungUp
        return event

    async def do(self, nickname: str, /, **params: Any) -> Any:
        """Send a request about the call."""
        operation = getattr(self.ari.client.channels, nickname)
        return await self.ari.do(operation, channelId=self.id, **params)

    async def play(self, *media: str, interrupt: str = "") -> None:
        """Play, until the end or a key."""
        if any(key in interrupt for key in self.keys):
            return
        playback = str(uuid.uuid4())
        await self.do("playWithId", playbackId=playback, media=",".join(media))
        while event := await self.next():
            if event["type"] == "PlaybackFinished" and event["playback"]["id"] == playback:
                return
            if any(key in interrupt for key in self.keys):
                with suppress(HungUp):
                    await self.ari.do(self.ari.client.playbacks.stop, playbackId=playback)
                return

    async def key(self, timeout: float) -> str:
        """Return the next key."""
        end = time.monotonic() + timeout
        while not self.keys:
            if await self.next(end) is None:
                return ""
        key, self.keys = self.keys[0], self.keys[1:]
        return key

    async def ask(self, *media: str, keys: str, tries: int = 3, timeout: float = 5) -> str:
        """Ask for a key."""
        for _ in range(tries):
            await self.play(*media, interrupt="0123456789*#")
            key = await self.key(timeout)
            if key and key in keys:
                return key
            if key:
                await self.play("sound:pbx-invalid", interrupt="0123456789*#")
        return ""

    async def dial(self, endpoint: str, timeout: int) -> Call | None:
        """Dial; return the leg that answers."""
        leg = Call(self.ari, f"leg-{uuid.uuid4()}")
        self.ari.own.add(leg.id)
        await leg.do("originateWithId", endpoint=endpoint, app="jobs", timeout=timeout)
        end = time.monotonic() + timeout + 5
        try:
            while time.monotonic() < end:
                while not self.mailbox.empty():
                    await self.next()
                event = await leg.next(time.monotonic() + 0.1)
                if event and event["type"] == "StasisStart":
                    return leg
        except HungUp:
            try:
                await leg.do("hangup")
            except HungUp:
                return None
            raise
        return None


async def connect(url: str, user: str, password: str) -> Ari:
    """Connect, and receive events in the background."""
    client = await aioari.connect(url, user, password)
    ari = Ari(client)
    ari.tasks.add(asyncio.ensure_future(client.run("jobs")))
    return ari


async def serve(
    url: str, user: str, password: str, flows: dict[str, Callable[[Call], Awaitable[None]]]
) -> None:
    """Serve calls by the first argument of Stasis()."""
    ari = await connect(url, user, password)
    ari.flows = flows
    await asyncio.Event().wait()
