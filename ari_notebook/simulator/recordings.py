"""Live recordings: what a channel or a bridge says, on its way into a file.

A recording waits for its turn like everything asked of a channel, then tells RecordingStarted and,
when it is over, RecordingFinished. It ends by a request, by a key, by silence, after a time, with
the channel, and also when for 4 seconds nothing at all has come to record.

Three habits of Asterisk can be seen from outside. The longest duration counts by the wall clock's
whole seconds, so that a recording of at most 1 second takes between 1 and 2. A recording that ends
by silence or by time keeps only the first 200 ms of the silence it was told to look for. And while
it beeps a recording hears no key and no request: one to stop or to pause it is noted, and told as
its state, and what it does stays the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from ari_notebook.simulator import audio
from ari_notebook.simulator.messages import Refused
from ari_notebook.simulator.playbacks import Clock, Done, Publish, Timer
from ari_notebook.simulator.voices import Frequencies, Voice

NOTHING_COMES = 4.0  # seconds until a recording to which nothing comes is given up
KEPT_SILENCE_MS = 200
FRAME_MS = 20
BEEP_MS = 440

EXISTS = ("fail", "overwrite", "append")
# Any key, as Asterisk sees it: it looks for small letters, and a telephone's A to D are none.
TERMINATORS = {"none": "", "any": "0123456789*#abcd", "*": "*", "#": "#"}

Part: TypeAlias = tuple[int, Frequencies]  # ms, and what sounds


@dataclass(frozen=True, slots=True)
class Options:
    """How to record.

    Attributes:
        name: of the recording.
        format: of its file.
        max_duration: in seconds; 0 for no limit.
        max_silence: in seconds; 0 for no limit.
        beep: whether it begins with a beep.
        terminators: the keys that end it.
        append: whether it goes on where a file of that name ends.
    """

    name: str
    format: str
    max_duration: int = 0
    max_silence: int = 0
    beep: bool = False
    terminators: str = ""
    append: bool = False


@dataclass(slots=True, eq=False)
class Recording:
    """One live recording.

    Attributes:
        options: how to record.
        path: of the file.
        target_uri: what is recorded: ``channel:ID`` or ``bridge:ID``.
        voice: what is said there.
        clock: the exchange's time.
        publish: told every event of it.
        settle: seconds that pass before it begins.
        state: as ARI tells it.
        muted: whether silence is to be recorded instead.
        on_end: called when it is over.
    """

    options: Options
    path: Path
    target_uri: str
    voice: Voice
    clock: Clock
    publish: Publish
    settle: float = 0.0
    state: str = "queued"
    muted: bool = False
    on_end: list[Done] = field(default_factory=list)
    cause: str = ""
    _before: bytes = b""  # what the file held already
    _sounds: list[Part] = field(default_factory=list)
    _total: int = 0  # ms recorded
    _quiet: int = 0  # ms of silence at the end of it
    _pauses: int = 0  # ms of silence before that
    _mark: float = 0.0  # up to when everything is recorded
    _begun: float | None = None
    _started: bool = False
    _ended: bool = False
    _pausing: bool = False
    _muting: bool = False
    _paused_for: float = 0.0
    _timers: list[Timer] = field(default_factory=list)

    def json(self, **more: Any) -> dict[str, Any]:
        """ARI's object."""
        shown: dict[str, Any] = {
            "name": self.options.name,
            "format": self.options.format,
            "state": self.state,
            "target_uri": self.target_uri,
        }
        if self.cause:
            shown["cause"] = self.cause
        return shown | more

    @property
    def active(self) -> bool:
        """Whether it records, or could go on to, as far as its state tells."""
        return self.state in ("recording", "paused")

    @property
    def _listens(self) -> bool:
        """Whether it takes down what is said, and hears requests."""
        return self._begun is not None and not self._ended

    def begin(self) -> None:
        """Its turn has come."""
        if self.settle:
            self._later(self.settle, self._start)
        else:
            self._start()

    def _start(self) -> None:
        self._started = True
        self.state = "recording"  # also if it was stopped before: Asterisk records all the same
        self._tell("RecordingStarted")
        if self.options.beep:
            self._later(BEEP_MS / 1000, self._listen)
        else:
            self._listen()

    def fail(self, cause: str) -> None:
        """It cannot record at all."""
        self.state, self.cause = "failed", cause
        self._tell("RecordingFailed")
        self._leave()

    def hang_up(self) -> None:
        """The channel is gone: what is recorded is kept, what was still to come is empty."""
        self._stop_timers()
        if not self._started:
            self._start()
        if not self._ended:
            self.finish()

    def stop(self) -> None:
        """End it and keep it.

        Raises:
            Refused: 409, it was ended before.
        """
        self._end("done")

    def cancel(self) -> None:
        """End it and throw it away.

        Raises:
            Refused: as for `stop`; 500, there is nothing yet to throw away.
        """
        listened, begun = self._listens, self.state != "queued"
        self._end("canceled")
        if begun:
            if not listened and not self.path.exists():
                raise Refused(500, "Recording operation failed")
            self.path.unlink(missing_ok=True)

    def _end(self, state: str) -> None:
        """End it; what hears nothing yet only changes its state, and goes on."""
        if self.state == "queued":
            self.state = "canceled"
            return
        self._check()
        if self._listens:
            self.finish()
        else:
            self.state = state

    def pause(self, *, paused: bool) -> None:
        """Leave out what comes from now on, or record it again.

        Raises:
            Refused: 409, it does not record.
        """
        self._check()
        if paused != (self.state == "paused"):
            self._hear()
            self.state = "paused" if paused else "recording"
            self._pausing ^= self._listens
            self._plan()

    def mute(self, *, muted: bool) -> None:
        """Record silence from now on, or what comes.

        Raises:
            Refused: 409, it does not record.
        """
        self._check()
        if muted != self.muted:
            self._hear()
            self.muted = muted
            self._muting ^= self._listens

    def press(self, digit: str) -> None:
        """A key was pressed on the channel."""
        if self._listens and digit in self.options.terminators:
            self.finish()

    def finish(self, *, trim: bool = False) -> None:
        """It is over.

        Args:
            trim: whether the silence at its end goes.
        """
        self._hear()
        self._stop_timers()
        self.voice.ignore(self._changed)
        cut = max(0, self._quiet - KEPT_SILENCE_MS) if trim and self.options.max_silence else 0
        self.state, self._ended = "done", True
        self._write(cut)
        duration = self._total // 1000 - cut // 1000
        durations = {} if self._begun is None else {"duration": max(0, duration)}
        if durations and self.options.max_silence:
            talking = max(0, duration - self._pauses // 1000)
            durations |= {"talking_duration": talking, "silence_duration": duration - talking}
        self._tell("RecordingFinished", **durations)
        self._leave()

    def _check(self) -> None:
        if not self.active:
            raise Refused(409, "Recording not in session")

    def _listen(self) -> None:
        """Begin to take down what is said."""
        self._mark = self._begun = self.clock.now
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.options.append and self.path.exists():
                self._before = self.path.read_bytes()
                self._total = audio.file_duration(self.path)
            else:
                self.path.write_bytes(b"")
        except OSError:  # another recording stands where the folder should be
            self.finish()
            return
        self.voice.listen(self._changed)
        self._plan()

    def _changed(self) -> None:
        self._hear()
        self._plan()

    def _hear(self) -> None:
        """Take down what was said since the last time."""
        if self._begun is None:
            return
        since, self._mark = self._mark, self.clock.now
        elapsed = round((self._mark - since) * 1000)
        sound = self.voice.sound
        if elapsed <= 0:
            return
        if self._pausing:
            self._paused_for += elapsed / 1000
        elif sound.is_heard:
            self._total += elapsed
            for length, frequencies in sound.parts(since, elapsed):
                self._sounds.append((length, () if self._muting else frequencies))
                if frequencies:
                    self._pauses += self._quiet
                    self._quiet = 0
                else:
                    self._quiet += length

    def _plan(self) -> None:
        """Foresee how it ends if nothing changes."""
        if self._begun is None or self._ended:
            return
        self._stop_timers()
        sound, now = self.voice.sound, self.clock.now
        if not sound.is_heard:
            self._later(NOTHING_COMES, self.finish)
        elif not audio.is_writable(self.options.format):  # the first that comes ends it
            self._later(FRAME_MS / 1000, self.finish)
            return
        elif not self._pausing and self.options.max_silence and sound.is_quiet:
            left = self.options.max_silence + FRAME_MS / 1000 - self._quiet / 1000
            self._later(max(0.0, left), lambda: self.finish(trim=True))
        if self.options.max_duration and not self._pausing and sound.is_heard:
            end = math.floor(self._begun) + self.options.max_duration + 1 + self._paused_for
            self._later(max(0.0, end - now), lambda: self.finish(trim=True))

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        self._timers.append(self.clock.after(seconds, action))

    def _stop_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _write(self, cut: int) -> None:
        """Make the file of what was taken down, without the last ``cut`` ms."""
        if self._begun is None or not self.path.is_file():  # it may be deleted meanwhile
            return
        samples = audio.join(audio.tone(length, *each) for length, each in self._sounds)
        del samples[len(samples) - cut * audio.RATE // 1000 :]
        self._sounds.clear()
        self.path.write_bytes(audio.extend(self.options.format, self._before, samples))

    def _tell(self, type: str, **more: Any) -> None:
        self.publish({"type": type, "recording": self.json(**more)})

    def _leave(self) -> None:
        for done in self.on_end:
            done()
