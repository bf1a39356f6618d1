"""Talk detection: ChannelTalkingStarted and ChannelTalkingFinished, as TALK_DETECT asks for them.

`Channel.detect_talking` switches it on and off.
"""

from __future__ import annotations

from ari_notebook.simulator.channels import Channel
from ari_notebook.simulator.clock import Timer
from ari_notebook.simulator.naturals import natural

__all__ = ["detect", "ignore"]

SILENCE_MS = 2500


def detect(channel: Channel, settings: str = "") -> None:
    """Tell from now on when a channel's other end talks; anew where that was told before.

    Args:
        channel: whose.
        settings: as TALK_DETECT takes them: after how many milliseconds of silence it is told,
            and how loud talk is, which all talk of simulated phones is; 2500 where not given.
    """
    ignore(channel)
    given = settings.partition(",")[0].strip()
    silence_ms = natural(given) or SILENCE_MS
    channel.stop_talk_detection = _Detector(channel, silence_ms).stop


def ignore(channel: Channel) -> None:
    """Tell it no more."""
    if channel.stop_talk_detection is not None:
        channel.stop_talk_detection()
        channel.stop_talk_detection = None


class _Detector:
    """Listens to what one channel says."""

    def __init__(self, channel: Channel, silence_ms: int) -> None:
        self._channel = channel
        self._silence = silence_ms / 1000
        self._since: float | None = None
        self._quiet_since: float | None = None
        self._timer: Timer | None = None
        channel.voice.listen(self.changed)
        self.changed()

    def stop(self) -> None:
        """Listen no more."""
        self._channel.voice.ignore(self.changed)
        self._forget_silence()

    def changed(self) -> None:
        """The voice changes, now or in a moment."""
        self._channel.exchange.soon(self._look)

    def _look(self) -> None:
        channel = self._channel
        if channel.gone:
            self.stop()
        elif channel.voice.sound.kind in ("speech", "tone"):
            self._forget_silence()
            if self._since is None:
                self._since = channel.exchange.now
                channel.publish("ChannelTalkingStarted")
        elif self._since is not None and self._timer is None:
            self._quiet_since = channel.exchange.now
            self._timer = channel.exchange.after(self._silence, self._finish)

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
            exchange.publish({**event, "channel": channel.json()}, [("channel", channel.id)])
