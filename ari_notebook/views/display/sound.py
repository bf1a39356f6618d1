"""A `Sound` in a notebook: a player, its waveform and its spectrogram."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from ari_notebook.audio.sound import Sound
from ari_notebook.views.display.html import DataUrl, Markup, element, style_sheet
from ari_notebook.views.display.waveform import waveform_svg

__all__ = ["sound_html", "spectrogram_png"]

_LONGEST_SECONDS = 60.0  # of the player: longer sounds would bloat the notebook
_PLAYED_RATE = 16_000  # samples a second that a player needs at most
_WIDTH, _HEIGHT = 600, 96
_DYNAMICS = 70.0  # dB between the darkest and the brightest
_COLOURS = np.array(  # from the floor to the loudest, even in lightness
    [(13, 17, 43), (53, 36, 106), (122, 45, 118), (196, 65, 88), (240, 122, 53), (252, 224, 140)]
)
_STYLE = """
.ari-sound{font:13px system-ui,sans-serif;max-width:640px;margin:4px 0}
.ari-sound audio{width:100%;height:36px;display:block;margin:4px 0}
.ari-sound .wave{width:100%;height:48px;display:block;color:#2f6fb3}
.ari-sound .wave rect{fill:currentColor}
.ari-sound img{width:100%;height:96px;display:block;margin-top:4px;border-radius:3px}
.ari-sound small{opacity:.75}
"""


def sound_html(sound: Sound) -> Markup:
    """Return the form of a sound: facts, player, waveform, spectrogram."""
    text = repr(sound).partition(" ")[2].rstrip(">").rpartition(" ")[0] if sound else "empty"
    played = sound[:_LONGEST_SECONDS]
    if played.rate > _PLAYED_RATE:
        played = played.resample(_PLAYED_RATE)
    note = f"; the player has the first {_LONGEST_SECONDS:.0f} s"
    return element(
        "div",
        style_sheet(_STYLE),
        element("small", f"Sound: {text}{note if sound.duration > _LONGEST_SECONDS else ''}"),
        element("audio", controls=True, src=DataUrl.of("audio/wav", played.encode()))
        if sound
        else None,
        waveform_svg(sound.peaks(150), f"waveform: {text}") if sound else None,
        element(
            "img",
            src=DataUrl.of("image/png", spectrogram_png(sound)),
            alt=f"spectrogram from 0 to {sound.rate // 2} Hz over {sound.duration:.2f} s",
        )
        if sound
        else None,
        class_="ari-sound",
    )


def spectrogram_png(sound: Sound) -> bytes:
    """Return a spectrogram: time to the right, frequency upwards to half the rate."""
    size = 1 << max(6, (sound.rate // 40).bit_length())  # about 25 to 50 ms
    wave = np.concatenate([np.zeros(size // 2), sound.floats.astype(np.float64), np.zeros(size)])
    columns = max(1, min(_WIDTH, len(sound) // (size // 8) + 1))
    at = np.linspace(0, max(0, len(wave) - size - 1), columns).astype(int)
    window = np.hanning(size)
    blocks = np.stack([wave[begin : begin + size] for begin in at]) * window
    power = np.abs(np.fft.rfft(blocks)) ** 2 / np.sum(window) ** 2 * 4
    rows = np.array_split(power[:, 1:], min(_HEIGHT, size // 2), axis=1)
    levels = 10 * np.log10(np.maximum(np.stack([row.max(axis=1) for row in rows]), 1e-12))
    top = max(float(levels.max()), -60.0)
    return _png(_coloured(np.clip((levels[::-1] - top) / _DYNAMICS + 1, 0, 1)))


def _coloured(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    steps = np.linspace(0, 1, len(_COLOURS))
    colours = [np.interp(values, steps, _COLOURS[:, channel]) for channel in range(3)]
    return np.stack(colours, axis=-1).astype(np.uint8)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """Return an RGB picture as PNG."""
    height, width, _ = pixels.shape
    lines = np.zeros((height, 1 + 3 * width), np.uint8)  # each begins with its filter: none
    lines[:, 1:] = pixels.reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", zlib.compress(lines.tobytes(), 6))
        + _chunk(b"IEND", b"")
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
