"""The viewer: ladder, timeline and tables of one selection on a page, live and back in time.

One ticker, usually a thread, serves all viewers of a session: twice a second it checks which logs
have grown and sends the pages new pictures. A closed page costs nothing. Requests of a page are
answered beside it.
"""

from __future__ import annotations

import threading
import time
import weakref
from base64 import b64encode
from collections.abc import Generator, Mapping
from contextlib import suppress
from typing import Any

import anywidget

from ari_notebook.background import Background, Job, once
from ari_notebook.background.pump import default_background
from ari_notebook.client.errors import AriError
from ari_notebook.store.plain_text import clean
from ari_notebook.views.diagrams.data import picture_data, source_text
from ari_notebook.views.diagrams.picture import FRONTEND, Picture, View
from ari_notebook.views.diagrams.selection import Selection, Source, span_of
from ari_notebook.views.diagrams.sequence import request_source
from ari_notebook.views.diagrams.svg import clock
from ari_notebook.views.display.bundle import THEME, page_module, page_style
from ari_notebook.views.display.cards import party
from ari_notebook.views.display.comms import answer_while_busy

__all__ = ["Viewer", "viewer"]

_LOOK_SECONDS = 0.5
_COST = 5  # pause after drawing, as a multiple of the drawing time
_MOST_ROWS = 500  # maximum rows of a table

Message = dict[str, Any]


