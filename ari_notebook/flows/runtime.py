"""The flows of a session: one function a call, started when a call enters the application.

A plain function runs in a separate thread, a coroutine function as a task of the session's loop.
The first flow that matches a call gets it. When a flow ends, however it ends, what it has made is
removed and its call is hung up; where Asterisk cannot be reached then, after the reconnection.
"""

from __future__ import annotations

import inspect
import logging
import threading
import traceback
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ari_notebook.background import once
from ari_notebook.client.errors import AriError, SessionClosed, UsageProblem
from ari_notebook.connection.event_filter import EventFilter
from ari_notebook.connection.followed_events import FollowedEvents
from ari_notebook.connection.signals import in_worker
from ari_notebook.flows.call import AsyncCall, Call
from ari_notebook.flows.commands import Command, NextEvent, Steps, drive, drive_async
from ari_notebook.flows.flow_run import Flow, FlowRun, runs_frame
from ari_notebook.flows.state import FlowState
from ari_notebook.flows.steps import CallSteps

if TYPE_CHECKING:
    import pandas as pd

    from ari_notebook.connection.connection import Connection

__all__ = ["Flow", "FlowRun", "Flows"]

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

_CLOSING_SECONDS = 5.0  # for the flows' own cleaning up when the session closes
_ANSWER_SECONDS = 10.0  # for the answer to a request that may have made the arriving channel
_MAKING = ("channels.create", "channels.originate_with_id", "channels.snoop_channel_with_id")
_KEPT_RUNS = 1000  # that are over
_OWN_CHANNELS = 10_000


class _ThreadRunner:
    """Carries out steps in the thread of a flow."""

    def __init__(self, host: Flows, flow_run: FlowRun) -> None:
        self._host = host
        self._run = flow_run

    def run(self, name: str, steps: Steps[T]) -> T:
        """Carry out the steps of a method."""
        self._run.step = name
        return drive(steps, self._perform)

    def _perform(self, command: Command) -> Any:
        if isinstance(command, NextEvent):
            return self._run.inbox.take(self._host.left(command))
        return self._host.request(command.operation, command.arguments)


class _TaskRunner:
    """Carries out steps in the task of a flow; requests in the session's worker threads."""

    def __init__(self, host: Flows, flow_run: FlowRun) -> None:
        self._host = host
        self._run = flow_run

    async def run(self, name: str, steps: Steps[T]) -> T:
        """Carry out the steps of a method."""
        self._run.step = name
        return await drive_async(steps, self._perform)

    async def _perform(self, command: Command) -> Any:
        if isinstance(command, NextEvent):
            return await self._run.inbox.take_soon(self._host.left(command))
        request = partial(self._host.request, command.operation, command.arguments)
        return await in_worker(self._host.session.workers, request)


