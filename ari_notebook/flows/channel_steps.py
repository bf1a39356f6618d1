"""The steps of one channel that need no media and no other channel.

It also notices that the call is over: a step raises `HungUp` as soon as its call has left.
"""

from __future__ import annotations

from typing import Any

from ari_notebook.client.errors import (
    Conflict,
    HungUp,
    InvalidParameter,
    NotFound,
    PreconditionFailed,
)
from ari_notebook.flows.commands import NextEvent, Perform, Steps
from ari_notebook.flows.state import FlowState, Party, remove

__all__ = ["END_SECONDS", "ChannelSteps"]

# After a request that failed since the call is over, its event comes within this time.
END_SECONDS = 2.0


class ChannelSteps:
    """The steps that a program performs on one channel of a flow.

    Args:
        flow: what the flow's steps share.
        party: the channel.
    """

    def __init__(self, flow: FlowState, party: Party) -> None:
        self.flow = flow
        self.party = party

    # Waiting, and noticing that the call is over.

    def _check(self) -> None:
        """Raise if the call, or the leg that is acted on, is over."""
        for party in (self.flow.caller, self.party):
            if party.left:
                raise HungUp("the flow has sent the call elsewhere", "End the flow after it.")
            if party.gone:
                who = f"the call to {party.endpoint}" if party.endpoint else "the caller"
                raise HungUp(f"{who} has left: {party.gone}")

    def _next(self, until: float | None) -> Steps[dict[str, Any] | None]:
        """Return the next event, or None at a time."""
        event: dict[str, Any] | None = yield NextEvent(until)
        if event is not None:
            self.flow.note(event)
        self._check()
        return event

    def _catch_up(self) -> Steps[None]:
        """Note the events that have come so far."""
        now = self.flow.clock()
        while (event := (yield NextEvent(now))) is not None:
            self.flow.note(event)
        self._check()

    def _request(self, operation: str, **arguments: Any) -> Steps[Any]:
        """Perform an operation; what fails since the call is over raises `HungUp`."""
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            return (yield Perform(operation, given))
        except (NotFound, Conflict, PreconditionFailed, InvalidParameter) as error:
            if isinstance(error, InvalidParameter) and "hannel" not in error.message:
                raise
            end = self.flow.clock() + END_SECONDS
            try:
                while (yield from self._next(end)) is not None:
                    pass
            except HungUp as over:
                raise over from error
            if error.message == "Channel not found" and "bridgeId" not in given:
                raise HungUp(f"the caller has left: {error.message}") from error
            raise

    def _on_channel(self, operation: str, **arguments: Any) -> Steps[Any]:
        yield from self._catch_up()
        return (yield from self._request(operation, channelId=self.party.id, **arguments))

    def _exists(self, operation: str, **arguments: Any) -> Steps[bool]:
        """Return whether something is still there, after a lost connection."""
        try:
            yield Perform(operation, arguments)
        except NotFound:
            return False
        return True

    def _stop(self, operation: str) -> Steps[None]:
        if not self.party.gone and not self.flow.caller.gone:
            yield from remove(operation, channelId=self.party.id)

    # Keys.

    def _take_key(self, among: str) -> str:
        """Return the first key typed so far that is among some, and forget it; "" if none is."""
        for key in self.party.keys:
            if key in among:
                self.party.keys.remove(key)
                return key
        return ""

    def _take_end_key(self, among: str) -> str:
        """Return the first key that is among some; forget it and those before it, else all.

        A conversation ends with it: keys before it were meant for the other party, those after it
        are typed ahead.
        """
        while self.party.keys:
            if (key := self.party.keys.popleft()) in among:
                return key
        return ""

    def _key(self, until: float) -> Steps[str]:
        """Return the next key; empty at a time."""
        while not self.party.keys:
            event = yield from self._next(until)
            if event is None:
                return ""
        return self.party.keys.popleft()

    # The steps.

    def answer(self) -> Steps[None]:
        """Answer the call; does nothing if it is answered.

        Raises:
            HungUp: the caller has left.
        """
        yield from self._catch_up()
        if not self.party.up:
            yield from self._request("channels.answer", channelId=self.party.id)
            self.party.up = True

    def sleep(self, seconds: float) -> Steps[None]:
        """Wait. Keys pressed meanwhile are typed ahead.

        Raises:
            HungUp: the caller has left.
        """
        end = self.flow.clock() + seconds
        while (yield from self._next(end)) is not None:
            pass

    def get(self, variable: str) -> Steps[str]:
        """Return the value of a channel variable or dialplan function; "" if it is not set."""
        try:
            found = yield from self._on_channel("channels.get_channel_var", variable=variable)
        except NotFound:
            return ""
        return str(found.get("value", ""))

    def set(self, variable: str, value: str) -> Steps[None]:
        """Set a channel variable, or a dialplan function that can be written."""
        yield from self._on_channel("channels.set_channel_var", variable=variable, value=value)

    def hold(self, music: str | None = None) -> Steps[None]:
        """Play music on hold to the call, until `unhold` or the next `connect`."""
        yield from self._on_channel("channels.start_moh", mohClass=music)

    def unhold(self) -> Steps[None]:
        """End the music on hold."""
        yield from self._on_channel("channels.stop_moh")

    def hangup(self, reason: str = "normal") -> Steps[None]:
        """Hang up.

        Args:
            reason: ARI's reason: ``normal``, ``busy``, ``congestion``, ``no_answer`` …; it is
                indicated to an unanswered caller.
        """
        yield from remove("channels.hangup", channelId=self.party.id, reason=reason)
        self.party.gone = "the flow hung up"
