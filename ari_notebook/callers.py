"""Somebody who calls: so that a program has a caller where nobody has a telephone.

In the embedded exchange that is a simulated phone. On a real Asterisk it is a Local channel: its
second half dials the extension as any caller would; its first half is the caller's telephone. It
is put into a Stasis application of its own, so that it can press keys and hang up without the
dialplan knowing anything of us, and without its events among the program's.
"""

from __future__ import annotations

import secrets
import threading
from typing import Any, Protocol
from urllib.parse import quote

import orjson

from ari_notebook.client.address import Address
from ari_notebook.client.credentials import Credentials
from ari_notebook.client.errors import AriError, NotFound
from ari_notebook.client.rest import Call, Rest
from ari_notebook.client.stream import Batch, StateChange, Stream

__all__ = ["Caller", "Telephone"]

# Many sentences, which every Asterisk has: some minutes, one after the other.
_SPEECH = ",".join(["sound:tt-weasels", "sound:vm-intro"] * 20)


class Caller(Protocol):
    """Whoever called: a telephone that was dialled on."""

    @property
    def id(self) -> str:
        """The id of the caller's channel."""

    def press(self, digits: str) -> None:
        """Press keys: 0-9, *, #, A-D."""

    def talk(self) -> None:
        """Say something, until `quiet`."""

    def quiet(self) -> None:
        """Say nothing any more."""

    def hangup(self) -> None:
        """Put the receiver down."""


class _LocalCaller:
    """A caller on a real Asterisk: the first half of a Local channel."""

    def __init__(self, rest: Rest, id: str, extension: str) -> None:
        self._rest = rest
        self.id = id
        self.extension = extension
        self._speech: str | None = None  # the playback that is heard as the caller's voice

    def press(self, digits: str) -> None:
        """Press keys; they arrive at the other half as ChannelDtmfReceived."""
        self._rest.send(Call("POST", f"/channels/{quote(self.id)}/dtmf", {"dtmf": digits}))

    def talk(self) -> None:
        """Say something, until `quiet`: what is played to this half, the other one hears."""
        if self._speech is None:
            params = {"media": _SPEECH}
            sent = self._rest.send(Call("POST", f"/channels/{quote(self.id)}/play", params))
            self._speech = str(sent.json()["id"])

    def quiet(self) -> None:
        """Say nothing any more."""
        speech, self._speech = self._speech, None
        if speech is None:
            return
        try:
            self._rest.send(Call("DELETE", f"/playbacks/{speech}"))
        except NotFound:  # all was said
            return

    def hangup(self) -> None:
        """Put the receiver down; nothing happens where the call is over."""
        try:
            self._rest.send(Call("DELETE", f"/channels/{quote(self.id)}"))
        except NotFound:
            return

    def __repr__(self) -> str:
        return f"<caller on {self.extension}, channel {self.id}>"


class Telephone:
    """Makes callers on a real Asterisk.

    The application's name has a random part: two sessions must not take it from each other.

    Args:
        address: where Asterisk answers.
        credentials: the ARI user.
        verify: TLS verification.
        rest: for the caller's own requests.
    """

    def __init__(
        self, address: Address, credentials: Credentials, verify: bool | str, rest: Rest
    ) -> None:
        self._rest = rest
        self._application = f"ari-notebook-phone-{secrets.token_hex(3)}"
        self._stream = Stream(
            address,
            (self._application,),
            credentials,
            verify=verify,
            on_batch=self._on_batch,
            on_state=self._on_state,
        )
        self._started = False
        self._callers: set[str] = set()
        self._lock = threading.Lock()

    def call(self, extension: str, context: str, caller: str | None) -> Caller:
        """Dial an extension.

        Args:
            extension: what is dialled.
            context: the dialplan context it is dialled in.
            caller: the caller's name and number, as ``"Alice <5551>"``.
        """
        with self._lock:
            if not self._started:
                self._stream.start()
                self._started = True
        params = {"endpoint": f"Local/{extension}@{context}/n", "app": self._application}
        if caller:
            params["callerId"] = caller
        made: dict[str, Any] = self._rest.send(Call("POST", "/channels", params)).json()
        self._callers.add(made["id"])
        return _LocalCaller(self._rest, made["id"], f"{extension}@{context}")

    def close(self) -> None:
        """Hang up those who are still on the line, and leave."""
        for id in list(self._callers):
            try:
                self._rest.send(Call("DELETE", f"/channels/{quote(id)}"))
            except AriError:
                continue
        self._stream.close()

    def _on_batch(self, messages: Batch, received: float) -> None:
        del received
        for message in messages:
            event = orjson.loads(message)
            id = event.get("channel", {}).get("id")
            if event.get("type") in ("ChannelDestroyed", "StasisEnd"):
                self._callers.discard(id)
            elif event.get("type") == "StasisStart":  # also where `call` was interrupted
                self._callers.add(id)

    def _on_state(self, change: StateChange) -> None:
        """The connection of the telephones comes and goes with the session's own."""
