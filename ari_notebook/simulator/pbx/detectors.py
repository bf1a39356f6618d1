"""Talk and tone detection: ChannelTalkingStarted, ChannelTalkingFinished, ChannelToneDetected.

The dialplan functions TALK_DETECT and TONE_DETECT attach them to a channel.
"""

from __future__ import annotations

from collections.abc import Callable

from ari_notebook.simulator.clock import Timer
from ari_notebook.simulator.media.audio_source import NOTHING, AudioSignal
from ari_notebook.simulator.numbers import natural
from ari_notebook.simulator.pbx.channel import Channel

__all__ = ["TalkDetector", "ToneDetector", "attach_talk_detector", "detach_talk_detector"]

SILENCE_MS = 2500
_FRAME = 0.02


def _heard(channel: Channel) -> AudioSignal:
    """Return the far end's signal: none while a tone is played to it.

    Asterisk then reads the channel without its audio (``main/app.c``, ast_control_tone).
    """
    return NOTHING if channel.audio.played.signal.kind == "tone" else channel.audio.source.signal


def _subscribe(channel: Channel, changed: Callable[[], None]) -> None:
    for source in (channel.audio.source, channel.audio.played):
        source.subscribe(changed)


def _unsubscribe(channel: Channel, changed: Callable[[], None]) -> None:
    for source in (channel.audio.source, channel.audio.played):
        source.unsubscribe(changed)


def attach_talk_detector(channel: Channel, settings: str = "") -> None:
    """Attach a talk detector to a channel, replacing an earlier one.

    Args:
        channel: the channel.
        settings: arguments of TALK_DETECT: milliseconds of silence after which talk has ended
            (default 2500), and the level of talk, which simulated phones always exceed.
    """
    detach_talk_detector(channel)
    given = settings.partition(",")[0].strip()
    silence_ms = natural(given) or SILENCE_MS
    channel.attach(TalkDetector(channel, silence_ms))


def detach_talk_detector(channel: Channel) -> None:
    """Detach the talk detector of a channel; idempotent."""
    detector = channel.detach(TalkDetector)
    if detector is not None:
        detector.stop()


class TalkDetector:
    """Publishes when the far end of a channel starts and stops talking."""

    def __init__(self, channel: Channel, silence_ms: int) -> None:
        self._channel = channel
        self._silence = silence_ms / 1000
        self._since: float | None = None
        self._quiet_since: float | None = None
        self._timer: Timer | None = None
        self._next: Timer | None = None
        _subscribe(channel, self.changed)
        self.changed()

    def stop(self) -> None:
        """Stop detecting."""
        _unsubscribe(self._channel, self.changed)
        self._forget_silence()
        self._forget_next()

    def changed(self) -> None:
        """Handle a change of the audio."""
        self._channel.exchange.soon(self._look)

    def _look(self) -> None:
        channel = self._channel
        self._forget_next()
        if channel.gone:
            self.stop()
            return
        talking, seconds = self._current_part()
        if seconds is not None:
            # A frame later, as a pause at the end of a sound ends with the sound.
            self._next = channel.exchange.after(seconds + _FRAME, self._look)
        if talking:
            self._forget_silence()
            if self._since is None:
                self._since = channel.exchange.now
                channel.publish("ChannelTalkingStarted")
        elif self._since is not None and self._timer is None:
            self._quiet_since = channel.exchange.now
            self._timer = channel.exchange.after(self._silence, self._finish)

    def _current_part(self) -> tuple[bool, float | None]:
        """Return whether the far end talks, and after how many seconds that changes, if known."""
        signal, talking, length = _heard(self._channel), False, 0
        if signal.kind not in ("speech", "tone"):
            return False, None
        for milliseconds, frequencies in signal.parts(self._channel.exchange.now, _LONGEST):
            if length and talking != bool(frequencies):
                return talking, length / 1000
            talking, length = bool(frequencies), length + milliseconds
        return talking, None

    def _forget_next(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _forget_silence(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _finish(self) -> None:
        since, until = self._since, self._quiet_since
        self._since = self._timer = None
        if since is not None and until is not None and not self._channel.gone:
            duration = round((until - since) * 1000)
            exchange, channel = self._channel.exchange, self._channel
            event = {"duration": duration, **exchange.event("ChannelTalkingFinished")}
            exchange.publish({**event, "channel": channel.json()}, (channel.topic,))


_LONGEST = 60_000  # ms of a tone that are analysed


class ToneDetector:
    """Publishes when a tone is detected in the audio of a channel's far end.

    Args:
        channel: the channel.
        frequency: in Hz.
        milliseconds: minimum duration of the tone; a shorter burst is detected as well.
        wanted: number of detections from which on it is published.
        ends: whether it is published only once.

    Attributes:
        count: the number of detections.
    """

    def __init__(
        self, channel: Channel, frequency: int, milliseconds: int, wanted: int, *, ends: bool
    ) -> None:
        self.count = 0
        self._channel = channel
        self._frequency = frequency
        self._milliseconds = milliseconds
        self._wanted = wanted
        self._ends = ends
        self._timer: Timer | None = None
        _subscribe(channel, self._changed)
        self._changed()

    def stop(self) -> None:
        """Stop detecting."""
        _unsubscribe(self._channel, self._changed)
        self._forget()

    def _changed(self) -> None:
        """Handle a change of the audio."""
        self._channel.exchange.soon(self._look)

    def _look(self) -> None:
        self._forget()
        channel, signal = self._channel, _heard(self._channel)
        over = self._ends and self.count >= self._wanted
        if channel.gone or over or channel.audio.wideband or signal.kind != "tone":
            return
        at = 0
        for length, frequencies in signal.parts(channel.exchange.now, _LONGEST):
            if frequencies == (self._frequency,):
                seconds = (at + min(length, self._milliseconds)) / 1000
                self._timer = channel.exchange.after(seconds, self._hit)
                return
            at += length

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _hit(self) -> None:
        self._timer = None
        self.count += 1
        if self.count >= self._wanted and not self._channel.gone:
            self._channel.publish("ChannelToneDetected")
