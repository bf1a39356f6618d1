"""The events and requests of a session, for the checks of exercises.

Requests and events are in one order, in which this side sent and received them. Sounds that were
played and recorded by `channel.audio()` count as successful requests ``audio.play`` and
``audio.record`` with the fields of `AudioUse`. A check searches for a required event or request
(`Evidence.event`, `Evidence.request`), after or before another one, and may restrict the search to
one channel, bridge or recording (`Evidence.about`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ari_notebook.audio.journal import AudioUse
from ari_notebook.connection.event_filter import EventFilter
from ari_notebook.schema import Declaration, Operation, builtin

if TYPE_CHECKING:
    from ari_notebook.connection.connection import Connection
    from ari_notebook.store.request_log import SentRequest

__all__ = ["Evidence", "Exercise", "Happening"]


@dataclass(frozen=True, slots=True)
class Exercise:
    """The times of an exercise, by this side's clock in seconds since 1970.

    Attributes:
        begun: when its first cell was run; earlier events do not count.
        solved: when the notebook's solution was run after it, or None.
    """

    begun: float
    solved: float | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """One request or one event.

    Attributes:
        order: its position among all.
        at: time in seconds since 1970, by this side's clock.
        name: event type, or name of the operation, such as ``channels.play``.
        fields: the event as received; the arguments of a request by ARI's names.
        status: HTTP status of a request's response; None without one, and for events.
        is_event: True for an event, False for a request.
    """

    order: int
    at: float
    name: str
    fields: Mapping[str, Any]
    status: int | None = None
    is_event: bool = True

    @property
    def worked(self) -> bool:
        """Whether a request succeeded."""
        return self.status is not None and self.status < 400

    def get(self, path: str, default: Any = None) -> Any:
        """Return a nested value by its path: ``channel.caller.number``."""
        value: Any = self.fields
        for part in path.split("."):
            if not isinstance(value, Mapping) or part not in value:
                return default
            value = value[part]
        return value


class Evidence:
    """The requests and events of a session, or those about one object.

    Args:
        happenings: requests and events in order.
        living: ids of the current channels and bridges.
        subject: id of the object; empty: all.
        whole: the evidence of which this is a part; None: itself.
        history: the evidence of the whole session, including the time before the exercise; None:
            `whole`.
    """

    def __init__(
        self,
        happenings: Sequence[Happening],
        living: frozenset[str] = frozenset(),
        subject: str = "",
        whole: Evidence | None = None,
        history: Evidence | None = None,
    ) -> None:
        self._happenings = happenings
        self.living = living
        self.subject = subject
        self.whole = self if whole is None else whole
        self.history = self.whole if history is None else history

    @classmethod
    def of(cls, connection: Connection) -> Evidence:
        """Return all requests and events of a session so far."""
        times = connection.log.df["received"].astype("int64") / 1e6
        events = connection.log[: len(times)]
        requests = list(connection.requests)
        tables = connection.tables
        return cls(
            list(
                _merged(
                    events,
                    list(times),
                    requests,
                    list(connection.audio_uses),
                    connection.declaration,
                )
            ),
            frozenset((*tables.channels, *tables.bridges)),
        )

    def about(self, *ids: str) -> Evidence:
        """Return the evidence that names one of these channels, bridges, playbacks or recordings.

        It includes their playbacks and recordings. The first object is the subject.
        """
        mine = set(ids)
        theirs: set[str] = set()
        for each in self.whole._happenings:
            for kind in ("playback", "recording"):
                thing = each.get(kind)
                if each.is_event and isinstance(thing, Mapping):
                    target = str(thing.get("target_uri", "")).partition(":")[2]
                    if target in ids:
                        theirs |= {str(thing.get("id") or thing.get("name"))}
        part = [
            each
            for each in self.whole._happenings
            if not mine.isdisjoint(names := _names(each))
            or not (theirs.isdisjoint(names) or _has_target(each))
        ]
        return Evidence(part, self.living, ids[0], self.whole, self.history)

    def during(self, exercise: Exercise) -> Evidence:
        """Return the evidence since an exercise began, and before its solution was run."""
        end = math.inf if exercise.solved is None else exercise.solved
        return self._within(exercise.begun, end)

    def since(self, at: float) -> Evidence:
        """Return the evidence since a time, in seconds since 1970."""
        return self._within(at, math.inf)

    def _within(self, start: float, end: float) -> Evidence:
        part = [each for each in self._happenings if start <= each.at < end]
        return Evidence(part, self.living, history=self.history)

    def events(
        self,
        type: str | Iterable[str],
        *,
        after: Happening | None = None,
        before: Happening | None = None,
        **where: Any,
    ) -> list[Happening]:
        """Return the events of a type, oldest first.

        Args:
            type: one event type, several, or ``"*"``.
            after: only events after this.
            before: only events before this.
            **where: as for `Session.on`: ``playback__state="done"``.
        """
        wanted = EventFilter(type, where, builtin())
        return [
            each for each in self._between(after, before) if each.is_event and wanted(each.fields)
        ]

    def event(self, type: str | Iterable[str], **more: Any) -> Happening | None:
        """Return the first of `events`; None if there is none."""
        return next(iter(self.events(type, **more)), None)

    def requests(
        self,
        *operations: str,
        after: Happening | None = None,
        before: Happening | None = None,
        worked: bool | None = True,
        **where: Any,
    ) -> list[Happening]:
        """Return the requests of these operations, oldest first, over any transport.

        Args:
            *operations: such as ``channels.play``, which includes ``…_with_id``; none: all.
            after: only requests sent after this.
            before: only requests sent before this.
            worked: True: only successful requests; False: only refused ones; None: both.
            **where: arguments, each with its value, a list of values, or a predicate.
        """
        wanted = EventFilter("*", where, builtin())
        return [
            each
            for each in self._between(after, before)
            if not each.is_event
            and (not operations or each.name.removesuffix("_with_id") in operations)
            and (worked is None or each.worked is worked)
            and wanted(each.fields)
        ]

    def request(self, *operations: str, **more: Any) -> Happening | None:
        """Return the first of `requests`; None if there is none."""
        return next(iter(self.requests(*operations, **more)), None)

    def _between(self, after: Happening | None, before: Happening | None) -> Iterator[Happening]:
        for each in self._happenings:
            if (after is None or each.order > after.order) and (
                before is None or each.order < before.order
            ):
                yield each

    def __bool__(self) -> bool:
        return bool(self._happenings)


def _merged(
    events: Sequence[Mapping[str, Any]],
    times: Sequence[float],
    requests: Sequence[SentRequest],
    uses: Sequence[AudioUse],
    declaration: Declaration,
) -> Iterator[Happening]:
    """Yield requests and events in order; a request precedes events of the same time."""
    routes = _routes(declaration)
    moments: list[tuple[float, int, Any]] = [(r.at, 0, r) for r in requests]
    moments += [(use.at, 0, use) for use in uses]
    moments += [(at, 1, event) for at, event in zip(times, events, strict=False)]
    moments.sort(key=lambda moment: moment[:2])
    for order, (at, is_event, what) in enumerate(moments):
        if is_event:
            yield Happening(order, at, str(what.get("type", "")), what)
        elif isinstance(what, AudioUse):
            yield Happening(order, at, f"audio.{what.kind}", asdict(what), 200, is_event=False)
        else:
            name, arguments = _operation(what, routes)
            yield Happening(order, at, name, arguments, what.status, is_event=False)


Routes = list[tuple[str, re.Pattern[str], Operation]]


def _routes(declaration: Declaration) -> Routes:
    """Return a pattern for each operation's path; those with fewer parameters come first."""
    operations = sorted(declaration.operations, key=lambda each: each.path.count("{"))
    return [
        (each.method, re.compile(re.sub(r"\\?\{(\w+)\\?\}", r"(?P<\1>[^/]+)", each.path)), each)
        for each in operations
    ]


