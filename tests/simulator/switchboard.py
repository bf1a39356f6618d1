"""An exchange in virtual time, and an application subscribed to all events."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from ari_notebook.simulator import Config, Request, SimulatedAsterisk
from ari_notebook.simulator.messages import Response
from ari_notebook.simulator.rest.event_socket import EventSocket
from tests.demonstration import demonstration
from tests.helpers.servers import Event

START = 1_800_000_000.0
HANDSHAKE = [
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
]
AUTHORITY = "api_key=asterisk:asterisk"


def answered(answer: object) -> Response:
    """Return a response that is not deferred."""
    assert isinstance(answer, Response)
    return answer


def upgraded(answer: object) -> EventSocket:
    """Return the event socket that a request became."""
    assert isinstance(answer, EventSocket)
    return answer


class Switchboard:
    """An exchange, its time, and the events of an application that is subscribed to everything."""

    def __init__(
        self,
        dialplan: str | None = None,
        app: str = "hello-world",
        seed: int = 1,
        channelvars: tuple[str, ...] = (),
        config: Config | None = None,
    ) -> None:
        config = config or demonstration()
        config = replace(config, ari=replace(config.ari, channelvars=channelvars))
        if dialplan is not None:
            config = replace(config, extensions=dialplan)
        self.asterisk = SimulatedAsterisk(config, START, seed)
        self.exchange = self.asterisk.exchange
        self.phones = self.asterisk.phones
        target = f"/ari/events?app={app}&subscribeAll=true&{AUTHORITY}"
        self._socket = upgraded(self.asterisk.request(Request("GET", target, HANDSHAKE)))
        self.events: list[Event] = []
        self.wait(0)
        self.events.clear()

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return self.asterisk.now - START

    def wait(self, seconds: float) -> list[Event]:
        """Advance the time; return the events."""
        self.asterisk.advance(self.asterisk.now + seconds)
        new = [json.loads(frame) for frame in self._socket.take()]
        self.events += new
        return new

    def ask(self, method: str, path: str, **params: Any) -> tuple[int, Any]:
        """Send a request; return the response's status and body."""
        target = f"/ari{path}?{urlencode({**params, 'api_key': 'asterisk:asterisk'})}"
        answer = answered(self.asterisk.request(Request(method, target)))
        body = answer.body
        return answer.status, json.loads(body) if body else None

    def of(self, *types: str) -> list[Event]:
        """Return the events of some types, all if none is given."""
        return [event for event in self.events if not types or event["type"] in types]


def story(events: Iterable[Event]) -> list[str]:
    """Return events as short lines, without the variables of media statistics."""
    return [
        line(event) for event in events if not event.get("variable", "").startswith("RTPAUDIOQOS")
    ]


def line(event: Event) -> str:
    """Return an event's type and its particulars."""
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
