"""Drives one server, ours or the real one, and notes what it answered and told.

What is noted leaves out what differs from one server and moment to the next (ids, times) and keeps
what a program can rely on: the status, the shape of a body, the text of a refusal; for each channel
the order of its events, and each event's keys.
"""

import json
import queue
import threading
import time
import uuid
from urllib.parse import urlsplit

import requests
import websocket


def shape(value):
    """A JSON value's shape: an object's keys, a list's kinds of elements, a scalar's type."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        kinds = [shape(each) for each in value]
        return [each for number, each in enumerate(kinds) if each not in kinds[:number]]
    return type(value).__name__


class Driver:
    """One server and one event socket for an application, a fresh one unless it is given."""

    def __init__(self, server, *, app=None, subscribe_all=False):
        self.place = server
        self.app = app or f"test-{uuid.uuid4().hex[:8]}"
        self.answers = []
        self.events = []
        self._base = f"{server.url}/ari"
        self._session = requests.Session()
        self._session.auth = (server.user, server.password)
        self._incoming = queue.Queue()
        place = urlsplit(server.url)
        everything = "&subscribeAll=true" if subscribe_all else ""
        self._socket = websocket.create_connection(
            f"ws://{place.netloc}/ari/events?app={self.app}{everything}"
            f"&api_key={server.user}:{server.password}",
            timeout=30,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            while text := self._socket.recv():
                self._incoming.put(json.loads(text))
        except (OSError, websocket.WebSocketException):
            pass

    def close(self):
        self._socket.close()
        self._session.close()

    def send(self, method, path, body=None, /, *, headers=None, **params):
        """Send a request; the whole answer."""
        url = self._base + path
        return self._session.request(
            method, url, params=params or None, json=body, headers=headers, timeout=10
        )

    def ask(self, method, path, body=None, /, **params):
        """Send a request and note the answer; its body."""
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

    def until(self, kind, timeout=10.0, **where):
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

    def settle(self, seconds=0.4):
        """Take what still comes until nothing has come for a while."""
        while True:
            try:
                self.events.append(self._incoming.get(timeout=seconds))
            except queue.Empty:
                return

    def originate(self, endpoint="Local/1002@default", **params):
        """A channel in the application; its id."""
        made = self.ask("POST", "/channels", endpoint=endpoint, app=self.app, **params)
        self.until("StasisStart", channel__id=made["id"])
        if endpoint == "Local/1002@default":
            # What comes next would otherwise race with the end of the far half's Answer().
            self.until("ChannelDialplan", dialplan_app="Wait")
        return made["id"]

    def two_halves(self, mark="", *, answered=True, **params):
        """Both halves of a Local channel in the application; their ids."""
        one, two = f"{self.app}-{mark}1", f"{self.app}-{mark}2"
        ids = {"channelId": one, "otherChannelId": two}
        endpoint = f"Local/x@stasis-{self.app}"
        self.ask("POST", "/channels", endpoint=endpoint, app=self.app, **ids, **params)
        self.until("StasisStart", channel__id=two)
        if answered:
            self.ask("POST", f"/channels/{two}/answer")
            self.until("StasisStart", channel__id=one)
        return one, two

    def hang_up(self, *channels):
        for channel in channels:
            self.ask("DELETE", f"/channels/{channel}")
            self.until("ChannelDestroyed", channel__id=channel)

    def story(self):
        """What each channel went through; which of them was heard of first is chance."""
        stories = {}
        for event in self.events:
            stories.setdefault(_subject(event), []).append(_line(event))
        return sorted(stories.values())

    def keys(self):
        """Every kind of event and the shapes it came in."""
        found = {}
        for event in self.events:
            kinds = found.setdefault(event["type"], [])
            if (kind := shape(event)) not in kinds:
                kinds.append(kind)
        return found


def _nameless(path):
    """A path without the ids in it."""
    return "/".join(part for part in path.split("/") if not any(map(str.isdigit, part)))


def _dig(event, path):
    for part in path.split("__"):
        event = event.get(part, {})
    return event


def _subject(event):
    if "playback" in event:
        return event["playback"]["target_uri"].split(":", 1)[1]
    if "recording" in event:
        return event["recording"]["target_uri"].split(":", 1)[1]
    for field in ("channel", "peer", "bridge", "device_state"):
        if field in event:
            return event[field].get("id", event[field].get("name"))
    return event["type"]


def _line(event):
    """An event as one line of its channel's story."""
    words = [event["type"]]
    words += [str(event[key]) for key in ("digit", "dialstatus", "cause", "soft") if key in event]
    words += [event[key]["state"] for key in ("channel", "playback", "recording") if key in event]
    if "variable" in event:
        words.append(event["variable"])
    if "bridge" in event:
        words.append(str(len(event["bridge"]["channels"])))
    return " ".join(words)
