"""What happened in a session, as the checks of exercises look at it.

Requests and events stand in one order, that in which this side sent and received them. A check asks
for what must have happened (`Evidence.event`, `Evidence.request`), after or before something else,
and may narrow the view to what is about one channel, bridge or recording (`Evidence.about`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ari_notebook.matching import Pattern
from ari_notebook.spec import Declaration, Operation, builtin

if TYPE_CHECKING:
    from ari_notebook.requestlog import SentRequest
    from ari_notebook.session import Session

__all__ = ["Evidence", "Happening"]


@dataclass(frozen=True, slots=True)
class Happening:
    """One request or one event.

    Attributes:
        order: its place among all of them.
        at: when, in seconds since 1970, by this side's clock.
        name: the event's type, or the operation's name, as ``channels.play``.
        fields: the event as received; a request's arguments, by their names in ARI.
        status: of a request, the answer's HTTP status; None where none came, and for events.
        is_event: which of the two it is.
    """

    order: int
    at: float
    name: str
    fields: Mapping[str, Any]
    status: int | None = None
    is_event: bool = True

    @property
    def worked(self) -> bool:
        """Whether a request was carried out."""
        return self.status is not None and self.status < 400

    def get(self, path: str, default: Any = None) -> Any:
        """A value from inside, by its path: ``channel.caller.number``."""
        value: Any = self.fields
        for part in path.split("."):
            if not isinstance(value, Mapping) or part not in value:
                return default
            value = value[part]
        return value


class Evidence:
    """The requests and events of a session, or those of them that are about something.

    Args:
        happenings: in their order.
        living: the ids of the channels and bridges that live now.
        subject: what it is about; empty for everything.
        whole: the evidence that this is a part of; itself if None.
    """

    def __init__(
        self,
        happenings: Sequence[Happening],
        living: frozenset[str] = frozenset(),
        subject: str = "",
        whole: Evidence | None = None,
    ) -> None:
        self._happenings = happenings
        self.living = living
        self.subject = subject
        self.whole = whole or self

    @classmethod
    def of(cls, session: Session) -> Evidence:
        """All that a session has seen so far."""
        times = session.log.df["received"].astype("int64") / 1e6
        events = session.log[: len(times)]
        requests = list(session.requests)
        tables = session.tables
        return cls(
            list(_merged(events, list(times), requests, session.declaration)),
            frozenset((*tables.channels, *tables.bridges)),
        )

    def about(self, *ids: str) -> Evidence:
        """What names one of these channels, bridges, playbacks or recordings.

        What is played to them or recorded of them belongs to it. The first is the subject.
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
        return Evidence(part, self.living, ids[0], self.whole)

    def events(
        self,
        type: str | Iterable[str],
        *,
        after: Happening | None = None,
        before: Happening | None = None,
        **where: Any,
    ) -> list[Happening]:
        """The events of a type, oldest first.

        Args:
            type: one, several, or ``"*"``.
            after: only what came after this.
            before: only what came before this.
            **where: as `Session.on` takes it: ``playback__state="done"``.
        """
        pattern = Pattern(type, where, builtin())
        return [
            each for each in self._between(after, before) if each.is_event and pattern(each.fields)
        ]

    def event(self, type: str | Iterable[str], **more: Any) -> Happening | None:
        """The first of `events`; None where there is none."""
        return next(iter(self.events(type, **more)), None)

    def requests(
        self,
        *operations: str,
        after: Happening | None = None,
        before: Happening | None = None,
        worked: bool | None = True,
        **where: Any,
    ) -> list[Happening]:
        """The requests of these operations, oldest first, however they were sent.

        Args:
            *operations: as ``channels.play``; the form ``…_with_id`` is the same. None for all.
            after: only what was sent after this.
            before: only what was sent before this.
            worked: only what was carried out; False for what was refused, None for both.
            **where: arguments that must have a value, a list of values, or a function that says
                yes.
        """
        pattern = Pattern("*", where, builtin())
        return [
            each
            for each in self._between(after, before)
            if not each.is_event
            and (not operations or each.name.removesuffix("_with_id") in operations)
            and (worked is None or each.worked is worked)
            and pattern(each.fields)
        ]

    def request(self, *operations: str, **more: Any) -> Happening | None:
        """The first of `requests`; None where there is none."""
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
    declaration: Declaration,
) -> Iterator[Happening]:
    """Both in one order. A request comes before the events of the same moment."""
    routes = _routes(declaration)
    moments: list[tuple[float, int, Any]] = [(r.at, 0, r) for r in requests]
    moments += [(at, 1, event) for at, event in zip(times, events, strict=False)]
    moments.sort(key=lambda moment: moment[:2])
    for order, (at, is_event, what) in enumerate(moments):
        if is_event:
            yield Happening(order, at, str(what.get("type", "")), what)
        else:
            name, arguments = _operation(what, routes)
            yield Happening(order, at, name, arguments, what.status, is_event=False)


Routes = list[tuple[str, re.Pattern[str], Operation]]


def _routes(declaration: Declaration) -> Routes:
    """A pattern for each operation's path; those with fewer parameters come first."""
    operations = sorted(declaration.operations, key=lambda each: each.path.count("{"))
    return [
        (each.method, re.compile(re.sub(r"\\?\{(\w+)\\?\}", r"(?P<\1>[^/]+)", each.path)), each)
        for each in operations
    ]


def _operation(request: SentRequest, routes: Routes) -> tuple[str, dict[str, Any]]:
    """The operation that a request is, and its arguments, wherever they stood in it."""
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
    """Whether it says itself what it is about: an id may be used again, for another call."""
    things = (happening.get("playback.target_uri"), happening.get("recording.target_uri"))
    return any((*things, happening.get("channelId"), happening.get("bridgeId")))


def _names(happening: Happening) -> set[str]:
    """What a happening names: ids, names, and the targets of what is played and recorded."""
    found: set[str] = set()
    for value in happening.fields.values():
        if isinstance(value, str) and not happening.is_event:
            parts = value.split(",")
            found |= {value, *parts, *(part.partition(":")[2] for part in parts)}  # channel:ID
        elif isinstance(value, Mapping):
            found |= {str(value.get("id")), str(value.get("name"))}
            found.add(str(value.get("target_uri", "")).partition(":")[2])
    return found - {"", "None"}
