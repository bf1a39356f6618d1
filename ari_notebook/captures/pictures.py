"""Pictures of traffic: matplotlib's own figures, to be changed like any other.

Each takes a session, a replay or an opened capture, and returns a ``matplotlib.figure.Figure``.
A figure of nothing says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ari_notebook.client.errors import UsageProblem

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

__all__ = ["Pictures"]

# Spans of time that a picture is divided into where nobody says how: the first that gives no more
# parts than can be told apart. Of a year with a clock that began in 1970, still as many.
_SPANS = (
    *("100ms", "1s", "2s", "5s", "10s", "30s", "1min", "2min", "5min", "10min", "30min"),
    *("1h", "3h", "6h", "12h", "1D", "7D", "28D", "364D"),
)
_PARTS, _MOST_PARTS = 120, 1_000_000


class Pictures:
    """What can be drawn of the calls, events and requests of something; ``.pictures`` of it.

    Args:
        source: has ``calls``, ``requests`` and ``log``.
    """

    def __init__(self, source: Any) -> None:
        self._source = source

    def concurrency(self) -> Figure:
        """How many calls were going on at once, over time."""
        calls = self._calls()
        alive = concurrent(calls)

        def draw(axes: Axes) -> None:
            first = alive.index[:1]  # before it were none
            axes.step(first.append(alive.index), [0, *alive], where="post")
            axes.set(title="Calls at once", ylabel="calls")
            _over_time(axes)

        return _figure(draw, len(calls), "calls")

    def arrivals(self, every: str | None = None) -> Figure:
        """How many calls began in each span of time.

        Args:
            every: the span, as pandas writes it: ``"10s"``, ``"1min"``, ``"1h"``; one that suits
                the whole if None.

        Raises:
            UsageProblem: the span is none, or there would be millions of them.
        """
        import pandas as pd

        calls = self._calls()
        every = _span(calls["begin"], every)
        begun = calls.set_index("begin").assign(calls=1)["calls"].resample(every).sum()

        def draw(axes: Axes) -> None:
            edges = pd.date_range(begun.index[0], periods=len(begun) + 1, freq=every)
            axes.stairs(begun.to_numpy(), edges, fill=True)
            axes.set(title="Arrivals", ylabel=f"calls each {every}")
            _over_time(axes)

        return _figure(draw, len(calls), "calls")

    def times(self, bins: int = 30) -> Figure:
        """How long callers waited, and how long they talked, beside each other.

        Args:
            bins: how many bars each has.
        """
        calls = self._calls()
        known = {name: calls[name].dropna().astype(float) for name in ("wait", "talk")}

        def draw(*both: Axes) -> None:
            for axes, (name, values) in zip(both, known.items(), strict=True):
                axes.hist(values, bins=bins)
                title = f"{name.capitalize()} times of {len(values):,} calls"
                axes.set(title=title, xlabel="seconds", ylabel="calls")
                _whole(axes.yaxis)

        return _figure(draw, sum(map(len, known.values())), "waiting and talk times", len(known))

    def causes(self) -> Figure:
        """Why calls ended: Asterisk's hang-up causes."""
        calls = self._calls()
        words = calls["cause"].astype("str") + " " + calls["cause_txt"].astype("str")
        return self._bars(words[calls["cause"].notna()], "Hang-up causes", "calls", "cause")

    def extensions(self, most: int = 20) -> Figure:
        """The extensions that were called most."""
        calls = self._calls()
        return self._bars(calls["called"], "Busiest extensions", "calls", "extension", most)

    def events(self, every: str | None = None) -> Figure:
        """How many events came in each span of time, by type; the eight most frequent of them.

        Args:
            every: the span, as pandas writes it; one that suits the whole if None.

        Raises:
            UsageProblem: the span is none, or there would be millions of them.
        """
        table = self._source.log.df
        every = _span(table["received"], every)
        times = table["received"].dt.floor(every)
        most = table["type"].astype("str").value_counts().index[:8]

        def draw(axes: Axes) -> None:
            counts = table.groupby([times, "type"], observed=True).size().unstack(fill_value=0)
            rates = counts.asfreq(every, fill_value=0)
            alone = "." if len(rates) == 1 else None  # no line goes through one point
            for name in most:
                axes.plot(rates.index, rates[name].to_numpy(), label=name, marker=alone)
            axes.set(title="Events", ylabel=f"events each {every}")
            axes.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
            _over_time(axes)

        return _figure(draw, len(table), "events")

    def latencies(self) -> Figure:
        """How long Asterisk took to answer requests."""
        table = self._source.requests.df.dropna(subset=["milliseconds"])
        values = table["milliseconds"].astype(float)

        def draw(axes: Axes) -> None:
            from matplotlib.ticker import PercentFormatter

            axes.ecdf(values)
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter("{x:g}")
            axes.xaxis.set_minor_formatter("{x:g}" if values.max() < 10 * values.min() else "")
            axes.yaxis.set_major_formatter(PercentFormatter(1))
            axes.set(
                title="Time to an answer",
                xlabel="milliseconds",
                ylabel="requests answered by then",
            )

        return _figure(draw, len(values), "answered requests")

    def _calls(self) -> pd.DataFrame:
        table: pd.DataFrame = self._source.calls.df
        return table

    def _bars(
        self, words: pd.Series[str], title: str, of: str, each: str, most: int = 20
    ) -> Figure:
        counts = words[words.astype("str") != ""].value_counts().head(most)

        def draw(axes: Axes) -> None:
            axes.barh(counts.index.astype("str"), counts.to_numpy())
            axes.invert_yaxis()
            _whole(axes.xaxis)
            axes.set(title=title, xlabel=of, ylabel=each)

        return _figure(draw, len(counts), f"{each}s")

    def __repr__(self) -> str:
        return "<pictures: concurrency, arrivals, times, causes, extensions, events, latencies>"


