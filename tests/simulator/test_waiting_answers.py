"""Some answers wait until the channel has done what it was asked before, as Asterisk's do."""

import threading
import time

import pytest

from ari_notebook import simulator
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
    """A channel that a sound is played to, and a bridge."""

    def __init__(self, server, extension="1002"):
        self.driver = Driver(server)
        made = {"endpoint": f"Local/{extension}@default", "app": self.driver.app}
        self.driver.ask("POST", "/channels", **made)
        self.channel = self.driver.until("StasisStart")["channel"]["id"]
        self.bridge = self.driver.ask("POST", "/bridges", type="mixing")["id"]
        time.sleep(0.2)
        self.driver.ask("POST", f"/channels/{self.channel}/play", media="sound:hello-world")
        self.driver.until("PlaybackStarted")

    def ask(self, path, params):
        given = {name: value.format(channel=self.channel) for name, value in params.items()}
        path = path.format(channel=self.channel, bridge=self.bridge)
        return self.driver.ask("POST", path, **given)

    def told(self, kind):
        return any(event["type"] == kind for event in self.driver.events)

    def close(self):
        self.driver.ask("DELETE", f"/channels/{self.channel}")
        self.driver.ask("DELETE", f"/bridges/{self.bridge}")
        self.driver.close()


@pytest.fixture
def caller(exchange_server):
    caller = Caller(exchange_server)
    yield caller
    caller.close()


@pytest.mark.parametrize("what", WAITING)
def test_waits_for_the_playback(caller, what):
    caller.ask(*WAITING[what])
    assert caller.driver.answers[-1][2] == 204
    caller.driver.settle(0.3)
    assert caller.told("PlaybackFinished")


@pytest.mark.parametrize("what", AT_ONCE)
def test_does_not_wait(caller, what):
    caller.ask(*AT_ONCE[what])
    assert not caller.told("PlaybackFinished")


def test_going_on_in_the_dialplan_ends_no_playback(caller):
    caller.ask("/channels/{channel}/continue", {})
    caller.driver.until("StasisEnd")
    kinds = [event["type"] for event in caller.driver.events]
    assert kinds.index("PlaybackFinished") < kinds.index("StasisEnd")


@pytest.mark.parametrize("what", ["answer", "into a bridge"])
def test_who_hangs_up_meanwhile(caller, what):
    asking = threading.Thread(target=caller.ask, args=WAITING[what])
    asking.start()
    time.sleep(0.3)
    caller.driver.ask("DELETE", f"/channels/{caller.channel}")
    asking.join()
    told = {(method, code) for method, _, code, *_ in caller.driver.answers[-2:]}
    assert told == {("POST", 204), ("DELETE", 204)}


def test_the_next_request_on_the_connection_waits_too():
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
        assert caller.told("PlaybackFinished")
        connection.close()
        caller.close()
