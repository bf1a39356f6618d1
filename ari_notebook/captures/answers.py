"""The requests of a recording, and what each was answered, to be given again.

A program that is run again asks the same, but not to the letter: another library sends parameters
in the body that went in the query, and ids that a program makes up are new each time. So requests
are compared by what they ask, and a made-up id that stands where the recording has another is that
one from then on, in requests, answers and events.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

from ari_notebook.captures.files import Record
from ari_notebook.captures.secrets import without_secrets

__all__ = ["Answered", "Answers", "Names"]

# Parameters, and ends of a POST's path, that hold an id of the client's own choice.
_OWN = ("channelId", "otherChannelId", "bridgeId", "playbackId", "snoopId")
_OWN_AT_END = re.compile(r"/(?:channels|bridges|[^/]+/[^/]+/(?:play|snoop))/[^/]+")
Wanted = dict[str, str]


@dataclass(slots=True, eq=False)
class Answered:
    """A recorded request and its answer.

    Attributes:
        at: when it was sent, seconds since 1970.
        method: in upper case.
        path: below ``/ari``, decoded.
        wanted: its parameters, those of query and body alike.
        response: the answer: ``status``, ``message``, ``body``.
        used: whether it has been given again.
    """

    at: float
    method: str
    path: str
    wanted: Wanted
    response: Mapping[str, Any] = field(default_factory=dict)
    used: bool = False

    @property
    def changes(self) -> bool:
        """Whether it asks for a change, from which events may follow."""
        return self.method != "GET"

    def __str__(self) -> str:
        more = " ".join(f"{name}={value}" for name, value in self.wanted.items())
        return f"{self.method} {self.path} {more}".rstrip()


def wanted(query: Iterable[tuple[str, Any]], body: Any) -> Wanted:
    """What a request asks for, however it was sent; secrets look as they do in a recording."""
    asked: dict[str, Any] = dict(query)
    if isinstance(body, dict):
        asked.update(body)
    elif body is not None:
        asked["body"] = body
    asked.pop("api_key", None)
    shown: dict[str, Any] = without_secrets(asked)
    return {name: _text(shown[name]) for name in sorted(shown) if shown[name] is not None}


def _text(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    return value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_SORT_KEYS,
                                                             default=str).decode()  # fmt: skip


class Names:
    """Ids that the program made up, and the recorded ones that they stand for."""

    def __init__(self) -> None:
        self._recorded: dict[str, str] = {}
        self._mine: dict[bytes, bytes] = {}
        self._find: re.Pattern[bytes] | None = None

    def add(self, mine: str, recorded: str) -> None:
        """Take one for the other from now on."""
        if mine != recorded:
            self._recorded[mine] = recorded
            self._mine[recorded.encode()] = mine.encode()
            longest = sorted(self._mine, key=len, reverse=True)
            self._find = re.compile(b"|".join(map(re.escape, longest)))

    def recorded(self, text: str) -> str:
        """A request's text as the recording would have it."""
        for mine, recorded in self._recorded.items():
            text = text.replace(mine, recorded)
        return text

    def mine(self, text: bytes) -> bytes:
        """A recorded text as the program shall see it."""
        find = self._find
        return find.sub(lambda found: self._mine[found[0]], text) if find else text


class Answers:
    """The requests of a recording in the order in which they were sent.

    Args:
        records: of which all but requests and responses are passed over; those that are not as
            they should be are counted in ``problems``.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self.names = Names()
        self.problems: Counter[str] = Counter()
        self.all: list[Answered] = []
        for record in records:
            try:
                if record.kind == "request":
                    self.all.append(_answered(record))
                elif record.kind == "response" and self.all:  # a trace's, on a line of its own
                    self.all[-1].response = dict(record.data)
            except (TypeError, AttributeError, ValueError):
                self.problems[f"{record.kind} that is not as it should be"] += 1
        self.all.sort(key=lambda one: one.at)
        self._by_way: dict[tuple[str, str], list[Answered]] = {}
        for one in self.all:
            self._by_way.setdefault((one.method, one.path), []).append(one)

    def find(self, method: str, path: str, asked: Wanted) -> Answered | None:
        """The first recorded request like this one that has not been answered yet."""
        path = self.names.recorded(path)
        asked = {name: self.names.recorded(value) for name, value in asked.items()}
        like = [one for one in self._by_way.get((method, path), ()) if not one.used]
        for one in like:
            if one.wanted == asked:
                return one
        return self._made_up(method, path, asked, like) if method != "GET" else None

    def last(self, method: str, path: str, asked: Wanted) -> Answered | None:
        """The last one like it that was answered, for a question that is asked once more."""
        path = self.names.recorded(path)
        used = [one for one in self._by_way.get((method, path), ()) if one.used]
        return next((one for one in reversed(used) if one.wanted == asked), None)

    def next(self) -> Answered | None:
        """The first request for a change that the program has not made yet."""
        return next((one for one in self.all if one.changes and not one.used), None)

    def _made_up(
        self, method: str, path: str, asked: Wanted, like: list[Answered]
    ) -> Answered | None:
        """The first that differs in nothing but ids of the client's own choice."""
        rest = {name: value for name, value in asked.items() if name not in _OWN}
        stem, _, end = path.rpartition("/")
        own_end = method == "POST" and _OWN_AT_END.fullmatch(path)
        if own_end:
            like = [
                one for one in self.all
                if not one.used and one.method == method
                and _OWN_AT_END.fullmatch(one.path) and one.path.rpartition("/")[0] == stem
            ]  # fmt: skip
        for one in like:
            theirs = {name: value for name, value in one.wanted.items() if name not in _OWN}
            if theirs == rest and one.wanted.keys() == asked.keys():
                for name in asked.keys() & set(_OWN):
                    self.names.add(asked[name], one.wanted[name])
                if own_end:
                    self.names.add(end, one.path.rpartition("/")[2])
                return one
        return None


def _answered(record: Record) -> Answered:
    data = record.data
    path, _, query = str(data.get("path", "")).partition("?")
    params = data.get("params") or {}
    body = data.get("body")
    return Answered(
        record.at,
        str(data.get("method", "")).upper(),
        unquote(path),
        wanted([*parse_qsl(query), *params.items()], body),
        dict(record.response or {}),
    )
