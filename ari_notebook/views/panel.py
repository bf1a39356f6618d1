"""The live panel: a widget that shows a session and has buttons for what can be done.

One thread a panel, the writer, looks at the session ten times a second (five, while it is flooded)
and sends what changed; nobody else sends. So there are at most ten messages a second however many
events come, they stay in order, and the panel lives on while a cell runs. A click is carried out
in a thread of its own, since a request may take its time; its outcome goes to the writer.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget

from ari_notebook.client.errors import AriError
from ari_notebook.views.board import Board
from ari_notebook.views.commands import Commands
from ari_notebook.views.markup import clean
from ari_notebook.views.pages import page_module
from ari_notebook.views.pretty import pretty
from ari_notebook.views.snapshot import board_html, board_text

if TYPE_CHECKING:
    from ari_notebook.session import Session

__all__ = ["Panel", "panel"]

_PAGE = Path(__file__).parent / "page"
_LOOK_SECONDS = 0.1
_BEAT_SECONDS = 5.0  # a page that hears nothing for longer says so
_SNAPSHOT_SECONDS = 10.0
_AFTER_FAILURE_SECONDS = 1.0

Message = dict[str, Any]


class Panel(anywidget.AnyWidget):  # type: ignore[misc]
    """Channels, bridges, endpoints and events of a session, live. Made by `panel`.

    Args:
        session: what it shows.
    """

    _esm = page_module(_PAGE)
    _css = _PAGE / "panel.css"

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.look_seconds = _LOOK_SECONDS  # between two looks at what changed
        self._session = session
        self._board = Board(session)
        self._commands = Commands(session)
        self._outbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._wanted = threading.Event()  # a page asked for everything
        self._hurry = threading.Event()  # a page waits for an answer
        self._ended = threading.Event()
        self._places: list[Any] = []  # displayed snapshots, updated now and then
        self.on_msg(self._on_message)
        _answer_while_busy(self.comm)
        self._writer = threading.Thread(target=self._write, name="ari-panel", daemon=True)
        self._writer.start()

    @property
    def live(self) -> bool:
        """Whether it follows its session still."""
        return self._writer.is_alive()

    def stop(self) -> None:
        """Follow the session no longer; the page keeps what it shows."""
        self._ended.set()
        self._hurry.set()
        if self._writer is not threading.current_thread():
            self._writer.join(timeout=2)

    def close(self) -> None:
        """Take the widget away."""
        self.stop()
        super().close()

    # The writer.

    def _write(self) -> None:
        quiet = since_snapshot = pause = 0.0
        stale = False
        looked = spoke = time.monotonic()
        while not self._ended.is_set():
            self._hurry.wait(pause)  # the outcome of a click waits only for the last message's turn
            self._ended.wait(_LOOK_SECONDS - (time.monotonic() - spoke))
            self._hurry.clear()
            passed, looked = time.monotonic() - looked, time.monotonic()
            over = self._session.closed
            try:
                message = self._look()
                sent = message is not None
                # Where more comes than anybody can read, a page has better to do than draw it.
                pause = self.look_seconds * (2 if message and message.get("skipped") else 1)
                quiet = 0.0 if sent else quiet + passed
                if quiet >= _BEAT_SECONDS:
                    self.send(self._board.numbered({"kind": "beat"}))
                    quiet = 0.0
                stale = stale or sent
                since_snapshot += passed
                if stale and (over or since_snapshot >= _SNAPSHOT_SECONDS):
                    stale, since_snapshot = False, 0.0
                    self._refresh_snapshots()
            except Exception as error:  # noqa: BLE001 - a panel that stands still looks alive
                self._failed(error)
            spoke = time.monotonic()
            if over:
                return

    def _failed(self, error: Exception) -> None:
        """Say once that a look failed; the next ones begin with everything, a second apart."""
        problem = f"the panel failed: {type(error).__name__}: {clean(error)}"
        if problem not in self._session.view_problems:
            self._session.view_problems.append(problem)
        with suppress(Exception):  # where nothing can be sent, the status says it all the same
            self.send(self._board.numbered({"kind": "patch", "problem": problem}))
        self._wanted.set()
        self._ended.wait(_AFTER_FAILURE_SECONDS)

    def _look(self) -> Message | None:
        """Send, in one message, what changed and what came of clicks, if anything did."""
        message = None
        if self._wanted.is_set():
            self._wanted.clear()
            message = self._board.all()
        else:
            message = self._board.changes()
        replies = []
        while not self._outbox.empty():
            replies.append(self._outbox.get())
        if replies:
            message = message or self._board.numbered({"kind": "patch"})
            message["replies"] = replies
        if message is not None:
            self.send(message)
        return message

    def _refresh_snapshots(self) -> None:
        for place in self._places:
            place.update(board_html(self._session))

    # What pages say. Nothing here may raise: it would land in some cell's output.

    def _on_message(self, _widget: object, content: object, _buffers: object) -> None:
        if not isinstance(content, Mapping):
            return
        kind = content.get("kind")
        if kind == "all":
            self._wanted.set()
            self._hurry.set()
        elif kind in ("do", "event", "recording", "sounds"):
            threading.Thread(
                target=self._answer, args=(dict(content),), name="ari-panel-click", daemon=True
            ).start()

    def _answer(self, asked: Message) -> None:
        reply: Message = {"ticket": asked.get("ticket"), "error": ""}
        try:
            reply["value"] = self._value(asked)
        except AriError as error:
            reply["error"] = str(error)
        except Exception as error:  # noqa: BLE001 - whatever it was, the page waits for an answer
            reply["error"] = f"{asked.get('action') or asked.get('kind')} failed: {error!r}"
        self._outbox.put(reply)
        self._hurry.set()

    def _value(self, asked: Message) -> Any:
        if asked["kind"] == "sounds":
            return self._commands.sounds()
        if asked["kind"] == "recording":
            return self._commands.recording(str(asked["name"]))
        if asked["kind"] == "event":
            event = self._board.event(int(asked["sequence"]))
            return pretty(event)[:20_000] if event else ""
        arguments = asked.get("arguments") or {}
        return self._commands.do(
            str(asked["on"]), str(asked["action"]), str(asked.get("id") or ""), dict(arguments)
        )

    # In a notebook the widget, and below it a snapshot for when no kernel stands behind it.

    def _ipython_display_(self) -> None:
        from IPython.display import display

        bundle = super()._repr_mimebundle_()
        data = dict(bundle[0] if isinstance(bundle, tuple) else bundle)
        live = "application/vnd.jupyter.widget-view+json" in data and _in_notebook()
        data["text/plain"] = repr(self) if live else board_text(self._session)
        display(data, raw=True)
        if live:
            place = display(board_html(self._session), display_id=True)
            if place is not None:
                self._places = [*self._places[-4:], place]

    def __repr__(self) -> str:
        return f"<panel of {self._session.name}>"


def _answer_while_busy(comm: Any) -> None:
    """Let a page's messages come in a thread beside the one that runs cells, where it asks so.

    JupyterLab sends them to a subshell of the kernel. From 7.4 on ipykernel overrules it and takes
    them to where the comm last sent from; since our writer speaks for no cell, that would be the
    main thread, and no button would work while a cell runs.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = None


def _in_notebook() -> bool:
    """Whether a kernel shows what is displayed; a shell prints the text form and that is all."""
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")


_PANELS: dict[Session, Panel] = {}
_MAKING = threading.Lock()


def panel(session: Session) -> Panel:
    """The panel of a session: one, however often it is shown.

    Args:
        session: what it shows.
    """
    with _MAKING:
        for other in [other for other, made in _PANELS.items() if not made.live]:
            del _PANELS[other]
        if session not in _PANELS:
            _PANELS[session] = Panel(session)
        return _PANELS[session]
