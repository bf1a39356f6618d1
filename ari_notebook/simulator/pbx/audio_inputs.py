"""The audio that is recorded: of a channel, or the mix of a bridge, by the mixer's frames."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ari_notebook.simulator.media.recording import OnSamples
from ari_notebook.simulator.pbx.bridge import Bridge
from ari_notebook.simulator.pbx.channel import Channel

if TYPE_CHECKING:
    from ari_notebook.simulator.media.renderer import Frame
    from ari_notebook.simulator.pbx.mixer import Mixer, Read

__all__ = ["BridgeInput", "ChannelInput"]


class ChannelInput:
    """What the exchange receives from a channel; a `media.recording.AudioInput`.

    Args:
        channel: the channel.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    @property
    def has_frames(self) -> bool:
        """Return whether the far end sends frames."""
        return self._channel.audio.source.signal.has_frames

    @property
    def wakes(self) -> bool:
        """Return whether a generator of the channel sends."""
        return self._channel.audio.source.wakes

    def listen(
        self, rate: int, on_frame: OnSamples, *, endless: bool = False
    ) -> Callable[[], None]:
        """Begin to receive frames; see `media.recording.AudioInput`."""
        mixer = self._channel.exchange.mixer
        return _tap(mixer, partial(mixer.incoming, self._channel), rate, on_frame, endless)


class BridgeInput:
    """The mix of a bridge's members and of what is played to them; an `AudioInput`.

    Args:
        bridge: the bridge.
    """

    wakes = False

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    @property
    def has_frames(self) -> bool:
        """Return whether it has members; a holding bridge mixes nothing."""
        return bool(self._bridge.members) and self._bridge.bridge_type != "holding"

    def listen(
        self, rate: int, on_frame: OnSamples, *, endless: bool = False
    ) -> Callable[[], None]:
        """Begin to receive frames; see `media.recording.AudioInput`."""
        mixer = self._bridge.exchange.mixer
        return _tap(mixer, partial(mixer.bridged, self._bridge), rate, on_frame, endless)


def _tap(
    mixer: Mixer, read: Read, rate: int, on_frame: OnSamples, endless: bool
) -> Callable[[], None]:
    def take(frame: Frame | None) -> None:
        tap.background = endless and frame is not None
        on_frame(frame)

    tap = mixer.listen(read, rate, take)
    return partial(mixer.leave, tap)
