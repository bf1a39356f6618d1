"""Handlers: each receives its events in order, and none delays another one or the stream."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ari_notebook.connection.event_filter import EventFilter
from ari_notebook.connection.handlers import Handler, Handlers, LoggedEvent
from ari_notebook.schema import builtin
from tests.helpers.servers import Event
from tests.helpers.waiting import until

DECLARATION = builtin()


@pytest.fixture
def handlers() -> Iterator[Handlers]:
    made = Handlers()
    yield made
    made.stop()


def handler(
    function: Callable[..., object],
    type: str | list[str] = "*",
    failures: list[tuple[Handler, LoggedEvent, str]] | None = None,
    before: Callable[[LoggedEvent], None] | None = None,
    **where: Any,
) -> Handler:
    return Handler(
        function,
        EventFilter(type, where, DECLARATION),
        lambda event: {"event": lambda: event, "digit": lambda: event["digit"]},
        (lambda *published: failures.append(published))
        if failures is not None
        else lambda *_: None,
        before or (lambda _: None),
    )


def digits(*pressed: str) -> list[Event]:
    return [{"type": "ChannelDtmfReceived", "digit": digit} for digit in pressed]


def test_events_come_in_order_with_what_was_asked_for(handlers: Handlers) -> None:
    seen, places = [], []

    def press(event: Event, digit: str) -> None:
        seen.append((event["digit"], digit))

    handlers.add(handler(press, before=lambda logged: places.append(logged.sequence)))
    handlers.offer(digits(*"123"), first=7)
    handlers.offer(digits("4"), first=20)
    until(lambda: len(seen) == 4)
    assert seen == [(digit, digit) for digit in "1234"]
    assert places == [7, 8, 9, 20]


def test_only_matching_handlers_receive_an_event(handlers: Handlers) -> None:
    ones, twos, everything = [], [], []

    def one(event: Event) -> None:
        ones.append(event["digit"])

    def two(event: Event) -> None:
        twos.append(event["digit"])

    def every(event: Event) -> None:
        everything.append(event["type"])

    handlers.add(handler(one, "ChannelDtmfReceived", digit="1"))
    handlers.add(handler(two, ["ChannelDtmfReceived", "StasisEnd"], digit="2"))
    handlers.add(handler(every))
    handlers.offer([*digits("1", "2", "1"), {"type": "StasisEnd"}, {"type": ["odd"]}], first=0)
    until(lambda: len(everything) == 5)
    until(lambda: (ones, twos) == (["1", "1"], ["2"]))


def test_slow_handler_delays_no_other_handler(handlers: Handlers) -> None:
    gate, slow_ones, quick_ones = threading.Event(), [], []

    def slow(digit: str) -> None:
        gate.wait(30)
        slow_ones.append(digit)

    def quick(digit: str) -> None:
        quick_ones.append(digit)

    handlers.add(handler(slow))
    handlers.add(handler(quick))
    handlers.offer(digits(*"123"), first=0)
    assert slow_ones == []
    until(lambda: quick_ones == ["1", "2", "3"])
    assert slow_ones == []
    assert handlers["slow"].waiting == 3
    gate.set()
    until(lambda: slow_ones == ["1", "2", "3"])
    until(lambda: handlers["slow"].waiting == 0)


def test_failing_handler_is_reported_and_goes_on(handlers: Handlers) -> None:
    failures: list[tuple[Handler, LoggedEvent, str]] = []
    seen: list[str] = []

    def fragile(digit: str) -> None:
        seen.append(digit)
        if digit == "2":
            raise ValueError("not two")

    handlers.add(handler(fragile, failures=failures))
    handlers.offer(digits(*"123"), first=5)
    until(lambda: seen == ["1", "2", "3"])
    [(failed, logged, trace)] = failures
    assert failed is handlers["fragile"]
    assert logged == LoggedEvent(digits("2")[0], 6)
    assert "ValueError: not two" in trace
    assert (failed.runs, failed.failures) == (3, 1)
    assert repr(failed).startswith("<handler fragile on ")
    assert "ran 3 times, failed 1" in repr(failed)


def test_system_exit_in_handler_is_a_failure(handlers: Handlers) -> None:
    failures: list[tuple[Handler, LoggedEvent, str]] = []

    def leave() -> None:
        raise SystemExit

    handlers.add(handler(leave, failures=failures))
    handlers.offer(digits("1"), first=0)
    handlers.offer(digits("2"), first=1)
    until(lambda: len(failures) == 2)


def test_coroutines_of_one_channel_run_in_order(handlers: Handlers) -> None:
    steps: list[str] = []

    async def patient(digit: str) -> None:
        steps.append(f"begin {digit}")
        await asyncio.sleep(0.05)
        steps.append(f"end {digit}")

    handlers.add(handler(patient))
    handlers.offer([{**each, "channel": {"id": "a"}} for each in digits("1", "2")], first=0)
    until(lambda: len(steps) == 4)
    assert steps == ["begin 1", "end 1", "begin 2", "end 2"]


def test_coroutines_of_two_channels_run_concurrently(handlers: Handlers) -> None:
    steps: list[str] = []

    async def patient(digit: str) -> None:
        steps.append(f"begin {digit}")
        while len(steps) < 2:
            await asyncio.sleep(0.01)
        steps.append(f"end {digit}")

    handlers.add(handler(patient))
    first, second = digits("1", "2")
    handlers.offer([{**first, "channel": {"id": "a"}}, {**second, "channel": {"id": "b"}}], 0)
    until(lambda: len(steps) == 4)
    assert steps[:2] == ["begin 1", "begin 2"]


def test_handler_of_same_name_replaces_the_previous_one(handlers: Handlers) -> None:
    first, second = [], []

    def press(digit: str) -> None:
        first.append(digit)

    handlers.add(handler(press))

    def again(digit: str) -> None:
        second.append(digit)

    again.__name__ = "press"  # as running a notebook's cell again does
    handlers.add(handler(again))
    handlers.offer(digits("1"), first=0)
    until(lambda: second == ["1"])
    assert first == []
    assert list(handlers) == ["press"]
    assert len(handlers) == 1


def test_removed_handlers_see_nothing_more_and_their_threads_end(handlers: Handlers) -> None:
    seen = []

    def gone(digit: str) -> None:
        seen.append(digit)

    handlers.add(handler(gone))
    handlers.offer(digits("1"), first=0)
    until(lambda: seen == ["1"])
    handlers.remove("gone")
    handlers.offer(digits("2"), first=1)
    assert "gone" not in handlers
    until(lambda: not [t for t in threading.enumerate() if t.name == "ari-handler-gone"])
    assert seen == ["1"]
    with pytest.raises(KeyError):
        handlers.remove("gone")
    assert repr(handlers).startswith("no handlers")


def test_handler_that_never_catches_up_drops_the_oldest_and_counts_them(
    handlers: Handlers,
) -> None:
    began, gate, seen = threading.Event(), threading.Event(), []

    def stuck(event: Event) -> None:
        began.set()
        gate.wait(30)
        seen.append(event["digit"])

    handlers.add(handler(stuck))
    handlers.offer(digits(*map(str, range(10_050))), first=0)
    stuck_one = handlers["stuck"]
    assert began.wait(30)
    lost = stuck_one.dropped
    assert 49 <= lost <= 50
    assert f"dropped {lost}" in repr(stuck_one)
    gate.set()
    until(lambda: stuck_one.waiting == 0)
    assert len(seen) == 10_050 - lost
    assert seen[-1] == "10049"


def test_handler_may_remove_itself(handlers: Handlers) -> None:
    done = threading.Event()

    def once() -> None:
        handlers.remove("once")
        done.set()

    handlers.add(handler(once))
    handlers.offer(digits("1", "2"), first=0)
    assert done.wait(30)
    assert len(handlers) == 0


def test_failing_filter_function_is_handlers_failure(
    handlers: Handlers,
) -> None:
    failures: list[tuple[Handler, LoggedEvent, str]] = []
    seen: list[str] = []

    def big(digit: str) -> None:
        seen.append(digit)

    def odd(digit: str) -> None:
        seen.append(f"odd {digit}")

    handlers.add(handler(big, failures=failures, digit=lambda digit: int(digit) > 4))
    handlers.add(handler(odd, digit=["1", "9"]))
    handlers.offer(digits(*"1#9"), first=0)
    until(lambda: len(seen) == 3 and handlers["big"].waiting == 0)
    assert sorted(seen) == ["9", "odd 1", "odd 9"]
    [(failed, logged, trace)] = failures
    assert (failed.name, logged.event["digit"]) == ("big", "#")
    assert "ValueError" in trace
    assert (failed.runs, failed.failures) == (1, 1)


def test_slow_filter_function_delays_no_other_handler(handlers: Handlers) -> None:
    gate, answers, seen = threading.Event(), [], []

    def asked(digit: str) -> None:
        seen.append(digit)

    def question(digit: str) -> bool:
        answers.append(gate.wait(30))
        return answers[-1]

    handlers.add(handler(asked, digit=question))
    handlers.offer(digits(*"12"), first=0)
    assert answers == []
    gate.set()
    until(lambda: seen == ["1", "2"])


def test_handlers_are_added_and_removed_by_many_threads(handlers: Handlers) -> None:
    faults = []

    def busy(number: int) -> None:
        def one() -> None:
            pass

        one.__name__ = f"one{number}"
        try:
            for _ in range(300):
                handlers.add(handler(one, "StasisStart"))
                handlers.offer([{"type": "StasisStart"}], first=0)
                handlers.remove(one.__name__)
        except BaseException as fault:
            faults.append(fault)
            raise

    threads = [threading.Thread(target=busy, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []
    assert len(handlers) == 0
    until(lambda: not [t for t in threading.enumerate() if t.name.startswith("ari-handler-one")])


def test_background_tasks_of_coroutine_end_with_it(handlers: Handlers) -> None:
    steps: list[str] = []
    kept: list[asyncio.Task[None]] = []

    async def starting(digit: str) -> None:
        async def long() -> None:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                steps.append(f"ended {digit}")
                raise

        kept.append(asyncio.ensure_future(long()))
        await asyncio.sleep(0)
        steps.append(f"begun {digit}")

    handlers.add(handler(starting))
    handlers.offer(digits("1"), first=0)
    until(lambda: steps == ["begun 1"])
    handlers.remove("starting")
    until(lambda: steps == ["begun 1", "ended 1"])
    until(lambda: not [t for t in threading.enumerate() if t.name == "ari-handler-starting"])
