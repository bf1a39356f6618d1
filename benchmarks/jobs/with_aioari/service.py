"""A service: killed and started again it takes its calls over; it drains and reports its health."""

import asyncio
import signal
import sys
from contextlib import suppress
from typing import Any

import aioari
import aiohttp
from aiohttp import web

from benchmarks.jobs.with_aioari.calls import Ari, Call, HungUp


class Service:
    """Serves calls over any number of connections, until it is stopped."""

    def __init__(self, *where: str) -> None:
        self.where = where
        self.mailboxes: dict[str, asyncio.Queue[dict[str, Any]]] = {}
        self.running: set[str] = set()
        self.connected = False
        self.stops = 0
        self.ari: Ari

    async def greet(self, call: Call) -> None:
        """Serve a caller."""
        if self.stops:
            call.left = True
            return
        self.running.add(call.id)
        try:
            await call.do("answer")
            await call.ask("sound:beep", keys="123456789", tries=1, timeout=60)
        finally:
            self.running.discard(call.id)

    async def connect(self) -> None:
        """Connect, and again after each loss."""
        while True:
            with suppress(OSError, aiohttp.ClientError, web.HTTPException):
                client = await aioari.connect(*self.where)
                self.ari = Ari(client)
                self.ari.flows, self.ari.mailboxes = {"many": self.greet}, self.mailboxes
                events = asyncio.ensure_future(client.run("jobs"))
                await self.take_over()
                self.connected = True
                await events
            self.connected = False
            await asyncio.sleep(1)

    async def take_over(self) -> None:
        """Serve calls that are in Stasis without a flow; end flows whose calls are gone."""
        listed = await self.ari.do(self.ari.client.channels.list)
        channels = {each.id: each.json for each in listed}
        for id, channel in channels.items():
            place = channel["dialplan"]
            ours = place["app_name"] == "Stasis" and place["app_data"] == "jobs,many"
            if ours and id not in self.mailboxes:
                self.mailboxes[id] = asyncio.Queue()
                task = asyncio.ensure_future(self.ari.serve(self.greet, id))
                self.ari.tasks.add(task)
        for id, mailbox in list(self.mailboxes.items()):
            if id not in channels:
                mailbox.put_nowait({"type": "StasisEnd"})

    def stop(self) -> None:
        """Drain; the second time, hang up."""
        self.stops += 1

    async def drain(self) -> None:
        """Wait until the calls are over, and hang up those that are not."""
        while not self.stops:
            await asyncio.sleep(0.1)
        end = asyncio.get_running_loop().time() + 30
        while self.running and self.stops < 2 and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.1)
        for id in list(self.running):
            with suppress(HungUp):
                await self.ari.do(self.ari.client.channels.hangup, channelId=id)

    async def health(self, request: web.Request) -> web.Response:
        """Answer health checks."""
        del request
        return web.Response(status=200 if self.connected and not self.stops else 503)

    async def metrics(self, request: web.Request) -> web.Response:
        """Give figures in Prometheus' text format."""
        del request
        count = len(self.running)
        return web.Response(text=f'ari_flow_calls{{flow="greet",state="running"}} {count}\n')


async def main(url: str, user: str, password: str, port: str) -> None:
    """Serve until it is stopped."""
    service = Service(url, user, password)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, service.stop)
    app = web.Application()
    app.add_routes([web.get("/health", service.health), web.get("/metrics", service.metrics)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(port)).start()
    connecting = asyncio.ensure_future(service.connect())
    await service.drain()
    connecting.cancel()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5]))
