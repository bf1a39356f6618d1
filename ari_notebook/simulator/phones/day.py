"""A day of calls from a short description: arrivals by hour, patience, talk, agents' shifts.

arrivals = { 8 = 20, 9 = 60, 12 = 30, 17 = 0 }   # calls an hour, from that hour on
to = "1000"
patience = "exponential 90"
talk = "lognormal 180 0.6"
answer = "uniform 1 5"

[agents]
anna = "8-12 13-17"
bert = "9-17:30"
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol

from ari_notebook.simulator.numbers import is_measure
from ari_notebook.simulator.pbx.exchange import Exchange
from ari_notebook.simulator.phones.call import PhoneCall
from ari_notebook.simulator.phones.distributions import Distribution
from ari_notebook.simulator.phones.phone import Phone

__all__ = ["Day", "WorkingDay", "read_day"]

_SHIFT = re.compile(r"(\d{1,2})(?::(\d\d))?-(\d{1,2})(?::(\d\d))?")
_DAY_HOURS = 24
OnShift = Callable[[str, bool], object]


@dataclass(frozen=True, slots=True)
class Day:
    """The description of a day. Hours are UTC, as the simulated clock's.

    Attributes:
        arrivals: hour → calls an hour from then on; none before the first.
        to: extension that the callers dial.
        context: its context.
        patience: distribution of the seconds after which a caller who talks with no phone gives up.
        talk: distribution of the seconds that an agent talks.
        answer: distribution of the seconds that an agent's phone rings.
        agents: endpoint → hours of work, such as ``8-12 13-17:30``.

    Raises:
        ValueError: invalid value; the message names it.
    """

    arrivals: Mapping[int, float]
    to: str = "1000"
    context: str = "default"
    patience: str = "exponential 60"
    talk: str = "exponential 180"
    answer: str = "uniform 1 4"
    agents: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for hour, rate in self.arrivals.items():
            if hour not in range(_DAY_HOURS) or not is_measure(rate):
                raise ValueError(f"arrivals: not an hour and calls an hour: {hour} = {rate!r}")
        for text in (self.patience, self.talk, self.answer):
            Distribution(text, random.Random())
        for name, hours in self.agents.items():
            self.shifts(name, hours)

    def rate(self, hour: int) -> float:
        """Return the calls an hour from an hour on."""
        before = [each for each in self.arrivals if each <= hour]
        return self.arrivals[max(before)] if before else 0.0

    @staticmethod
    def shifts(name: str, hours: str) -> list[tuple[int, int]]:
        """Return an agent's shifts, in minutes of the day.

        Raises:
            ValueError: invalid hours.
        """
        found = []
        for word in hours.split():
            parts = _SHIFT.fullmatch(word)
            begin, minute, end, last = map(int, parts.groups("0")) if parts else (0, 60, 0, 60)
            ordered = begin * 60 + minute < end * 60 + last <= _DAY_HOURS * 60
            if not ordered or max(minute, last) > 59:
                raise ValueError(
                    f"agents: {name} has invalid hours {word!r}; write 8-12 or 9-17:30"
                )
            found.append((begin * 60 + minute, end * 60 + last))
        return found


def read_day(text: str) -> Day:
    """Return the day that a text in TOML describes; the module has an example.

    Raises:
        ValueError: invalid TOML, key or value.
    """
    read: dict[str, Any] = tomllib.loads(text)
    known = [each for each in Day.__slots__ if not each.startswith("_")]
    for name in read:
        if name not in known:
            raise ValueError(f"a day has no {name!r}; it has {', '.join(known)}")
    arrivals = read.pop("arrivals", None)
    if not isinstance(arrivals, dict) or not all(str(hour).isdigit() for hour in arrivals):
        raise ValueError("arrivals must be hours with calls an hour: { 8 = 20, 9 = 60 }")
    for name, value in read.items():
        kind = dict if name == "agents" else str
        if not isinstance(value, kind):
            raise ValueError(f"{name} must be {'a table' if kind is dict else 'text'}: {value!r}")
    return Day({int(hour): rate for hour, rate in arrivals.items()}, **read)


class People(Protocol):
    """Places calls and has phones."""

    def call(self, extension: str, context: str = ..., caller: str | None = ...) -> PhoneCall:
        """Dial an extension."""

    def add(self, name: str, caller: str = ..., context: str = ..., **behaviour: Any) -> Phone:
        """Add an endpoint with a phone."""


class WorkingDay:
    """Callers and agents who follow a day's description until `stop`, every day again.

    Args:
        exchange: the exchange.
        people: its phones.
        day: the description.
        on_shift: called with an agent's endpoint when a shift begins (True) and ends (False).
        seed: the same seed gives the same day; None: derived from the exchange's seed.
    """

    def __init__(
        self,
        exchange: Exchange,
        people: People,
        day: Day,
        on_shift: OnShift | None = None,
        seed: int | None = None,
    ) -> None:
        self._exchange, self._people, self._day = exchange, people, day
        self._on_shift = on_shift
        # Separate sources, so that more callers do not change how long agents talk.
        number = exchange.random.getrandbits(64) if seed is None else seed
        self._arrivals, patience, self._callers = (
            random.Random(f"{number} {name}") for name in ("arrivals", "patience", "callers")
        )
        self._patience = Distribution(day.patience, patience)
        self._stopped = False
        for name, hours in day.agents.items():
            talk = Distribution(day.talk, random.Random(f"{number} talk {name}"))
            answer = Distribution(day.answer, random.Random(f"{number} answer {name}"))
            phone = people.add(name, context=day.context, answer_after=answer, hangup_after=talk)
            phone.unregister()
            for begin, end in day.shifts(name, hours):
                self._at_minute(begin, end, phone)
        self._wait()

    def stop(self) -> None:
        """Stop; calls and shifts that have begun go on."""
        self._stopped = True

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._exchange.now, UTC)

    def _at_minute(self, begin: int, end: int, phone: Phone) -> None:
        """Schedule a shift: the one that goes on now, or the next."""
        midnight = self._now().replace(hour=0, minute=0, second=0, microsecond=0)
        ends = midnight + timedelta(minutes=end)
        if ends <= self._now():
            midnight += timedelta(days=1)
            ends = midnight + timedelta(minutes=end)
        begins = midnight + timedelta(minutes=begin)
        wait = max(0.0, (begins - self._now()).total_seconds())
        self._exchange.after(wait, partial(self._shift, phone, begin, end, ends))

    def _shift(self, phone: Phone, begin: int, end: int, ends: datetime) -> None:
        if self._stopped:
            return
        phone.register()
        self._say(phone, present=True)
        wait = (ends - self._now()).total_seconds()
        self._exchange.after(wait, partial(self._end_shift, phone, begin, end))

    def _end_shift(self, phone: Phone, begin: int, end: int) -> None:
        phone.unregister()
        self._say(phone, present=False)
        self._at_minute(begin, end, phone)

    def _say(self, phone: Phone, *, present: bool) -> None:
        if self._on_shift is not None:
            self._on_shift(phone.name, present)

    def _wait(self) -> None:
        """Schedule the next arrival, or the next hour, whose rate may be another one."""
        if self._stopped:
            return
        now = self._now()
        rate = self._day.rate(now.hour)
        hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        left = (hour - now).total_seconds()
        seconds = self._arrivals.expovariate(rate / 3600) if rate else left
        if seconds >= left:  # without memory: a new wait begins with the hour
            self._exchange.after(left, self._wait)
        else:
            self._exchange.after(seconds, self._arrive)

    def _arrive(self) -> None:
        if self._stopped:
            return
        number = f"{self._callers.randrange(10_000_000):07d}"
        call = self._people.call(self._day.to, self._day.context, number)
        call.later(self._patience.draw(), partial(self._lose_patience, call))
        self._wait()

    def _lose_patience(self, call: PhoneCall) -> None:
        if not call.talks:
            call.hangup()
