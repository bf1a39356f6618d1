"""Measures of a contact centre and of trunks: service level, waiting, occupancy, traffic.

The formulas of Erlang are of A. K. Erlang (1917); Erlang A, with impatient callers, is C. Palm's
(1946). Their sums are computed by recursion, so that many agents cause no overflow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ari_notebook.captures.charts import concurrent
from ari_notebook.client.errors import UsageProblem

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Measures",
    "QueueModel",
    "beside_erlang",
    "erlang_a",
    "erlang_c",
    "measures",
    "occupancy",
]

_PERCENTILES = (50, 90, 95)
_NEGLIGIBLE = 40.0  # exp(-40) of the wait's density
_POINTS = 100_001


def measures(
    calls: pd.DataFrame,
    by: str | Sequence[str] | None = None,
    *,
    within: float = 20,
) -> pd.DataFrame:
    """Return measures of calls, by any columns.

    Calls whose row is uncertain, and calls that go on, count in ``calls``, and in the other columns
    only with what is known of them.

    Args:
        calls: rows like ``ari.calls.df``.
        by: column or columns to group by; None for all calls. ``"hour"`` and ``"day"`` are those of
            ``begin``, if the table has no such column.
        within: seconds of the service level.

    Returns:
        One row per group. ``calls``; ``hours`` from the first begin to the last begin or end;
        ``calls_per_hour``; ``answered`` and ``connected`` (calls); ``abandoned``;
        ``answer_seizure_ratio`` (answered of the calls that have ended, ITU-T E.411);
        ``service_level`` (connected within the seconds, of the calls that waited for a person:
        connected, abandoned, or ended otherwise); ``wait_mean``, ``wait_p50``, ``wait_p90``,
        ``wait_p95`` (seconds of ``queue_wait``); ``talk_mean`` (seconds after ``connected``);
        ``erlangs`` (mean number of connected calls over the hours); ``busiest`` (most simultaneous
        calls).

    Raises:
        UsageProblem: no such column, or the seconds are not positive.
    """
    import pandas as pd  # noqa: PLC0415  takes 0.4 s

    if not within > 0:
        raise UsageProblem(f"within must be more than 0 seconds, not {within!r}", "Give 20.")
    names = [by] if isinstance(by, str) else list(by or ())
    keys = [_key(calls, name) for name in names]
    if not keys:
        return pd.DataFrame([_row(calls, within)], index=pd.Index(["all"]))
    groups = calls.groupby(keys, observed=True, dropna=False, sort=True)
    rows = {key: _row(group, within) for key, group in groups}
    if len(keys) > 1:
        index: Any = pd.MultiIndex.from_tuples(list(rows), names=names)
    else:
        index = pd.Index([_only(key) for key in rows], name=names[0])
    empty = list(_row(calls.iloc[:0], within))
    return pd.DataFrame(list(rows.values()), index=index, columns=empty)


def _only(key: Hashable) -> Hashable:
    return key[0] if isinstance(key, tuple) else key


def _key(calls: pd.DataFrame, name: str) -> Any:
    if name in calls:
        column = calls[name]
        return column.astype("str") if column.dtype == "category" else column
    if name == "hour":
        return calls["begin"].dt.floor("h").rename("hour")
    if name == "day":
        return calls["begin"].dt.floor("D").rename("day")
    raise UsageProblem(
        f"no column {name!r}", f"The calls have {', '.join(map(str, calls))}, hour and day."
    )


def _row(calls: pd.DataFrame, within: float) -> dict[str, Any]:
    ended = calls[calls["end"].notna()]
    connected = calls["connected"].notna()
    waited = calls[calls["queue_wait"].notna() & (connected | calls["end"].notna())]
    waits = waited["queue_wait"].astype(float)
    talks = (calls["end"] - calls["connected"]).dt.total_seconds()
    talks = talks[talks >= 0]
    first, last = calls["begin"].min(), _last_time(calls)
    hours = (last - first).total_seconds() / 3600 if len(calls) else 0.0
    served = waited["connected"].notna() & (waits <= within)
    return {
        "calls": len(calls),
        "hours": hours,
        "calls_per_hour": _ratio(len(calls), hours),
        "answered": int((calls["disposition"].astype("str") == "ANSWERED").sum()),
        "connected": int(connected.sum()),
        "abandoned": int(calls["abandoned"].fillna(False).sum()),
        "answer_seizure_ratio": _ratio(
            int((ended["disposition"].astype("str") == "ANSWERED").sum()), len(ended)
        ),
        "service_level": _ratio(int(served.sum()), len(waited)),
        "wait_mean": float(waits.mean()),
        **{f"wait_p{p}": float(waits.quantile(p / 100)) for p in _PERCENTILES},
        "talk_mean": float(talks.mean()),
        "erlangs": _ratio(float(talks.sum()), hours * 3600),
        "busiest": int(concurrent(calls).max()) if len(calls) else 0,
    }


def _last_time(calls: pd.DataFrame) -> Any:
    """Return the last time in calls: of a begin or an end."""
    ends = calls["end"].max()
    begins = calls["begin"].max()
    return begins if ends != ends or begins > ends else ends


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def occupancy(
    legs: pd.DataFrame, by: str = "endpoint", *, every: str | None = None
) -> pd.DataFrame:
    """Return how much of the time phones were in conversations.

    ARI has no event when an agent logs in or pauses. The time is that from a phone's first call in
    the span to its last end.

    Args:
        legs: rows like ``ari.legs.df``.
        by: the column that names the phone.
        every: a span of time in pandas notation, such as ``"1h"``; None for the whole time.

    Returns:
        One row per phone (and span): ``calls`` connected, ``talk`` (seconds), ``ringing`` (seconds
        from dialled to answered or ended), ``present`` (seconds), ``occupancy`` (talk of present).

    Raises:
        UsageProblem: no such column.
    """
    import pandas as pd  # noqa: PLC0415  takes 0.4 s

    if by not in legs:
        raise UsageProblem(f"no column {by!r}", f"The legs have {', '.join(map(str, legs))}.")
    phones = legs[legs["dialled"].notna() & legs["end"].notna()]
    keys: list[Any] = [phones[by]]
    if every is not None:
        keys.append(phones["dialled"].dt.floor(every).rename("span"))
    rang = (phones["answered"].fillna(phones["end"]) - phones["dialled"]).dt.total_seconds()
    made = phones.assign(ringing=rang).groupby(keys, observed=True)
    table = pd.DataFrame(
        {
            "calls": made["connected"].count(),
            "talk": made["talk"].sum().astype(float),
            "ringing": made["ringing"].sum(),
            "present": (made["end"].max() - made["dialled"].min()).dt.total_seconds(),
        }
    )
    return table.assign(occupancy=table["talk"] / table["present"].where(table["present"] > 0))


class Measures:
    """Measures of a source's calls; attribute ``.measures`` of sessions, captures and datasets.

    ``ari.measures(by="agent")`` is `measures` of its calls.

    Args:
        source: object with ``calls.df``, ``legs.df`` and, if it is live, ``calls.live``.
        clock: returns the present time in seconds since 1970; None for what is not live, where
            the present is the last begin or end.
    """

    def __init__(self, source: Any, clock: Callable[[], float] | None = None) -> None:
        self._source = source
        self._clock = clock

    def __call__(
        self, by: str | Sequence[str] | None = None, *, within: float = 20
    ) -> pd.DataFrame:
        """Return measures of the calls, by any columns; see `measures`."""
        return measures(self._source.calls.df, by, within=within)

    def occupancy(self, by: str = "endpoint", *, every: str | None = None) -> pd.DataFrame:
        """Return how much of the time phones were in conversations; see `occupancy`."""
        return occupancy(self._source.legs.df, by, every=every)

    def erlang(self, agents: int, *, within: float = 20, every: str = "1h") -> pd.DataFrame:
        """Return what was observed beside Erlang's models; see `beside_erlang`."""
        return beside_erlang(self._source.calls.df, agents, within=within, every=every)

    def wallboard(
        self, by: str | None = None, *, within: float = 20, last: float = 900
    ) -> pd.DataFrame:
        """Return what a wallboard shows; ``ari.watch(ari.measures.wallboard)`` keeps it live.

        Args:
            by: column of the calls to group by, such as ``"called"``; None for all calls.
            within: seconds of the service level.
            last: seconds back to which ended calls count.

        Returns:
            One row per group: ``waiting``, ``longest_wait`` (seconds), ``talking``, ``held`` now;
            ``calls``, ``abandoned``, ``service_level`` and ``wait_mean`` of the calls that began
            within the last seconds.
        """
        import pandas as pd  # noqa: PLC0415  takes 0.4 s

        calls = self._source.calls.df
        now = pd.Timestamp(self._clock(), unit="s", tz="UTC") if self._clock else _last_time(calls)
        recent = calls[calls["begin"] >= now - pd.Timedelta(seconds=last)] if len(calls) else calls
        table = measures(recent, by, within=within)
        table = table[["calls", "abandoned", "service_level", "wait_mean"]]
        live = self._source.calls.live
        live = live.join(calls, rsuffix="_of_call") if by not in (None, *live) else live
        groups = {"all": live} if by is None else dict(list(live.groupby(live[by].astype("str"))))
        states = {key: _states(each, now) for key, each in groups.items()}
        shown = pd.DataFrame.from_dict(states, orient="index", columns=list(_states(live, now)))
        return (
            shown.join(table, how="outer")
            .fillna(dict.fromkeys(_COUNTED, 0))
            .astype(dict.fromkeys(_COUNTED, int))
        )


