"""What takes the turns of an audio stream: a thread that waits for its socket, or a background.

A stream's turns are a generator that yields the seconds until the next one, and is sent whether
there is something to receive.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable, Generator
from typing import Any, TypeAlias

from ari_notebook.background import Background, Job

__all__ = ["SocketDriver", "TurnDriver", "Turns"]

Turns: TypeAlias = Callable[[], Generator[float, bool, None]]


class SocketDriver:
    """A thread that takes a turn when data arrives, when a time comes, or when it is woken.

    Args:
        readable: object with the socket's file descriptor.
        turns: the turns.
    """

    def __init__(self, readable: Any, turns: Turns) -> None:
        self._readable = readable
        self._turns = turns
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_write.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="ari-audio", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Take a turn now; from any thread."""
        with contextlib.suppress(OSError):  # full, or closed
            self._wake_write.send(b"x")

    def join(self, timeout: float) -> None:
        """Wait until the turns are over, unless this is their thread.

        Args:
            timeout: seconds.
        """
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def close(self) -> None:
        """Free what it holds."""
        self._wake_read.close()
        self._wake_write.close()

    def _run(self) -> None:
        turns = self._turns()
        with contextlib.suppress(StopIteration):
            delay = next(turns)
            try:
                with selectors.DefaultSelector() as selector:
                    selector.register(self._readable, selectors.EVENT_READ)
                    selector.register(self._wake_read, selectors.EVENT_READ)
                    while True:
                        delay = turns.send(self._wait(selector, delay))
            except (OSError, ValueError) as error:  # the socket is closed
                turns.throw(error)

    def _wait(self, selector: selectors.BaseSelector, seconds: float) -> bool:
        """Wait; return whether there is something to receive."""
        ready = False
        for key, _ in selector.select(seconds):
            if key.fileobj is self._wake_read:
                self._wake_read.recv(4096)
            else:
                ready = True
        return ready


class TurnDriver:
    """Work of a background, for a transport within this process.

    Args:
        background: what takes the turns.
        attach: takes the function to be called when there is something to receive.
        turns: the turns.
    """

    def __init__(
        self,
        background: Background,
        attach: Callable[[Callable[[], None]], None],
        turns: Turns,
    ) -> None:
        self._background = background
        self._attach = attach
        self._turns = turns
        self._job: Job | None = None

    def start(self) -> None:
        """Start the work."""
        self._job = self._background.start("ari-audio", self._work)
        self._attach(self.wake)

    def wake(self) -> None:
        """Take a turn now."""
        if self._job is not None:
            self._job.wake()

    def join(self, timeout: float) -> None:
        """Wait until the turns are over, unless the caller is one of them.

        Args:
            timeout: seconds.
        """
        if self._job is not None:
            self._job.join(timeout)

    def close(self) -> None:
        """Do nothing: there is nothing to free."""

    def _work(self) -> Generator[float | None, None, None]:
        turns = self._turns()
        with contextlib.suppress(StopIteration):
            delay = next(turns)
            while True:
                yield delay
                delay = turns.send(True)
