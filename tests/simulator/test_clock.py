"""The exchange's time and its programs."""

import pytest

from ari_notebook.simulator.clock import Clock, Task


@pytest.mark.parametrize("part", ["whole", "inner"])
@pytest.mark.parametrize("word", ["throw", "wake"])
def test_a_program_that_is_collected_may_end_itself(word, part):
    """Python runs the end of a program that nobody holds any more: it is no fault there."""
    clock = Clock(0)
    seen = []

    def program():
        try:
            yield None
        finally:
            getattr(task, word)(KeyError("of its own end"))
            seen.append("ended")

    def whole():
        yield from inner

    inner = program()
    outer = whole()
    task = Task(clock, outer)
    task.start()
    clock.advance(1)
    {"whole": outer, "inner": inner}[part].close()  # what the collector does
    assert seen == ["ended"]


@pytest.mark.parametrize("word", ["throw", "wake"])
def test_nothing_is_asked_of_a_program_that_was_collected(word):
    clock = Clock(0)

    def program():
        yield None

    generator = program()
    task = Task(clock, generator, lambda _: pytest.fail("its end is told"))
    task.start()
    clock.advance(1)
    generator.close()
    getattr(task, word)(KeyError("of another's end"))
