"""How far a playback is.

ARI reports the begin and the end of a playback, not its position. What moves it in between are
requests of this session: ``control`` with pause, unpause, restart, reverse and forward, which skip
by the playback's ``skipms``.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PlaybackClock"]

SKIP_SECONDS = 3.0  # Asterisk's default of ``skipms``


@dataclass(slots=True)
class PlaybackClock:
    """The position of one playback. Times are seconds since 1970.

    Attributes:
        target: topic of the channel or bridge that it plays to, as ``channel:ID``.
        media: URI of the current medium.
        at: when it was at ``position``.
        position: seconds into the medium.
        skip: seconds that reverse and forward move it.
        paused: whether it is paused.
        moved: whether its time says no longer how long the medium is.
    """

    target: str
    media: str
    at: float
    position: float = 0.0
    skip: float = SKIP_SECONDS
    paused: bool = False
    moved: bool = False

    def now(self, at: float) -> float:
        """Return the position at a time."""
        return self.position + (0.0 if self.paused else max(0.0, at - self.at))

    def control(self, operation: str, at: float, length: float | None) -> None:
        """Apply an operation that Asterisk has carried out.

        Args:
            operation: as ``POST /playbacks/{playbackId}/control`` names it.
            at: when.
            length: of the medium in seconds; None where it is unknown.
        """
        position = self.now(at)
        if operation == "pause":
            self.paused = True
        elif operation == "unpause":
            self.paused = False
        else:
            self.moved = True
            if operation == "restart":
                position = 0.0
            elif operation == "reverse":
                position = max(0.0, position - self.skip)
            elif operation == "forward":
                position += self.skip
                if length is not None and position >= length:
                    position = max(0.0, length - self.skip)  # Asterisk goes back from the end
        self.position, self.at = position, at
