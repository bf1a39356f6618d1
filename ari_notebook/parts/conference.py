"""A conference that a moderator controls."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from ari_notebook.client.errors import RequestFailed
from ari_notebook.flows.call import Call
from ari_notebook.parts.tables import table

if TYPE_CHECKING:
    import pandas as pd

    from ari_notebook.connection.generated.objects import LiveRecording

__all__ = ["Conference"]

_PEOPLE = ("channel", "caller", "since", "moderator", "muted")
_LOOK_SECONDS = 0.2


class Conference:
    """A conference; callers wait with music until the moderator joins.

    Args:
        name: its name; its bridge is ``conference-NAME``.
        moderated: whether it begins with the moderator, and ends with the last one.
        tones: whether a beep is played when a caller joins.
        music: music on hold for waiting callers.

    In a flow: ``conference.join(call, moderator=…)``.
    """

    def __init__(
        self, name: str, *, moderated: bool = False, tones: bool = True, music: str = "default"
    ) -> None:
        self.name, self.moderated, self.tones, self.music = name, moderated, tones, music
        self._lock = threading.Lock()
        self._people: dict[str, dict[str, Any]] = {}
        self._calls: dict[str, Call] = {}
        self._moderators = 0

    def join(
        self, call: Call, *, moderator: bool = False, muted: bool = False, leave: str = "#"
    ) -> str:
        """Add a call until it leaves, is removed, or the last moderator leaves.

        Args:
            call: the call.
            moderator: whether the conference may begin with it.
            muted: whether it only listens.
            leave: keys with which it leaves.

        Returns:
            The key with which it left; "" if it was removed.

        Raises:
            HungUp: it has hung up.
        """
        call.answer()
        if self.moderated and not moderator and not self._moderators:
            call.say("conf-waitforleader")
            call.hold(self.music)
            while not self._moderators:
                call.sleep(_LOOK_SECONDS)
            call.unhold()
        row = {"channel": call.id, "caller": call.caller, "since": time.time()}
        with self._lock:
            self._people[call.id] = row | {"moderator": moderator, "muted": muted}
            self._calls[call.id] = call
            self._moderators += moderator
        if self.tones:
            self._announce(call, "sound:beep")
        try:
            return call.conference(self.name, until=leave, mute=muted)
        finally:
            with self._lock:
                self._people.pop(call.id, None)
                self._calls.pop(call.id, None)
                self._moderators -= moderator
            if self.moderated and moderator and not self._moderators:
                self.close()

    @property
    def bridge(self) -> str:
        """The id of its bridge."""
        return f"conference-{self.name}"

    def kick(self, channel: str) -> None:
        """Remove a call; its flow goes on."""
        self._remove(self._calls[getattr(channel, "id", channel)])

    def close(self) -> None:
        """Remove all calls."""
        for call in list(self._calls.values()):
            self._remove(call)

    def _remove(self, call: Call) -> None:
        try:
            call.ari.bridges.remove_channel(self.bridge, channel=call.id)
        except RequestFailed:  # it has left already
            return

    def mute(self, channel: str, on: bool = True) -> None:
        """Mute or unmute a call."""
        id = getattr(channel, "id", channel)
        operations = self._calls[id].ari.channels
        (operations.mute if on else operations.unmute)(id, direction="in")
        self._people[id]["muted"] = on

    def mute_all(self, on: bool = True) -> None:
        """Mute or unmute every call except the moderators'."""
        for id, row in list(self._people.items()):
            if not row["moderator"]:
                self.mute(id, on)

    def record(self, name: str, format: str = "wav") -> LiveRecording:
        """Record it; ``stop()`` of the recording ends that.

        Raises:
            StopIteration: it is empty.
        """
        ari = next(iter(self._calls.values())).ari
        made: LiveRecording = ari.bridges.record(self.bridge, name, format)
        return made

    def _announce(self, call: Call, media: str) -> None:
        if len(self._people) > 1:
            try:
                call.ari.bridges.play(self.bridge, media)
            except RequestFailed:  # the others have left
                return

    @property
    def people(self) -> pd.DataFrame:
        """Who takes part: channel, caller, since when, whether moderator and muted."""
        return table(list(self._people.values()), _PEOPLE)

    def __len__(self) -> int:
        return len(self._people)