_COUNTED = ("waiting", "talking", "held", "calls", "abandoned")


def _states(live: pd.DataFrame, now: pd.Timestamp) -> dict[str, Any]:
    state = live["state"].astype("str")
    since = live["since"][state == "waiting"]
    return {
        "waiting": int((state == "waiting").sum()),
        "longest_wait": max(0.0, (now - since.min()).total_seconds()) if len(since) else 0.0,
        "talking": int((state == "talking").sum()),
        "held": int((state == "held").sum()),
    }


@dataclass(frozen=True, slots=True)
class QueueModel:
    """The results of a queueing model.

    Attributes:
        waits: probability that a caller waits at all.
        mean_wait: mean wait of all callers, in seconds.
        service_level: share of the callers connected within the seconds that were given.
        abandoned: share of the callers who give up.
        occupancy: share of the time that an agent talks.
        assumes: what the model assumes.
    """

    waits: float
    mean_wait: float
    service_level: float
    abandoned: float
    occupancy: float
    assumes: str


_ASSUMED = (
    "calls arrive independently at a constant rate (Poisson), conversations are exponential, all"
    " agents take all calls, and the state is stationary; "
)


def erlang_c(calls_per_hour: float, talk: float, agents: int, *, within: float = 20) -> QueueModel:
    """Return Erlang's model of a queue whose callers never give up.

    Args:
        calls_per_hour: arriving calls.
        talk: mean seconds of a conversation, with the work after it.
        agents: number of agents.
        within: seconds of the service level.

    Raises:
        UsageProblem: a number is not positive, or there are too few agents for a stationary state.
    """
    load = _load(calls_per_hour, talk, agents)
    if load >= agents:
        raise UsageProblem(
            f"{agents} agents cannot carry {load:.2f} erlangs without an ever longer queue",
            "Add agents, or use erlang_a, whose callers give up.",
        )
    blocked = 1.0  # Erlang B by its recursion
    for number in range(1, agents + 1):
        blocked = load * blocked / (number + load * blocked)
    waits = blocked / (1 - (load / agents) * (1 - blocked))
    pace = (agents - load) / talk
    return QueueModel(
        waits=waits,
        mean_wait=waits / pace,
        service_level=1 - waits * math.exp(-pace * within),
        abandoned=0.0,
        occupancy=load / agents,
        assumes=_ASSUMED + "callers never give up.",
    )