def _operation(request: SentRequest, routes: Routes) -> tuple[str, dict[str, Any]]:
    """Return a request's operation, and its arguments from path, query and body."""
    path, _, query = request.path.partition("?")
    arguments: dict[str, Any] = dict(part.partition("=")[::2] for part in query.split("&") if part)
    arguments |= request.params
    if isinstance(request.body, Mapping):
        arguments |= request.body
    for method, pattern, operation in routes:
        if method == request.method and (found := pattern.fullmatch(path)):
            named = {name: unquote(value) for name, value in found.groupdict().items()}
            return operation.qualified_name, arguments | named
    return f"{request.method} {path}", arguments


def _has_target(happening: Happening) -> bool:
    """Return whether a happening names its target: an id may be reused for another call."""
    things = (happening.get("playback.target_uri"), happening.get("recording.target_uri"))
    return any((*things, happening.get("channelId"), happening.get("bridgeId")))


def _names(happening: Happening) -> set[str]:
    """Return the ids, names, and targets of playbacks and recordings in a happening."""
    found: set[str] = set()
    for value in happening.fields.values():
        if isinstance(value, str) and not happening.is_event:
            parts = value.split(",")
            found |= {value, *parts, *(part.partition(":")[2] for part in parts)}  # channel:ID
        elif isinstance(value, Mapping):
            found |= {str(value.get("id")), str(value.get("name"))}
            found.add(str(value.get("target_uri", "")).partition(":")[2])
    return found - {"", "None"}
