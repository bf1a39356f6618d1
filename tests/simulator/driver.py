"""A driver for one server, simulated or real, that records its responses and events.

The record omits ids and times, which differ, and contains what a program can rely on: the status,
the shape of a body, the text of a refusal; for each channel the order of its events, and the keys
of each event.
"""

from __future__ import annotations

import json
import queue
import threading
import time
import uuid
from typing import Any
from urllib.parse import urlsplit

import requests
import websocket

from tests.helpers.servers import Event, Server


def shape(value: Any) -> Any:
    """Return a JSON value's shape: keys of an object, elements of a list, type of a scalar."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        kinds = [shape(each) for each in value]
        return [each for number, each in enumerate(kinds) if each not in kinds[:number]]
    return type(value).__name__


class Driver:
    """One server and one event socket for an application, a fresh one unless it is given."""

    def __init__(
        self, server: Server, *, app: str | None = None, subscribe_all: bool = False
    ) -> None:
        self.place = server
        self.app = app or f"test-{uuid.uuid4().hex[:8]}"
        self.answers: list[Any] = []
        self.sent: list[tuple[str, str, int]] = []  # method, path and status of every request
        self.events: list[Event] = []
        self._base = f"{server.url}/ari"
        self._session = requests.Session()
        self._session.auth = (server.user, server.password)
        self._incoming: queue.Queue[Event] = queue.Queue()
        place = urlsplit(server.url)
        everything = "&subscribeAll=true" if subscribe_all else ""
        self._socket = websocket.create_connection(
            f"ws://{place.netloc}/ari/events?app={self.app}{everything}"
            f"&api_key={server.user}:{server.password}",
            timeout=30,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            while text := self._socket.recv():
                self._incoming.put(json.loads(text))
        except (OSError, websocket.WebSocketException):
            pass

    def close(self) -> None:
        self._socket.close()
        self._session.close()

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        /,
        *,
        headers: dict[str, str] | None = None,
        **params: Any,
    ) -> requests.Response:
        """Send a request; return the whole response."""
        url = self._base + path
        answer = self._session.request(
            method, url, params=params or None, json=body, headers=headers, timeout=30
        )
        self.sent.append((method, path.partition("?")[0], answer.status_code))
        return answer

    def ask(self, method: str, path: str, body: object = None, /, **params: Any) -> Any:
        """Send a request, record the response, and return its body."""
        answer = self.send(method, path, body, **params)
        content = (
            answer.json() if answer.content and "json" in answer.headers["Content-type"] else None
        )
        known = (
            answer.text.replace(self.app, "APP") if answer.status_code >= 400 else shape(content)
        )
        status = (answer.status_code, answer.reason)
        self.answers.append((method, _nameless(path), *status, known))
        return content

    def until(self, kind: str, timeout: float = 30, **where: Any) -> Event:
        """Wait for an event; ``where`` compares fields, ``channel__id`` one inside another."""
        end = time.monotonic() + timeout
        while True:
            try:
                event = self._incoming.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                seen = [each["type"] for each in self.events]
                raise AssertionError(f"no {kind} {where} among {seen}") from None
            self.events.append(event)
            if event["type"] == kind and all(_dig(event, k) == v for k, v in where.items()):
                return event

    def ask_by_socket(self, message: dict[str, Any]) -> Event:
        """Send a RESTRequest over the event socket; its RESTResponse, which is not noted."""
        self._socket.send(json.dumps(message))
        answer = self.until("RESTResponse", request_id=message["request_id"])
        self.events.remove(answer)
        return answer

    def settle(self, seconds: float = 0.4) -> None:
        """Receive events until none has arrived for a while."""
        while True:
            try:
                self.events.append(self._incoming.get(timeout=seconds))
            except queue.Empty:
                return

    def originate(self, endpoint: str = "Local/1002@default", **params: Any) -> str:
        """Originate a channel in the application; return its id."""
        made = self.ask("POST", "/channels", endpoint=endpoint, app=self.app, **params)
        self.until("StasisStart", channel__id=made["id"])
        if endpoint == "Local/1002@default":
            # What comes next would otherwise race with the end of the far half's Answer().
            self.until("ChannelDialplan", dialplan_app="Wait")
        return str(made["id"])

    def two_halves(
        self, mark: str = "", *, answered: bool = True, **params: Any
    ) -> tuple[str, str]:
        """Originate a Local channel in the application; return the ids of both halves."""
        one, two = f"{self.app}-{mark}1", f"{self.app}-{mark}2"
        ids = {"channelId": one, "otherChannelId": two}
        endpoint = f"Local/x@stasis-{self.app}"
        self.ask("POST", "/channels", endpoint=endpoint, app=self.app, **ids, **params)
        self.until("StasisStart", channel__id=two)
        if answered:
            self.ask("POST", f"/channels/{two}/answer")
            self.until("StasisStart", channel__id=one)
        return one, two

    def hang_up(self, *channels: str) -> None:
        for channel in channels:
            self.ask("DELETE", f"/channels/{channel}")
            self.until("ChannelDestroyed", channel__id=channel)

    def story(self) -> list[list[str]]:
        """Return the events per channel; the order of channels is random."""
        stories: dict[str, list[str]] = {}
        for event in self.events:
            stories.setdefault(_subject(event), []).append(_line(event))
        return sorted(stories.values())

    def keys(self) -> dict[str, list[Any]]:
        """Return every type of event with its shapes."""
        found: dict[str, list[Any]] = {}
        for event in self.events:
            kinds = found.setdefault(event["type"], [])
            if (kind := shape(event)) not in kinds:
                kinds.append(kind)
        return {kind: sorted(shapes, key=json.dumps) for kind, shapes in found.items()}


def _nameless(path: str) -> str:
    """Return a path without the ids in it."""
    return "/".join(part for part in path.split("/") if not any(map(str.isdigit, part)))


def _dig(event: Event, path: str) -> Any:
    for part in path.split("__"):
        event = event.get(part, {})
    return event


def _subject(event: Event) -> str:
    if "playback" in event:
        return str(event["playback"]["target_uri"]).split(":", 1)[1]
    if "recording" in event:
        return str(event["recording"]["target_uri"]).split(":", 1)[1]
    for field in ("channel", "peer", "bridge", "device_state"):
        if field in event:
            return str(event[field].get("id", event[field].get("name")))
    return str(event["type"])


def _line(event: Event) -> str:
    """Return an event as one line of its channel's story."""
    words = [event["type"]]
    words += [str(event[key]) for key in ("digit", "dialstatus", "cause", "soft") if key in event]
    words += [event[key]["state"] for key in ("channel", "playback", "recording") if key in event]
    if "variable" in event:
        words.append(event["variable"])
    if "bridge" in event:
        words.append(str(len(event["bridge"]["channels"])))
    return " ".join(words)
