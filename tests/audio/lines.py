"""Lines: calls between two parts of a test, and the comparison of what was sent and received."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import numpy as np

from ari_notebook import Channel, Session, Sound

FRAME = 0.02
WAIT = 60.0


@dataclass
class Line:
    """Both halves of a Local channel, in the application: audio to one comes from the other."""

    near: Channel
    far: Channel


def line_of(ari: Session, rate: int) -> Line:
    """Make a line whose halves have a rate."""
    near, far = (f"line-{uuid.uuid4()}" for _ in range(2))
    app = ari.apps[0]
    ari.channels.originate(
        endpoint=f"Local/s@stasis-{app}/n",
        app=app,
        channelId=near,
        otherChannelId=far,
        formats="slin" if rate == 8000 else f"slin{rate // 1000}",
    )
    ari.wait_for("StasisStart", channel=far, timeout=WAIT)
    ari.channels[far].answer()
    ari.wait_for("StasisStart", channel=near, timeout=WAIT)
    return Line(ari.channels[near], ari.channels[far])


@dataclass
class Comparison:
    """What was received, compared with what was sent.

    Attributes:
        alike: how many of ten parts were found.
        spread: seconds between the earliest and the latest delay of a part.
        level: median difference in dB.
        length: difference in seconds between the first part's begin and the last part's end.
    """

    alike: int
    spread: float
    level: float
    length: float

    @property
    def good(self) -> bool:
        """Return whether it arrived whole, in time and as loud."""
        return (
            self.alike == 10
            and self.spread <= FRAME
            and abs(self.level) <= 0.5
            and abs(self.length) <= FRAME
        )


def compare(said: Sound, received: Sound) -> Comparison:
    """Compare ten parts of what was said, each 0.1 s, with what was received."""
    parts = [said[at / 10 : (at + 1) / 10] for at in range(10)]
    found = [(part, *received.find(part)) for part in parts]
    alike = [(at, part, begin) for at, (part, begin, same) in enumerate(found) if same > 0.95]
    if not alike:
        return Comparison(0, np.inf, np.inf, np.inf)
    delays = [begin - at / 10 for at, _, begin in alike]
    levels = [received[begin : begin + 0.1].level - part.level for _, part, begin in alike]
    length = alike[-1][2] + 0.1 - alike[0][2] - 1.0
    return Comparison(len(alike), max(delays) - min(delays), float(np.median(levels)), length)
