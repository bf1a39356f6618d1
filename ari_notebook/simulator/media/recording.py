"""Live recordings of the audio of a channel or a bridge into a file.

A recording is queued like every task of a channel. It publishes RecordingStarted and, at its end,
RecordingFinished. A request, a DTMF key, silence, the maximum duration, the hangup of the channel,
or 4 seconds without audio frames end it.

Three peculiarities of Asterisk are visible to clients. The maximum duration is counted in whole
seconds of the wall clock, so that a recording of at most 1 second takes between 1 and 2. A
recording that ends by silence or by time keeps only the first 200 ms of the silence to detect.
While it plays its beep, a recording ignores DTMF and requests: a request to stop or pause changes
only the state that ARI shows.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from ari_notebook.simulator.clock import Clock, Timer
from ari_notebook.simulator.media import samples
from ari_notebook.simulator.media.playback import Done, PublishEvent
from ari_notebook.simulator.messages import AriRefusal
from ari_notebook.simulator.topics import Topic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NOTHING_COMES = 4.0  # seconds without frames that end a recording
KEPT_SILENCE_MS = 200
FRAME_MS = 20
BEEP_MS = 440

EXISTS = ("fail", "overwrite", "append")
# Any key, for Asterisk: it compares with lower case, so a phone's A to D do not match.
TERMINATORS = {"none": "", "any": "0123456789*#abcd", "*": "*", "#": "#"}

# Called with each frame of 20 ms; None where nothing is sent.
OnSamples: TypeAlias = Callable[["NDArray[np.int16] | None"], None]


class AudioInput(Protocol):
    """The audio to record."""

    @property
    def has_frames(self) -> bool:
        """Whether frames come."""

    @property
    def wakes(self) -> bool:
        """Whether a generator of the channel, of silence or a tone, sends without audio.

        Reading does not time out then.
        """

    def listen(
        self, rate: int, on_frame: OnSamples, *, endless: bool = False
    ) -> Callable[[], None]:
        """Begin to receive frames.

        Args:
            rate: samples per second.
            on_frame: called with each frame.
            endless: whether frames of any content change nothing.

        Returns:
            A function that ends it.
        """


@dataclass(frozen=True, slots=True)
class RecordingOptions:
    """Options of a recording.

    Attributes:
        name: name of the recording.
        format: file format.
        max_duration: in seconds; 0: no limit.
        max_silence: in seconds; 0: no limit.
        beep: whether to play a beep first.
        terminators: DTMF keys that end it.
        append: whether to append to an existing file.
    """

    name: str
    format: str
    max_duration: int = 0
    max_silence: int = 0
    beep: bool = False
    terminators: str = ""
    append: bool = False


@dataclass(slots=True, eq=False)
class RunningRecording:
    """One live recording.

    Attributes:
        options: the options.
        path: path of the file.
        target: topic of the channel or bridge; None: a recording outside ARI.
        source: the audio to record.
        clock: the exchange's clock.
        publish: called with each event's type and fields.
        settle: seconds before it begins.
        state: state in ARI's terms.
        muted: whether silence is recorded instead.
        on_end: called when it has ended.
    """

    options: RecordingOptions
    path: Path
    target: Topic | None
    source: AudioInput
    clock: Clock
    publish: PublishEvent
    settle: float = 0.0
    state: str = "queued"
    muted: bool = False
    on_end: list[Done] = field(default_factory=list)
    cause: str = ""
    _before: bytes = b""  # content of the file before appending
    _frames: list[bytes] = field(default_factory=list)  # 16-bit samples
    _total: int = 0  # ms recorded
    _quiet: int = 0  # ms of silence at its end
    _pauses: int = 0  # ms of silence before that
    _missing: int = 0  # ms without frames at its end
    _begun: float | None = None
    _started: bool = False
    _ended: bool = False
    _pausing: bool = False
    _muting: bool = False
    _paused: int = 0  # ms paused
    _timer: Timer | None = None
    _stop_listening: Callable[[], None] = lambda: None

    def json(self, **more: Any) -> dict[str, Any]:
        """Return ARI's object."""
        shown: dict[str, Any] = {
            "name": self.options.name,
            "format": self.options.format,
            "state": self.state,
            "target_uri": self.target.uri if self.target else "",
        }
        if self.cause:
            shown["cause"] = self.cause
        return shown | more

    @property
    def active(self) -> bool:
        """Return whether its state is recording or paused."""
        return self.state in ("recording", "paused")

    @property
    def _capturing(self) -> bool:
        """Return whether audio is captured and requests take effect."""
        return self._begun is not None and not self._ended

    def begin(self) -> None:
        """Start; the tasks before it have ended."""
        if self.settle:
            self._timer = self.clock.after(self.settle, self._start)
        else:
            self._start()

    def _start(self) -> None:
        self._started = True
        self.state = "recording"  # also after a stop: Asterisk records all the same
        self._publish_event("RecordingStarted")
        if self.options.beep:
            self._timer = self.clock.after(BEEP_MS / 1000, self._begin_capture)
        else:
            self._begin_capture()

    def fail(self, cause: str) -> None:
        """Fail before any audio is recorded."""
        self.state, self.cause = "failed", cause
        self._publish_event("RecordingFailed")
        self._leave()

    def wake(self) -> None:
        """Check the maximum duration, which is otherwise checked with each frame of audio."""
        if not self._capturing:
            return
        self._missing = 0
        if not self.options.max_duration or self._pausing:
            return
        seconds = math.floor(self.clock.now) - math.floor(self._begun or 0.0)
        if seconds * 1000 - self._paused > self.options.max_duration * 1000:
            self.finish(trim=True)

    def hang_up(self) -> float:
        """Finish, because the channel has left.

        A queued recording starts first. It is empty, and without audio frames it waits for them,
        unless its beep fails before.
        """
        if not self._started:
            self._start()
            if not self.options.beep and not self.source.has_frames:
                return NOTHING_COMES
        self._stop_timer()
        if not self._ended:
            self.finish()
        return 0.0

    def stop(self) -> None:
        """Stop and keep the recording.

        Raises:
            AriRefusal: 409, it has already ended.
        """
        self._end("done")

    def cancel(self) -> None:
        """Stop and delete the recording.

        Raises:
            AriRefusal: as for `stop`; 500, nothing has been recorded yet.
        """
        listened, begun = self._capturing, self.state != "queued"
        self._end("canceled")
        if begun:
            if not listened and not self.path.exists():
                raise AriRefusal(500, "Recording operation failed")
            self.path.unlink(missing_ok=True)

    def _end(self, state: str) -> None:
        """End it; before audio is captured only the state changes, and recording continues."""
        if self.state == "queued":
            self.state = "canceled"
            return
        self._check()
        if self._capturing:
            self.finish()
        else:
            self.state = state

    def pause(self, *, paused: bool) -> None:
        """Pause or resume recording.

        Raises:
            AriRefusal: 409, it does not record.
        """
        self._check()
        if paused != (self.state == "paused"):
            self.state = "paused" if paused else "recording"
            self._pausing ^= self._capturing

    def mute(self, *, muted: bool) -> None:
        """Mute or unmute the recording.

        Raises:
            AriRefusal: 409, it does not record.
        """
        self._check()
        if muted != self.muted:
            self.muted = muted
            self._muting ^= self._capturing

    def press(self, digit: str) -> None:
        """Handle a DTMF digit, which may end the recording."""
        if self._capturing and digit in self.options.terminators:
            self.finish()

    def finish(self, *, trim: bool = False) -> None:
        """Finish: write the file and publish RecordingFinished.

        Args:
            trim: whether to remove the silence at its end.
        """
        self._stop_timer()
        self._stop_listening()
        cut = max(0, self._quiet - KEPT_SILENCE_MS) if trim and self.options.max_silence else 0
        self.state, self._ended = "done", True
        self._write(cut)
        duration = self._total // 1000 - cut // 1000
        durations = {} if self._begun is None else {"duration": max(0, duration)}
        if durations and self.options.max_silence:
            # All silence counts: before, between and after speech, less the part that is kept.
            silence = max(0, self._pauses + self._quiet - KEPT_SILENCE_MS)
            talking = max(0, self._total // 1000 - silence // 1000)
            durations |= {"talking_duration": talking, "silence_duration": duration - talking}
        self._publish_event("RecordingFinished", **durations)
        self._leave()

    def _check(self) -> None:
        if not self.active:
            raise AriRefusal(409, "Recording not in session")

    def _begin_capture(self) -> None:
        """Start capturing audio."""
        self._begun = self.clock.now
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.options.append and self.path.exists():
                self._before = self.path.read_bytes()
                self._total = samples.file_duration(self.path)
            else:
                self.path.write_bytes(b"")
        except OSError:  # another recording has the name of the folder
            self.finish()
            return
        self._stop_listening = self.source.listen(
            samples.sample_rate(self.options.format),
            self._on_frame,
            endless=not (self.options.max_duration or self.options.max_silence),
        )

    def _on_frame(self, frame: NDArray[np.int16] | None) -> None:
        """Record a frame, and end where a limit is reached."""
        if frame is None and not self.source.wakes:
            self._missing += FRAME_MS
            if self._missing >= NOTHING_COMES * 1000:
                self.finish()
            return
        if frame is not None and not samples.is_writable(self.options.format):
            self.finish()
            return
        self._missing = 0
        if self._pausing:
            self._paused += FRAME_MS
        elif frame is not None:
            self._capture(frame)
            if self.options.max_silence and self._quiet > self.options.max_silence * 1000:
                self.finish(trim=True)
                return
        self.wake()

    def _capture(self, frame: NDArray[np.int16]) -> None:
        self._total += FRAME_MS
        data = bytes(2 * len(frame)) if self._muting else frame.tobytes()
        same = self._frames and self._frames[-1] == data  # silence takes no memory
        self._frames.append(self._frames[-1] if same else data)
        if self._muting or abs(frame).mean() < samples.SILENT_LEVEL:
            self._quiet += FRAME_MS
        else:
            self._pauses += self._quiet
            self._quiet = 0

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _write(self, cut: int) -> None:
        """Write the captured audio to the file, without the last ``cut`` ms."""
        if self._begun is None or not self.path.is_file():  # it may have been deleted meanwhile
            return
        sound = array("h", b"".join(self._frames))
        del sound[len(sound) - cut * samples.sample_rate(self.options.format) // 1000 :]
        self._frames.clear()
        self.path.write_bytes(samples.extend(self.options.format, self._before, sound))

    def _publish_event(self, type: str, **more: Any) -> None:
        self.publish(type, {"recording": self.json(**more)})

    def _leave(self) -> None:
        for done in self.on_end:
            done()
