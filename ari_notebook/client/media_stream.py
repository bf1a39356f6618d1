"""A call's audio as numpy arrays: `AudioStream` records, plays, and yields frames.

One thread for each stream reads its transport and sends what is due; of a simulator within this
process, turns of its `Pump` do. Received audio forms a timeline of frames of 20 ms without holes:
where Asterisk sends nothing, as for a muted phone or a Local channel without sound, silence takes
its place after a tenth of a second. Where audio was late only, as much silence is left out when it
has arrived, so that the timeline does not stay behind.

A stream's time is that of the audio that the far end has sent where that is ahead of this machine's
clock: so two clocks that differ cause no drift, and a simulator whose time passes faster is kept up
with. The silence that was put in does not count, nor what an early frame's echo is ahead: otherwise
an echo would hasten the stream.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ari_notebook.audio.journal import AudioUse, OnUse
from ari_notebook.audio.outgoing_audio import FRAME_SECONDS, Due, Outgoing, Playing
from ari_notebook.audio.sound import Sound
from ari_notebook.audio.speech_detection import QUIETEST, SpeechDetector
from ari_notebook.background import THREADS, Background
from ari_notebook.client.errors import ConnectionLost, UsageProblem
from ari_notebook.client.media_drivers import SocketDriver, TurnDriver
from ari_notebook.client.media_transports import Ended, FlowControl, Key, Mark, MediaTransport

__all__ = ["AudioStream", "Frame"]

log = logging.getLogger("ari_notebook")

_LATE_SECONDS = 0.1  # without a frame, after which silence replaces it
_MOST_FRAMES = 3000  # a minute: a consumer that is slower loses the oldest
_GRACE_SECONDS = 0.5  # beyond the end of a sound, for its mark
_SPEECH_LIMIT = 30.0  # seconds to wait for speech
_AT_ONCE = 50  # frames for which a recording waits, so that not each of them wakes its thread
_QUIET = 100  # peak below which a frame is silence: -50 dBFS

OnSpeech = Callable[[bool], object]
OnKey = Callable[[str], object]


class Frame(Sound):
    """20 ms of received audio.

    Attributes:
        time: seconds since the beginning of the stream.
    """

    __slots__ = ("time",)
    time: float

    def __init__(self, samples: ArrayLike | Sound, rate: int | None = None, time: float = 0.0):
        super().__init__(samples, rate)
        object.__setattr__(self, "time", time)


class _Tap:
    """The frames since its beginning, for one consumer."""

    def __init__(self, background: Background) -> None:
        self.dropped = 0
        self.ended = False
        self._frames: deque[tuple[NDArray[np.int16], float]] = deque()
        self._ready = background.condition()
        self._wanted = 1
        self._wakers: list[Callable[[], None]] = []

    def put(self, frame: NDArray[np.int16], at: float) -> None:
        with self._ready:
            if len(self._frames) >= _MOST_FRAMES:
                self._frames.popleft()
                self.dropped += 1
            self._frames.append((frame, at))
            if len(self._frames) >= self._wanted:
                self._wake()

    def end(self) -> None:
        with self._ready:
            self.ended = True
            self._wake()

    def _wake(self) -> None:
        self._ready.notify_all()
        wakers, self._wakers = self._wakers, []
        for wake in wakers:
            wake()

    def take(self, wanted: int = 1) -> list[tuple[NDArray[np.int16], float]]:
        """Wait for so many frames; return them with their times: fewer at the end, then none."""
        with self._ready:
            self._wanted = wanted
            while len(self._frames) < wanted and not self.ended:
                self._ready.wait()
            return self._taken(wanted)

    async def take_later(self, wanted: int = 1) -> list[tuple[NDArray[np.int16], float]]:
        """Wait for so many frames and return them as `take` does, for coroutines."""
        loop = asyncio.get_running_loop()
        while True:
            woken = asyncio.Event()
            with self._ready:
                self._wanted = wanted
                if len(self._frames) >= wanted or self.ended:
                    return self._taken(wanted)
                self._wakers.append(partial(_set, loop, woken))
            await woken.wait()

    def _taken(self, count: int) -> list[tuple[NDArray[np.int16], float]]:
        return [self._frames.popleft() for _ in range(min(count, len(self._frames)))]


def _set(loop: asyncio.AbstractEventLoop, woken: asyncio.Event) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has closed
        loop.call_soon_threadsafe(woken.set)


class _Recorder:
    """Collects the frames of `AudioStream.record`, until there are enough.

    Args:
        rate: samples per second.
        seconds: length, at most.
        until_silence: seconds of silence after speech that end it.
        timeout: seconds to wait for speech; None: 30.
        threshold: level in dBFS from which a frame counts as speech.

    Raises:
        UsageProblem: neither ``seconds`` nor ``until_silence``.
    """

    def __init__(
        self,
        rate: int,
        seconds: float | None,
        until_silence: float | None,
        timeout: float | None,
        threshold: float,
    ) -> None:
        if seconds is None and until_silence is None:
            raise UsageProblem(
                "record() needs a duration", "Give seconds, or until_silence=1.5, or both."
            )
        for value in (seconds, until_silence, timeout):
            if value is not None and not 0 <= value < float("inf"):
                raise UsageProblem(f"{value!r} is not a number of seconds")
        self._rate = rate
        self._seconds = seconds
        self._until_silence = until_silence
        self._patience = _SPEECH_LIMIT if timeout is None else timeout
        self._detector = SpeechDetector(threshold)
        self._spoken = self._over = False
        self._frames: list[NDArray[np.int16]] = []

    @property
    def _length(self) -> float:
        return len(self._frames) * FRAME_SECONDS

    @property
    def wanted(self) -> int:
        """Return how many frames to wait for; 0: there are enough."""
        if self._over:
            return 0
        left = float("inf") if self._seconds is None else self._seconds - self._length
        if self._until_silence is not None:
            return int(left > 1e-9)
        return min(_AT_ONCE, math.ceil((left - 1e-9) / FRAME_SECONDS))

    def add(self, taken: list[tuple[NDArray[np.int16], float]]) -> None:
        """Add frames; none means the end of the stream."""
        self._over = not taken
        for frame, _ in taken:
            self._frames.append(frame)
            if self._until_silence is not None:
                self._detector.feed(Sound(frame, self._rate).level, FRAME_SECONDS)
                self._spoken = self._spoken or self._detector.speaking
                silent = self._detector.silence >= self._until_silence - 1e-9
                if (silent and self._spoken) or (
                    not self._spoken and self._length >= self._patience - 1e-9
                ):
                    self._over = True

    @property
    def sound(self) -> Sound:
        """Return the sound."""
        whole = np.concatenate(self._frames) if self._frames else np.zeros(0, np.int16)
        made = Sound(whole, self._rate)
        return made if self._seconds is None else made[: self._seconds]


class AudioStream:
    """The audio of a call, both ways.

    Iterating yields `Frame` objects of 20 ms from then on, until the stream ends; ``async for``
    works, too.

    Args:
        transport: the connection.
        name: name of the channel, for messages.
        on_close: called once when it is closed, to remove the objects created for it.
        keys: whether the keys that the transport reports count; else those given to `key` alone.
        id: id of the channel.
        on_use: called with each sound that was played or recorded.
        background: what has the time, and what waits; for a transport without a socket also what
            reads and sends.

    Attributes:
        name: name of the channel.
        id: id of the channel; of a `MediaServer`'s AudioSocket its UUID, of its WebSocket the id of
            the channel that has connected.
        reason: why it ended; empty while it is open, and where it ended normally.
    """

    def __init__(
        self,
        transport: MediaTransport,
        name: str = "the call",
        on_close: Callable[[], None] = lambda: None,
        *,
        keys: bool = True,
        id: str = "",
        on_use: OnUse = lambda _: None,
        background: Background = THREADS,
    ) -> None:
        self.name = name
        self.id = id
        self._background = background
        self._clock = background.monotonic
        self._on_use = on_use
        self._keys = keys
        self.reason = ""
        self._transport = transport
        self._on_close = on_close
        self._rate = transport.codec.rate
        self._outgoing = Outgoing(
            transport.codec,
            transport.lead,
            max(transport.together, FRAME_SECONDS),
            background,
        )
        self._marked: dict[str, Playing] = {}
        self._ending: list[tuple[float, Playing]] = []  # ends by time, without a mark
        self._marks = 0
        self._sending = threading.RLock()
        self._taps: list[_Tap] = []
        self._rest = np.zeros(0, np.int16)
        self._samples = 0  # received, with silence put in
        self._silence = 0  # of these, put in by this machine's clock
        self._began: float | None = None
        self._sent_at = 0.0  # stream's time of the last audio
        self._sent_on_clock = 0.0  # the same by this machine's clock
        self._last = np.zeros(0, np.int16)
        self._on_speech: list[tuple[SpeechDetector, OnSpeech]] = []
        self._on_key: list[OnKey] = []
        self._over = background.event()
        self._closing = threading.Lock()
        self._closed = False
        self._driver: SocketDriver | TurnDriver = (
            TurnDriver(background, transport.attach, self._turns)
            if transport.socket is None
            else SocketDriver(transport.socket, self._turns)
        )

    def start(self) -> Self:
        """Begin to read and send."""
        self._began = self._sent_at = self._sent_on_clock = self._clock()
        self._driver.start()
        return self

    # Facts.

    @property
    def rate(self) -> int:
        """Return the samples per second, both ways."""
        return self._rate

    @property
    def format(self) -> str:
        """Return Asterisk's name of the format, such as ``slin16``."""
        return self._transport.codec.name

    @property
    def ended(self) -> bool:
        """Return whether it has ended: hung up, closed, or broken."""
        return self._over.is_set()

    @property
    def time(self) -> float:
        """Return the seconds of audio received so far."""
        return self._samples / self._rate

    @property
    def dropped(self) -> int:
        """Return the number of messages that could not be used, and of frames lost by consumers."""
        return self._transport.dropped + sum(tap.dropped for tap in self._taps)

    @property
    def level(self) -> float:
        """Return the level of the last frame in dBFS, at least -90."""
        return max(Sound(self._last, self._rate).level, QUIETEST)

    # Receiving.

    def record(
        self,
        seconds: float | None = None,
        *,
        until_silence: float | None = None,
        timeout: float | None = None,
        threshold: float = -40.0,
    ) -> Sound:
        """Return the audio received from now on.

        It ends early with the call; then the sound has the audio received so far.

        Args:
            seconds: its length, at most.
            until_silence: seconds of silence after speech that end it.
            timeout: with ``until_silence``: seconds to wait for speech; None: 30.
            threshold: level in dBFS from which a frame counts as speech.

        Raises:
            UsageProblem: neither ``seconds`` nor ``until_silence``.
            ConnectionLost: the stream has ended before.
        """
        recorder = _Recorder(self._rate, seconds, until_silence, timeout, threshold)
        with self._tap() as tap:
            while wanted := recorder.wanted:
                recorder.add(tap.take(wanted))
        return self._recorded(recorder.sound, threshold)

    async def arecord(
        self,
        seconds: float | None = None,
        *,
        until_silence: float | None = None,
        timeout: float | None = None,
        threshold: float = -40.0,
    ) -> Sound:
        """Return the audio received from now on, as `record` does, for coroutines."""
        recorder = _Recorder(self._rate, seconds, until_silence, timeout, threshold)
        with self._tap() as tap:
            while wanted := recorder.wanted:
                recorder.add(await tap.take_later(wanted))
        return self._recorded(recorder.sound, threshold)

    def _recorded(self, made: Sound, threshold: float) -> Sound:
        spoken = sum(end - begin for begin, end in made.speech_segments(threshold))
        self._on_use(AudioUse(time.time(), self.id, "record", made.duration, spoken))
        return made

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames from now on."""
        with self._tap() as tap:
            while taken := tap.take():
                yield Frame(taken[0][0], self._rate, taken[0][1])

    async def __aiter__(self) -> AsyncIterator[Frame]:
        """Yield the frames from now on."""
        with self._tap() as tap:
            while taken := await tap.take_later():
                yield Frame(taken[0][0], self._rate, taken[0][1])

    @contextlib.contextmanager
    def _tap(self) -> Iterator[_Tap]:
        if self.ended:
            raise ConnectionLost(
                f"the audio of {self.name} has ended" + (f": {self.reason}" if self.reason else "")
            )
        tap = _Tap(self._background)
        self._taps.append(tap)
        if self.ended:  # meanwhile
            tap.end()
        try:
            yield tap
        finally:
            self._taps.remove(tap)

    def on_speech(
        self, function: OnSpeech, *, threshold: float = -40.0, end_after: float = 0.5
    ) -> OnSpeech:
        """Call a function when speech begins (True) and ends (False).

        It is called in the stream's thread, so it returns soon: it may stop what is playing, and
        wakes other threads for the rest. An exception is logged.

        Args:
            function: called with whether speech has begun.
            threshold: level in dBFS from which a frame counts as speech.
            end_after: seconds of silence after which speech has ended.
        """
        self._on_speech.append((SpeechDetector(threshold, end_after=end_after), function))
        return function

    def on_dtmf(self, function: OnKey) -> OnKey:
        """Call a function with each DTMF key; see `on_speech`."""
        self._on_key.append(function)
        return function

    def key(self, digit: str) -> None:
        """Report a DTMF key, which Asterisk has published otherwise than in the audio."""
        for function in tuple(self._on_key):
            self._call(function, digit)

    # Sending.

    def play(self, sound: Sound | ArrayLike, rate: int | None = None) -> Playing:
        """Play a sound behind those that play.

        Args:
            sound: a `Sound`, or an array of samples.
            rate: samples per second of an array; None: the stream's.

        Returns:
            A handle: ``wait()`` until it was heard, ``stop()`` it at once.

        Raises:
            AudioError: empty or invalid samples.
            ConnectionLost: the stream has ended.
        """
        made = sound if isinstance(sound, Sound) else Sound(sound, rate or self._rate)
        self._background.catch_up()
        with self._sending:
            if self.ended:
                raise ConnectionLost(f"the audio of {self.name} has ended: nothing can be played")
            playing = self._outgoing.add(made, self._stop, self._played)
        self._driver.wake()
        return playing

    def _played(self, playing: Playing) -> None:
        self._on_use(
            AudioUse(time.time(), self.id, "play", playing.duration, playing.heard, playing.stopped)
        )

    def say(self, text: str, voice: str | None = None) -> Playing:
        """Play a spoken text; see `Sound.speech`."""
        return self.play(Sound.speech(text, voice))

    def stop(self) -> int:
        """Stop everything that plays; return the milliseconds of the first that were heard."""
        self._background.catch_up()
        with self._sending:
            playing = list(dict.fromkeys((*self._sent(), *self._outgoing.queue)))
            heard = [each.stop() for each in playing]
        return heard[0] if heard else 0

    def _sent(self) -> tuple[Playing, ...]:
        """Return the sounds that were sent and whose end is not confirmed."""
        return (*self._marked.values(), *(each for _, each in self._ending))

    def _stop(self, playing: Playing) -> None:
        self._background.catch_up()
        with self._sending:
            if playing.done:
                return
            now = self._now()
            begun = playing.sent > 0
            left = self._outgoing.ahead(now) if begun else 0.0
            self._outgoing.drop(playing)
            over = {playing, *(self._flush(now, playing) if begun else ())}
            self._marked = {k: each for k, each in self._marked.items() if each not in over}
            self._ending = [(at, each) for at, each in self._ending if each not in over]
            playing.end(playing.sent - left, stopped=True)

    def _flush(self, now: float, stopped: Playing) -> set[Playing]:
        """Drop the far end's queue, if it has one; return the sounds that are sent again."""
        with contextlib.suppress(OSError):  # the thread finds out why
            self._transport.flush()
            if self._transport.marks:
                return self._outgoing.flushed(now, stopped)
        return set()

    # Life.

    def end(self) -> None:
        """End the stream, as a hangup does; objects created for it stay until `close`."""
        self._over.set()
        self._driver.wake()

    def close(self) -> None:
        """End the stream and remove the objects created for it; idempotent."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        try:
            self.end()
            self._driver.join(timeout=10)
            self._transport.close()
            self._end("")
        finally:
            self._driver.close()
            self._on_close()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has ended, as by a hangup; return whether it has.

        Args:
            timeout: seconds; None: without limit.
        """
        return self._over.wait(timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = f"ended{f': {self.reason}' if self.reason else ''}" if self.ended else "open"
        return f"<audio of {self.name}: {state}, {self.format}, {self.time:.1f} s received>"

    # Turns: in a thread, or of the background.

    def _turns(self) -> Generator[float, bool, None]:
        """Receive and send; yield the seconds until the next turn, are sent whether to receive."""
        reason = ""
        try:
            readable = False  # receiving waits where nothing has come
            while not self._over.is_set():
                readable = yield self._turn(readable=readable)
        except GeneratorExit:
            raise
        except TimeoutError:
            reason = "Asterisk reads nothing"
        except OSError as error:
            reason = error.strerror or str(error)
        except Exception as error:
            log.exception("the audio of %s failed", self.name)
            reason = str(error)
        self._end(reason)

    def _now(self) -> float:
        """Return the stream's time."""
        began = self._began or 0.0
        early = self._transport.lead + FRAME_SECONDS
        sent = (self._samples - self._silence) / self._rate
        return max(self._clock(), began + sent - early)

    def _turn(self, *, readable: bool) -> float:
        """Receive, fill and send; return the seconds until the next turn is due."""
        if readable:
            for received in self._transport.receive():
                self._take(received)
        self._fill(self._clock())
        if self._over.is_set():
            return 0.0
        now = self._now()
        with self._sending:
            self._send(now)
            due = self._outgoing.next_due(now)
        return _LATE_SECONDS / 2 if due is None else min(due, _LATE_SECONDS / 2)

    def _send(self, now: float) -> None:
        due = self._outgoing.take(now)
        if due or self._is_idle(now):
            self._sent_at, self._sent_on_clock = now, self._clock()
            if not due:
                codec = self._transport.codec
                self._transport.send(codec.encode(np.zeros(codec.frame_samples, np.int16)))
        for audio, ended in due if not self._transport.together else _joined(due):
            try:
                self._transport.send(audio)
            except BaseException:
                self._ending += [(now, each) for _, each in due if each is not None]
                raise
            if ended is None:
                continue
            if self._transport.marks:
                self._marks += 1
                self._transport.mark(f"m{self._marks}")
                self._marked[f"m{self._marks}"] = ended
            until = now + self._outgoing.ahead(now)
            grace = _GRACE_SECONDS if self._transport.marks else 0.0
            self._ending.append((until + grace, ended))
        if self._ending:
            self._ended(now)

    def _is_idle(self, now: float) -> bool:
        """Return whether a frame of silence is due, for the far end not to give up."""
        idle = self._transport.idle
        silent = max(now - self._sent_at, self._clock() - self._sent_on_clock)
        return idle is not None and silent > idle

    def _ended(self, now: float) -> None:
        over = [each for at, each in self._ending if at <= now or each.done]
        if over:
            self._ending = [(at, each) for at, each in self._ending if each not in over]
            self._marked = {k: each for k, each in self._marked.items() if each not in over}
            for each in over:
                each.end()

    def _take(self, received: object) -> None:
        match received:
            case bytes():
                self._receive(self._transport.codec.decode(received))
            case Key(digit):
                if self._keys:
                    self.key(digit)
            case Mark(name):
                with self._sending:
                    playing = self._marked.pop(name, None)
                if playing is not None:
                    playing.end()
            case FlowControl(open):
                with self._sending:
                    self._outgoing.held = not open
            case Ended(reason):
                self.reason = reason
                self._over.set()

    def _receive(self, samples: NDArray[np.int16]) -> None:
        if self._transport.codec.rate != self._rate:  # MEDIA_START named another format
            samples = Sound(samples, self._transport.codec.rate).resample(self._rate).int16
        size = round(self._rate * FRAME_SECONDS)
        if len(samples) == size and not len(self._rest):
            self._received(samples)
            return
        whole = np.concatenate([self._rest, samples])
        count = len(whole) // size * size
        for begin in range(0, count, size):
            self._received(whole[begin : begin + size])
        self._rest = whole[count:]

    def _received(self, samples: NDArray[np.int16]) -> None:
        """Add a frame; leave it out where it is silence, and that was put in its place already."""
        if self._silence > 0 and np.abs(samples).max() < _QUIET:
            ahead = self._samples / self._rate - (self._clock() - (self._began or 0.0))
            if ahead > FRAME_SECONDS:
                self._silence -= len(samples)
                return
        self._frame(samples)

    def _frame(self, samples: NDArray[np.int16]) -> None:
        at = self._samples / self._rate
        self._samples += len(samples)
        self._last = samples
        for tap in tuple(self._taps):
            tap.put(samples, at)
        if self._on_speech:
            level = Sound(samples, self._rate).level
            for detector, function in tuple(self._on_speech):
                if detector.feed(level, FRAME_SECONDS):
                    self._call(function, detector.speaking)

    def _fill(self, now: float) -> None:
        """Put silence where nothing has arrived for a while."""
        assert self._began is not None  # noqa: S101  the thread runs
        size = round(self._rate * FRAME_SECONDS)
        while now - self._began - self._samples / self._rate > _LATE_SECONDS + FRAME_SECONDS:
            self._silence += size
            self._frame(np.zeros(size, np.int16))

    def _call(self, function: Callable[[Any], object], argument: object) -> None:
        try:
            function(argument)
        except Exception:
            log.exception("%s failed", getattr(function, "__name__", function))

    def _end(self, reason: str) -> None:
        self.reason = self.reason or reason
        self._over.set()
        with self._sending:
            left = self._outgoing.ahead(self._now())
            for playing in dict.fromkeys((*self._sent(), *self._outgoing.queue)):
                self._outgoing.drop(playing)
                playing.end(playing.sent - left)
            self._marked.clear()
            self._ending.clear()
        for tap in tuple(self._taps):
            tap.end()


def _joined(due: Iterable[Due]) -> Iterator[Due]:
    """Yield frames as one message each, up to the end of a sound."""
    parts: list[bytes] = []
    for frame, ended in due:
        parts.append(frame)
        if ended is not None:
            yield b"".join(parts), ended
            parts = []
    if parts:
        yield b"".join(parts), None
