"""Charts of traffic, as matplotlib figures.

Each takes a session, a replay or an opened capture, and returns a ``matplotlib.figure.Figure``.
Without data the figure contains a note.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from ari_notebook.client.errors import UsageProblem

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

__all__ = ["INK", "Pictures", "concurrent", "drawn", "over_time"]

INK = "#1b1c1d"  # of texts and axes: a page in which a figure is drawn has its own for it

# Bin widths to choose from: the first that gives a readable number of bins. The last ones limit the
# bins even if a clock that began in 1970 makes the capture span decades.
_SPANS = (
    *("100ms", "1s", "2s", "5s", "10s", "30s", "1min", "2min", "5min", "10min", "30min"),
    *("1h", "3h", "6h", "12h", "1D", "7D", "28D", "364D"),
)
_PARTS, _MOST_PARTS = 120, 1_000_000


class Pictures:
    """The charts of calls, events and requests; attribute ``.pictures`` of a source.

    Args:
        source: object with ``calls``, ``requests`` and ``log``.
    """

    def __init__(self, source: Any) -> None:
        self._source = source

    def concurrency(self) -> Figure:
        """Plot the number of simultaneous calls over time."""
        calls = self._calls()
        alive = concurrent(calls)

        def draw(axes: Axes) -> None:
            first = alive.index[:1]  # none before the first
            axes.step(first.append(alive.index), [0, *alive], where="post")
            axes.set(title="Simultaneous calls", ylabel="calls")
            over_time(axes)

        return drawn(draw, len(calls), "calls")

    def arrivals(self, every: str | None = None) -> Figure:
        """Plot the number of new calls per time span.

        Args:
            every: the span in pandas notation: ``"10s"``, ``"1min"``, ``"1h"``; None: chosen to fit
                the data.

        Raises:
            UsageProblem: invalid span, or there would be millions of them.
        """
        import pandas as pd  # noqa: PLC0415  takes 0.4 s

        calls = self._calls()
        every = _span(calls["begin"], every)
        begun = calls.set_index("begin").assign(calls=1)["calls"].resample(every).sum()

        def draw(axes: Axes) -> None:
            edges = pd.date_range(begun.index[0], periods=len(begun) + 1, freq=every)
            axes.stairs(begun.to_numpy(), edges, fill=True)
            axes.set(title="Arrivals", ylabel=f"calls per {every}")
            over_time(axes)

        return drawn(draw, len(calls), "calls")

    def times(self, bins: int = 30) -> Figure:
        """Plot histograms of waiting times and talk times.

        Args:
            bins: number of bars of each.
        """
        calls = self._calls()
        known = {name: calls[name].dropna().astype(float) for name in ("wait", "talk")}

        def draw(*both: Axes) -> None:
            for axes, (name, values) in zip(both, known.items(), strict=True):
                axes.hist(values, bins=bins)
                title = f"{name.capitalize()} times of {len(values):,} calls"
                axes.set(title=title, xlabel="seconds", ylabel="calls")
                _whole(axes.yaxis)

        return drawn(draw, sum(map(len, known.values())), "waiting and talk times", len(known))

    def causes(self) -> Figure:
        """Plot the number of calls by hangup cause."""
        calls = self._calls()
        words = calls["cause"].astype("str") + " " + calls["cause_txt"].astype("str")
        return self._bars(words[calls["cause"].notna()], "Hang-up causes", "calls", "cause")

    def extensions(self, most: int = 20) -> Figure:
        """Plot the most called extensions."""
        calls = self._calls()
        return self._bars(calls["called"], "Busiest extensions", "calls", "extension", most)

    def events(self, every: str | None = None) -> Figure:
        """Plot the number of events per time span, for the eight most frequent types.

        Args:
            every: the span in pandas notation; None: chosen to fit the data.

        Raises:
            UsageProblem: invalid span, or there would be millions of them.
        """
        table = self._source.log.df
        every = _span(table["received"], every)
        times = table["received"].dt.floor(every)
        most = table["type"].astype("str").value_counts().index[:8]

        def draw(axes: Axes) -> None:
            counts = table.groupby([times, "type"], observed=True).size().unstack(fill_value=0)
            rates = counts.asfreq(every, fill_value=0)
            alone = "." if len(rates) == 1 else None  # a single point has no line
            for name in most:
                axes.plot(rates.index, rates[name].to_numpy(), label=name, marker=alone)
            axes.set(title="Events", ylabel=f"events per {every}")
            axes.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
            over_time(axes)

        return drawn(draw, len(table), "events")

    def latencies(self) -> Figure:
        """Plot the distribution of Asterisk's response times."""
        table = self._source.requests.df.dropna(subset=["milliseconds"])
        values = table["milliseconds"].astype(float)

        def draw(axes: Axes) -> None:
            from matplotlib.ticker import PercentFormatter  # noqa: PLC0415  optional

            axes.ecdf(values)
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter("{x:g}")
            axes.xaxis.set_minor_formatter("{x:g}" if values.max() < 10 * values.min() else "")
            axes.yaxis.set_major_formatter(PercentFormatter(1))
            axes.set(
                title="Response time",
                xlabel="milliseconds",
                ylabel="requests answered within this time",
            )

        return drawn(draw, len(values), "answered requests")

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

        return drawn(draw, len(counts), f"{each}s")

    def __repr__(self) -> str:
        return "<pictures: concurrency, arrivals, times, causes, extensions, events, latencies>"


