"""What the panel shows of an earlier moment: its cards, counters, log and details.

The tables are those of ``ari.at(moment).tables``; facts that no table has are read again from the
events and requests before the moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from ari_notebook.client.errors import UsageProblem
from ari_notebook.store.request_log import SentRequest
from ari_notebook.store.tables import Tables
from ari_notebook.views.diagrams.moment import when
from ari_notebook.views.diagrams.selection import Selection, Source, read
from ari_notebook.views.panel.call_ladder import call_ladder
from ari_notebook.views.panel.facts import FAILED, Facts, short
from ari_notebook.views.panel.rows import (
    Rows,
    event_lines,
    media_by_target,
    request_lines,
    states,
)

__all__ = ["Past"]

Message = dict[str, Any]

_LINES = 200  # of events, and as many requests
_EVENTS_READ = 4000  # before the moment, for what no table has
_SAMPLES = 60  # seconds of which the tiles show a line
_COUNTED = 60_000  # events that are counted for them
_PART = 4096


class Past:
    """Reads earlier moments of a session, of which nothing can be acted on.

    Args:
        source: whose.
        length: seconds that a medium lasts, where that is known.
    """

    def __init__(self, source: Source, length: Callable[[str], float | None]) -> None:
        self._source = source
        self._length = length

    def at(self, moment: object, step: int = 0) -> Message:
        """Return what there was at a moment.

        Args:
            moment: milliseconds since 1970, or what ``ari.at`` takes as text.
            step: go on to the next event from there (1), or to the one before (-1).

        Raises:
            UsageProblem: invalid time.
        """
        log = self._source.log
        at = _exact(when(self._source, moment if isinstance(moment, str) else _seconds(moment)))
        if step and len(log):
            place = log.find(at) if step > 0 else log.find(at - 1e-6) - 1
            place = min(max(place, log.first), log.count - 1)
            at = _exact(next(iter(log.received(place, place + 1)), at))
        stop = log.find(at)
        tables = self._source.history.at(stop, at)
        requests, first = self._requests(at)
        begin = max(log.first, stop - _EVENTS_READ)
        batch, end = log.part(begin, stop - begin)
        events = list(batch)
        facts = Facts(self._length)
        # First what was sent: a request is logged after its answer, and may have caused the event.
        facts.take_requests(requests)
        times = log.received(end - len(events), end) if events else []
        facts.take_events(events, times)
        rows, media = Rows(facts, read_only=True), media_by_target(tables)
        numbered = list(enumerate(requests, first))
        return {
            "at": at * 1000,
            "channels": rows.channels(tables.channels.copy(), media),
            "bridges": rows.bridges(tables.bridges.copy(), media),
            "endpoints": states(tables.endpoints.copy()),
            "device_states": states(tables.device_states.copy()),
            "events": event_lines(events[-_LINES:], end - len(events[-_LINES:])),
            "requests": request_lines(numbered[-_LINES:]),
            "samples": self._samples(at, stop, tables, requests),
        }

    def details(self, id: str, moment: object, ladder: bool) -> Message:
        """Return the details that are shown for the chosen channel or bridge only.

        Args:
            id: its id.
            moment: milliseconds since 1970.
            ladder: whether its ladder is wanted, too.
        """
        at = _exact(_seconds(moment))
        tables = self._source.history.at(self._source.log.find(at), at)
        bridge = tables.bridges.get(id)
        ids = [id] if bridge is None else [id, *map(str, bridge.get("channels") or ())]
        events = read(self._source.log, Selection(frozenset(ids), until=at)).events
        facts = Facts(self._length)
        facts.take_events([each.event for each in events], [each.at for each in events])
        made: Message = {
            "variables": facts.variables.get(id, {}),
            "recordings": [short(name) for name in facts.recordings.get(id, ())],
        }
        if ladder:
            made["ladder"] = call_ladder(self._source, ids, at)
        return made

    def minute(self, tables: Tables) -> list[dict[str, float]]:
        """Return the tiles' figures in each of the last seconds.

        Args:
            tables: the live tables.
        """
        at = _exact(time.time())
        requests, _ = self._requests(at)
        return self._samples(at, self._source.log.count, tables, requests)

    def _requests(self, at: float) -> tuple[list[SentRequest], int]:
        """Return the requests up to a moment, and the number of the first."""
        kept = list(self._source.requests)
        first = self._source.requests.count - len(kept)
        return [request for request in kept if request.at <= at], first

    def _samples(
        self, at: float, stop: int, tables: Tables, requests: Sequence[SentRequest]
    ) -> list[dict[str, float]]:
        """Return the tiles' figures in each of the seconds before."""
        log = self._source.log
        times = [at - _SAMPLES + second for second in range(_SAMPLES + 1)]
        places = [min(stop, log.find(time)) for time in times]
        began, ended = (
            ("ChannelCreated", "ChannelDestroyed")
            if tables.subscribe_all
            else ("StasisStart", "StasisEnd")
        )
        counts = [{"started": 0, "answered": 0, "calls": 0} for _ in times]
        place, second = max(places[0], stop - _COUNTED), 0
        while place < stop:
            batch, end = log.part(place, min(_PART, stop - place))
            for number, head in enumerate(batch.heads, end - len(batch)):
                while second < _SAMPLES and number >= places[second]:
                    second += 1
                count, type = counts[second], head.type
                up = head.channel.state == "Up"
                count["started"] += type == "StasisStart"
                count["answered"] += up and type in ("StasisStart", "ChannelStateChange")
                count["calls"] += (type == began) - (type == ended)
            if end <= place:
                break
            place = end
        calls = len(tables.channels) - sum(count["calls"] for count in counts)
        fails = [r.at for r in requests if r.status is None or r.status >= FAILED]
        made, started, answered = [], 0, 0
        for moment, place, count in zip(times, places, counts, strict=True):
            started, answered = started + count["started"], answered + count["answered"]
            calls += count["calls"]
            made.append(
                {
                    "at": moment * 1000,
                    "calls": max(0, calls),
                    "started": started,
                    "answered": answered,
                    "failed": sum(fail <= moment for fail in fails),
                    "events": place,
                }
            )
        return made


def _exact(at: float) -> float:
    """Return a time that is the same microsecond however often it is multiplied and divided."""
    return (round(at * 1e6) + 0.25) / 1e6


def _seconds(moment: object) -> float:
    if isinstance(moment, int | float):
        return moment / 1000
    raise UsageProblem(f"not a time: {short(moment)!r}", "Give a time of day in UTC as 16:23:41.")
