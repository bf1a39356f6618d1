"""Callers on a real Asterisk: Local channels.

A Local channel's second half dials the extension like any caller. Its first half, the caller's
phone, enters a separate Stasis application, so that it can send DTMF and hang up without changes to
the dialplan, and its events do not mix with the program's.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from ari_notebook.background import THREADS
from ari_notebook.client.address import Address
from ari_notebook.client.attributes import unknown_attribute
from ari_notebook.client.credentials import Credentials
from ari_notebook.client.errors import AriError, Conflict, NotFound
from ari_notebook.client.event_stream import Stream
from ari_notebook.client.rest import Rest, RestRequest, RestResponse
from ari_notebook.client.stream_state import Batch, StateChange
from ari_notebook.connection.caller import (
    ANSWER_SECONDS,
    POLL_SECONDS,
    Arrival,
    Caller,
    KeyTimes,
    still_ringing,
)
from ari_notebook.store.calls import CALLER_APPLICATION

__all__ = ["LocalCallerFactory"]

# Some minutes of speech, from sounds installed with every Asterisk.
_SPEECH = ",".join(["sound:tt-weasels", "sound:vm-intro"] * 20)


class _LocalCaller:
    """A caller on a real Asterisk: the first half of a Local channel."""

    def __init__(self, rest: Rest, id: str, extension: str, step: Callable[[], str]) -> None:
        self._rest = rest
        self.id = id
        self.extension = extension
        self._speech: str | None = None  # playback of the caller's speech
        self._keys = KeyTimes(THREADS)
        self._arrival = Arrival(step, THREADS)

    def press(self, digits: str) -> None:
        """Press keys; they arrive at the other half as ChannelDtmfReceived.

        Waits until the call is answered, and interrupts the caller's speech, because Asterisk sends
        keys only after the playback before them.
        """
        talking = self._speech is not None
        self.quiet()
        self._send_when_answered("dtmf", {"dtmf": digits})
        self._keys.add(digits)
        if talking:
            self.talk()

    def talk(self) -> None:
        """Play speech to this half, which the other half receives, until `quiet`.

        Waits until the call is answered.
        """
        if self._speech is None:
            sent = self._send_when_answered("play", {"media": _SPEECH})
            self._speech = str(sent.json()["id"])

    def _send_when_answered(self, operation: str, params: dict[str, str]) -> RestResponse:
        request = RestRequest("POST", f"/channels/{quote(self.id)}/{operation}", params)
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            try:
                return self._rest.send(request)
            except Conflict:  # not in its Stasis application yet: it enters when it is answered
                if time.monotonic() > deadline:
                    raise still_ringing(self.extension) from None
            time.sleep(POLL_SECONDS)

    def quiet(self) -> None:
        """Stop talking."""
        speech, self._speech = self._speech, None
        if speech is None:
            return
        try:
            self._rest.send(RestRequest("DELETE", f"/playbacks/{speech}"))
        except NotFound:  # the playback has finished
            return

    def hangup(self) -> None:
        """Hang up after the pressed keys; does nothing if the call has ended."""
        self._arrival.wait()
        self._keys.wait()
        try:
            self._rest.send(RestRequest("DELETE", f"/channels/{quote(self.id)}"))
        except NotFound:
            return

    def __repr__(self) -> str:
        return f"<caller on {self.extension}, channel {self.id}>"

    if not TYPE_CHECKING:  # checkers know the methods, so that they report a typo

        def __getattr__(self, name: str) -> Any:
            raise unknown_attribute(self, "a phone", name)


class LocalCallerFactory:
    """Creates callers on a real Asterisk.

    The application's name has a random part: two sessions must not take it from each other.

    Args:
        address: address of Asterisk.
        credentials: the ARI user.
        verify: TLS verification.
        rest: REST client for requests about callers.
        notify: called with a line for the user, and the level of `logging`, when a call ended
            because the dialplan has no such extension.
    """

    def __init__(
        self,
        address: Address,
        credentials: Credentials,
        verify: bool | str,
        rest: Rest,
        notify: Callable[[str, int], None],
    ) -> None:
        self._notify = notify
        self._rest = rest
        self._application = f"{CALLER_APPLICATION}{secrets.token_hex(3)}"
        self._address = address
        self._credentials = credentials
        self._verify = verify
        self._stream: Stream | None = None  # opened for the first caller
        self._callers: set[str] = set()
        self._steps: dict[str, str] = {}  # Local pair → the application that its far half executes
        self._lock = threading.Lock()

    def call(self, extension: str, context: str, caller: str | None) -> Caller:
        """Dial an extension.

        Args:
            extension: extension to dial.
            context: its dialplan context.
            caller: caller ID name and number, as ``"Alice <5551>"``.
        """
        with self._lock:
            if self._stream is None:
                self._open_stream()
        params = {"endpoint": f"Local/{extension}@{context}/n", "app": self._application}
        if caller:
            params["callerId"] = caller
        made: dict[str, Any] = self._rest.send(RestRequest("POST", "/channels", params)).json()
        self._callers.add(made["id"])
        pair = made["name"].rpartition(";")[0]
        return _LocalCaller(
            self._rest,
            made["id"],
            f"{extension}@{context}",
            lambda: self._steps.get(pair, ""),
        )

    def close(self) -> None:
        """Hang up the remaining callers and close the event stream."""
        for id in list(self._callers):
            try:
                self._rest.send(RestRequest("DELETE", f"/channels/{quote(id)}"))
            except AriError:
                continue
        if self._stream is not None:
            self._stream.close()

    def _open_stream(self) -> None:
        stream = self._stream = Stream(
            self._address,
            (self._application,),
            self._credentials,
            verify=self._verify,
            on_batch=self._on_batch,
            on_state=self._on_state,
        )
        try:
            stream.start()
        except BaseException:
            self._stream = None
            stream.close()
            raise

    def _on_batch(self, messages: Batch, received: float) -> None:
        del received
        for message in messages:
            event = orjson.loads(message)
            id = event.get("channel", {}).get("id")
            self._follow(event)
            if event.get("type") in ("ChannelDestroyed", "StasisEnd"):
                self._callers.discard(id)
                if extension := _unreachable(event):
                    self._notify(
                        f"the call ended at once: the dialplan has no extension {extension}",
                        logging.WARNING,
                    )
            elif event.get("type") == "StasisStart":  # also if `call` was interrupted
                self._callers.add(id)

    def _follow(self, event: Mapping[str, Any]) -> None:
        """Store the dialplan application that the far half of a call executes."""
        channel = event.get("channel", {})
        pair, _, half = channel.get("name", "").rpartition(";")
        if event.get("type") == "ChannelDestroyed":
            self._steps.pop(pair, None)
        elif half == "2":
            self._steps[pair] = channel.get("dialplan", {}).get("app_name", "")

    def _on_state(self, change: StateChange) -> None:
        """Ignore state changes, which accompany those of the session."""


def _unreachable(event: Mapping[str, Any]) -> str:
    """Return the dialled extension if the dialplan does not have it, otherwise "".

    The far half of a Local channel whose extension does not exist is destroyed before it has
    executed anything, with cause 0 (``local_call`` in ``main/core_local.c``). A half that ran and
    ended without a cause has passed priority 1.
    """
    channel = event.get("channel", {})
    dialplan, name = channel.get("dialplan", {}), channel.get("name", "")
    extension = f"{dialplan.get('exten')}@{dialplan.get('context')}"
    if (
        event.get("type") != "ChannelDestroyed"
        or event.get("cause") != 0
        or not (name.startswith(f"Local/{extension}-") and name.endswith(";2"))
        or (dialplan.get("priority"), dialplan.get("app_name")) != (1, "")
    ):
        return ""
    return extension
