"""The asynchronous session under asyncio, trio and anyio, and together with blocking use."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest

import ari_notebook
from ari_notebook import AsyncSession, Channel, EventTimeout, Session
from ari_notebook.flows.call import AsyncCall
from ari_notebook.sessions.async_opening import AsyncOpening
from ari_notebook.simulator import RunningSimulator
from tests.helpers.loops import RUNNERS, Main
from tests.helpers.waiting import until

DIALPLAN = "[default]\nexten => 1,1,Stasis(async)\n"


@pytest.fixture(scope="module")
def simulator() -> Iterator[RunningSimulator]:
    with ari_notebook.simulator.start(speed=10) as running:
        running.set_dialplan(DIALPLAN)
        yield running


@pytest.fixture(params=RUNNERS)
def run(request: pytest.FixtureRequest) -> Callable[[Main], Any]:
    return RUNNERS[request.param]


def opened(simulator: RunningSimulator) -> AsyncOpening[ari_notebook.AsyncSession]:
    user, password = simulator.credentials
    return ari_notebook.aconnect(simulator.url, "async", user, password)


def test_operations_and_waits_are_awaited(
    simulator: RunningSimulator, run: Callable[[Main], Any]
) -> None:
    async def main() -> tuple[str, str, str]:
        async with opened(simulator) as ari:
            simulator.call("1")
            event = await ari.wait_for("StasisStart", timeout=30)
            channel = ari.channels[event["channel"]["id"]]
            await channel.answer()
            playback = await channel.play("sound:hello", wait=True)
            bridge = await ari.bridges.create(type="mixing")
            await bridge.add_channel(channel)
            await channel.hangup()
            name, _ = await ari.wait_any(over="StasisEnd", timeout=30)
            return playback.state, (await bridge.get()).bridge_type, name

    assert run(main) == ("done", "mixing", "over")


def test_coroutine_handlers_run_at_the_same_time(
    simulator: RunningSimulator, run: Callable[[Main], Any]
) -> None:
    async def main() -> int:
        inside, most = 0, 0
        async with opened(simulator) as ari:

            @ari.on("StasisStart")
            async def greet(channel: Any) -> None:
                nonlocal inside, most
                inside += 1
                most = max(most, inside)
                await channel.answer()
                with pytest.raises(EventTimeout):
                    await ari.wait_for("ChannelUserevent", timeout=0.5)
                inside -= 1
                await channel.hangup()

            for _ in range(10):
                simulator.call("1")
            for _ in range(10):
                await ari.wait_for("StasisEnd", timeout=30)
        return most

    assert run(main) == 10


def test_flow_is_a_task_of_the_running_loop(
    simulator: RunningSimulator, run: Callable[[Main], Any]
) -> None:
    async def main() -> set[int]:
        threads = set()
        async with opened(simulator) as ari:

            @ari.flow
            async def greet(call: AsyncCall) -> None:
                await call.answer()
                await call.say("beep")
                threads.add(threading.get_ident())

            for _ in range(5):
                simulator.call("1")
            for _ in range(5):
                await ari.wait_for("StasisEnd", timeout=30)
        return threads

    assert run(main) == {threading.get_ident()}


def test_closing_cancels_handlers_and_flows(
    simulator: RunningSimulator, run: Callable[[Main], Any]
) -> None:
    begun: list[str] = []
    ended: list[str] = []

    async def main() -> None:
        async with opened(simulator) as ari:

            @ari.on("StasisStart")
            async def endless() -> None:
                begun.append("handler")
                try:
                    await sleep_forever()
                finally:
                    ended.append("handler")

            @ari.flow
            async def waits(call: AsyncCall) -> None:
                begun.append("flow")
                try:
                    await call.sleep(1000)
                finally:
                    ended.append("flow")

            simulator.call("1")
            while len(begun) < 2:
                await anyio.sleep(0.01)

    async def sleep_forever() -> None:
        await anyio.sleep_forever()

    run(main)
    until(lambda: sorted(ended) == ["flow", "handler"], 20, lambda: (begun, ended))
    until(lambda: simulator.run(lambda asterisk: len(asterisk.exchange.channels)) == 0)


def test_follow_yields_events_while_other_tasks_run(
    simulator: RunningSimulator, run: Callable[[Main], Any]
) -> None:
    async def main() -> list[str]:
        async with opened(simulator) as ari:
            call = simulator.call("1")
            event = await ari.wait_for("StasisStart", timeout=30)
            channel = ari.channels[event["channel"]["id"]]
            await channel.answer()
            call.press("12")
            seen = []
            async with ari.follow("ChannelDtmfReceived", channel=channel) as events:
                async for key in events.until(30):
                    seen.append(key["digit"])
                    if len(seen) == 2:
                        break
            await channel.hangup()
            return seen

    assert run(main) == ["1", "2"]


def test_wrong_password_is_one_clear_error(
    simulator: RunningSimulator, run: Callable[[Main], Any]
) -> None:
    async def main() -> None:
        async with ari_notebook.aconnect(simulator.url, "async", "asterisk", "wrong"):
            pass

    with pytest.raises(ari_notebook.AriError) as raised:
        run(main)
    assert "wrong" not in str(raised.value)


def test_coroutine_handlers_of_a_blocking_session_do_not_wait_for_each_other(
    simulator: RunningSimulator,
) -> None:
    user, password = simulator.credentials
    inside, most = 0, 0
    with ari_notebook.connect(simulator.url, "async", user, password) as ari:

        @ari.on("StasisStart")
        async def slow(channel: Channel) -> None:
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.5)
            inside -= 1

        for _ in range(20):
            simulator.call("1")
        until(lambda: ari.handlers["slow"].runs == 20 and not ari.handlers["slow"].waiting)
        for channel in ari.channels:
            channel.hangup()
    assert most == 20


def test_blocking_and_async_sessions_do_not_starve_each_other(simulator: RunningSimulator) -> None:
    user, password = simulator.credentials
    waits: list[float] = []

    async def main(blocking: Session) -> None:
        async with opened(simulator) as ari:
            assert isinstance(ari, AsyncSession)
            stop = threading.Event()

            def busy() -> None:
                while not stop.is_set():
                    blocking.channels.list()

            thread = threading.Thread(target=busy)
            thread.start()
            for _ in range(20):
                begun = time.monotonic()
                await ari.asterisk.ping()
                waits.append(time.monotonic() - begun)
            stop.set()
            await asyncio.to_thread(thread.join)

    with ari_notebook.connect(simulator.url, "other", user, password) as blocking:
        asyncio.run(main(blocking))
    assert sorted(waits)[10] < 1
