"""What the other programs here need first: a thread and a mailbox for each call."""

from __future__ import annotations

import json
import queue
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import requests
import websocket


class HungUp(Exception):
    """The caller has left."""


class Ari:
    """Requests, and events that are put into the mailboxes of their calls."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.base, self.auth = f"{url}/ari", (user, password)
        self.session = requests.Session()
        self.session.auth = self.auth
        self.mailboxes: dict[str, queue.Queue[dict[str, Any]]] = {}
        self.own: set[str] = set()
        events = f"{self.base}/events?app=jobs&api_key={user}:{password}"
        self.socket = websocket.create_connection(events.replace("http", "ws", 1))

    def request(self, method: str, path: str, **params: Any) -> Any:
        """Send a request; 404 and 409 mean that the call is over."""
        answer = self.session.request(method, self.base + path, json=params, timeout=10)
        if answer.status_code in (404, 409, 412):
            raise HungUp(answer.text)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def run(self, flows: dict[str, Callable[[Call], None]]) -> None:
        """Start a flow for each call, by the first argument of Stasis()."""
        while True:
            event = json.loads(self.socket.recv())
            channel = event.get("channel", {}).get("id", "")
            target = event.get("playback", event.get("recording", {})).get("target_uri", "")
            if event["type"] == "StasisStart" and channel not in self.own:
                self.mailboxes[channel] = queue.Queue()
                flow = flows[event["args"][0]]
                threading.Thread(target=self._serve, args=(flow, event), daemon=True).start()
            mailbox = self.mailboxes.get(channel or target.partition(":")[2])
            if mailbox is not None:
                mailbox.put(event)

    def _serve(self, flow: Callable[[Call], None], event: dict[str, Any]) -> None:
        call = Call(self, event["channel"]["id"])
        try:
            with suppress(HungUp):
                flow(call)
        finally:
            self.mailboxes.pop(call.id, None)
            if not call.left:
                with suppress(HungUp):
                    self.request("DELETE", f"/channels/{call.id}")


class Call:
    """A call, with what its caller typed ahead."""

    def __init__(self, ari: Ari, id: str) -> None:
        self.ari, self.id, self.keys, self.left = ari, id, "", False
        self.mailbox = ari.mailboxes.setdefault(id, queue.Queue())

    def next(self, end: float | None = None) -> dict[str, Any] | None:
        """Return the next event; None at a time."""
        try:
            left = None if end is None else max(0.0, end - time.monotonic())
            event = self.mailbox.get(timeout=left)
        except queue.Empty:
            return None
        if event["type"] == "ChannelDtmfReceived":
            self.keys += event["digit"]
        if event["type"] in ("StasisEnd", "ChannelDestroyed"):
            raise HungUp
        return event

    def do(self, action: str, method: str = "POST", **params: Any) -> Any:
        """Send a request about the call."""
        return self.ari.request(method, f"/channels/{self.id}/{action}", **params)

    def play(self, *media: str, interrupt: str = "") -> None:
        """Play, until the end or a key."""
        if any(key in interrupt for key in self.keys):
            return
        playback = str(uuid.uuid4())
        self.do(f"play/{playback}", media=list(media))
        while event := self.next():
            if event["type"] == "PlaybackFinished" and event["playback"]["id"] == playback:
                return
            if any(key in interrupt for key in self.keys):
                with suppress(HungUp):
                    self.ari.request("DELETE", f"/playbacks/{playback}")
                return

    def key(self, timeout: float) -> str:
        """Return the next key."""
        end = time.monotonic() + timeout
        while not self.keys:
            if self.next(end) is None:
                return ""
        key, self.keys = self.keys[0], self.keys[1:]
        return key

    def ask(self, *media: str, keys: str, tries: int = 3, timeout: float = 5) -> str:
        """Ask for a key."""
        for _ in range(tries):
            self.play(*media, interrupt="0123456789*#")
            key = self.key(timeout)
            if key and key in keys:
                return key
            if key:
                self.play("sound:pbx-invalid", interrupt="0123456789*#")
        return ""

    def dial(self, endpoint: str, timeout: int) -> Call | None:
        """Dial; return the leg that answers."""
        leg = Call(self.ari, f"leg-{uuid.uuid4()}")
        self.ari.own.add(leg.id)
        params = {"endpoint": endpoint, "app": "jobs", "timeout": timeout, "originator": self.id}
        self.ari.request("POST", f"/channels/{leg.id}", **params)
        end = time.monotonic() + timeout + 5
        try:
            while time.monotonic() < end:
                while not self.mailbox.empty():
                    self.next()
                event = leg.next(time.monotonic() + 0.1)
                if event and event["type"] == "StasisStart":
                    return leg
        except HungUp:
            if leg.id in self.ari.mailboxes:
                self.ari.mailboxes.pop(leg.id)
            try:
                self.ari.request("DELETE", f"/channels/{leg.id}")
            except HungUp:
                return None
            raise
        return None
