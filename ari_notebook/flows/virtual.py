"""Call flows on the simulator's virtual time: a wait of 30 seconds takes no time.

    virtual = VirtualSimulator()
    flows = VirtualFlows(virtual, "flows")

    @flows.flow
    def attendant(call): ...

    virtual.phones.call("1000")
    flows.run(60)

The steps are those of a session's flows, carried out by another runner. One thing happens at a
time, in an order that depends on the simulator's seed alone: a coroutine is resumed when what it
waits for has come, a plain function has a separate thread, and all but one are stopped.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import queue
import threading
import traceback
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

import orjson

from ari_notebook.client.errors import (
    InvalidParameter,
    SessionClosed,
    UsageProblem,
    error_for,
)
from ari_notebook.client.rest import RestRequest, RestResponse
from ari_notebook.connection.event_filter import EventFilter
from ari_notebook.connection.followed_events import objects_of
from ari_notebook.flows.call import AsyncCall, Call
from ari_notebook.flows.commands import Command, NextEvent, Perform, Steps, drive, drive_async
from ari_notebook.flows.flow_run import Flow, FlowRun, runs_frame
from ari_notebook.flows.state import FlowState
from ari_notebook.flows.steps import CallSteps
from ari_notebook.schema import InvalidArguments, builtin, check
from ari_notebook.simulator import Deferred, Response, VirtualSimulator
from ari_notebook.store.plain_text import printable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["VirtualFlows"]

log = logging.getLogger(__name__)

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class _Inbox:
    """The events of a flow's objects that were not read yet.

    Args:
        channel: the flow's channel.
        followers: object → channels of the flows that follow it; shared by all inboxes.
    """

    def __init__(self, channel: str, followers: dict[str, list[str]]) -> None:
        self.events: deque[dict[str, Any]] = deque()
        self._channel = channel
        self._followers = followers
        self._objects: set[str] = set()
        self.add(channel)

    def add(self, id: str) -> None:
        if id not in self._objects:
            self._objects.add(id)
            self._followers.setdefault(id, []).append(self._channel)

    def discard(self, id: str) -> None:
        if id in self._objects:
            self._objects.discard(id)
            left = self._followers[id]
            left.remove(self._channel)
            if not left:
                del self._followers[id]

    def close(self) -> None:
        """Follow nothing any more."""
        for id in list(self._objects):
            self.discard(id)


class _Ended(Exception):
    """Raised by a program that is over; ``error`` is what it raised, or None."""

    def __init__(self, error: BaseException | None) -> None:
        super().__init__()
        self.error = error


class _Program(ABC):
    """A flow's function, which is resumed until it gives its next command."""

    @abstractmethod
    def resume(self, value: Any, error: BaseException | None) -> Command:
        """Continue it with the result of its command; raise `_Ended` when it is over."""


class _Suspension:
    def __init__(self, command: Command) -> None:
        self._command = command

    def __await__(self) -> Generator[Command, Any, Any]:
        return (yield self._command)


class _TaskProgram(_Program):
    """A coroutine flow."""

    def __init__(self, flow_run: FlowRun, ari: VirtualFlows) -> None:
        self._run = flow_run
        call = AsyncCall(flow_run.steps, ari, self)
        flow_run.coroutine = self._coroutine = flow_run.flow.function(call)

    async def run(self, name: str, steps: Steps[T]) -> T:
        """Carry out the steps of a method."""
        self._run.step = name

        async def perform(command: Command) -> Any:
            return await _Suspension(command)

        return await drive_async(steps, perform)

    def resume(self, value: Any, error: BaseException | None) -> Command:
        """See `_Program.resume`."""
        try:
            if error is not None:
                command = self._coroutine.throw(error)
            else:
                command = self._coroutine.send(value)
        except StopIteration:
            raise _Ended(None) from None
        except BaseException as raised:  # noqa: BLE001  noted with the flow
            raise _Ended(raised) from None
        if not isinstance(command, NextEvent | Perform):
            self._coroutine.close()
            raise _Ended(
                UsageProblem(
                    "in simulated time a flow can only await the steps of its call",
                    "Use call.sleep() to wait.",
                )
            )
        return command


