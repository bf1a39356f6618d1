"""A waveform of recorded sound, as a picture and as a line of text."""

from __future__ import annotations

import io
import wave
from array import array

from ari_notebook.views.display.html import Markup, element

__all__ = ["levels", "waveform_svg", "waveform_text"]

_BARS = 96
_BLOCKS = "▁▂▃▄▅▆▇█"
_HEIGHT = 48.0


def levels(audio: bytes, bars: int = _BARS) -> list[float]:
    """Return the loudest sample of each part of a WAV file, from 0 to 1.

    Args:
        audio: the file, with 16-bit samples; for any other, the result is empty.
        bars: the number of parts.
    """
    try:
        with wave.open(io.BytesIO(audio)) as file:
            if file.getsampwidth() != 2:
                return []
            samples = array("h", file.readframes(file.getnframes()))
    except (wave.Error, EOFError):
        return []
    size = max(1, len(samples) // bars)
    parts = [samples[at : at + size] for at in range(0, len(samples), size)][:bars]
    return [max(max(part), -min(part)) / 0x8000 for part in parts]


def waveform_svg(heights: list[float], label: str) -> Markup:
    """Return levels as bars around a line."""
    loudest = max(heights, default=0) or 1
    bars = [
        element(
            "rect",
            x=4 * place,
            y=round((_HEIGHT - tall) / 2, 1),
            width=3,
            height=round(tall, 1),
            rx=1,
        )
        for place, level in enumerate(heights)
        for tall in (max(2.0, level / loudest * _HEIGHT),)
    ]
    return element(
        "svg",
        *bars,
        viewBox=f"0 0 {4 * max(1, len(heights))} {_HEIGHT:.0f}",
        preserveAspectRatio="none",
        class_="wave",
        role="img",
        aria_label=label,
    )


def waveform_text(heights: list[float]) -> str:
    """Return levels as a line of block characters."""
    loudest = max(heights, default=0) or 1
    return "".join(_BLOCKS[min(7, int(level / loudest * 8))] for level in heights)