def erlang_a(
    calls_per_hour: float, talk: float, agents: int, patience: float, *, within: float = 20
) -> QueueModel:
    """Return Palm's model of a queue whose callers give up.

    Args:
        calls_per_hour: arriving calls.
        talk: mean seconds of a conversation, with the work after it.
        agents: number of agents.
        patience: mean seconds after which a waiting caller gives up.
        within: seconds of the service level.

    Raises:
        UsageProblem: a number is not positive.
    """
    load = _load(calls_per_hour, talk, agents)
    if not patience > 0:
        raise UsageProblem(f"patience must be more than 0 seconds, not {patience!r}", "Give 60.")
    arrivals = calls_per_hour / 3600
    # The offered wait has the density arrivals * p * exp(growth(x)), where p is the probability
    # of agents - 1 calls: S. Zeltyn, A. Mandelbaum, "Call centers with impatient customers" (2005).
    times = _grid(arrivals, agents / talk, patience, within)
    growth = arrivals * patience * -np.expm1(-times / patience) - agents / talk * times
    highest = growth.max()
    density = arrivals * np.exp(growth - highest)
    stays = np.exp(-times / patience)
    idle = term = 1.0  # probabilities of fewer calls than agents, relative to p
    for number in range(agents - 1, 0, -1):
        term *= number / load
        idle += term
    idle *= math.exp(-highest)
    whole = idle + _area(density, times)
    soon = times <= within
    served = (idle + _area(density * stays, times)) / whole
    return QueueModel(
        waits=1 - idle / whole,
        mean_wait=(1 - served) * patience,
        service_level=(idle + _area((density * stays)[soon], times[soon])) / whole,
        abandoned=1 - served,
        occupancy=load * served / agents,
        assumes=_ASSUMED + "a caller's patience is exponential.",
    )


