"""What a channel says: the sound that comes from its far end, as a line of changes in time.

A phone on a call sends silence until it talks. A Local channel sends nothing at all until
something on its other half makes a sound. The difference can be heard: a recording of silence is
as long as the silence, a recording of nothing ends by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ari_notebook.simulator import audio, tones

if TYPE_CHECKING:
    from ari_notebook.simulator.channels import Channel

Changed = Callable[[], None]
Frequencies: TypeAlias = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound that lasts until the next one.

    Attributes:
        kind: ``nothing``, ``silence``, ``speech``, ``tone`` or ``key``.
        key: the key that is pressed.
        pauses: where speech is silent: from and to, in ms from its beginning.
        cadence: the parts of a tone.
        since: when it began.
    """

    kind: str
    key: str = ""
    pauses: tuple[tuple[int, int], ...] = ()
    cadence: tuple[tones.Part, ...] = ()
    since: float = 0.0

    @property
    def is_heard(self) -> bool:
        """Whether frames come at all."""
        return self.kind != "nothing"

    @property
    def is_quiet(self) -> bool:
        """Whether nobody talks."""
        return self.kind in ("nothing", "silence")

    def parts(self, start: float, milliseconds: int) -> Iterator[tuple[int, Frequencies]]:
        """What is heard of it from a moment on: so many ms of frequencies, none in silence."""
        at = round((start - self.since) * 1000) if self.pauses or self.cadence else 0
        end = at + milliseconds
        if self.cadence:
            yield from tones.parts(self.cadence, at, end)
            return
        frequencies = self._frequencies()
        for begin, stop in self.pauses:
            if at < stop and begin < end:
                if at < begin:
                    yield begin - at, frequencies
                    at = begin
                yield min(stop, end) - at, ()
                at = min(stop, end)
        if at < end:
            yield end - at, frequencies

    def _frequencies(self) -> Frequencies:
        if self.kind == "key":
            return audio.key_frequencies(self.key)
        return (audio.SPEECH_HZ,) if self.kind == "speech" else ()


NOTHING = Sound("nothing")
SILENCE = Sound("silence")
SPEECH = Sound("speech")


def speak(channel: Channel, sound: Sound) -> None:
    """Let the far end of a channel hear a sound: what a Local half hears, the other half says."""
    peer = getattr(channel.driver, "peer", None)
    if peer is not None:
        peer.voice.say(sound)


class Voice:
    """What one channel says now, and who listens to its changes.

    Args:
        sound: what it says at first.
    """

    def __init__(self, sound: Sound = NOTHING) -> None:
        self._under = sound
        self._key: Sound | None = None
        self._listeners: list[Changed] = []

    @property
    def sound(self) -> Sound:
        """What is heard now: a pressed key drowns everything else."""
        return self._key or self._under

    def say(self, sound: Sound) -> None:
        """Sound like that from now on."""
        self._change(sound, self._key)

    def press(self, digit: str) -> None:
        """A key goes down; with no digit it comes up again."""
        self._change(self._under, Sound("key", digit) if digit else None)

    def _change(self, under: Sound, key: Sound | None) -> None:
        if (key or under) == self.sound:
            self._under, self._key = under, key
            return
        for changed in tuple(self._listeners):
            changed()
        self._under, self._key = under, key
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


class Mix(Voice):
    """What is said by many: somebody's speech, or silence as long as anybody is there."""

    def __init__(self) -> None:
        super().__init__()
        self._voices: list[Voice] = []

    def add(self, voice: Voice) -> None:
        """One more speaks."""
        self._voices.append(voice)
        voice.listen(self._mix)
        self._mix()

    def remove(self, voice: Voice) -> None:
        """One less speaks."""
        if voice in self._voices:
            self._voices.remove(voice)
            voice.ignore(self._mix)
            self._mix()

    def _mix(self) -> None:
        said = [voice.sound for voice in self._voices if not voice.sound.is_quiet]
        self.say(said[0] if said else SILENCE if self._voices else NOTHING)
