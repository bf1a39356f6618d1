"""Groups of related channel state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ari_notebook.simulator.clock import Timer
from ari_notebook.simulator.media.audio_source import AudioSource
from ari_notebook.simulator.pbx.caller_id import UNKNOWN, CallerId

__all__ = ["CallParties", "ChannelAudio", "DialplanState", "Location", "PublishedSnapshot"]

Location: TypeAlias = tuple[str, str, int]  # context, extension, priority


@dataclass(slots=True)
class CallParties:
    """The parties of a channel's call.

    Attributes:
        caller: the caller ID.
        connected: the connected line.
        redirected_from: the number that the call was redirected from.
        dialed: the dialled extension.
    """

    caller: CallerId = UNKNOWN
    connected: CallerId = UNKNOWN
    redirected_from: str = ""
    dialed: str = ""


@dataclass(slots=True)
class DialplanState:
    """A channel's dialplan location and running application.

    Attributes:
        context: of the location.
        exten: the extension.
        priority: of the extension.
        application: the name and data of the application that runs.
        jump: location at which an application continues; None: the next priority.
        subroutines: return locations of Gosub, with the variables that each call hides.
        running: whether the dialplan runs on the channel.
        digits: digits collected for an extension.
        time_limit: timer of TIMEOUT(absolute), which ends the call.
        timed_out: whether that timer hung the channel up.
    """

    context: str = "default"
    exten: str = "s"
    priority: int = 1
    application: tuple[str, str] = ("", "")
    jump: Location | None = None
    subroutines: list[tuple[str, str, int, dict[str, str]]] = field(default_factory=list)
    running: bool = False
    digits: str = ""
    time_limit: Timer | None = None
    timed_out: bool = False

    @property
    def location(self) -> Location:
        """Return context, extension and priority."""
        return self.context, self.exten, self.priority

    @location.setter
    def location(self, location: Location) -> None:
        self.context, self.exten, self.priority = location


@dataclass(slots=True)
class ChannelAudio:
    """The audio of a channel, with its hooks.

    Attributes:
        source: the audio that comes from the far end.
        played: what ARI plays to the far end.
        hooks: the names of the audio hooks.
        muted: the directions that are muted: ``in``, ``out``.
        wideband: whether ARI made the channel without naming formats.
        intercepts_hold: whether a hold is published instead of passed to the bridge.
        on_first_audio: called once with the first audio from the far end.
        on_digit: called with each DTMF digit from the far end.
        echo: whether the channel receives its own audio.
        far: returns the audio from the far end in the mixer's frame, given the mixer and a rate;
            None: the source says it.
        near: returns what a program of the dialplan sends to the far end, likewise.
        whispers_in: snoop channels whose audio is added to that from the far end.
        whispers_out: snoop channels whose audio is added to what the far end is sent.
    """

    source: AudioSource = field(default_factory=AudioSource)
    played: AudioSource = field(default_factory=AudioSource)
    hooks: set[str] = field(default_factory=set)
    muted: set[str] = field(default_factory=set)
    wideband: bool = False
    intercepts_hold: bool = False
    on_first_audio: Callable[[], None] | None = None
    on_digit: Callable[[str], None] | None = None
    echo: bool = False
    far: Callable[[Any, int], Any] | None = None
    near: Callable[[Any, int], Any] | None = None
    whispers_in: list[Any] = field(default_factory=list)
    whispers_out: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class PublishedSnapshot:
    """The content of the last event about a channel.

    Attributes:
        position: the dialplan location of the last ChannelDialplan.
        fields: fields of the channel's object that may have changed since.
        caller: whether the current caller ID was published.
    """

    position: Location | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    caller: bool = True
