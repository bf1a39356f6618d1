"""After an interrupt at any moment the session remains usable, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import random
import signal
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pandas  # noqa: F401 - here, since no interrupt may meet it half loaded
import pytest

import ari_notebook
from tests.helpers.servers import Server
from tests.trust.proxy import wait_until


def interrupted(do: Callable[[], object], most: float) -> bool:
    """Run a function, and interrupt it within some seconds; return whether it was interrupted."""
    done, main = threading.Event(), threading.main_thread().ident
    delay = random.random() * most
    assert main is not None

    def interrupt() -> None:
        if not done.wait(delay):
            signal.pthread_kill(main, signal.SIGINT)

    other = threading.Thread(target=interrupt)
    hit = False
    try:
        other.start()
        try:
            with contextlib.suppress(ari_notebook.AriError):
                do()
        finally:
            done.set()
        other.join()
    except KeyboardInterrupt:
        hit = True
        other.join()
    return hit


def begin(url: str, opened: list[Any], transport: Any) -> tuple[Any, int]:
    """Connect; an interrupted attempt has opened nothing, or its session is in the list."""

    def connect() -> None:
        opened.append(
            ari_notebook.connect(url, app="busy", transport=transport, subscribe_all=True)
        )

    hits = sum(interrupted(connect, 0.1) for _ in range(3))
    connect()
    for each in opened[:-1]:
        each.close()
    return opened[-1], hits


def stands(ari: Any) -> bool:
    """Return whether it is connected, its tables are right, and it answers.

    An interrupt in the middle of a frame breaks the socket, which is found out a moment later.
    """
    with contextlib.suppress(ari_notebook.NotSent):
        listed = ari.channels.list()
        return bool(ari.connected and ari.synchronizer._held is None and isinstance(listed, list))
    return False


def work(ari: Any, folder: Path) -> list[Callable[[], object]]:
    def requests() -> None:
        for number in range(20):
            ari.channels.list()
            ari.device_states.update("Stasis:lamp", ["INUSE", "BUSY"][number % 2])
            ari.bridges.create().destroy()

    def waits() -> None:
        for _ in range(50):
            with contextlib.suppress(ari_notebook.EventTimeout):
                ari.wait_for("DeviceStateChanged", timeout=0.01)

    def frames() -> None:
        for _ in range(10):
            len(ari.events.df), len(ari.channels.df), len(ari.events.tail(5))

    def capture() -> None:
        with ari.capture(folder / f"{random.random()}.jsonl.gz"):
            requests()

    def handlers() -> None:
        for _ in range(20):
            ari.on("DeviceStateChanged")(print)
            ari.off("print")

    return [requests, waits, frames, capture, handlers]


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["http", "websocket"])
# Python prints an interrupt in a finalizer, or before a new socket has a variable.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_interrupt_at_any_moment(exchange_server: Server, transport: str, tmp_path: Path) -> None:
    random.seed(7)
    hits = 0
    for _ in range(3):
        opened: list[Any] = []
        ari, met = begin(exchange_server.url, opened, transport)
        hits += met
        for do in random.sample(work(ari, tmp_path), 5):
            hits += interrupted(do, 0.2)
            assert wait_until(partial(stands, ari))
            ari.events.user_event("still here", application="busy")
            assert ari.wait_for("ChannelUserevent", timeout=30).eventname == "still here"
        hits += interrupted(ari.close, 0.02)
        ari.close()  # does what was left to do
        assert wait_until(
            lambda: not [t for t in threading.enumerate() if t.name.startswith("ari-")], 60
        ), threading.enumerate()
        assert ari_notebook.sessions.opened() == []
    assert hits > 5
