"""Random traffic: calls at a given rate, from callers who hang up after a while."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ari_notebook.simulator.numbers import is_measure
from ari_notebook.simulator.pbx.exchange import Exchange
from ari_notebook.simulator.phones.call import PhoneCall

__all__ = ["TrafficGenerator", "TrafficSettings", "generate"]

MEAN_DURATION = 30.0
_NAMES = ("Ada", "Bo", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana", "Ida", "Jon", "Kim", "Lea")


@dataclass(frozen=True, slots=True)
class TrafficSettings:
    """Random calls.

    Attributes:
        calls_per_minute: average number of new calls; they arrive independently of each other.
        mean_duration: average seconds until a caller hangs up.
        extensions: extensions to dial, with equal probability.
        context: context of the extensions.
        seed: the same seed gives the same calls; None: derived from the exchange's seed.
    """

    calls_per_minute: float
    mean_duration: float = MEAN_DURATION
    extensions: Sequence[str] = ("1000",)
    context: str = "default"
    seed: int | None = None

    def __post_init__(self) -> None:
        for name in ("calls_per_minute", "mean_duration"):
            value = getattr(self, name)
            if not is_measure(value) or value == 0:
                raise ValueError(f"{name} must be above 0, not {value!r}")
        texts = not isinstance(self.extensions, str) and all(
            isinstance(each, str) for each in self.extensions
        )
        if not texts or not self.extensions:
            raise ValueError(f"extensions must be a list of strings, not {self.extensions!r}")


class Callers(Protocol):
    """Places calls to the exchange."""

    def call(self, extension: str, context: str = ..., caller: str | None = ...) -> PhoneCall:
        """Dial an extension."""


class TrafficGenerator:
    """Generates random calls until it is stopped."""

    def __init__(self, exchange: Exchange, callers: Callers, traffic: TrafficSettings) -> None:
        seed = exchange.random.getrandbits(64) if traffic.seed is None else traffic.seed
        self._random = random.Random(seed)
        self._exchange = exchange
        self._callers = callers
        self._traffic = traffic
        self._wait()

    def stop(self) -> None:
        """Stop generating calls; existing calls end at their planned time."""
        self._timer.cancel()

    def _wait(self) -> None:
        seconds = self._random.expovariate(self._traffic.calls_per_minute / 60)
        self._timer = self._exchange.after(seconds, self._call)

    def _call(self) -> None:
        traffic, chance = self._traffic, self._random
        number = f"{chance.randrange(10_000_000):07d}"
        caller = f"{chance.choice(_NAMES)} <{number}>"
        extension = chance.choice(list(traffic.extensions))
        duration = chance.expovariate(1 / traffic.mean_duration)
        self._wait()
        call = self._callers.call(extension, traffic.context, caller)
        # The call ends after this time, answered or not.
        call.later(duration, call.hangup)


def generate(exchange: Exchange, callers: Callers, traffic: TrafficSettings) -> TrafficGenerator:
    """Start generating random calls.

    Args:
        exchange: the exchange.
        callers: places the calls.
        traffic: the settings.

    Raises:
        LookupError: unknown extension.
    """
    for extension in traffic.extensions:
        if not exchange.dialplan.exists(traffic.context, extension):
            raise LookupError(f"traffic dials {extension!r}, which is not in {traffic.context!r}")
    return TrafficGenerator(exchange, callers, traffic)
