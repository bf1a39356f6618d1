"""The exchange's time and its programs."""

import pytest

from ari_notebook.simulator.clock import Clock, Task


@pytest.mark.parametrize("word", ["throw", "wake"])
def test_a_program_that_is_collected_may_end_itself(word):
    """Python runs the end of a program that nobody holds any more: it is no fault there."""
    clock = Clock(0)
    seen = []

    def program():
        try:
            yield None
        finally:
            getattr(task, word)(KeyError("of its own end"))
            seen.append("ended")

    generator = program()
    task = Task(clock, generator)
    task.start()
    clock.advance(1)
    generator.close()  # what the collector does
    assert seen == ["ended"]
