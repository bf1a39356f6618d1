"""Steps that wait inside of waits: run by `test_pump.py`, and in Pyodide by `test_pyodide.py`."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref
from collections.abc import Generator
from typing import Any

import ari_notebook
from ari_notebook.background.pump import Pump, RealTime


def program_goes_on_while_a_handler_waits() -> None:
    with ari_notebook.connect("simulator:?clock=virtual") as ari:
        digits: list[str] = []

        @ari.on("StasisStart")
        def ask(channel: Any) -> None:
            channel.answer()
            for _ in range(2):
                event = ari.wait_for("ChannelDtmfReceived", channel=channel, timeout=60)
                digits.append(event.digit)

        caller = ari.call("1000")
        caller.press("1")
        caller.press("2")
        ari.background.sleep(5)
        assert digits == ["1", "2"]


def flows_of_several_callers_wait_at_once() -> None:
    with ari_notebook.connect("simulator:?clock=virtual") as ari:
        asked: list[str] = []

        @ari.flow
        def hotline(call: Any) -> None:
            call.answer()
            asked.append(call.digits(2, timeout=30))

        callers = [ari.call("1000") for _ in range(3)]
        for place, caller in enumerate(callers):
            caller.press(f"{place}7")
        ari.background.sleep(30)
        assert sorted(asked) == ["07", "17", "27"]


async def handler_waits_between_cells() -> None:
    with ari_notebook.connect("simulator:") as ari:
        ended: list[str] = []

        @ari.on("StasisStart")
        def wait(channel: Any) -> None:
            channel.answer()
            channel.play("sound:beep").wait()
            ended.append("played")

        ari.call("1000")
        async with asyncio.timeout(60):
            while not ended:  # nothing of the session is used
                await asyncio.sleep(0.01)


def coroutine_that_blocks_sees_the_time_pass() -> None:
    with ari_notebook.connect("simulator:") as ari:
        ended: list[str] = []

        @ari.on("StasisStart")
        async def block(channel: Any) -> None:
            channel.answer()
            ari.background.sleep(0.2)
            ended.append("slept")

        ari.call("1000")
        ari.background.sleep(3)
        assert ended == ["slept"]


def error_after_a_wait_is_raised_where_the_pump_runs() -> None:
    pump = Pump(RealTime())

    def fail() -> None:
        pump.sleep(0.01)
        raise ZeroDivisionError

    pump.soon(lambda: pump.enter(None, fail))
    try:
        pump.sleep(10)
    except ZeroDivisionError:
        return
    raise AssertionError


def context_of_each_step_is_its_own() -> None:
    pump = Pump(RealTime())
    local, seen, go_on = pump.local(), [], pump.event()

    def work(name: str) -> Generator[float | None, None, None]:
        local.name = name
        try:
            raise KeyError(name)
        except KeyError as error:
            go_on.wait()
            seen.append((local.name, error.args[0]))
        yield 0.0

    jobs = [pump.start(name, lambda name=name: work(name)) for name in "abc"]  # type: ignore[misc]
    pump.sleep(0.01)
    assert not hasattr(local, "name")
    assert all(job.frame is not None and job.alive for job in jobs)
    go_on.set()
    for job in jobs:
        job.join(60)
    assert seen == [("a", "a"), ("b", "b"), ("c", "c")]


async def closed_pump_ends_the_steps_that_wait() -> None:
    ended: list[str] = []
    gone = close_while_a_step_waits(ended)
    async with asyncio.timeout(60):
        while gone() is not None:
            await asyncio.sleep(0.01)
            gc.collect()
    assert ended == ["step"]


async def wait_in_a_callback_of_javascript_leaves_other_steps_waiting() -> None:
    from pyodide.code import run_js

    pump = Pump(RealTime())
    go_on = pump.event()
    over: list[str] = []

    def step() -> None:
        go_on.wait()
        over.append("step")

    def callback(*_: object) -> None:
        go_on.set()
        pump.sleep(0.1)
        over.append("callback")

    pump.soon(lambda: pump.enter(None, step))
    pump.sleep(0.01)
    run_js("(callback) => [1].forEach(callback)")(callback)
    assert over == ["callback"]
    async with asyncio.timeout(10):
        while len(over) == 1:
            await asyncio.sleep(0.01)
    assert over == ["callback", "step"]


def close_while_a_step_waits(ended: list[str]) -> weakref.ref[Pump]:
    """Return the closed pump, with no reference to it."""
    pump = Pump(RealTime())

    def step() -> None:
        try:
            while True:
                pump.sleep(1000)
        finally:
            ended.append("step")

    pump.soon(lambda: pump.enter(None, step))
    pump.sleep(0.01)
    pump.close()
    return weakref.ref(pump)


async def cell_that_polls_lets_a_step_of_another_task_end() -> None:
    pump, loop = Pump(RealTime()), asyncio.get_running_loop()
    seen: list[str] = []

    def poll() -> None:
        """Run when the step has ended and the task that began it is still suspended."""
        pump.soon(lambda: pump.enter(None, lambda: seen.append("second")))
        end = time.monotonic() + 5
        while "second" not in seen and time.monotonic() < end:
            pump.catch_up()
            time.sleep(0.01)
        seen.append("polled")

    def step() -> None:
        loop.call_soon(poll)

    pump.soon(lambda: pump.enter(None, step))
    async with asyncio.timeout(60):
        while "polled" not in seen:
            await asyncio.sleep(0.01)
    assert seen == ["second", "polled"]


EVERYWHERE = (
    program_goes_on_while_a_handler_waits,
    flows_of_several_callers_wait_at_once,
    handler_waits_between_cells,
    coroutine_that_blocks_sees_the_time_pass,
    error_after_a_wait_is_raised_where_the_pump_runs,
    context_of_each_step_is_its_own,
    closed_pump_ends_the_steps_that_wait,
    cell_that_polls_lets_a_step_of_another_task_end,
)
IN_A_PAGE = (*EVERYWHERE, wait_in_a_callback_of_javascript_leaves_other_steps_waiting)
