"""Outbound WebSockets: the simulator connects to an application made with tornado."""

from __future__ import annotations

import asyncio
import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler

from ari_notebook import simulator as simulators
from ari_notebook.simulator import RunningSimulator
from tests.helpers.waiting import until


class Listener:
    """An application that accepts connections. It can stop listening and begin again."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as found:
            self.port = found.getsockname()[1]
        self.received: queue.Queue[dict[str, Any]] = queue.Queue()
        self.requests: queue.Queue[Any] = queue.Queue()
        self.sockets: list[Any] = []
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.listen()

    def listen(self) -> None:
        outer = self

        class Events(WebSocketHandler):
            def select_subprotocol(self, offered: list[str]) -> str | None:
                return "ari" if "ari" in offered else None

            def open(self) -> None:
                outer.requests.put(self.request)
                outer.sockets.append(self)

            def on_message(self, message: str | bytes) -> None:
                outer.received.put(json.loads(message))

            def on_close(self) -> None:
                outer.received.put({"type": "closed"})

        class Refusal(RequestHandler):
            def get(self) -> None:
                self.set_status(403)

        async def start() -> None:
            self._server = HTTPServer(Application([("/events", Events), ("/no", Refusal)]))
            self._server.listen(self.port, "127.0.0.1")

        asyncio.run_coroutine_threadsafe(start(), self._loop).result(5)

    def hang_up(self, *, and_stop: bool = False) -> None:
        async def end() -> None:
            if and_stop:
                self._server.stop()
            for each in self.sockets:
                each.close()
            self.sockets.clear()

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(5)

    def send(self, message: object) -> None:
        self._loop.call_soon_threadsafe(self.sockets[-1].write_message, json.dumps(message))

    def until(self, kind: str, timeout: float = 30) -> dict[str, Any]:
        end = time.monotonic() + timeout
        while True:
            event = self.received.get(timeout=max(0.01, end - time.monotonic()))
            if event["type"] == kind:
                return event

    def close(self) -> None:
        self.hang_up(and_stop=True)
        self._loop.call_soon_threadsafe(self._loop.stop)


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture
def start(tmp_path: Path, listener: Listener) -> Iterator[Callable[..., RunningSimulator]]:
    """Starts a simulator that is set up to call the listener."""
    running = []

    def make(connection_type: str, path: str = "/events", **more: Any) -> RunningSimulator:
        settings = {"reconnect_interval": 50, "connection_timeout": 1000, **more}
        lines = "\n".join(f"{name} = {value}" for name, value in settings.items())
        (tmp_path / "http.conf").write_text("[general]\nenabled = yes\n")
        (tmp_path / "ari.conf").write_text(
            "[general]\nenabled = yes\n[asterisk]\ntype = user\npassword = asterisk\n"
            "[out]\ntype = outbound_websocket\nwebsocket_client_id = app\napps = one,two\n"
            "local_ari_user = asterisk\n"
        )
        (tmp_path / "websocket_client.conf").write_text(
            f"[app]\ntype = websocket_client\nconnection_type = {connection_type}\n"
            f"uri = ws://127.0.0.1:{listener.port}{path}\nprotocols = ari\n"
            f"username = me\npassword = secret\n{lines}\n"
        )
        (tmp_path / "extensions.conf").write_text(
            "[default]\nexten => 1,1,Stasis(one,a)\n same => n,Set(GLOBAL(GONE)=${STASISSTATUS})\n"
            " same => n,Wait(60)\n"
        )
        running.append(simulators.start(tmp_path))
        return running[-1]

    yield make
    for each in running:
        each.stop()


def test_persistent_connection_uses_its_local_ari_user(
    start: Callable[..., RunningSimulator], listener: Listener
) -> None:
    start("persistent")
    assert listener.until("ApplicationRegistered")["application"] == "one"
    assert listener.until("ApplicationRegistered")["application"] == "two"
    request = listener.requests.get(timeout=60)
    assert request.headers["Authorization"] == "Basic bWU6c2VjcmV0"
    listener.send({"type": "RESTRequest", "method": "POST", "uri": "bridges"})
    assert listener.until("RESTResponse")["status_code"] == 200


def test_events_while_disconnected_follow_the_reconnect(
    start: Callable[..., RunningSimulator], listener: Listener
) -> None:
    running = start("persistent")
    listener.until("ApplicationRegistered")
    listener.hang_up(and_stop=True)
    listener.until("closed")
    running.call("1")
    time.sleep(0.2)
    listener.listen()
    assert listener.until("StasisStart")["args"] == ["a"]
    assert listener.until("ApplicationRegistered")["application"] == "one"
    assert listener.until("ApplicationRegistered")["application"] == "two"


def test_per_call_application_is_named_after_channel(
    start: Callable[..., RunningSimulator], listener: Listener
) -> None:
    running = start("per_call_config")
    with pytest.raises(queue.Empty):
        listener.until("ApplicationRegistered", timeout=0.3)
    running.call("1")
    begun = listener.until("StasisStart")
    assert begun["application"] == f"one:{begun['channel']['name']}"
    uri = f"channels/{begun['channel']['id']}/continue"
    listener.send({"type": "RESTRequest", "method": "POST", "uri": uri})
    listener.until("StasisEnd")
    ended = time.monotonic()
    listener.until("closed")
    assert time.monotonic() - ended >= 2.5


def test_per_call_connection_lost_during_call_is_reopened(
    start: Callable[..., RunningSimulator], listener: Listener
) -> None:
    running = start("per_call_config", reconnect_attempts=1)
    running.call("1")
    begun = listener.until("StasisStart")
    listener.hang_up()
    assert listener.until("ApplicationRegistered")["application"] == begun["application"]
    uri = f"channels/{begun['channel']['id']}"
    listener.send({"type": "RESTRequest", "method": "GET", "uri": uri})
    assert listener.until("RESTResponse")["status_code"] == 200
    listener.hang_up(and_stop=True)
    until(lambda: running.run(lambda asterisk: asterisk.exchange.globals.get("GONE")) == "FAILED")


@pytest.mark.parametrize("path", ["/no", "/nothing"])
def test_call_continues_in_dialplan_if_application_is_unreachable(
    path: str, start: Callable[..., RunningSimulator]
) -> None:
    running = start("per_call_config", path, reconnect_attempts=2)
    running.call("1")
    until(lambda: running.run(lambda asterisk: asterisk.exchange.globals.get("GONE")) == "FAILED")
