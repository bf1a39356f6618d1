"""Figures of measures, as matplotlib figures: service level, waiting times, occupancy, Erlang.

Texts and axes follow the theme of the page; matplotlib's style gives all else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ari_notebook.analysis.measures import beside_erlang, measures, occupancy
from ari_notebook.captures.charts import drawn, over_time

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Figures"]


class Figures:
    """Figures of a source's measures; attribute ``.figures`` of sessions, captures and datasets.

    Args:
        source: object with ``calls.df`` and ``legs.df``.
    """

    def __init__(self, source: Any) -> None:
        self._source = source

    def service_level(self, every: str = "1h", *, within: float = 20) -> Figure:
        """Plot the service level over time, and the calls that it is of.

        Args:
            every: a span of time in pandas notation.
            within: seconds of the service level.
        """
        table = self._by_time(every, within)

        def draw(axes: Axes) -> None:
            axes.plot(table.index, table["service_level"], marker="o")
            axes.set(
                title=f"Service level: connected within {within:g} s", ylabel="share of the calls"
            )
            axes.set_ylim(0, 1.05)
            over_time(axes, counted=False)

        return drawn(draw, int(table["service_level"].notna().sum()), "calls that waited")

    def waiting(self, every: str = "1h") -> Figure:
        """Plot percentiles of the waiting times.

        Args:
            every: a span of time in pandas notation.
        """
        table = self._by_time(every, 20)
        names = ["wait_p50", "wait_p90", "wait_p95"]

        def draw(axes: Axes) -> None:
            for name in names:
                axes.plot(table.index, table[name], marker="o", label=f"{name[6:]} %")
            axes.set(title="Waiting time", ylabel="seconds")
            axes.legend()
            over_time(axes, counted=False)

        return drawn(draw, int(table["wait_p50"].notna().sum()), "calls that waited")

    def occupancy(self, by: str = "endpoint", most: int = 20) -> Figure:
        """Plot how much of the time phones were in conversations.

        Args:
            by: column of the legs that names the phone.
            most: number of phones, the busiest ones.
        """
        table = occupancy(self._source.legs.df, by).nlargest(most, "talk")

        def draw(axes: Axes) -> None:
            axes.barh(table.index.astype("str"), table["occupancy"])
            axes.invert_yaxis()
            axes.set(title="Occupancy", xlabel="share of the time in conversations", xlim=(0, 1))

        return drawn(draw, len(table), "dialled phones")

    def erlang(self, agents: int, every: str = "1h", *, within: float = 20) -> Figure:
        """Plot the observed mean wait beside Erlang's models.

        Args:
            agents: number of agents who were there.
            every: a span of time in pandas notation.
            within: seconds of the service level.
        """
        table = beside_erlang(self._source.calls.df, agents, within=within, every=every)
        lines = {"wait_mean": "observed", "wait_mean_erlang_c": "Erlang C"}
        lines["wait_mean_erlang_a"] = "Erlang A"

        def draw(axes: Axes) -> None:
            for name, label in lines.items():
                axes.plot(table.index, table[name], marker="o", label=label)
            axes.set(title=f"Mean wait with {agents} agents", ylabel="seconds")
            axes.legend()
            over_time(axes, counted=False)

        return drawn(draw, len(table), "calls")

    def _by_time(self, every: str, within: float) -> pd.DataFrame:
        calls = self._source.calls.df
        return measures(calls.assign(span=calls["begin"].dt.floor(every)), "span", within=within)

    def __repr__(self) -> str:
        return "<figures: service_level, waiting, occupancy, erlang>"
