"""A session on a fast simulator, and callers for its flows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

import ari_notebook
from ari_notebook import Session
from ari_notebook.flows.runtime import FlowRun
from ari_notebook.simulator import RunningSimulator
from tests.helpers.waiting import until

DIALPLAN = """
[default]
exten => 1,1,Stasis(flows,one,two)
exten => 2,1,Stasis(flows)
exten => 5001,1,Answer()
 same => n,Wait(1)
"""


LONG = 120  # seconds that a loaded machine may take


@dataclass
class Stage:
    """A session with flows, and the simulator that its calls come from."""

    simulator: RunningSimulator
    ari: Session

    def call(self, extension: str = "1") -> Any:
        return self.simulator.call(extension)

    def channels(self) -> int:
        return self.simulator.run(lambda asterisk: len(asterisk.exchange.channels))

    def bridges(self) -> int:
        return self.simulator.run(lambda asterisk: len(asterisk.exchange.bridges))

    def ended(self) -> FlowRun:
        """Return the newest flow after its end."""
        until(lambda: self.ari.flows.runs and self.ari.flows.runs[-1].over.is_set(), LONG)
        return self.ari.flows.runs[-1]

    def is_clean(self) -> bool:
        return self.channels() == 0 and self.bridges() == 0


@pytest.fixture(scope="module")
def simulator() -> Iterator[RunningSimulator]:
    with ari_notebook.simulator.start(speed=10) as running:
        running.set_dialplan(DIALPLAN)
        phones: dict[str, dict[str, Any]] = {
            "anna": {"answer_after": 0.2},
            "busy": {"refuse": "busy"},
            "silent": {"answer_after": None},
        }
        for name, behaviour in phones.items():
            running.phones.add(name, **behaviour)
        yield running


@pytest.fixture
def stage(simulator: RunningSimulator) -> Iterator[Stage]:
    user, password = simulator.credentials
    with ari_notebook.connect(simulator.url, "flows", user, password) as ari:
        stage = Stage(simulator, ari)
        yield stage
    until(stage.is_clean, state=lambda: (stage.channels(), stage.bridges()))
