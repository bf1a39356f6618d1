"""Random traffic: calls that come in at a chosen rate, from people who hang up after a while."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ari_notebook.simulator.naturals import is_measure

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

__all__ = ["Generator", "Traffic", "generate"]

MEAN_DURATION = 30.0
_NAMES = ("Ada", "Bo", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana", "Ida", "Jon", "Kim", "Lea")


@dataclass(frozen=True, slots=True)
class Traffic:
    """Random calls.

    Attributes:
        calls_per_minute: how many begin, on average; they come independently of each other.
        mean_duration: seconds until a caller hangs up, on average.
        extensions: what is dialled, each as likely as the others.
        context: where.
        seed: the same seed gives the same calls; None: a seed from the exchange's own.
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
                raise ValueError(f"{name} is a number above 0, not {value!r}")
        texts = not isinstance(self.extensions, str) and all(
            isinstance(each, str) for each in self.extensions
        )
        if not texts or not self.extensions:
            raise ValueError(f"extensions is a list of texts, not {self.extensions!r}")


class Generator:
    """Makes an exchange's random calls, until it is stopped."""

    def __init__(self, exchange: Exchange, traffic: Traffic) -> None:
        seed = exchange.random.getrandbits(64) if traffic.seed is None else traffic.seed
        self._random = random.Random(seed)
        self._exchange = exchange
        self._traffic = traffic
        self._wait()

    def stop(self) -> None:
        """Make no more calls; those that are there end in their time."""
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
        call = self._exchange.phones.call(extension, traffic.context, caller)
        # Whether it is ever answered or not.
        call.later(duration, call.hangup)


def generate(exchange: Exchange, traffic: Traffic) -> Generator:
    """Begin to make random calls.

    Args:
        exchange: where.
        traffic: which.

    Raises:
        LookupError: an extension does not exist.
    """
    for extension in traffic.extensions:
        if exchange.dialplan.find(traffic.context, extension, 1) is None:
            raise LookupError(f"traffic dials {extension!r}, which is not in {traffic.context!r}")
    return Generator(exchange, traffic)