def _grid(arrivals: float, pace: float, patience: float, within: float) -> npt.NDArray[np.float64]:
    """Return the times at which the wait's density is computed: those at which it is not 0."""
    end = max(within, 1 / pace)
    while arrivals * patience * -math.expm1(-end / patience) - pace * end > -_NEGLIGIBLE:
        end *= 2
    times = np.linspace(0, end, _POINTS)
    return np.union1d(times, [within])


def _area(values: npt.NDArray[np.float64], times: npt.NDArray[np.float64]) -> float:
    return float(np.trapezoid(values, times))


def _load(calls_per_hour: float, talk: float, agents: int) -> float:
    given = {"calls_per_hour": calls_per_hour, "talk": talk, "agents": agents}
    for name, value in given.items():
        if not 0 < value < math.inf:
            raise UsageProblem(f"{name} must be more than 0, not {value!r}", "See the docstring.")
    return calls_per_hour / 3600 * talk


def beside_erlang(
    calls: pd.DataFrame, agents: int, *, within: float = 20, every: str = "1h"
) -> pd.DataFrame:
    """Return what was observed beside what Erlang's models say for the same load.

    Args:
        calls: rows like ``ari.calls.df``, of one queue.
        agents: number of agents who were there.
        within: seconds of the service level.
        every: a span of time in pandas notation.

    Returns:
        One row per span: ``calls_per_hour`` and ``talk_mean``, which are the models' input, then
        ``wait_mean``, ``service_level``, ``abandoned`` (a share) as observed, as of Erlang C
        (``…_erlang_c``, missing where the agents cannot carry the load) and of Erlang A
        (``…_erlang_a``). The mean patience is estimated from the calls of the span: all waiting
        time by the number of callers who gave up. ``attrs["assumes"]`` says what the models assume.
    """
    import pandas as pd  # noqa: PLC0415  takes 0.4 s

    hours = pd.Timedelta(every).total_seconds() / 3600
    rows = {}
    for at, part in calls.groupby(calls["begin"].dt.floor(every)):
        seen = _row(part, within)
        rate, talk = len(part) / hours, seen["talk_mean"]
        row = {
            "calls_per_hour": rate,
            "talk_mean": talk,
            "wait_mean": seen["wait_mean"],
            "service_level": seen["service_level"],
            "abandoned": _ratio(seen["abandoned"], len(part)),
        }
        gave_up = seen["abandoned"]
        waits = part["queue_wait"].astype(float).sum()
        for name, found in (
            ("erlang_c", _erlang_c_or_none(rate, talk, agents, within)),
            (
                "erlang_a",
                erlang_a(rate, talk, agents, waits / gave_up, within=within)
                if gave_up and talk > 0 and waits > 0
                else None,
            ),
        ):
            for column in ("mean_wait", "service_level", "abandoned"):
                label = "wait_mean" if column == "mean_wait" else column
                row[f"{label}_{name}"] = math.nan if found is None else getattr(found, column)
        rows[at] = row
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.attrs["assumes"] = (
        _ASSUMED + "Erlang C: callers never give up; Erlang A: patience is exponential."
    )
    return table


def _erlang_c_or_none(rate: float, talk: float, agents: int, within: float) -> QueueModel | None:
    if not talk > 0 or rate / 3600 * talk >= agents:
        return None
    return erlang_c(rate, talk, agents, within=within)
