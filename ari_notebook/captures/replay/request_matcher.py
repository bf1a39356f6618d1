"""Matching of requests with those of a capture, to repeat the recorded responses.

A program that runs again sends equivalent, not identical requests: another library sends parameters
in the body instead of the query, and ids that a program generates differ each time. So requests are
compared by meaning, and a generated id in place of a recorded one is mapped to it from then on, in
requests, responses and events.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

from ari_notebook.captures.file_format import Record
from ari_notebook.store.redaction import without_secrets

__all__ = ["IdMap", "RecordedRequest", "RequestMatcher"]

# Parameters, and path endings of a POST, that hold an id chosen by the client.
_OWN = ("channelId", "otherChannelId", "bridgeId", "playbackId", "snoopId")
_OWN_AT_END = re.compile(r"/(?:channels|bridges|[^/]+/[^/]+/(?:play|snoop))/[^/]+")
Wanted = dict[str, str]


@dataclass(slots=True, eq=False)
class RecordedRequest:
    """A recorded request and its response.

    Attributes:
        at: time it was sent, in seconds since 1970.
        method: in upper case.
        path: below ``/ari``, decoded.
        wanted: its parameters, from query and body.
        response: its response: ``status``, ``message``, ``body``.
        used: whether its response has been repeated.
    """

    at: float
    method: str
    path: str
    wanted: Wanted
    response: Mapping[str, Any] = field(default_factory=dict)
    used: bool = False

    @property
    def changes(self) -> bool:
        """Return whether it requests a change, which may cause events."""
        return self.method != "GET"

    def __str__(self) -> str:
        more = " ".join(f"{name}={value}" for name, value in self.wanted.items())
        return f"{self.method} {self.path} {more}".rstrip()


def wanted(query: Iterable[tuple[str, Any]], body: Any) -> Wanted:
    """Return the parameters of a request, however sent, with secrets redacted as in a capture."""
    requested: dict[str, Any] = dict(query)
    if isinstance(body, dict):
        requested.update(body)
    elif body is not None:
        requested["body"] = body
    requested.pop("api_key", None)
    shown: dict[str, Any] = without_secrets(requested)
    return {name: _text(shown[name]) for name in sorted(shown) if shown[name] is not None}


def _text(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    return value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_SORT_KEYS,
                                                             default=str).decode()  # fmt: skip


class IdMap:
    """Ids that the program generated, mapped to the recorded ones."""

    def __init__(self) -> None:
        self._recorded: dict[str, str] = {}
        self._ours: dict[bytes, bytes] = {}
        self._find: re.Pattern[bytes] | None = None

    def add(self, ours: str, recorded: str) -> None:
        """Map one id to another from now on."""
        if ours != recorded:
            self._recorded[ours] = recorded
            self._ours[recorded.encode()] = ours.encode()
            longest = sorted(self._ours, key=len, reverse=True)
            self._find = re.compile(b"|".join(map(re.escape, longest)))

    def recorded(self, text: str) -> str:
        """Return a request's text with recorded ids."""
        for ours, recorded in self._recorded.items():
            text = text.replace(ours, recorded)
        return text

    def ours(self, text: bytes) -> bytes:
        """Return a recorded text with the program's ids."""
        find = self._find
        return find.sub(lambda found: self._ours[found[0]], text) if find else text


class RequestMatcher:
    """The requests of a capture in the order in which they were sent.

    Args:
        records: records of the capture; others than requests and responses are ignored, and invalid
            ones are counted in ``problems``.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self.ids = IdMap()
        self.problems: Counter[str] = Counter()
        self.all: list[RecordedRequest] = []
        for record in records:
            try:
                if record.kind == "request":
                    self.all.append(_answered(record))
                elif record.kind == "response" and self.all:  # on a separate line, in a trace
                    self.all[-1].response = dict(record.data)
            except (TypeError, AttributeError, ValueError):
                self.problems[f"invalid {record.kind}"] += 1
        self.all.sort(key=lambda one: one.at)
        self._by_way: dict[tuple[str, str], list[RecordedRequest]] = {}
        for one in self.all:
            self._by_way.setdefault((one.method, one.path), []).append(one)

    def find(self, method: str, path: str, requested: Wanted) -> RecordedRequest | None:
        """Return the first matching recorded request that has not been answered yet, or None."""
        path = self.ids.recorded(path)
        requested = {name: self.ids.recorded(value) for name, value in requested.items()}
        like = [one for one in self._by_way.get((method, path), ()) if not one.used]
        for one in like:
            if one.wanted == requested:
                return one
        return self._made_up(method, path, requested, like) if method != "GET" else None

    def last(self, method: str, path: str, requested: Wanted) -> RecordedRequest | None:
        """Return the last matching request that was answered, for a repeated request."""
        path = self.ids.recorded(path)
        used = [one for one in self._by_way.get((method, path), ()) if one.used]
        return next((one for one in reversed(used) if one.wanted == requested), None)

    def next(self) -> RecordedRequest | None:
        """Return the first recorded change that the program has not requested yet."""
        return next((one for one in self.all if one.changes and not one.used), None)

    def _made_up(
        self, method: str, path: str, requested: Wanted, like: list[RecordedRequest]
    ) -> RecordedRequest | None:
        """Return the first request that differs only in ids chosen by the client."""
        rest = {name: value for name, value in requested.items() if name not in _OWN}
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
            if theirs == rest and one.wanted.keys() == requested.keys():
                for name in requested.keys() & set(_OWN):
                    self.ids.add(requested[name], one.wanted[name])
                if own_end:
                    self.ids.add(end, one.path.rpartition("/")[2])
                return one
        return None


def _answered(record: Record) -> RecordedRequest:
    data = record.data
    path, _, query = str(data.get("path", "")).partition("?")
    params = data.get("params") or {}
    body = data.get("body")
    return RecordedRequest(
        record.at,
        str(data.get("method", "")).upper(),
        unquote(path),
        wanted([*parse_qsl(query), *params.items()], body),
        dict(record.response or {}),
    )
