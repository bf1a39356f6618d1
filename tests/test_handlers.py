"""Event programs: each sees its events in order, and none keeps another, or the stream, waiting."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from ari_notebook.handlers import Handler, Handlers, Sighting
from ari_notebook.matching import Pattern
from ari_notebook.spec import builtin

DECLARATION = builtin()


def until(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never became true"
        time.sleep(0.005)


@pytest.fixture
def handlers():
    made = Handlers()
    yield made
    made.stop()


def handler(function, type="*", failures=None, before=None, **where):
    return Handler(
        function,
        Pattern(type, where, DECLARATION),
        lambda event: {"event": lambda: event, "digit": lambda: event["digit"]},
        (lambda *told: failures.append(told)) if failures is not None else lambda *_: None,
        before or (lambda _: None),
    )


def digits(*pressed):
    return [{"type": "ChannelDtmfReceived", "digit": digit} for digit in pressed]


def test_events_come_in_order_with_what_was_asked_for(handlers):
    seen, places = [], []

    def press(event, digit):
        seen.append((event["digit"], digit))

    handlers.add(handler(press, before=lambda sighting: places.append(sighting.sequence)))
    handlers.offer(digits(*"123"), first=7)
    handlers.offer(digits("4"), first=20)
    until(lambda: len(seen) == 4)
    assert seen == [(digit, digit) for digit in "1234"]
    assert places == [7, 8, 9, 20]


def test_only_those_whose_pattern_fits_are_told(handlers):
    ones, twos, everything = [], [], []

    def one(event):
        ones.append(event["digit"])

    def two(event):
        twos.append(event["digit"])

    def every(event):
        everything.append(event["type"])

    handlers.add(handler(one, "ChannelDtmfReceived", digit="1"))
    handlers.add(handler(two, ["ChannelDtmfReceived", "StasisEnd"], digit="2"))
    handlers.add(handler(every))
    handlers.offer([*digits("1", "2", "1"), {"type": "StasisEnd"}, {"type": ["odd"]}], first=0)
    until(lambda: len(everything) == 5)
    until(lambda: (ones, twos) == (["1", "1"], ["2"]))


def test_a_slow_handler_keeps_nobody_waiting(handlers):
    gate, slow_ones, quick_ones = threading.Event(), [], []

    def slow(digit):
        gate.wait(30)
        slow_ones.append(digit)

    def quick(digit):
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


def test_a_failing_handler_is_reported_and_goes_on(handlers):
    failures, seen = [], []

    def fragile(digit):
        seen.append(digit)
        if digit == "2":
            raise ValueError("not two")

    handlers.add(handler(fragile, failures=failures))
    handlers.offer(digits(*"123"), first=5)
    until(lambda: seen == ["1", "2", "3"])
    [(failed, sighting, trace)] = failures
    assert failed is handlers["fragile"]
    assert sighting == Sighting(digits("2")[0], 6)
    assert "ValueError: not two" in trace
    assert (failed.runs, failed.failures) == (3, 1)
    assert repr(failed).startswith("<handler fragile on ")
    assert "ran 3 times, failed 1" in repr(failed)


def test_even_an_attempt_to_end_the_interpreter_is_a_failure(handlers):
    failures = []

    def leave():
        raise SystemExit

    handlers.add(handler(leave, failures=failures))
    handlers.offer(digits("1"), first=0)
    handlers.offer(digits("2"), first=1)
    until(lambda: len(failures) == 2)


def test_coroutines_run_one_event_at_a_time_in_order(handlers):
    steps = []

    async def patient(digit):
        steps.append(f"begin {digit}")
        await asyncio.sleep(0.05)
        steps.append(f"end {digit}")

    handlers.add(handler(patient))
    handlers.offer(digits("1", "2"), first=0)
    until(lambda: len(steps) == 4)
    assert steps == ["begin 1", "end 1", "begin 2", "end 2"]


def test_the_same_name_takes_the_place_of_the_one_before(handlers):
    first, second = [], []

    def press(digit):
        first.append(digit)

    handlers.add(handler(press))

    def press(digit):  # as running a notebook's cell again does
        second.append(digit)

    handlers.add(handler(press))
    handlers.offer(digits("1"), first=0)
    until(lambda: second == ["1"])
    assert first == []
    assert list(handlers) == ["press"]
    assert len(handlers) == 1


def test_removed_handlers_see_nothing_more_and_their_threads_end(handlers):
    seen = []

    def gone(digit):
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


def test_a_handler_that_never_catches_up_drops_the_oldest_and_counts_them(handlers):
    gate, seen = threading.Event(), []

    def stuck(event):
        gate.wait(5)
        seen.append(event["digit"])

    handlers.add(handler(stuck))
    handlers.offer(digits(*map(str, range(10_050))), first=0)
    stuck_one = handlers["stuck"]
    until(lambda: stuck_one.runs == 1)
    lost = stuck_one.dropped
    assert 49 <= lost <= 50
    assert f"dropped {lost}" in repr(stuck_one)
    gate.set()
    until(lambda: stuck_one.waiting == 0)
    assert len(seen) == 10_050 - lost
    assert seen[-1] == "10049"


def test_a_handler_may_remove_itself(handlers):
    done = threading.Event()

    def once():
        handlers.remove("once")
        done.set()

    handlers.add(handler(once))
    handlers.offer(digits("1", "2"), first=0)
    assert done.wait(5)
    assert len(handlers) == 0


def test_a_question_that_fails_is_the_handlers_failure_and_not_the_streams(handlers):
    failures, seen = [], []

    def big(digit):
        seen.append(digit)

    def odd(digit):
        seen.append(f"odd {digit}")

    handlers.add(handler(big, failures=failures, digit=lambda digit: int(digit) > 4))
    handlers.add(handler(odd, digit=["1", "9"]))
    handlers.offer(digits(*"1#9"), first=0)
    until(lambda: len(seen) == 3 and handlers["big"].waiting == 0)
    assert sorted(seen) == ["9", "odd 1", "odd 9"]
    [(failed, sighting, trace)] = failures
    assert (failed.name, sighting.event["digit"]) == ("big", "#")
    assert "ValueError" in trace
    assert (failed.runs, failed.failures) == (1, 1)


def test_a_slow_question_keeps_nobody_waiting(handlers):
    gate, answers, seen = threading.Event(), [], []

    def asked(digit):
        seen.append(digit)

    def question(digit):
        answers.append(gate.wait(30))
        return answers[-1]

    handlers.add(handler(asked, digit=question))
    handlers.offer(digits(*"12"), first=0)
    assert answers == []
    gate.set()
    until(lambda: seen == ["1", "2"])


def test_handlers_come_and_go_from_many_threads(handlers):
    faults = []

    def busy(number):
        def one():
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


def test_tasks_that_a_coroutine_left_behind_end_with_it(handlers):
    steps = []

    async def starting(digit):
        async def long():
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                steps.append(f"ended {digit}")
                raise

        asyncio.current_task().kept = asyncio.ensure_future(long())
        await asyncio.sleep(0)
        steps.append(f"begun {digit}")

    handlers.add(handler(starting))
    handlers.offer(digits("1"), first=0)
    until(lambda: steps == ["begun 1"])
    handlers.remove("starting")
    until(lambda: steps == ["begun 1", "ended 1"])
    until(lambda: not [t for t in threading.enumerate() if t.name == "ari-handler-starting"])