class _ThreadProgram(_Program):
    """A plain flow, in a thread that runs only while `resume` waits for it."""

    def __init__(self, flow_run: FlowRun, ari: VirtualFlows) -> None:
        self._run, self._ari = flow_run, ari
        self._results: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        self._commands: queue.SimpleQueue[Command | _Ended] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._main, name="ari-virtual-flow", daemon=True)

    def run(self, name: str, steps: Steps[T]) -> T:
        """Carry out the steps of a method."""
        self._run.step = name
        return drive(steps, self._perform)

    def _perform(self, command: Command) -> Any:
        self._commands.put(command)
        value, error = self._results.get()
        if error is not None:
            raise error
        return value

    def _main(self) -> None:
        self._run.thread = threading.get_ident()
        try:
            self._run.flow.function(Call(self._run.steps, self._ari, self))
        except BaseException as error:  # noqa: BLE001  noted with the flow
            self._commands.put(_Ended(error))
        else:
            self._commands.put(_Ended(None))

    def resume(self, value: Any, error: BaseException | None) -> Command:
        """See `_Program.resume`."""
        if self._thread.ident is None:
            self._thread.start()
        else:
            self._results.put((value, error))
        command = self._commands.get()
        if isinstance(command, _Ended):
            self._thread.join()
            raise command
        return command


