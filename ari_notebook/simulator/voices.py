"""What a channel says: the sound that comes from its far end, as a line of changes in time.

A phone on a call sends silence until it talks. A Local channel sends nothing at all until
something on its other half makes a sound. The difference can be heard: a recording of silence is
as long as the silence, a recording of nothing ends by itself.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ari_notebook.simulator import audio

if TYPE_CHECKING:
    from ari_notebook.simulator.channels import Channel

Changed = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound that lasts until the next one.

    Attributes:
        kind: ``nothing``, ``silence``, ``speech`` or ``key``.
        key: the key that is pressed.
    """

    kind: str
    key: str = ""

    @property
    def is_heard(self) -> bool:
        """Whether frames come at all."""
        return self.kind != "nothing"

    @property
    def is_quiet(self) -> bool:
        """Whether nobody talks."""
        return self.kind in ("nothing", "silence")

    def samples(self, milliseconds: int) -> array[int]:
        """This sound, as long as that."""
        if self.kind == "speech":
            return audio.tone(milliseconds, audio.SPEECH_HZ)
        if self.kind == "key":
            return audio.dtmf(self.key, milliseconds)
        return audio.silence(milliseconds)


NOTHING = Sound("nothing")
SILENCE = Sound("silence")
SPEECH = Sound("speech")


def speak(channel: Channel, sound: Sound) -> None:
    """Let the far end of a channel hear a sound: what a Local half hears, the other half says."""
    peer = getattr(channel.driver, "peer", None)
    if peer is not None:
        peer.voice.say(sound)


def key(digit: str) -> Sound:
    """A pressed key."""
    return Sound("key", digit)


class Voice:
    """What one channel says now, and who listens to its changes.

    Args:
        sound: what it says at first.
    """

    def __init__(self, sound: Sound = NOTHING) -> None:
        self.sound = sound
        self._listeners: list[Changed] = []

    def say(self, sound: Sound) -> None:
        """Sound like that from now on."""
        if sound != self.sound:
            for changed in tuple(self._listeners):
                changed()
            self.sound = sound
            for changed in tuple(self._listeners):
                changed()

    def follow(self, other: Voice) -> None:
        """Say what another voice says; silence where that says nothing."""

        def changed() -> None:
            self.say(other.sound if other.sound.is_heard else SILENCE)

        changed()
        other.listen(changed)

    def listen(self, changed: Changed) -> None:
        """Call before and after each change."""
        self._listeners.append(changed)

    def ignore(self, changed: Changed) -> None:
        """Call no more."""
        if changed in self._listeners:
            self._listeners.remove(changed)