class Viewer(anywidget.AnyWidget):  # type: ignore[misc]
    """A selection of requests and events on a page. Created by `viewer`.

    Args:
        source: a session, a capture or a replay.
        selection: the requests and events to show.
        view: the initial view.
    """

    _esm = page_module(FRONTEND, "widget")
    _css = page_style(THEME, FRONTEND)

    def __init__(self, source: Source, selection: Selection, view: View) -> None:
        super().__init__()
        self._source = source
        self._selection = selection
        self._view = view
        self._pages = 0
        self._seen: tuple[Any, ...] = ()
        self._due = 0.0
        self._sending = threading.Lock()
        self.on_msg(self._on_message)
        answer_while_busy(self.comm)
        self._background: Background = getattr(source, "background", default_background())
        _TICKERS.setdefault(self._background, _Ticker(self._background)).add(self)

    def bundle(self) -> Message:
        """Return the MIME bundle of the widget."""
        made = super()._repr_mimebundle_()
        return dict(made[0] if isinstance(made, tuple) else made)

    def tick(self) -> None:
        """Send the pages a new picture if there is something new."""
        if self._pages <= 0 or time.monotonic() < self._due:
            return
        if self._state() != self._seen:
            self.draw()

    def draw(self) -> None:
        """Redraw the picture, and send it."""
        with self._sending:
            began = time.monotonic()
            self._seen = self._state()
            try:
                self.send(self._message())
            except Exception as error:  # noqa: BLE001 - a viewer without updates looks alive
                with suppress(Exception):
                    self.send({"kind": "problem", "text": f"the viewer failed: {clean(error)}"})
            self._due = time.monotonic() + _COST * (time.monotonic() - began)

    def seek(self, at: float | None) -> None:
        """Show another time.

        Args:
            at: seconds since 1970; None: follow the session again.
        """
        self._selection = self._selection.at(at)
        self.draw()

    def _state(self) -> tuple[Any, ...]:
        source = self._source
        closed = bool(getattr(source, "closed", False))
        return source.log.count, source.requests.count, closed, self._selection.until

    def _message(self) -> Message:
        shown = Picture(self._source, self._selection, self._view)
        begin, end = span_of(self._source)
        until = self._selection.until
        follows = hasattr(self._source, "closed") and not self._source.closed
        return {
            "kind": "picture",
            "view": self._view,
            **picture_data(shown.sequence, shown.tracks),
            "begin": begin,
            "end": end,
            "until": until,
            "live": follows,
            "now": time.time(),
            "tables": self._tables(end if until is None else until),
        }

    def _tables(self, at: float) -> Message:
        """Return the rows of the tables at a time, as texts."""
        source = self._source
        if self._selection.until is None and hasattr(source, "tables"):
            tables = source.tables
        else:
            tables = source.history.at(source.log.find(at), at)
        bridges = {id: _text(row.get("name")) or id for id, row in list(tables.bridges.items())}
        channels = [
            [
                party(row.get("caller")) or _text(row.get("name")) or id,
                _text(row.get("state")),
                _text((row.get("dialplan") or {}).get("exten")),
                bridges.get(str(row.get("bridge")), ""),
                _text(row.get("playing")),
                _text(row.get("recording")),
            ]
            for id, row in list(tables.channels.items())[:_MOST_ROWS]
        ]
        rooms = [
            [
                bridges[id],
                _text(row.get("bridge_type")),
                str(len(row.get("channels") or ())),
                _text(row.get("technology")),
            ]
            for id, row in list(tables.bridges.items())[:_MOST_ROWS]
        ]
        return {
            "at": clock(at) if at else "",
            "channels": {
                "columns": ["caller", "state", "dialled", "bridge", "playing", "recording"],
                "rows": [[clean(cell, 80) for cell in row] for row in channels],
                "count": len(tables.channels),
            },
            "bridges": {
                "columns": ["bridge", "type", "channels", "technology"],
                "rows": [[clean(cell, 80) for cell in row] for row in rooms],
                "count": len(tables.bridges),
            },
        }

    # Messages from pages. Nothing here may raise: a traceback would appear in some cell's output.

    def _on_message(self, _widget: object, content: object, _buffers: object) -> None:
        if not isinstance(content, Mapping):
            return
        kind = content.get("kind")
        if kind == "bye":
            self._pages -= 1
        elif kind in ("all", "seek", "source", "save"):
            self._pages += kind == "all"
            self._background.start("ari-viewer", once(self._answer, dict(content)))

    def _answer(self, asked: Message) -> None:
        kind = asked["kind"]
        if kind == "all":
            self.draw()
            return
        if kind == "seek":
            at = asked.get("at")
            self.seek(float(at) if isinstance(at, int | float) else None)
            return
        reply: Message = {"kind": "reply", "ticket": asked.get("ticket"), "error": ""}
        try:
            reply["value"] = self._value(asked)
        except AriError as error:
            reply["error"] = str(error)
        except Exception as error:  # noqa: BLE001 - whatever it was, the page waits for an answer
            reply["error"] = f"{kind} failed: {clean(error)}"
        self.send(reply)

    def _value(self, asked: Message) -> Any:
        if asked["kind"] == "source":
            return self._step_source(str(asked.get("key")))
        view: View = "timeline" if asked.get("view") == "timeline" else "ladder"
        drawn = Picture(self._source, self._selection, view)
        return b64encode(drawn.rendered(str(asked.get("ending")))).decode()

    def _step_source(self, key: str) -> Message:
        """Return the JSON of a step, even if it is no longer in the picture."""
        kind, number = key[:1], int(key[1:]) if key[1:].isdecimal() else -1
        source = self._source
        if kind == "e":
            events, end = source.log.part(number, 1)
            found = len(events) == 1 and end == number + 1
            return {"json": source_text(events[0])} if found else {}
        requests = list(source.requests)
        place = number - 1 - (source.requests.count - len(requests))
        if kind != "r" or not 0 <= place < len(requests):
            return {}
        request = requests[place]
        return {"json": source_text(request_source(request)), "curl": request.curl()}

    def __repr__(self) -> str:
        return f"<viewer of the {self._view}>"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


class _Ticker:
    """Updates viewers; ends without viewers.

    Args:
        background: runs the updates.
    """

    def __init__(self, background: Background) -> None:
        self._background = weakref.proxy(background)
        self._viewers: weakref.WeakSet[Viewer] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._job: Job | None = None

    def add(self, viewer: Viewer) -> None:
        """Add a viewer."""
        with self._lock:
            self._viewers.add(viewer)
            if self._job is None or not self._job.alive:
                self._job = self._background.start("ari-viewers", self._work)

    def _work(self) -> Generator[float | None, None, None]:
        while True:
            yield _LOOK_SECONDS
            with self._lock:
                viewers = list(self._viewers)
                if not viewers:
                    self._job = None
                    return
            for each in viewers:
                with suppress(Exception):  # a viewer that fails must not stop the others
                    each.tick()
            del viewers


_TICKERS: weakref.WeakKeyDictionary[Background, _Ticker] = weakref.WeakKeyDictionary()


def viewer(source: Source, selection: Selection, view: View) -> Viewer:
    """Return a new viewer.

    Args:
        source: a session, a capture or a replay.
        selection: the requests and events to show.
        view: the initial view.
    """
    return Viewer(source, selection, view)
