"""Flows: how many run at once, and the time from a key to the next request.

    python benchmarks/flows.py [--tasks 2000] [--threads 500] [--keys 100]

Prints how many flows were in a step at the same time and how long it took to end them all, as tasks
and as threads, and the milliseconds from a key's event to the answer of the request that it causes:
with a flow, with a bare WebSocket and `requests`, and with aioari where it is installed. For the
first, the simulator runs in a separate process.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import requests
import websocket

import ari_notebook
from ari_notebook import simulator
from ari_notebook.flows.call import AsyncCall, Call
from ari_notebook.simulator import RunningSimulator

USER, PASSWORD = "benchmark", "benchmark"
FILES = {
    "http.conf": "[general]\nenabled = yes\nbindaddr = 127.0.0.1\nbindport = 0\n",
    "ari.conf": f"[general]\nenabled = yes\n[{USER}]\ntype = user\npassword = {PASSWORD}\n",
    "extensions.conf": "[default]\nexten => 1,1,Answer()\n same => n,Stasis(flows)\n"
    "exten => far,1,Answer()\n same => n,Wait(3600)\n",
}


@contextmanager
def exchange() -> Iterator[str]:
    """Start a simulator in another process; return its URL."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in FILES.items():
            Path(folder, name).write_text(text)
        command = [sys.executable, "-m", "ari_notebook.simulator", "--config", folder]
        with subprocess.Popen([*command, "--port", "0"], stdout=subprocess.PIPE, text=True) as run:
            assert run.stdout is not None
            url = ""
            while "http://" not in url:
                url = run.stdout.readline()
            yield url[url.index("http://") :].split()[0].rstrip(".,")
            run.terminate()


def dial(ari: Any, count: int) -> None:
    """Make callers: the far half of each Local channel enters the application."""
    for _ in range(count):
        ari.request(
            "POST",
            "/channels",
            {"endpoint": "Local/1@default", "extension": "far", "context": "default"},
        )


def at_once(url: str, count: int, *, tasks: bool) -> tuple[int, float]:
    """Return how many flows were running at once, and the seconds until the last had ended."""
    with ari_notebook.connect(url, "flows", USER, PASSWORD) as ari:
        inside, lock = 0, threading.Lock()

        def enter() -> None:
            nonlocal inside
            with lock:
                inside += 1

        @ari.flow
        def thread(call: Call) -> None:
            enter()
            call.sleep(3600)

        async def task(call: AsyncCall) -> None:
            enter()
            await call.sleep(3600)

        if tasks:
            ari.flows.remove(thread)
            ari.flow(task)
        dial(ari, count)
        end = time.monotonic() + 120
        while inside < count and time.monotonic() < end:
            time.sleep(0.05)
        most, begun = ari.flows.running, time.perf_counter()
        for channel in ari.request("GET", "/channels").json():
            try:
                ari.request("DELETE", f"/channels/{channel['id']}")
            except ari_notebook.NotFound:
                continue
        while ari.flows.running and time.monotonic() < end + 60:
            time.sleep(0.01)
        return most, time.perf_counter() - begun


def flow_latency(simulator: RunningSimulator, keys: int) -> float:
    """Return the median milliseconds from a key's event to the answer of a flow's request."""
    user, password = simulator.credentials
    with ari_notebook.connect(simulator.url, "flows", user, password) as ari:

        @ari.flow
        def echo(call: Call) -> None:
            while True:
                call.set("KEY", call.ask(timeout=60))

        caller = simulator.call("1")
        while not any(run.step == "ask" for run in ari.flows.runs):
            time.sleep(0.01)
        for count in range(1, keys + 1):
            caller.press("5")
            while sum(each.path.endswith("/variable") for each in ari.requests) < count:
                time.sleep(0.001)
        events = ari.events[:]  # more arrive
        pressed = [
            moment
            for moment, event in zip(ari.log.received(0, len(events)), events, strict=True)
            if event["type"] == "ChannelDtmfReceived"
        ]
        done = [
            each.at + (each.milliseconds or 0) / 1000
            for each in ari.requests
            if each.path.endswith("/variable")
        ]
        caller.hangup()
    return statistics.median(b - a for a, b in zip(pressed, done, strict=True)) * 1000


def bare_latency(simulator: RunningSimulator, keys: int) -> float:
    """Return the same for a bare WebSocket and `requests`."""
    user, password = simulator.credentials
    address = simulator.url.replace("http", "ws", 1)
    socket = websocket.create_connection(
        f"{address}/ari/events?app=flows&api_key={user}:{password}"
    )
    session = requests.Session()
    session.auth = (user, password)
    caller = simulator.call("1")
    found: list[float] = []
    while len(found) < keys:
        event = orjson.loads(socket.recv())
        if event["type"] == "StasisStart":
            path = f"{simulator.url}/ari/channels/{event['channel']['id']}/variable"
        elif event["type"] == "ChannelDtmfReceived":
            begun = time.perf_counter()
            session.post(path, params={"variable": "KEY", "value": "5"}, timeout=10)
            found.append(time.perf_counter() - begun)
        else:
            continue
        caller.press("5")
    caller.hangup()
    socket.close()
    session.close()
    return statistics.median(found) * 1000


def aioari_latency(simulator: RunningSimulator, keys: int) -> float:
    """Return the same for aioari."""
    return asyncio.run(_aioari_latency(simulator, keys))


async def _aioari_latency(simulator: RunningSimulator, keys: int) -> float:
    import aioari  # optional

    client = await aioari.connect(f"{simulator.url}/", *simulator.credentials)
    loop, found = asyncio.get_running_loop(), list[float]()
    started, over = asyncio.Event(), asyncio.Event()

    async def press() -> None:
        await loop.run_in_executor(None, caller.press, "5")

    async def on_key(event: dict[str, Any]) -> None:
        begun = time.perf_counter()
        await client.channels.setChannelVar(
            channelId=event["channel"]["id"], variable="KEY", value="5"
        )
        found.append(time.perf_counter() - begun)
        await press() if len(found) < keys else over.set()

    client.on_event("ChannelDtmfReceived", on_key)
    client.on_event("StasisStart", lambda _: started.set())
    events = asyncio.ensure_future(client.run("flows"))
    while not await client.applications.list():
        await asyncio.sleep(0.01)
    caller = await loop.run_in_executor(None, simulator.call, "1")
    await started.wait()
    await press()
    await over.wait()
    caller.hangup()
    await client.close()
    await asyncio.gather(events, return_exceptions=True)
    return statistics.median(found) * 1000


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="Measure flows.")
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=500)
    parser.add_argument("--keys", type=int, default=100)
    given = parser.parse_args()
    for kind, count in (("tasks", given.tasks), ("threads", given.threads)):
        with exchange() as url:
            most, seconds = at_once(url, count, tasks=kind == "tasks")
        print(f"{most} of {count} flows at once as {kind}; all ended in {seconds:.1f} s")
    with simulator.start() as running:
        running.set_dialplan(FILES["extensions.conf"])
        bare, flow = bare_latency(running, given.keys), flow_latency(running, given.keys)
        installed = importlib.util.find_spec("aioari") is not None
        peer = f"{aioari_latency(running, given.keys):.1f} ms" if installed else "not installed"
    print(f"key to answered request: flow {flow:.1f} ms, bare {bare:.1f} ms (medians)")
    print(f"the same with aioari: {peer}")


if __name__ == "__main__":
    main()
