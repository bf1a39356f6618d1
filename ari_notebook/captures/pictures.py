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
    from matplotlib.figure import Figure

__all__ = [
    "Pictures",
]


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
            axes.step(alive.index, alive.to_numpy(), where="post")
            axes.set(title="Calls at once", xlabel="time (UTC)", ylabel="calls")

        return _figure(draw, len(calls), "calls")

    def arrivals(self, every: str = "1min") -> Figure:
        """How many calls began in each span of time.

        Args:
            every: the span, as pandas writes it: ``"10s"``, ``"1min"``, ``"1h"``.
        """
        import pandas as pd

        calls = self._calls()
        begun = calls.set_index("begin").assign(calls=1)["calls"].resample(every).sum()

        def draw(axes: Axes) -> None:
            axes.bar(
                begun.index,
                begun.to_numpy(),
                width=pd.Timedelta(every) / pd.Timedelta(days=1),  # matplotlib counts in days
                align="edge",
            )
            axes.set(title=f"Arrivals each {every}", xlabel="time (UTC)", ylabel="calls")

        return _figure(draw, len(calls), "calls")

    def times(self, bins: int = 30) -> Figure:
        """How long callers waited, and how long they talked."""
        calls = self._calls()

        def draw(axes: Axes) -> None:
            for name in ("wait", "talk"):
                values = calls[name].dropna().astype(float)
                if len(values):
                    axes.hist(values, bins=bins, alpha=0.6, label=f"{name} (n={len(values)})")
            axes.set(title="Waiting and talk times", xlabel="seconds", ylabel="calls")
            axes.legend()

        return _figure(draw, len(calls), "calls")

    def causes(self) -> Figure:
        """Why calls ended: Asterisk's hang-up causes."""
        calls = self._calls()
        words = calls["cause"].astype("str") + " " + calls["cause_txt"].astype("str")
        return self._bars(words[calls["cause"].notna()], "Hang-up causes", "calls")

    def extensions(self, most: int = 20) -> Figure:
        """The extensions that were called most."""
        calls = self._calls()
        return self._bars(calls["called"], "Busiest extensions", "calls", most)

    def events(self, every: str = "1s") -> Figure:
        """How many events came in each span of time, by type."""
        table = self._source.log.df
        counts = table.groupby(["received", "type"], observed=True).size().unstack(fill_value=0)
        rates = counts.resample(every).sum() if len(table) else counts

        def draw(axes: Axes) -> None:
            most = rates.sum().sort_values(ascending=False).index[:8]
            for name in most:
                axes.plot(rates.index, rates[name].to_numpy(), label=name)
            axes.set(title=f"Events each {every}", xlabel="time (UTC)", ylabel="events")
            axes.legend(fontsize="small")

        return _figure(draw, len(table), "events")

    def latencies(self) -> Figure:
        """How long Asterisk took to answer requests."""
        table = self._source.requests.df.dropna(subset=["milliseconds"])
        values = table["milliseconds"].astype(float).sort_values()

        def draw(axes: Axes) -> None:
            axes.plot(values, [100 * (n + 1) / len(values) for n in range(len(values))])
            axes.set_xscale("log")
            axes.set(title="Time to an answer", xlabel="milliseconds", ylabel="% of requests")

        return _figure(draw, len(values), "answered requests")

    def _calls(self) -> pd.DataFrame:
        table: pd.DataFrame = self._source.calls.df
        return table

    def _bars(self, words: pd.Series[str], title: str, of: str, most: int = 20) -> Figure:
        counts = words[words.astype("str") != ""].value_counts().head(most)

        def draw(axes: Axes) -> None:
            axes.barh(counts.index.astype("str"), counts.to_numpy())
            axes.invert_yaxis()
            axes.set(title=title, xlabel=of)

        return _figure(draw, len(counts), of)

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


def _figure(draw: Callable[[Axes], None], count: int, of: str) -> Figure:
    try:
        from ari_notebook.captures.figures import Drawn
    except ImportError:
        raise UsageProblem(
            "pictures need matplotlib", "pip install 'ari-notebook[analysis]'"
        ) from None
    figure = Drawn(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    if count:
        draw(axes)
    else:
        axes.text(0.5, 0.5, f"no {of} yet", ha="center", va="center")
        axes.set_axis_off()
    return figure
