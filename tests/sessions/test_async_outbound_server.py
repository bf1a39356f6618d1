"""`aaccept`: Asterisk connects to a program of coroutines, under asyncio, trio and anyio."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Literal

import pytest

import ari_notebook
from ari_notebook import AsyncSession, EventTimeout, SessionClosed, UsageProblem
from ari_notebook.connection.signals import in_thread
from ari_notebook.flows.call import AsyncCall
from ari_notebook.sessions.async_opening import AsyncOpening
from tests.helpers.loops import RUNNERS, Main
from tests.helpers.outbound import Exchange
from tests.helpers.waiting import until

Run = Callable[[Main], Any]


@pytest.fixture(params=RUNNERS)
def run(request: pytest.FixtureRequest) -> Run:
    return RUNNERS[request.param]


def listening() -> AsyncOpening[ari_notebook.AsyncOutboundServer]:
    return ari_notebook.aaccept(0, "flows")


async def come_true(condition: Callable[[], object]) -> None:
    """Return once a condition is true; the loop runs meanwhile."""
    await in_thread(lambda: until(condition))


def test_async_session_of_a_persistent_connection(exchange: Exchange, run: Run) -> None:
    async def main() -> tuple[str, bool, tuple[str, ...]]:
        async with listening() as server:
            exchange.connect_to(server.config_for())
            ari = await server.wait(60)
            exchange.call()
            event = await ari.wait_for("StasisStart", timeout=60)
            channel = ari.channels[event.channel.id]
            await channel.answer()
            playback = await channel.play("sound:beep", wait=True)
            await channel.hangup()
            return playback.state, list(server.sessions.values()) == [ari], ari.session.apps

    assert run(main) == ("done", True, ("flows",))


@pytest.mark.parametrize("connection_type", ["persistent", "per_call"])
def test_coroutine_flows_are_tasks_of_the_running_loop(
    exchange: Exchange, run: Run, connection_type: Literal["persistent", "per_call"]
) -> None:
    typed: list[str] = []
    threads: set[int] = set()

    async def main() -> int:
        async with listening() as server:

            @server.flow(args=["one"])
            async def greet(call: AsyncCall) -> None:
                threads.add(threading.get_ident())
                await call.answer()
                typed.append(await call.digits(2, timeout=60))

            exchange.connect_to(server.config_for(connection_type=connection_type))
            if connection_type == "persistent":
                await server.wait(60)
            callers = [exchange.call(), exchange.call()]
            await come_true(lambda: len(threads) and len(runs_of(server)) == 2)
            for caller in callers:
                caller.press("47")
            await come_true(lambda: len(typed) == 2)
        return threading.get_ident()

    assert threads == {run(main)}
    assert typed == ["47", "47"]


def runs_of(server: Any) -> list[Any]:
    return [run for ari in server.sessions.values() for run in ari.flows.runs]


def test_call_that_ends_cancels_only_its_own_tasks(exchange: Exchange, run: Run) -> None:
    """The sessions of a connection per call share the loop, under trio a nursery."""
    ended: list[str] = []

    async def main() -> None:
        async with listening() as server:

            @server.on_session
            def prepare(ari: AsyncSession) -> None:
                @ari.flow
                async def waits(call: AsyncCall) -> None:
                    try:
                        await call.sleep(600)
                    finally:
                        ended.append(call.id)

            exchange.connect_to(server.config_for(connection_type="per_call"))
            first, second = exchange.call(), exchange.call()
            sessions = [await server.wait(60), await server.wait(60)]
            await come_true(lambda: len(runs_of(server)) == 2)
            first.hangup()
            await come_true(lambda: len(ended) == 1)
            await come_true(lambda: len(server.sessions) == 1)
            await come_true(lambda: sum(each.session.closed for each in sessions) == 1)
            assert [each.flow.name for each in runs_of(server) if each.ended is None] == ["waits"]
            second.hangup()
            await come_true(lambda: len(ended) == 2)

    run(main)


def test_leaving_the_block_cancels_flows(exchange: Exchange, run: Run) -> None:
    states: list[str] = []

    async def main() -> None:
        async with listening() as server:

            @server.flow
            async def endless(call: AsyncCall) -> None:
                try:
                    await call.sleep(600)
                except BaseException as error:
                    states.append(type(error).__name__)
                    raise

            exchange.connect_to(server.config_for())
            await server.wait(60)
            exchange.call()
            await come_true(lambda: [each.step for each in runs_of(server)] == ["sleep"])

    run(main)
    until(lambda: states)
    until(lambda: not exchange.callers.channels.list())


def test_wait_of_an_async_server_ends(run: Run) -> None:
    async def main() -> None:
        async with listening() as server:
            with pytest.raises(EventTimeout, match="did not connect"):
                await server.wait(0.05)
            with pytest.raises(UsageProblem, match="cannot listen"):
                async with ari_notebook.aaccept(server.port, "flows"):
                    pass
            with pytest.raises(UsageProblem, match="application 'other'"):
                server.flow(app="other")
            assert "accepting flows" in repr(server)
        with pytest.raises(SessionClosed):
            await server.wait(0.05)

    run(main)


def test_password_of_an_async_server_is_not_shown() -> None:
    context = ari_notebook.aaccept(0, "flows", password="not-to-be-shown")

    assert "not-to-be-shown" not in repr(vars(context))
