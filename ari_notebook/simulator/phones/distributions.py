"""Random durations, described in a few words: ``exponential 60``, ``lognormal 180 0.5``."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from ari_notebook.simulator.numbers import is_measure

__all__ = ["Distribution"]

# Name → what its numbers mean, and how a value is drawn.
_KINDS: dict[str, tuple[tuple[str, ...], Callable[..., float]]] = {
    "constant": (("seconds",), lambda chance, seconds: seconds),
    "uniform": (("lowest", "highest"), lambda chance, low, high: chance.uniform(low, high)),
    "exponential": (("mean",), lambda chance, mean: chance.expovariate(1 / mean)),
    # With the mean of the durations, not of their logarithms.
    "lognormal": (
        ("mean", "sigma"),
        lambda chance, mean, sigma: chance.lognormvariate(math.log(mean) - sigma**2 / 2, sigma),
    ),
}


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution of seconds.

    Attributes:
        text: a name and its numbers: ``constant SECONDS``, ``uniform LOWEST HIGHEST``,
            ``exponential MEAN`` or ``lognormal MEAN SIGMA`` (of the logarithm).
        chance: the source of random numbers.

    Raises:
        ValueError: unknown name, or wrong numbers.
    """

    text: str
    chance: random.Random
    _numbers: tuple[float, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        name, *words = self.text.split() or [""]
        if name not in _KINDS:
            raise ValueError(f"unknown distribution {self.text!r}; there are {', '.join(_KINDS)}")
        means, _ = _KINDS[name]
        try:
            numbers = tuple(map(float, words))
        except ValueError:
            numbers = ()
        sound = all(is_measure(each) and each > 0 for each in numbers)
        if len(numbers) != len(means) or not sound or list(numbers[:2]) != _ordered(name, numbers):
            raise ValueError(f"{name} takes {' and '.join(means)} above 0, not {self.text!r}")
        object.__setattr__(self, "_numbers", numbers)

    def draw(self) -> float:
        """Return a random number of seconds."""
        _, drawn = _KINDS[self.text.split()[0]]
        return drawn(self.chance, *self._numbers)


def _ordered(name: str, numbers: tuple[float, ...]) -> list[float]:
    return sorted(numbers[:2]) if name == "uniform" else list(numbers[:2])
