"""Deferred responses: some wait for earlier tasks of the channel, like Asterisk's."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ari_notebook import simulator
from tests.helpers.servers import Server
from tests.simulator.driver import Driver

WAITING = {
    "answer": ("/channels/{channel}/answer", {}),
    "a variable": ("/channels/{channel}/variable", {"variable": "COLOUR", "value": "blue"}),
    "into a bridge": ("/bridges/{bridge}/addChannel", {"channel": "{channel}"}),
}
AT_ONCE = {
    "ring": ("/channels/{channel}/ring", {}),
    "another sound": ("/channels/{channel}/play", {"media": "sound:beep"}),
    "on with the dialplan": ("/channels/{channel}/continue", {}),
}


class Caller:
    """A channel with a playback, and a bridge."""

    def __init__(self, server: Server, extension: str = "1002") -> None:
        self.driver = Driver(server)
        made = {"endpoint": f"Local/{extension}@default", "app": self.driver.app}
        self.driver.ask("POST", "/channels", **made)
        self.channel = self.driver.until("StasisStart")["channel"]["id"]
        self.bridge = self.driver.ask("POST", "/bridges", type="mixing")["id"]
        time.sleep(0.2)
        self.driver.ask("POST", f"/channels/{self.channel}/play", media="sound:hello-world")
        self.driver.until("PlaybackStarted")

    def ask(self, path: str, params: dict[str, Any]) -> Any:
        given = {name: value.format(channel=self.channel) for name, value in params.items()}
        path = path.format(channel=self.channel, bridge=self.bridge)
        return self.driver.ask("POST", path, **given)

    def received(self, kind: str) -> bool:
        return any(event["type"] == kind for event in self.driver.events)

    def close(self) -> None:
        self.driver.ask("DELETE", f"/channels/{self.channel}")
        self.driver.ask("DELETE", f"/bridges/{self.bridge}")
        self.driver.close()


@pytest.fixture
def caller(exchange_server: Server) -> Iterator[Caller]:
    caller = Caller(exchange_server)
    yield caller
    caller.close()


@pytest.mark.parametrize("what", WAITING)
def test_request_waits_for_the_playback(caller: Caller, what: str) -> None:
    caller.ask(*WAITING[what])
    assert caller.driver.answers[-1][2] == 204
    caller.driver.settle(0.3)
    assert caller.received("PlaybackFinished")


@pytest.mark.parametrize("what", AT_ONCE)
def test_request_does_not_wait(caller: Caller, what: str) -> None:
    caller.ask(*AT_ONCE[what])
    assert not caller.received("PlaybackFinished")


def test_continue_does_not_end_the_playback(caller: Caller) -> None:
    caller.ask("/channels/{channel}/continue", {})
    caller.driver.until("StasisEnd")
    kinds = [event["type"] for event in caller.driver.events]
    assert kinds.index("PlaybackFinished") < kinds.index("StasisEnd")


@pytest.mark.parametrize("what", WAITING)
def test_hangup_during_a_waiting_request(caller: Caller, what: str) -> None:
    asking = threading.Thread(target=caller.ask, args=WAITING[what])
    asking.start()
    time.sleep(0.3)
    caller.driver.ask("DELETE", f"/channels/{caller.channel}")
    asking.join()
    answered = {(method, code) for method, _, code, *_ in caller.driver.answers[-2:]}
    assert answered == {("POST", 204), ("DELETE", 204)}


def test_waiting_variable_is_set_before_the_end(caller: Caller) -> None:
    asking = threading.Thread(target=caller.ask, args=WAITING["a variable"])
    asking.start()
    time.sleep(0.3)
    caller.driver.ask("DELETE", f"/channels/{caller.channel}")
    asking.join()
    caller.driver.until("StasisEnd")
    seen = [(event["type"], event.get("variable")) for event in caller.driver.events]
    assert seen[seen.index(("ChannelVarset", "COLOUR")) - 1][0] == "PlaybackFinished"


def test_next_request_on_the_connection_waits_too() -> None:
    import http.client

    with simulator.start() as server:
        caller = Caller(server)
        host = server.url.partition("://")[2]
        connection = http.client.HTTPConnection(host)
        key = f"api_key={server.user}:{server.password}"
        connection.request("POST", f"/ari/channels/{caller.channel}/answer?{key}")
        first = connection.getresponse()
        first.read()
        connection.request("GET", f"/ari/channels/{caller.channel}?{key}")
        second = connection.getresponse()
        assert (first.status, second.status) == (204, 200)
        caller.driver.settle(0.2)
        assert caller.received("PlaybackFinished")
        connection.close()
        caller.close()
