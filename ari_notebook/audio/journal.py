"""What a program has done with the audio of its calls: for lessons, and to look at afterwards."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["MOST_USES", "AudioUse", "Journal", "OnUse"]

MOST_USES = 10_000


@dataclass(frozen=True, slots=True)
class AudioUse:
    """A sound that was played to a call or recorded of it.

    Attributes:
        at: time of its end, in seconds since 1970.
        channel: id of the channel.
        kind: ``play`` or ``record``.
        seconds: its duration; of a recording that of the recorded sound.
        heard: seconds that the far end has heard; of a recording those with speech.
        stopped: whether playing was stopped before its end.
    """

    at: float
    channel: str
    kind: Literal["play", "record"]
    seconds: float
    heard: float
    stopped: bool = False


OnUse: TypeAlias = Callable[[AudioUse], None]
Journal: TypeAlias = "deque[AudioUse]"
