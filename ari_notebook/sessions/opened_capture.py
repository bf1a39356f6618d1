"""`open_capture`, and the opened capture: tables, and views of them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from ari_notebook.captures.dataset import Dataset
from ari_notebook.captures.file_format import Reader
from ari_notebook.captures.open_capture import OpenCapture
from ari_notebook.sessions.replay_session import Replay

if TYPE_CHECKING:
    import pandas as pd

    from ari_notebook.analysis.figures import Figures
    from ari_notebook.analysis.measures import Measures
    from ari_notebook.analysis.why import Why
    from ari_notebook.views.diagrams.drawing import Drawing
    from ari_notebook.views.diagrams.moment import Moment
    from ari_notebook.views.panel.widget import Panel

__all__ = ["OpenedCapture", "OpenedDataset", "open_capture"]


class OpenedCapture(OpenCapture):
    """A capture that was read completely; see `open_capture`.

    Its arguments are those of `ari_notebook.captures.open_capture.OpenCapture`.
    """

    _replay: Replay | None = None

    def panel(self) -> Panel:
        """Return the panel at the end of the capture; its scrubber goes to any earlier moment.

        It shows a replay of the capture, of which nothing can be acted on.
        """
        if self._replay is None:
            self._replay = Replay(Reader(self.path), math.inf, name=self.name, keep=self.log.keep)
            self._replay.play()
            self._replay.wait()
        return self._replay.panel()

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    def ladder(
        self,
        channel: Any = None,
        *,
        call: Any = None,
        last: int = 100,
        seconds: float | None = None,
        at: str | float | datetime | None = None,
        hide: str | Iterable[str] = (),
        fold: str | Iterable[str] | None = None,
    ) -> Drawing:
        """Return the sequence diagram; the arguments are those of `Session.ladder`."""
        from ari_notebook.views.diagrams import ladder_of  # noqa: PLC0415  13 ms

        return ladder_of(
            self, channel, call=call, last=last, seconds=seconds, at=at, hide=hide, fold=fold
        )

    def timeline(
        self,
        channel: Any = None,
        *,
        call: Any = None,
        last: int = 30,
        seconds: float | None = None,
        at: str | float | datetime | None = None,
    ) -> Drawing:
        """Return the channels over time; the arguments are those of `Session.timeline`."""
        from ari_notebook.views.diagrams import timeline_of  # noqa: PLC0415  13 ms

        return timeline_of(self, channel, call=call, last=last, seconds=seconds, at=at)

    @property
    def measures(self) -> Measures:
        """Measures of the calls; see `Session.measures`."""
        from ari_notebook.analysis.measures import Measures  # noqa: PLC0415  5 ms

        return Measures(self)

    @property
    def figures(self) -> Figures:
        """Figures of the measures, as matplotlib figures."""
        from ari_notebook.analysis.figures import Figures  # noqa: PLC0415  5 ms

        return Figures(self)

    def why(self, call: Any = None) -> Why:
        """Explain how a call ended; see `Session.why`."""
        from ari_notebook.analysis.why import why  # noqa: PLC0415  5 ms

        return why(self, call)

    def leaks(self, older: float | None = None) -> pd.DataFrame:
        """Return the objects stuck at the capture's end; see `Session.leaks`.

        Which applications were connected is not in a capture, so that it is not judged.
        """
        from ari_notebook.analysis.leaks import ServerState, leaks  # noqa: PLC0415  5 ms
        from ari_notebook.views.diagrams.selection import span_of  # noqa: PLC0415  13 ms

        tables = self.tables
        state = ServerState(
            list(tables.channels.values()),
            list(tables.bridges.values()),
            list(tables.playbacks.values()),
            None,
            self.calls,
            span_of(self)[1],
        )
        return leaks(state, older)

    def at(self, moment: str | float | datetime) -> Moment:
        """Return the tables of a moment; see `Session.at`."""
        from ari_notebook.views.diagrams import moment_in  # noqa: PLC0415  13 ms

        return moment_in(self, moment)


class OpenedDataset(Dataset):
    """A dataset of captures; see `open_capture`.

    Its arguments are those of `ari_notebook.captures.dataset.Dataset`.
    """

    @property
    def measures(self) -> Measures:
        """Measures of the calls, computed by pandas; see `Session.measures`."""
        from ari_notebook.analysis.measures import Measures  # noqa: PLC0415  5 ms

        return Measures(self)

    @property
    def figures(self) -> Figures:
        """Figures of the measures, as matplotlib figures."""
        from ari_notebook.analysis.figures import Figures  # noqa: PLC0415  5 ms

        return Figures(self)

    def why(self, call: str) -> Why:
        """Explain how a call ended; see `Session.why`.

        A dataset has no requests, so that a program's failed requests are not in the explanation.

        Args:
            call: its id, or one of its channels.

        Raises:
            UsageProblem: there is no such call.
        """
        from ari_notebook.analysis.why import why  # noqa: PLC0415  5 ms

        return why(self.part(call), call)

    def leaks(self, older: float | None = None) -> pd.DataFrame:
        """Return the objects stuck at the end of each server's files; see `Session.leaks`.

        They are those of which the dataset has an event. Which applications were connected is not
        in a dataset, so that it is not judged.

        Args:
            older: as of `Session.leaks`.

        Returns:
            As of `Session.leaks`, with a column ``asterisk_id``.
        """
        import pandas as pd  # noqa: PLC0415  takes 0.4 s

        from ari_notebook.analysis.leaks import ServerState, leaks  # noqa: PLC0415  5 ms

        found = []
        for end in self.ends():
            tables = end.tables
            state = ServerState(
                list(tables.channels.values()),
                list(tables.bridges.values()),
                list(tables.playbacks.values()),
                None,
                end.calls,
                end.at,
            )
            found.append(leaks(state, older).assign(asterisk_id=end.asterisk_id))
        return pd.concat(found)


@overload
def open_capture(path: str | Path, *, keep: int | None = None) -> OpenedCapture: ...
@overload
def open_capture(path: str | Path, *, engine: Literal["pandas", "dask"]) -> OpenedDataset: ...
def open_capture(
    path: str | Path, *, keep: int | None = None, engine: Literal["pandas", "dask"] | None = None
) -> OpenedCapture | OpenedDataset:
    """Open a capture as tables.

    Args:
        path: a file written by `ari.capture`, complete or truncated; or the folder of a Parquet
            dataset written by `to_parquet`.
        keep: maximum number of events and of requests, the newest ones; None: all.
        engine: engine for a dataset's tables: ``"pandas"`` or ``"dask"``.

    Returns:
        ``.events``, ``.requests``, ``.calls``, and the live tables at the end, each with ``.df``;
        ``.ladder()``, ``.timeline()``, and ``.at(moment)`` for the tables of an earlier moment;
        ``.problems`` counts unreadable parts.

    Raises:
        UsageProblem: the file does not exist or is not a capture.
    """
    if engine is not None or Path(path).is_dir():
        return OpenedDataset(path, engine or "pandas")
    return OpenedCapture(path, keep=keep)