class Flows:
    """The flows of a session; ``ari.flows.df`` shows the calls in them.

    Args:
        session: the session.
    """

    def __init__(self, session: Connection) -> None:
        self.session = session
        self._changing = threading.Lock()
        self._flows: dict[str, Flow] = {}
        self._running: dict[str, FlowRun] = {}  # by channel
        self._ended: deque[FlowRun] = deque(maxlen=_KEPT_RUNS)
        self._own: OrderedDict[str, None] = OrderedDict()  # channels that the session has made
        self._left_behind: list[FlowState] = []  # to be removed after the reconnection
        self._ambiguous: set[tuple[str, ...]] = set()
        self._closing = False
        self.draining = False
        session.synchronizer.router.add_arrivals(self._arrive)
        session.sender.add_listener(self._sent)
        session.synchronizer.add_listener(_Reconnections(self))

    def left(self, command: NextEvent) -> float | None:
        """Return the seconds for which a step waits for an event; None: without limit."""
        if command.until is None:
            return None
        return max(0.0, command.until - self.session.background.monotonic())

    # Which flows there are.

    def add(
        self,
        function: F,
        *,
        args: str | Iterable[str] | None = None,
        exten: str | None = None,
        app: str | None = None,
        where: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> F:
        """Start a function for each call; see ``ari.flow``. It replaces a flow of its name."""
        if not inspect.signature(function).parameters:
            raise UsageProblem(
                f"flow {function.__name__} has no parameter for its call",
                f"Define it as: def {function.__name__}(call): …",
            )
        if app is not None and app not in self.session.apps:
            raise UsageProblem(
                f"this session is not connected as {app}",
                f"It is connected as {', '.join(self.session.apps)}.",
            )
        flow = Flow(
            name or function.__name__,
            function,
            (args,) if isinstance(args, str) else None if args is None else tuple(map(str, args)),
            None if exten is None else str(exten),
            app,
            EventFilter("StasisStart", where or {}, self.session.declaration),
        )
        with self._changing:
            self._flows[flow.name] = flow
        return function

    def remove(self, name: str | Callable[..., Any]) -> None:
        """Remove a flow; calls that are in it stay.

        Raises:
            UsageProblem: no flow has that name.
        """
        key = name if isinstance(name, str) else name.__name__
        with self._changing:
            if self._flows.pop(key, None) is None:
                raise UsageProblem(
                    f"no flow is called {key!r}", f"There are: {', '.join(self._flows) or 'none'}."
                )

    def __getitem__(self, name: str) -> Flow:
        return self._flows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._flows))

    def __len__(self) -> int:
        return len(self._flows)

    def __contains__(self, name: object) -> bool:
        return name in self._flows

    def __repr__(self) -> str:
        if not self._flows:
            return "no flows; add one with @ari.flow or %%ari flow NAME"
        running = [run.flow.name for run in list(self._running.values())]
        return "\n".join(
            f"{flow!r}, {running.count(flow.name)} running" for flow in list(self._flows.values())
        )

    # Their actions.

    @property
    def runs(self) -> list[FlowRun]:
        """The calls in flows, oldest first: the last thousand that are over, and all others."""
        with self._changing:
            return [*self._ended, *self._running.values()]

    @property
    def running(self) -> int:
        """The number of calls in flows now."""
        return len(self._running)

    @property
    def df(self) -> pd.DataFrame:
        """A new DataFrame: who is in which line of which flow, since when, and how it ended."""
        return runs_frame(self.runs)

    def drain(self, timeout: float = 30) -> bool:
        """Start no more flows, and wait until the running ones are over.

        Args:
            timeout: seconds.

        Returns:
            Whether all are over.
        """
        self.draining = True
        end = self.session.background.monotonic() + timeout
        for run in list(self._running.values()):
            run.over.wait(max(0.0, end - self.session.background.monotonic()))
        return not self._running

    def take_over(self) -> int:
        """Start flows for the calls that are in the application already, without a flow.

        Returns:
            The number of flows started.
        """
        started = 0
        for channel in list(self.session.tables.channels.values()):
            if not channel.get("in_stasis", True) or channel["id"] in self._running:
                continue
            event: dict[str, Any] = {
                "type": "StasisStart",
                "application": channel.get("app_name") or self.session.apps[0],
                "args": _stasis_arguments(channel),
                "channel": dict(channel),
                "taken_over": True,
            }
            started += self._arrive(event)
        return started

    def close(self) -> None:
        """End all flows: their steps raise `SessionClosed`, their tasks are cancelled."""
        self._closing = True
        runs = list(self._running.values())
        for run in runs:
            run.inbox.fail(SessionClosed("the session is closed"))
        if any(run.flow.is_async for run in runs):
            self.session.spawner.close()
        end = self.session.background.monotonic() + _CLOSING_SECONDS
        for run in runs:
            if not run.over.wait(max(0.0, end - self.session.background.monotonic())):
                self.session.notices.publish(
                    f"flow {run.flow.name} does not end; its call {run.steps.party.id} is hung up"
                )
                self._clean_up(run.steps.flow)

    def run(self, function: Callable[[Call], object], event: Mapping[str, Any]) -> FlowRun:
        """Run a function for a channel that is in the application, in this thread.

        For a channel that the program itself has made, which starts no flow.

        Args:
            function: called with a `Call`.
            event: the channel's StasisStart.

        Returns:
            The flow, which is over.
        """
        flow = Flow(
            function.__name__,
            function,
            None,
            None,
            None,
            EventFilter("StasisStart", {}, self.session.declaration),
        )
        run = self._open(flow, event)
        run.thread = threading.get_ident()
        self._run_thread(run, set())
        return run

    def request(self, operation: str, arguments: Mapping[str, Any]) -> Any:
        """Perform an operation for a step; returns the JSON, a file's content, or None."""
        if operation in _MAKING:
            self.own(str(arguments.get("snoopId", arguments["channelId"])))
        answer = self.session.sender.perform(self.session.operation(operation), arguments)
        if not answer.content:
            return None
        return answer.json() if answer.is_json else answer.content

    def own(self, channel: str) -> None:
        """Note a channel that the session makes: it starts no flow."""
        self._own[channel] = None
        while len(self._own) > _OWN_CHANNELS:
            self._own.popitem(last=False)

    # Called by the session's threads.

    def _sent(self, request: Any, answer: object) -> None:
        """Note the channels that a request of the program has made."""
        del answer
        if request.method == "POST" and request.path.startswith("/channels"):
            body = request.body if isinstance(request.body, dict) else {}
            for name in ("channelId", "otherChannelId", "snoopId"):
                if name in request.params or name in body:
                    self.own(str(request.params.get(name, body.get(name))))
            if request.made:
                self.own(str(request.made))

    def _arrive(self, event: dict[str, Any]) -> bool:
        """Start the flow of a call that enters the application, in the stream's thread."""
        channel = event["channel"]["id"]
        if self._closing or self.draining or channel in self._own or channel in self._running:
            return False
        flows = [flow for flow in list(self._flows.values()) if flow.matches(event)]
        if not flows:
            return False
        self._report_ambiguity(flows)
        run = self._open(flows[0], event)
        making = self.session.sender.making_channels
        if run.flow.is_async:
            self.session.spawner.spawn(lambda: self._run_task(run, making), copy_context())
        else:
            run.job = self.session.background.start(
                f"ari-flow-{run.flow.name}", once(self._run_thread, run, making)
            )
        return True

    def _open(self, flow: Flow, event: Mapping[str, Any]) -> FlowRun:
        """Collect the events of a call from now on."""
        channel = event["channel"]["id"]
        router = self.session.synchronizer.router
        inbox = FollowedEvents(router, [channel], most=100_000, until_destroyed=True, endless=True)
        router.add(inbox, [channel])
        application = str(event.get("application") or self.session.apps[0])
        background = self.session.background
        state = FlowState(channel, inbox, background.monotonic, application, event)
        over = background.event()
        run = FlowRun(flow, CallSteps(state, state.caller), inbox, over, background.time)
        with self._changing:
            self._running[channel] = run
        return run

    def _report_ambiguity(self, flows: list[Flow]) -> None:
        names = tuple(flow.name for flow in flows)
        if len(names) > 1 and names not in self._ambiguous:
            self._ambiguous.add(names)
            self.session.notices.publish(
                f"a call matches {len(names)} flows, {', '.join(names)}: {names[0]} takes it,"
                " since it was added first"
            )

    # In the thread or task of a flow.

    def _is_own(self, run: FlowRun, making: Iterable[Any]) -> bool:
        """Return whether the session made the channel by a request that was under way."""
        self.session.sender.wait_until_made(making, _ANSWER_SECONDS)
        return run.steps.party.id in self._own

    def _run_thread(self, run: FlowRun, making: set[Any]) -> None:
        if making and self._is_own(run, making):
            self._withdraw(run)
            return
        try:
            run.flow.function(Call(run.steps, self.session, _ThreadRunner(self, run)))
        except BaseException as error:  # noqa: BLE001  reported
            self._note_end(run, error)
        else:
            self._note_end(run, None)
        self._finish(run)

    async def _run_task(self, run: FlowRun, making: set[Any]) -> None:
        workers = self.session.workers
        if making:
            own = await in_worker(workers, partial(self._is_own, run, making))
            if own:
                self._withdraw(run)
                return
        try:
            call = AsyncCall(run.steps, self.session, _TaskRunner(self, run))
            run.coroutine = run.flow.function(call)
            await run.coroutine
        except BaseException as error:
            self._note_end(run, error)
            if not isinstance(error, Exception):  # cancelled
                raise
        else:
            self._note_end(run, None)
        finally:
            # Not awaited: a task that is cancelled cannot wait.
            with suppress(RuntimeError):  # the workers are closed
                workers.submit(self._finish, run)

    def _withdraw(self, run: FlowRun) -> None:
        run.inbox.close()
        with self._changing:
            self._running.pop(run.steps.party.id, None)
        run.over.set()

    def _note_end(self, run: FlowRun, error: BaseException | None) -> None:
        run.end(error)
        if run.state == "failed" and error is not None:
            self._report(run, error)

    def _report(self, run: FlowRun, error: BaseException) -> None:
        row = run.row()
        trace = "".join(traceback.format_exception(error))
        where = f"on line {row['line']} ({row['code']})" if row["line"] else "at its start"
        line = f"flow {run.flow.name} failed {where} with {row['channel_name']}: {run.error}"
        event = {
            "type": "HandlerFailed",
            "handler": run.flow.name,
            "event": "StasisStart",
            "error": run.error,
            "traceback": trace,
        }
        self.session.synchronizer.add_event("flow", event, f"{run.flow.name}: {run.error}")
        self.session.notices.publish(line, logging.ERROR, trace)

    def _finish(self, run: FlowRun) -> None:
        """Remove what a flow has made, and note that it is over."""
        while True:  # what its events still say
            with suppress(AriError):
                event = run.inbox.take(0)
                if event is not None:
                    run.steps.flow.note(event)
                    continue
            break
        self._clean_up(run.steps.flow)
        run.inbox.close()
        with self._changing:
            self._running.pop(run.steps.party.id, None)
            self._ended.append(run)
        run.over.set()

    def _clean_up(self, state: FlowState) -> None:
        def perform(command: Command) -> Any:
            if isinstance(command, NextEvent):
                return None
            return self.request(command.operation, command.arguments)

        try:
            drive(state.clean_up(), perform)
        except AriError:  # not connected: what is left is removed afterwards
            with self._changing:
                self._left_behind.append(state)

    def clean_up_again(self) -> None:
        """Remove what flows could not while the connection was lost."""
        with self._changing:
            left, self._left_behind = self._left_behind, []
        for state in left:
            self._clean_up(state)


class _Reconnections:
    """Cleans up after flows once the connection is back."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows

    def row(self, origin: str, event: Mapping[str, Any], detail: str, received: float) -> None:
        """Clean up after a gap, outside the thread that reports it."""
        del event, detail, received
        if origin == "gap":
            self._flows.session.background.start(
                "ari-flow-cleaning", once(self._flows.clean_up_again)
            )

    def took(self, messages: object, events: object, received: float) -> None:
        """Ignore events, which reach flows by the router."""
        del messages, events, received

    def applied(self, event: object) -> None:
        """Ignore changes of tables."""
        del event

    def snapshot(self, snapshot: object) -> None:
        """Ignore snapshots."""
        del snapshot

    def state(self, state: str, reason: str) -> None:
        """Ignore state changes; a gap follows."""
        del state, reason

    def stop(self) -> None:
        """Do nothing: the session closes its flows first."""


def _stasis_arguments(channel: Mapping[str, Any]) -> list[str]:
    """Return the arguments with which a channel is in Stasis(), as far as its snapshot has them."""
    dialplan = channel.get("dialplan") or {}
    if dialplan.get("app_name") != "Stasis":
        return []
    return str(dialplan.get("app_data", "")).split(",")[1:]
