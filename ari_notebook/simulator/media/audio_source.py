"""Audio received from the far end of a channel, as a sequence of signals.

A phone on a call sends frames of silence until it talks. A Local channel sends no frames until its
other half does. The difference shows in recordings: a recording of silence lasts as long as the
silence; without frames it ends by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from ari_notebook.simulator.media import samples, tones

Changed = Callable[[], None]
Frequencies: TypeAlias = tuple[float, ...]


class Audio(Protocol):
    """Audio as samples, computed only for a listener."""

    def read(self, begin: float, count: int, rate: int) -> Any:
        """Return samples as a numpy array of 16-bit integers.

        Args:
            begin: seconds since the beginning of the signal.
            count: number of samples.
            rate: samples per second.
        """


@dataclass(frozen=True, slots=True)
class AudioSignal:
    """A signal that lasts until it is replaced.

    Attributes:
        kind: ``nothing``, ``silence``, ``speech``, ``tone`` or ``key``.
        key: the pressed key.
        pauses: silent parts of speech: start and end, in ms from its beginning.
        cadence: the parts of a tone.
        since: start time.
        audio: its samples; None: speech is a steady tone.
    """

    kind: str
    key: str = ""
    pauses: tuple[tuple[int, int], ...] = ()
    cadence: tuple[tones.TonePart, ...] = ()
    since: float = 0.0
    audio: Audio | None = field(default=None, compare=False)

    @property
    def has_frames(self) -> bool:
        """Return whether the signal has audio frames."""
        return self.kind != "nothing"

    @property
    def is_silent(self) -> bool:
        """Return whether it is silence or has no frames."""
        return self.kind in ("nothing", "silence")

    def parts(self, start: float, milliseconds: int) -> Iterator[tuple[int, Frequencies]]:
        """Yield the parts of the signal from a time on: ms and frequencies (none for silence)."""
        placed = self.pauses or self.cadence
        at = round((start - self.since) * 1000) if placed else 0
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
            return samples.key_frequencies(self.key)
        return (samples.SPEECH_HZ,) if self.kind == "speech" else ()


NOTHING = AudioSignal("nothing")
SILENCE = AudioSignal("silence")
SPEECH = AudioSignal("speech")


class AudioSource:
    """The current signal of one channel, with callbacks on change.

    Args:
        sound: the initial signal.

    Attributes:
        signal: the current signal; a pressed key replaces any other.
        wakes: whether a generator of the channel that reads it, of silence or a tone, sends, so
            that reading does not time out.
    """

    def __init__(self, sound: AudioSignal = NOTHING) -> None:
        self.signal = self._base = sound
        self._key: AudioSignal | None = None
        self._subscribers: list[Changed] = []
        self.wakes = False

    def set(self, sound: AudioSignal) -> None:
        """Replace the signal."""
        self._change(sound, self._key)

    def set_key(self, digit: str) -> None:
        """Press a key, or release it if there is no digit."""
        self._change(self._base, AudioSignal("key", digit) if digit else None)

    def _change(self, under: AudioSignal, key: AudioSignal | None) -> None:
        before, self._base, self._key = self.signal, under, key
        if (key or under) == before:
            self.signal = key or under  # with audio of its own
            return
        for changed in tuple(self._subscribers):
            changed()
        self.signal = key or under
        for changed in tuple(self._subscribers):
            changed()

    def follow(self, other: AudioSource) -> None:
        """Follow another source; silence while that sends no frames."""

        def changed() -> None:
            self.set(other.signal if other.signal.has_frames else SILENCE)

        changed()
        other.subscribe(changed)

    @property
    def subscribed(self) -> bool:
        """Return whether a callback is registered."""
        return bool(self._subscribers)

    def subscribe(self, changed: Changed) -> None:
        """Register a callback before and after each change."""
        self._subscribers.append(changed)

    def unsubscribe(self, changed: Changed) -> None:
        """Remove a callback; idempotent."""
        if changed in self._subscribers:
            self._subscribers.remove(changed)
