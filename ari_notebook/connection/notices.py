"""Notices: one-line messages about background activity, to the user and to `logging`.

A notebook shows them below the running cell. In any other program they go to the logger
``ari_notebook.connection``, and by Python's rules to stderr if the program has not configured
logging.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from ari_notebook.store.plain_text import printable

__all__ = ["Notices"]

logger = logging.getLogger("ari_notebook.connection")


class Notices:
    """Publishes a connection's messages: connection lost or restored, a failed handler."""

    def __init__(self) -> None:
        self._listeners: tuple[Callable[[str], None], ...] = ()

    def publish(self, line: str, level: int = logging.WARNING, detail: str = "") -> None:
        """Pass a message to every listener, in the calling thread, and log it.

        Args:
            line: the message.
            level: the level of `logging`; only warnings and errors go to listeners.
            detail: text that is only logged, such as a traceback.
        """
        line, detail = printable(line), printable(detail)
        # Python writes warnings to stderr without logging configuration: not those shown to the
        # user.
        if not self._listeners or logger.hasHandlers():
            logger.log(level, "%s", f"{line}\n{detail}".rstrip() if detail else line)
        if level >= logging.WARNING:
            for listener in self._listeners:
                listener(line)

    def add_listener(self, listener: Callable[[str], None]) -> None:
        """Register a function to be called with every message."""
        if listener not in self._listeners:
            self._listeners += (listener,)

    def remove_listener(self, listener: Callable[[str], None]) -> None:
        """Unregister a function; idempotent."""
        self._listeners = tuple(each for each in self._listeners if each != listener)
