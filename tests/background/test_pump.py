"""Steps that wait, on stacks of greenlet; `tests/browser` runs them in Pyodide."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import greenlet
import pytest

from ari_notebook.background.pump import Pump, RealTime
from tests.background import waiting_steps
from tests.conftest import IN_PROCESS

pytestmark = [
    pytest.mark.usefixtures("mode"),
    pytest.mark.parametrize("mode", [IN_PROCESS], indirect=True, ids=[""]),
]


@pytest.mark.parametrize("case", waiting_steps.EVERYWHERE, ids=lambda case: case.__name__)
def test_steps_wait_on_stacks_of_their_own(
    case: Callable[[], Coroutine[Any, Any, None] | None],
) -> None:
    called = case()
    if called is not None:
        asyncio.run(called)


def test_wait_in_a_greenlet_of_a_step_leaves_the_greenlet_its_turn() -> None:
    pump, seen = Pump(RealTime()), []

    def inner() -> None:
        pump.sleep(0.01)
        seen.append("inner")

    def step() -> None:
        greenlet.greenlet(inner).switch()
        seen.append("step")

    pump.soon(lambda: pump.enter(None, step))
    pump.sleep(0.05)
    assert seen == ["inner", "step"]