class VirtualFlows:
    """The flows of an application on a simulator without a server.

    Args:
        simulator: the simulator.
        app: the Stasis application, as in Stasis() of the dialplan.
    """

    def __init__(self, simulator: VirtualSimulator, app: str = "flows") -> None:
        self.simulator = simulator
        self.app = app
        self.runs: list[FlowRun] = []
        self._declaration = builtin()
        self._flows: dict[str, Flow] = {}
        self._programs: dict[str, tuple[FlowRun, _Program]] = {}  # by channel
        self._waiting: dict[str, NextEvent] = {}  # by channel
        self._deadlines: list[tuple[float, int, str, NextEvent]] = []
        self._order = itertools.count()
        self._followers: dict[str, list[str]] = {}  # object → channels of flows
        self._ready: deque[str] = deque()  # channels of flows that are to be continued
        self._own: set[str] = set()  # channels that flows have made
        simulator.connect(app, self._receive)

    @overload
    def flow(self, function: F, /) -> F: ...
    @overload
    def flow(
        self,
        *,
        args: str | Iterable[str] | None = None,
        exten: str | None = None,
        where: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> Callable[[F], F]: ...
    def flow(
        self,
        function: Callable[..., Any] | None = None,
        *,
        args: str | Iterable[str] | None = None,
        exten: str | None = None,
        where: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> Any:
        """Run a function for each call that enters the application, as a decorator.

        The arguments are those of ``ari.flow``; the first flow that matches a call takes it.
        """

        def add(function: F) -> F:
            key = name or function.__name__
            given = (args,) if isinstance(args, str) else args
            self._flows[key] = Flow(
                key,
                function,
                None if given is None else tuple(map(str, given)),
                None if exten is None else str(exten),
                None,
                EventFilter("StasisStart", where or {}, self._declaration),
            )
            return function

        return add if function is None else add(function)

    @property
    def df(self) -> pd.DataFrame:
        """A new DataFrame: who is in which line of which flow, since when, and how it ended."""
        return runs_frame(self.runs)

    @property
    def running(self) -> int:
        """The number of calls in flows now."""
        return len(self._programs)

    @property
    def channels(self) -> Any:
        """Raise: there are no live objects in simulated time."""
        raise UsageProblem(
            "a flow in simulated time has no live objects", "Use the steps of its call."
        )

    def time(self) -> float:
        """Return the simulated time, in seconds since 1970, as ``time.time`` does."""
        return self.simulator.timestamp

    # Time.

    def run(self, seconds: float) -> None:
        """Let simulated time pass, for the exchange and the flows together.

        Args:
            seconds: time to simulate.
        """
        for _ in self.events(seconds):
            continue

    def events(self, seconds: float) -> Iterator[tuple[float, bytes]]:
        """Let simulated time pass as `run` does, during the iteration.

        Args:
            seconds: time to simulate.

        Yields:
            Time and JSON of each event of the exchange, as `VirtualSimulator.run` does.
        """
        end = self.time() + seconds
        while True:
            self._settle()
            yield from self.simulator.take_events()
            due = [
                each for each in (self.simulator.next_due(), self._deadline()) if each is not None
            ]
            if self.time() >= end and not any(each <= end for each in due):
                return
            self.simulator.advance(max(self.time(), min([*due, end])))

    def close(self) -> None:
        """End all flows: their steps raise `SessionClosed`; what they made is removed."""
        self._settle()
        for channel in list(self._programs):
            self._waiting.pop(channel, None)
            self._continue(channel, None, SessionClosed("the simulation is over"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _deadline(self) -> float | None:
        while self._deadlines:
            until, _, channel, wait = self._deadlines[0]
            if self._waiting.get(channel) is wait:
                return until
            heapq.heappop(self._deadlines)
        return None

    def _settle(self) -> None:
        """Continue the flows whose call has an event, or whose time is up."""
        while True:
            if self._ready:
                channel = self._ready.popleft()
                if channel in self._programs:
                    events = self._programs[channel][0].inbox.events
                    self._continue(channel, events.popleft() if events else None, None)
                continue
            until = self._deadline()
            if until is None or until > self.time():
                return
            channel = heapq.heappop(self._deadlines)[2]
            del self._waiting[channel]
            self._continue(channel, None, None)

    # Events and programs.

    def _receive(self, shown: Mapping[str, Any]) -> None:
        """Queue an event; the exchange is not to be changed while it publishes."""
        event: dict[str, Any] = orjson.loads(orjson.dumps(shown))
        channel = str(event.get("channel", {}).get("id", ""))
        if event["type"] == "StasisStart" and channel not in self._own | self._programs.keys():
            self._start(channel, event)
            return
        called: dict[str, None] = {}
        for id in objects_of(event):
            called |= dict.fromkeys(self._followers.get(id, ()))
        for follower in called:
            self._programs[follower][0].inbox.events.append(event)
            if self._waiting.pop(follower, None) is not None:
                self._ready.append(follower)

    def _start(self, channel: str, event: dict[str, Any]) -> None:
        flow = next((each for each in self._flows.values() if each.matches(event)), None)
        if flow is None:
            return
        inbox = _Inbox(channel, self._followers)
        state = FlowState(channel, inbox, self.time, self.app, event)
        run = FlowRun(flow, CallSteps(state, state.caller), inbox, threading.Event(), self.time)
        program = (_TaskProgram if flow.is_async else _ThreadProgram)(run, self)
        self.runs.append(run)
        self._programs[channel] = run, program
        self._ready.append(channel)

    def _continue(self, channel: str, value: Any, error: BaseException | None) -> None:
        """Continue a flow until it waits, or is over."""
        run, program = self._programs[channel]
        while True:
            try:
                command = program.resume(value, error)
            except _Ended as ended:
                self._end(channel, run, ended.error)
                return
            value = error = None
            if isinstance(command, NextEvent):
                if run.inbox.events:
                    value = run.inbox.events.popleft()
                elif command.until is None or command.until > self.time():
                    self._waiting[channel] = command
                    if command.until is not None:
                        entry = command.until, next(self._order), channel, command
                        heapq.heappush(self._deadlines, entry)
                    return
                continue
            answer, error = self._request(command)
            if isinstance(answer, Deferred):
                answer.then(partial(self._answered, channel, command))
                return
            if error is None:
                value, error = _result(command, answer)

    def _answered(self, channel: str, command: Perform, response: Response) -> None:
        """Continue a flow whose response had to wait for its channel."""
        if channel in self._programs:
            self._continue(channel, *_result(command, response))

    def _request(self, command: Perform) -> tuple[Any, BaseException | None]:
        """Send a request; return the response or the deferred one, or what was wrong with it."""
        operation = self._declaration.operation(command.operation)
        if command.operation == "channels.originate_with_id":
            self._own.add(str(command.arguments["channelId"]))
        try:
            checked = check(operation, command.arguments)
        except InvalidArguments as wrong:
            return None, InvalidParameter(str(wrong), request=command.operation)
        call = RestRequest(operation.method, checked.path, checked.params, checked.body)
        body = b"" if call.body is None else orjson.dumps(call.body)
        return self.simulator.request(call.method, call.uri, body), None

    def _end(self, channel: str, run: FlowRun, error: BaseException | None) -> None:
        run.end(error)
        if run.state == "failed" and error is not None:
            trace = "".join(traceback.format_exception(error))
            log.error("%s", printable(f"flow {run.flow.name} failed: {run.error}\n{trace}"))
        for event in run.inbox.events:
            run.steps.flow.note(event)

        def perform(command: Command) -> Any:
            if isinstance(command, NextEvent):
                return None
            answer, wrong = self._request(command)
            if wrong is None and not isinstance(answer, Deferred):
                answer, wrong = _result(command, answer)
            if wrong is not None:
                raise wrong
            return answer

        drive(run.steps.flow.clean_up(), perform)
        run.inbox.close()
        del self._programs[channel]
        run.over.set()


def _result(command: Perform, response: Response) -> tuple[Any, BaseException | None]:
    """Return a response's JSON or content, or the error that it means."""
    answer = RestResponse(
        response.status,
        response.reason,
        {name.title(): value for name, value in response.headers},
        response.body,
        0.0,
    )
    if answer.status >= 300:
        return None, error_for(answer.status, answer.message, command.operation)
    if not answer.content:
        return None, None
    return (answer.json() if answer.is_json else answer.content), None
