"""Faults of chosen operations: refused, answered late, a number of times or at random."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ari_notebook.schema import Declaration, Operation, builtin
from ari_notebook.simulator.messages import REASONS
from ari_notebook.simulator.numbers import is_measure
from ari_notebook.simulator.rest.request_pattern import RequestPattern

__all__ = ["OperationFault", "OperationFaults"]


@dataclass(frozen=True, slots=True)
class OperationFault:
    """A fault of the requests that match a pattern.

    Attributes:
        pattern: the requests.
        status: status of the answer, 400 to 599; the operation is then not performed. None: it is
            performed and answered.
        message: text of a refusal.
        delay: simulated seconds from the operation to its answer; its events are not delayed.
        probability: from 0 to 1.
        times: how many requests it affects; None: all.
    """

    pattern: RequestPattern
    status: int | None = None
    message: str = ""
    delay: float = 0.0
    probability: float = 1.0
    times: int | None = None

    def check(self, declaration: Declaration) -> None:
        """Raise if the fault can have no effect.

        Raises:
            ValueError: with the reason, in one line.
        """
        self.pattern.check(declaration)
        if self.status is None and not self.delay:
            raise ValueError("a fault needs a status or a delay")
        if self.status is not None and self.status not in REASONS:
            known = ", ".join(str(each) for each in REASONS if each >= 400)
            raise ValueError(f"status {self.status} is not one of {known}")
        if self.status is not None and self.status < 400:
            raise ValueError(f"status {self.status} is not an error; use one from 400 on")
        if not is_measure(self.delay):
            raise ValueError(f"delay is a number of seconds from 0 on, not {self.delay}")
        if not is_measure(self.probability) or not 0 < self.probability <= 1:
            raise ValueError(f"probability is above 0 and at most 1, not {self.probability}")
        if self.times is not None and self.times < 1:
            raise ValueError(f"times is at least 1, not {self.times}")

    def json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        shown = {name: getattr(self, name) for name in ("status", "message", "delay")}
        shown |= {name: getattr(self, name) for name in ("probability", "times")}
        for name in ("operation", "method", "path", "channel"):
            shown[name] = getattr(self.pattern, name)
        return {**shown, "parameters": dict(self.pattern.parameters)}


class OperationFaults:
    """The faults in effect. They outlive the exchange, which a restart replaces.

    Args:
        seed: seed of their probabilities.
        declaration: the operations that can have faults; None: Asterisk 22.10's.
    """

    def __init__(self, seed: int = 0, declaration: Declaration | None = None) -> None:
        self._random = random.Random(seed)
        self._declaration = declaration
        self._faults: dict[int, OperationFault] = {}
        self._left: dict[int, int] = {}
        self._numbers = itertools.count(1)

    def __bool__(self) -> bool:
        return bool(self._faults)

    def add(self, fault: OperationFault) -> int:
        """Add a fault and return its number; the fault added last is tried first.

        Raises:
            ValueError: the fault can have no effect.
        """
        fault.check(self._declaration or builtin())
        number = next(self._numbers)
        self._faults = {number: fault, **self._faults}
        if fault.times is not None:
            self._left[number] = fault.times
        return number

    def remove(self, number: int) -> bool:
        """Remove a fault; return whether it was in effect."""
        self._left.pop(number, None)
        return self._faults.pop(number, None) is not None

    def clear(self) -> None:
        """Remove all faults."""
        self._faults.clear()
        self._left.clear()

    def all(self) -> dict[int, OperationFault]:
        """Return the faults by number."""
        return dict(self._faults)

    def take(
        self,
        operation: Operation,
        method: str,
        path: str,
        parameters: Mapping[str, Any],
        channels: tuple[str, ...],
    ) -> OperationFault | None:
        """Return the fault of a request, and count it; None if it has none."""
        for number, fault in self._faults.items():
            if not fault.pattern.matches(operation, method, path, parameters, channels):
                continue
            if fault.probability < 1 and self._random.random() >= fault.probability:
                continue
            if number in self._left:
                self._left[number] -= 1
                if not self._left[number]:
                    self.remove(number)
            return fault
        return None
