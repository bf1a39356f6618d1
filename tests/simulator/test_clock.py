"""The exchange's time and its programs."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from ari_notebook.simulator.clock import Clock, ProgramTask


@pytest.mark.parametrize("part", ["whole", "inner"])
@pytest.mark.parametrize("word", ["throw", "wake"])
def test_program_that_is_collected_may_end_itself(word: str, part: str) -> None:
    """Python closes an unreferenced program, which is not an error."""
    clock = Clock(0)
    seen: list[str] = []

    def program() -> Generator[None, Any, None]:
        try:
            yield None
        finally:
            getattr(task, word)(KeyError("of its own end"))
            seen.append("ended")

    def whole() -> Generator[None, Any, None]:
        yield from inner

    inner = program()
    outer = whole()
    task = ProgramTask(clock, outer)
    task.start()
    clock.advance(1)
    {"whole": outer, "inner": inner}[part].close()  # what the collector does
    assert seen == ["ended"]


@pytest.mark.parametrize("word", ["throw", "wake"])
def test_collected_program_is_not_resumed(word: str) -> None:
    clock = Clock(0)

    def program() -> Generator[None, Any, None]:
        yield None

    generator = program()
    task = ProgramTask(clock, generator, lambda _: pytest.fail("its end is reported"))
    task.start()
    clock.advance(1)
    generator.close()
    getattr(task, word)(KeyError("of another's end"))
