"""An exchange in virtual time, and an application that hears all that it tells."""

import json
from dataclasses import replace
from urllib.parse import urlencode

from ari_notebook.simulator.config import read_config
from ari_notebook.simulator.exchange import Exchange
from ari_notebook.simulator.messages import Request

START = 1_800_000_000.0
HANDSHAKE = [
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
]
AUTHORITY = "api_key=asterisk:asterisk"


class Switchboard:
    """An exchange, its time, and the events of an application that is subscribed to everything."""

    def __init__(self, dialplan=None, app="hello-world", seed=1, channelvars=()):
        config = read_config()
        config = replace(config, ari=replace(config.ari, channelvars=channelvars))
        if dialplan is not None:
            config = replace(config, extensions=dialplan)
        self.exchange = Exchange(config, START, seed)
        self.phones = self.exchange.phones
        target = f"/ari/events?app={app}&subscribeAll=true&{AUTHORITY}"
        self._socket = self.exchange.request(Request("GET", target, HANDSHAKE))
        self.events = []
        self.wait(0)
        self.events.clear()

    @property
    def now(self):
        """Seconds since the beginning."""
        return self.exchange.now - START

    def wait(self, seconds):
        """Let time pass; the events that came."""
        self.exchange.advance(self.exchange.now + seconds)
        new = [json.loads(frame) for frame in self._socket.take()]
        self.events += new
        return new

    def ask(self, method, path, **params):
        """Send a request; the answer's status and body."""
        target = f"/ari{path}?{urlencode({**params, 'api_key': 'asterisk:asterisk'})}"
        answer = self.exchange.request(Request(method, target))
        body = answer.body
        return answer.status, json.loads(body) if body else None

    def of(self, *types):
        """The events of some types, all if none is given."""
        return [event for event in self.events if not types or event["type"] in types]


def story(events):
    """Events as short lines, without the variables of media statistics."""
    return [
        line(event) for event in events if not event.get("variable", "").startswith("RTPAUDIOQOS")
    ]


def line(event):
    """An event's type and what is said in it."""
    words = [event["type"]]
    channel = event.get("channel") or event.get("peer")
    if channel and "state" in channel:
        words += [channel["name"].split("/")[1].split("-")[0], channel["state"]]
    for name in ("variable", "digit", "dialstatus", "cause", "soft", "tech_cause", "result"):
        if name in event:
            words.append(f"{name}={event[name]}")
    if "device_state" in event:
        words += [event["device_state"]["name"], event["device_state"]["state"]]
    return " ".join(words)
