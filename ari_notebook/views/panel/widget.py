"""The live panel: a widget that shows a session, with buttons for its operations.

The writer, usually a thread for each panel, polls the session ten times a second (five during a
flood) and sends changes; nothing else sends. So there are at most ten messages a second at any rate
of events, they are in order, and the panel is updated while a cell runs. A click is executed beside
it, because a request may take long; its result is passed to the writer.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import anywidget
from IPython.display import display

from ari_notebook.background import once
from ari_notebook.client.errors import AriError, UsageProblem
from ari_notebook.connection.call_audio import AudioOptions
from ari_notebook.views.diagrams.picture import FRONTEND
from ari_notebook.views.diagrams.selection import Source
from ari_notebook.views.display.bundle import THEME, page_module, page_style
from ari_notebook.views.display.comms import answer_while_busy, in_notebook
from ari_notebook.views.display.html import Markup, clean, pretty
from ari_notebook.views.listening.audio_feed import RATE, FeedControl
from ari_notebook.views.panel.call_ladder import call_ladder, call_picture
from ari_notebook.views.panel.commands import Commands
from ari_notebook.views.panel.exported import Action
from ari_notebook.views.panel.past import Past
from ari_notebook.views.panel.picture import panel_picture
from ari_notebook.views.panel.program import ActionLog
from ari_notebook.views.panel.request_forms import as_magic, as_python
from ari_notebook.views.panel.state import PanelState, media_length
from ari_notebook.views.panel.static import snapshot_text

if TYPE_CHECKING:
    from ari_notebook.connection.connection import Connection
    from ari_notebook.store.request_log import SentRequest

__all__ = ["Panel", "panel"]

_PAGE = Path(__file__).parent / "frontend"
LISTENING = Path(__file__).parents[1] / "listening" / "frontend"
_LOOK_SECONDS = 0.1
_BEAT_SECONDS = 5.0  # a page that receives nothing for longer reports it
_SNAPSHOT_SECONDS = 10.0
_AFTER_FAILURE_SECONDS = 1.0
_LONGEST_JSON = 20_000  # characters

Message = dict[str, Any]


class Panel(anywidget.AnyWidget):  # type: ignore[misc]
    """Channels, bridges, endpoints and events of a session, live. Created by `panel`.

    Args:
        connection: the connection that it shows and controls.
        source: the same, as the views of earlier moments see it.
    """

    _esm = page_module(_PAGE)
    _css = page_style(THEME, FRONTEND, LISTENING, _PAGE)

    def __init__(self, connection: Connection, source: Source) -> None:
        super().__init__()
        self.look_seconds = _LOOK_SECONDS  # interval of polling
        self._connection = connection
        self._source = source
        self._panel_state = PanelState(connection)
        self._past = Past(source, media_length(connection))
        self._commands = Commands(connection)
        self._actions = ActionLog(connection)
        self._outbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._wanted = False  # whether a page requested all data
        self._ended = False
        self._lines: dict[str, str] = {}  # the telephone's calls on the pages
        self._places: list[Any] = []  # displayed pictures, updated periodically
        self._picture = ""  # one that pages do not have yet
        self._kept = False  # whether a page keeps it by itself
        self._listening = FeedControl(self.send)
        self._looked_at = ""  # the call or bridge that a page shows in full
        self.on_msg(self._on_message)
        answer_while_busy(self.comm)
        self._background = connection.background
        self._writer = self._background.start("ari-panel", self._write)

    @property
    def live(self) -> bool:
        """Whether it is still updated."""
        return self._writer.alive

    def stop(self) -> None:
        """Stop updates; the page keeps its content."""
        self._ended = True
        self._writer.stop()
        self._writer.join(timeout=2)

    def close(self) -> None:
        """Remove the widget."""
        self.stop()
        self._listening.stop()
        super().close()

    # The writer.

    def _write(self) -> Generator[float | None, None, None]:
        quiet = since_snapshot = pause = 0.0
        stale = False
        looked = spoke = time.monotonic()
        while not self._ended:
            yield pause  # the result of a click, which wakes it, waits only for the last message
            while (early := _LOOK_SECONDS - (time.monotonic() - spoke)) > 0:
                yield early
            passed, looked = time.monotonic() - looked, time.monotonic()
            over = self._connection.closed
            try:
                message = self._look()
                sent = message is not None
                # During a flood, fewer messages leave the page time for input.
                pause = self.look_seconds * (2 if message and message.get("skipped") else 1)
                quiet = 0.0 if sent else quiet + passed
                if quiet >= _BEAT_SECONDS:
                    self.send(self._panel_state.numbered({"kind": "beat"}))
                    quiet = 0.0
                stale = stale or sent
                since_snapshot += passed
                if stale and (over or since_snapshot >= _SNAPSHOT_SECONDS):
                    stale, since_snapshot = False, 0.0
                    self._refresh_snapshots()
            except Exception as error:  # noqa: BLE001 - a panel without updates looks alive
                self._failed(error)
                pause = _AFTER_FAILURE_SECONDS
            spoke = time.monotonic()
            if over:
                return

    def _failed(self, error: Exception) -> None:
        """Report an error once; then send all data, once a second."""
        problem = f"the panel failed: {type(error).__name__}: {clean(error)}"
        if problem not in self._connection.view_problems:
            self._connection.view_problems.append(problem)
        with suppress(Exception):  # the status has the error even if nothing can be sent
            self.send(self._panel_state.numbered({"kind": "patch", "problem": problem}))
        self._wanted = True

    def _look(self) -> Message | None:
        """Send changes and results of clicks, if any, in one message."""
        message = None
        if self._wanted:
            self._wanted = False
            message = self._panel_state.all()
            if not self._connection.recorded:
                message["samples"] = self._past.minute(self._connection.tables)
            if self._places:
                self._picture = str(self._drawn())
        else:
            message = self._panel_state.changes()
        lines = self._commands.lines()
        if lines != self._lines or (message and message["kind"] == "all"):
            self._lines = lines
            message = message or self._panel_state.numbered({"kind": "patch"})
            message["lines"] = lines
        replies = []
        while not self._outbox.empty():
            replies.append(self._outbox.get())
        if replies:
            message = message or self._panel_state.numbered({"kind": "patch"})
            message["replies"] = replies
        if self._picture:
            message = message or self._panel_state.numbered({"kind": "patch"})
            message["picture"], self._picture = self._picture, ""
        if message is not None:
            self.send(message)
        return message

    def _refresh_snapshots(self) -> None:
        """Update the saved pictures if no page does that when it saves the notebook."""
        if not self._places:
            return
        picture = self._drawn()
        self._picture = str(picture)
        for place in () if self._kept else self._places:
            place.update(picture)

    def _drawn(self) -> Markup:
        """Return the panel as a picture."""
        state = self._panel_state.whole()
        known = [*state["channels"]["set"], *state["bridges"]["set"]]
        newest = known[-1] if known else ""
        chosen = self._looked_at if self._looked_at in known else newest
        ladder = call_picture(self._source, self._members(chosen)) if chosen else ""
        return panel_picture(state, chosen=chosen, ladder=ladder, name=self.model_id)

    # Messages from pages. Nothing here may raise: a traceback would appear in some cell's output.

    def _on_message(self, _widget: object, content: object, _buffers: object) -> None:
        if not isinstance(content, Mapping):
            return
        kind = content.get("kind")
        if kind == "all":
            self._kept = self._kept or bool(content.get("keeps"))
            self._wanted = True
            self._writer.wake()
        elif kind in ("listen", "beat", "stop"):
            options = AudioOptions(RATE, hear="both", speak=False)
            audio = partial(self._connection.audio_of, str(content.get("on", "")), options)
            self._listening.on_message(content, audio)
        elif kind in self._answers:
            self._background.start("ari-panel-click", once(self._answer, dict(content)))

    def _answer(self, asked: Message) -> None:
        reply: Message = {"ticket": asked.get("ticket"), "error": ""}
        try:
            reply["value"] = self._value(asked)
        except AriError as error:
            reply["error"] = str(error)
        except Exception as error:  # noqa: BLE001 - whatever it was, the page waits for an answer
            reply["error"] = f"{asked.get('action') or asked.get('kind')} failed: {error!r}"
        reply["sent"] = asked.get("sent", [])
        self._outbox.put(reply)
        self._writer.wake()

    def _value(self, asked: Message) -> Any:
        return self._answers[asked["kind"]](asked)

    @property
    def _answers(self) -> Mapping[str, Callable[[Message], Any]]:
        """The requests of pages."""
        return {
            "do": self._do,
            "sounds": lambda _: self._commands.sounds(),
            "recording": lambda asked: self._commands.recording(str(asked["name"])),
            "event": self._event,
            "request": self._request,
            "details": self._details,
            "moment": lambda asked: self._past.at(asked.get("at"), int(asked.get("step") or 0)),
            "preview": self._preview,
            "program": lambda _: self._exported(),
        }

    def _do(self, asked: Message) -> str:
        kind, action = str(asked["on"]), str(asked["action"])
        id, arguments = str(asked.get("id") or ""), dict(asked.get("arguments") or {})
        requests = self._connection.requests
        first = requests.count
        self._actions.see((id, str(arguments.get("channel") or "")))
        try:
            value = self._commands.do(kind, action, id, arguments)
        finally:
            asked["sent"] = self._sent_since(first, "" if action == "join" else id)
        sent = tuple(found for n in asked["sent"] if (found := self._panel_state.request(n)))
        self._actions.add(Action(kind, action, id, arguments, value, sent))
        return value

    def _exported(self) -> Message:
        """Return the actions as a program and, where they belong to one call, as a flow."""
        made = {"program": self._actions.program(), "flow": "", "why": ""}
        try:
            made["flow"] = self._actions.flow(self._panel_state.length)
        except UsageProblem as problem:
            made["why"] = str(problem)
        return made

    def _sent_since(self, first: int, id: str) -> list[int]:
        """Return the numbers of the newer requests that this action, not another thread, sent."""
        numbers = range(first, self._connection.requests.count)
        found = [(number, self._panel_state.request(number)) for number in numbers]
        return [n for n, request in found if request and (not id or _names(request, id))]

    def _event(self, asked: Message) -> str:
        event = self._panel_state.event(int(asked["sequence"]))
        return pretty(event)[:_LONGEST_JSON] if event else ""

    def _request(self, asked: Message) -> Message | None:
        """Return a request in every form in which it can be sent again, and its outcome."""
        request = self._panel_state.request(int(asked["number"]))
        return None if request is None else self._forms(request)

    def _preview(self, asked: Message) -> Message:
        """Return the request that an action would send."""
        kind, action = str(asked["on"]), str(asked["action"])
        arguments = dict(asked.get("arguments") or {})
        request = self._commands.preview(kind, action, str(asked.get("id") or ""), arguments)
        return self._forms(request.shown)

    def _forms(self, request: SentRequest) -> Message:
        details = {"params": request.params, "body": request.body, "message": request.message}
        return {
            "curl": request.curl(),
            "python": as_python(self._connection.declaration, request),
            "magic": as_magic(request),
            "line": f"{request.method} {request.path}",
            "status": request.status,
            "milliseconds": request.milliseconds,
            "json": pretty({name: value for name, value in details.items() if value})[
                :_LONGEST_JSON
            ],
        }

    def _details(self, asked: Message) -> Message:
        id = str(asked["id"])
        if asked.get("at") is not None:
            return self._past.details(id, asked["at"], bool(asked.get("ladder")))
        made = self._panel_state.details(id)
        self._looked_at = id
        if asked.get("ladder"):
            made["ladder"] = self._ladder(id)
        return made

    def _ladder(self, id: str) -> Message:
        """Return the latest arrows of a call, or of a bridge with its channels."""
        return call_ladder(self._source, self._members(id), None)

    def _members(self, id: str) -> list[str]:
        """Return a channel, or a bridge and its channels."""
        row = self._connection.tables.bridges.get(id)
        return [id] if row is None else [id, *map(str, row.get("channels") or ())]

    # A notebook gets the widget and, for use without a kernel, a picture.

    def _ipython_display_(self) -> None:
        bundle = super()._repr_mimebundle_()
        data = dict(bundle[0] if isinstance(bundle, tuple) else bundle)
        live = "application/vnd.jupyter.widget-view+json" in data and in_notebook()
        data["text/plain"] = repr(self) if live else snapshot_text(self._connection)
        display(data, raw=True)
        if live:
            place = display(self._drawn(), display_id=True)
            if place is not None:
                self._places = [*self._places[-4:], place]

    def __repr__(self) -> str:
        return f"<panel of {self._connection.name}>"


def _names(request: SentRequest, id: str) -> bool:
    """Return whether a request is about an object, or created it."""
    named = {unquote(part) for part in request.path.split("/")} | {request.made}
    return id in named


_PANELS: dict[Connection, Panel] = {}
_MAKING = threading.Lock()


def panel(connection: Connection, source: Source) -> Panel:
    """Return the panel of a session, which has only one.

    Args:
        connection: the connection that it shows and controls.
        source: the same, as the views of earlier moments see it.
    """
    with _MAKING:
        for other in [other for other, made in _PANELS.items() if not made.live]:
            del _PANELS[other]
        if connection not in _PANELS:
            _PANELS[connection] = Panel(connection, source)
        return _PANELS[connection]