def concurrent(calls: pd.DataFrame) -> pd.Series[int]:
    """Return the number of simultaneous calls at each change.

    Args:
        calls: DataFrame like ``ari.calls.df``; calls without an end never end.
    """
    import pandas as pd  # noqa: PLC0415  takes 0.4 s

    changes = pd.concat(
        [
            pd.Series(1, index=pd.DatetimeIndex(calls["begin"])),
            pd.Series(-1, index=pd.DatetimeIndex(calls["end"].dropna())),
        ]
    )
    return changes.groupby(level=0).sum().sort_index().cumsum()


def _span(times: pd.Series[pd.Timestamp], every: str | None) -> str:
    """Return the time span of bins: the given one, if it makes a readable chart."""
    import pandas as pd  # noqa: PLC0415  takes 0.4 s

    whole = times.max() - times.min() if len(times) else pd.Timedelta(0)
    if every is None:
        return next((span for span in _SPANS if whole <= _PARTS * pd.Timedelta(span)), _SPANS[-1])
    try:
        parts = whole / pd.Timedelta(every)
    except (ValueError, ZeroDivisionError) as error:
        raise UsageProblem(f"invalid time span {every!r}: {error}", 'Give "1min".') from None
    if parts > _MOST_PARTS:
        raise UsageProblem(
            f"{every} would make {parts:,.0f} bins", "Use a longer time span, or omit it."
        )
    return every


def _whole(axis: Axis) -> None:
    """Set ticks at whole numbers, because calls are counted."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415  optional

    axis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))


def over_time(axes: Axes, *, counted: bool = True) -> None:
    """Set a time axis below and, where something is counted, whole numbers at the side."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter  # noqa: PLC0415  optional

    where = AutoDateLocator(minticks=4)
    axes.xaxis.set_major_locator(where)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(where))
    if counted:
        _whole(axes.yaxis)
    axes.set_xlabel("time (UTC)")
    if not axes.dataLim.width:  # for a single moment matplotlib would show the years around it
        second = 1 / 86_400  # matplotlib counts in days
        axes.set_xlim(axes.dataLim.x0 - second, axes.dataLim.x0 + second)


@cache
def _figure_class() -> type[Figure]:
    """Return the class of a figure that a notebook shows, with or without pyplot.

    It is matplotlib's pyplot that makes IPython show figures; these need no pyplot.

    Raises:
        UsageProblem: matplotlib, an optional dependency, is not installed.
    """
    try:
        import matplotlib.figure  # noqa: PLC0415  optional
    except ImportError:
        raise UsageProblem("charts need matplotlib", "pip install matplotlib") from None

    class FigureWithPng(matplotlib.figure.Figure):  # type: ignore[misc, unused-ignore]
        """A figure with a PNG representation."""

        def _repr_png_(self) -> bytes:
            picture = io.BytesIO()
            self.savefig(picture, format="png", dpi=100)
            return picture.getvalue()

    return FigureWithPng


def drawn(draw: Callable[..., None], count: int, of: str, beside: int = 1) -> Figure:
    """Return a figure whose texts and axes have the ink that pages replace by their own.

    Args:
        draw: draws into the axes.
        count: what there is to draw; 0: the figure says that there is none.
        of: what that is.
        beside: number of axes side by side.
    """
    make = _figure_class()
    from matplotlib import rc_context  # noqa: PLC0415  optional

    ink = dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor"), INK)
    with rc_context({**ink, "xtick.color": INK, "ytick.color": INK, "legend.frameon": False}):
        figure: Figure = make(figsize=(8, 4), layout="constrained")
        if count:
            draw(*figure.subplots(1, beside, squeeze=False)[0])
        else:
            axes = figure.subplots()
            axes.text(0.5, 0.5, f"no {of} yet", ha="center", va="center")
            axes.set_axis_off()
    return figure
