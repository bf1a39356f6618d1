"""A flow, and one call in it: where it is, and how it ended."""

from __future__ import annotations

import inspect
import linecache
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import CodeType, FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from ari_notebook.background import Event, Job
from ari_notebook.client.errors import HungUp, SessionClosed
from ari_notebook.connection.event_filter import EventFilter
from ari_notebook.flows.steps import CallSteps
from ari_notebook.store.dataframes import frame_of
from ari_notebook.store.plain_text import printable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Flow", "FlowRun", "runs_frame"]

_COLUMNS = (
    "flow",
    "channel",
    "channel_name",
    "caller",
    "state",
    "step",
    "line",
    "code",
    "started",
    "ended",
    "seconds",
    "error",
)


@dataclass(frozen=True, slots=True)
class Flow:
    """A function and the calls that it is for.

    Attributes:
        name: the function's name.
        function: called with a `Call`, or an `AsyncCall` if it is a coroutine function.
        args: the arguments of Stasis() in the dialplan; None: any.
        exten: the dialled extension; None: any.
        app: the Stasis application; None: any of the session's.
        where: fields of StasisStart that must have a value.
    """

    name: str
    function: Callable[..., Any]
    args: tuple[str, ...] | None
    exten: str | None
    app: str | None
    where: EventFilter

    @property
    def is_async(self) -> bool:
        """Whether it is a coroutine function."""
        return inspect.iscoroutinefunction(self.function)

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Return whether it is for the call of a StasisStart."""
        exten = event["channel"].get("dialplan", {}).get("exten")
        return (
            (self.args is None or list(self.args) == event.get("args"))
            and (self.exten is None or self.exten == exten)
            and (self.app is None or self.app == event.get("application"))
            and self.where(event)
        )

    def __repr__(self) -> str:
        parts = [
            f"args={','.join(self.args)}" if self.args is not None else "",
            f"exten={self.exten}" if self.exten is not None else "",
            f"app={self.app}" if self.app is not None else "",
            *(f"{key}={value}" for key, value in self.where.where.items()),
        ]
        kind = "task" if self.is_async else "thread"
        return printable(
            f"<flow {self.name}: {', '.join(filter(None, parts)) or 'every call'}, a {kind} a call>"
        )


@dataclass(eq=False)
class FlowRun:
    """One call in a flow.

    Attributes:
        inbox: collects the events of the call.
        over: is set when it is over.
        job: what runs a plain function; None: its caller does.
        clock: returns the time in seconds since 1970.
        state: ``running``, ``done``, ``hung up``, ``failed`` or ``cancelled``.
        step: the method of its call that it is in.
    """

    flow: Flow
    steps: CallSteps
    inbox: Any
    over: Event
    clock: Callable[[], float] = time.time
    started: float = field(init=False)
    ended: float | None = None
    state: str = "running"
    step: str = ""
    error: str = ""
    last_line: int = 0
    thread: int = 0  # of a flow that runs in its caller's
    coroutine: Any = None
    job: Job | None = None

    def __post_init__(self) -> None:
        self.started = self.clock()

    @property
    def code(self) -> CodeType:
        """The function's code."""
        found: CodeType = inspect.unwrap(self.flow.function).__code__
        return found

    @property
    def line(self) -> int:
        """The line of the function that it is in, or was in at its end."""
        if self.ended is None:
            frame = self._frame()
            while frame is not None and frame.f_code is not self.code:
                frame = frame.f_back
            if frame is not None:
                self.last_line = frame.f_lineno
        return self.last_line

    def _frame(self) -> FrameType | None:
        if self.coroutine is not None:
            return self.coroutine.cr_frame  # type: ignore[no-any-return]
        return sys._current_frames().get(self.thread) if self.job is None else self.job.frame

    def row(self) -> dict[str, Any]:
        """Return it as a row of ``flows.df``."""
        channel = self.steps.flow.start["channel"]
        line = self.line
        return {
            "flow": self.flow.name,
            "channel": channel["id"],
            "channel_name": channel.get("name", ""),
            "caller": channel.get("caller", {}).get("number", ""),
            "state": self.state,
            "step": self.step,
            "line": line,
            "code": linecache.getline(self.code.co_filename, line).strip(),
            "started": self.started,
            "ended": self.ended,
            "seconds": round((self.ended or self.clock()) - self.started, 3),
            "error": self.error,
        }

    def end(self, error: BaseException | None) -> None:
        """Note how it ended.

        Args:
            error: what the function raised; None: nothing.
        """
        if error is None:
            self.state = "done"
        elif isinstance(error, HungUp):
            self.state = "hung up"
        elif isinstance(error, SessionClosed) or not isinstance(error, Exception):
            self.state = "cancelled"
        else:
            self.state = "failed"
        if error is not None:
            self.last_line = _line_in(error.__traceback__, self.code) or self.last_line
            self.error = printable(f"{type(error).__name__}: {error}")
        self.ended = self.clock()


def runs_frame(runs: Iterable[FlowRun]) -> pd.DataFrame:
    """Return calls in flows as a DataFrame."""
    frame = frame_of([run.row() for run in runs], None, list(_COLUMNS))
    for column in ("started", "ended"):
        frame[column] = frame[column].astype("float64").mul(1e9).astype("datetime64[ns]")
        frame[column] = frame[column].dt.tz_localize("UTC")
    return frame


def _line_in(trace: TracebackType | None, code: CodeType) -> int:
    """Return the line of a function in a traceback; 0 if it is not in it."""
    found = 0
    while trace is not None:
        if trace.tb_frame.f_code is code:
            found = trace.tb_lineno
        trace = trace.tb_next
    return found