def concurrent(calls: pd.DataFrame) -> pd.Series[int]:
    """How many calls were going on, from each moment at which that changed.

    Args:
        calls: as ``ari.calls.df``; those that have not ended go on for good.
    """
    import pandas as pd

    changes = pd.concat(
        [
            pd.Series(1, index=pd.DatetimeIndex(calls["begin"])),
            pd.Series(-1, index=pd.DatetimeIndex(calls["end"].dropna())),
        ]
    )
    return changes.groupby(level=0).sum().sort_index().cumsum()


def _span(times: pd.Series[pd.Timestamp], every: str | None) -> str:
    """The span to divide times into: the given one, where it makes a picture."""
    import pandas as pd

    whole = times.max() - times.min() if len(times) else pd.Timedelta(0)
    if every is None:
        return next((span for span in _SPANS if whole <= _PARTS * pd.Timedelta(span)), _SPANS[-1])
    try:
        parts = whole / pd.Timedelta(every)
    except (ValueError, ZeroDivisionError) as error:
        raise UsageProblem(f"no span of time is {every!r}: {error}", 'Give "1min".') from None
    if parts > _MOST_PARTS:
        raise UsageProblem(f"it has {parts:,.0f} times {every}", "Give a longer span, or none.")
    return every


def _whole(axis: Axis) -> None:
    """Whole numbers alone: there are no half calls."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))


def _over_time(axes: Axes) -> None:
    """Moments below, whole numbers beside."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    where = AutoDateLocator(minticks=4)
    axes.xaxis.set_major_locator(where)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(where))
    _whole(axes.yaxis)
    axes.set_xlabel("time (UTC)")
    if not axes.dataLim.width:  # of one moment alone matplotlib would show the years around it
        second = 1 / 86_400  # it counts in days
        axes.set_xlim(axes.dataLim.x0 - second, axes.dataLim.x0 + second)


def _figure(draw: Callable[..., None], count: int, of: str, beside: int = 1) -> Figure:
    try:
        from ari_notebook.captures.figures import Drawn
    except ImportError:
        raise UsageProblem(
            "pictures need matplotlib", "pip install 'ari-notebook[analysis]'"
        ) from None
    figure = Drawn(figsize=(8, 4), layout="constrained")
    if count:
        draw(*figure.subplots(1, beside, squeeze=False)[0])
    else:
        axes = figure.subplots()
        axes.text(0.5, 0.5, f"no {of} yet", ha="center", va="center")
        axes.set_axis_off()
    return figure
