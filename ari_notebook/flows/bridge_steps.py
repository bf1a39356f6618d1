"""The steps that talk in a bridge: with a leg, in a conference, with a parked call."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ari_notebook.client.errors import (
    Conflict,
    InvalidParameter,
    NotFound,
    RequestFailed,
)
from ari_notebook.flows.commands import Perform, Steps, ensuring
from ari_notebook.flows.prompt_steps import PromptSteps
from ari_notebook.flows.state import Party, new_id, remove

__all__ = ["BridgeSteps", "DialledLeg"]

_LEAVING_SECONDS = 0.3  # between the events that a channel leaves its bridge, and that it is over


@runtime_checkable
class DialledLeg(Protocol):
    """A leg that `CallSteps.dial` returned."""

    @property
    def party(self) -> Party:
        """The state of its channel."""


class BridgeSteps(PromptSteps):
    """The steps of bridges."""

    def connect(self, leg: DialledLeg, *, until: str = "", keep: bool = False) -> Steps[str]:
        """Connect the call with a leg, until one of them leaves.

        Args:
            leg: what `dial` returned.
            until: keys of the caller that end it as well.
            keep: leave the leg up when the caller's key ended it.

        Returns:
            ``"leg"`` if the leg has left, else the key that ended it.

        Raises:
            HungUp: the caller has left; the leg is hung up.
            TypeError: ``leg`` is not one.
        """
        if not isinstance(leg, DialledLeg):
            raise TypeError(f"connect needs the leg that dial() returned, not {leg!r}")
        return (yield from self._connect(leg.party, until, keep))

    def _connect(self, other: Party, until: str, keep: bool) -> Steps[str]:
        yield from self.answer()
        bridge = yield from self._bridge("mixing,dtmf_events")
        key = [""]

        def end() -> Steps[None]:
            yield from self._end_bridge(bridge)
            if not other.gone and not (keep and key[0]):
                yield from remove("channels.hangup", channelId=other.id)
                other.gone = "the connection is over"

        yield from ensuring(self._talk(bridge, other, until, key), end)
        return key[0] or "leg"

    def _talk(self, bridge: str, other: Party, until: str, key: list[str]) -> Steps[None]:
        """Put two parties into a bridge; return when one has left it, or a key ends it."""
        self.party.ignore_no_key()
        try:
            yield from self._request(
                "bridges.add_channel", bridgeId=bridge, channel=[self.party.id, other.id]
            )
        except InvalidParameter:
            if not other.gone:
                raise
        joined = False
        while not other.gone and not key[0]:
            yield from self._next(None)
            key[0] = self._take_end_key(until)
            inside = bridge in other.bridges
            if joined and not inside:  # another program took it out
                return
            joined = joined or inside

    def _bridge(self, type: str) -> Steps[str]:
        bridge = new_id("bridge")
        self.flow.bridges.append(bridge)
        yield from self._request("bridges.create_with_id", bridgeId=bridge, type=type)
        return bridge

    def _shared_bridge(self, bridge: str, type: str) -> Steps[None]:
        """Create a bridge unless another flow has made it."""
        try:
            yield Perform("bridges.create_with_id", {"bridgeId": bridge, "type": type})
        except Conflict:
            return

    def _end_bridge(self, bridge: str) -> Steps[None]:
        """Remove the call from a bridge, and destroy it.

        The answer to the removal follows when the channel has left, the one to the destruction
        before: Asterisk drops a sound that is played meanwhile, without an event.
        """
        if bridge in self.party.bridges and not self.party.gone:
            yield from remove("bridges.remove_channel", bridgeId=bridge, channel=[self.party.id])
        yield from remove("bridges.destroy", bridgeId=bridge)
        self.flow.bridges.remove(bridge)

    def conference(self, name: str, *, until: str = "", mute: bool = False) -> Steps[str]:
        """Join the conference of a name, until the caller leaves it or is removed.

        Args:
            name: calls that join the same name are in one conference.
            until: keys that leave it.
            mute: only listen.

        Returns:
            The key, or "" if the caller was put out.

        Raises:
            HungUp: the caller has left.
            ValueError: the name is empty.
        """
        if not name:
            raise ValueError("name the conference: calls that join one name are in it together")
        yield from self.answer()
        bridge = f"conference-{name}"
        return (
            yield from ensuring(
                self._confer(bridge, until, mute), lambda: self._leave_conference(bridge)
            )
        )

    def _join(self, bridge: str, mute: bool) -> Steps[None]:
        for attempt in range(3):
            yield from self._shared_bridge(bridge, "mixing,dtmf_events")
            try:
                yield from self._request(
                    "bridges.add_channel", bridgeId=bridge, channel=[self.party.id], mute=mute
                )
            except NotFound:  # the last member left it just now
                if attempt == 2:
                    raise
            else:
                return

    def _confer(self, bridge: str, until: str, mute: bool) -> Steps[str]:
        self.party.ignore_no_key()
        yield from self._join(bridge, mute)
        joined, key = False, ""
        while not key:
            yield from self._next(None)
            key = self._take_end_key(until)
            inside = bridge in self.party.bridges
            if joined and not inside:
                yield from self.sleep(_LEAVING_SECONDS)
                return ""
            joined = joined or inside
        yield from remove("bridges.remove_channel", bridgeId=bridge, channel=[self.party.id])
        return key

    def _leave_conference(self, bridge: str) -> Steps[None]:
        try:
            shown = yield Perform("bridges.get", {"bridgeId": bridge})
        except RequestFailed:
            return
        if not [each for each in shown.get("channels", ()) if each != self.party.id]:
            yield from remove("bridges.destroy", bridgeId=bridge)

    def park(self, lot: str, *, timeout: float = 45, music: str = "default") -> Steps[bool]:
        """Wait with music in a parking lot until another flow retrieves the call.

        Args:
            lot: the lot's name; one call at a time.
            timeout: seconds.
            music: the class of music on hold.

        Returns:
            Whether it was retrieved, and the conversation is over; False if time was up.

        Raises:
            HungUp: the caller has left.
        """
        yield from self.answer()
        bridge = f"park-{lot}"
        yield from self._shared_bridge(bridge, "holding")
        self.flow.bridges.append(bridge)
        return (
            yield from ensuring(
                self._wait_parked(bridge, timeout, music), lambda: self._end_bridge(bridge)
            )
        )

    def _wait_parked(self, bridge: str, timeout: float, music: str) -> Steps[bool]:
        yield from self._request("bridges.add_channel", bridgeId=bridge, channel=[self.party.id])
        yield from self._request("bridges.start_moh", bridgeId=bridge, mohClass=music)
        end: float | None = self.flow.clock() + timeout
        seen: set[str] = set()  # the lot, then the bridge of who retrieved it
        while True:
            if (yield from self._next(end)) is None:
                return False
            seen |= self.party.bridges
            if seen - {bridge}:
                end = None  # retrieved
                if not self.party.bridges:
                    yield from self.sleep(_LEAVING_SECONDS)
                    return True

    def retrieve(self, lot: str, *, until: str = "") -> Steps[str]:
        """Talk with the call that is parked in a lot, until one of the two leaves.

        Args:
            lot: the lot's name.
            until: keys that end it.

        Returns:
            ``"leg"`` if the parked call has left, else the key.

        Raises:
            HungUp: the caller has left.
            NotFound: nothing is parked there.
        """
        try:
            shown = yield Perform("bridges.get", {"bridgeId": f"park-{lot}"})
        except NotFound:
            shown = {}
        if not shown.get("channels"):
            raise NotFound(f"nothing is parked at {lot}")
        parked = Party(str(shown["channels"][0]), f"lot {lot}", up=True, in_stasis=True, left=True)
        self.flow.parties[parked.id] = parked
        self.flow.inbox.add(parked.id)
        parked.gone = ""
        return (yield from self._connect(parked, until, keep=True))
