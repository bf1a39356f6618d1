from __future__ import annotations

import wave
from array import array
from collections.abc import Callable
from pathlib import Path

import pytest

from ari_notebook import Sound
from ari_notebook.simulator.media import samples


def tone(milliseconds: int, *frequencies: float, rate: int = samples.RATE) -> array[int]:
    return array("h", Sound.tone(frequencies, milliseconds / 1000, rate).int16.tobytes())


def decode_ulaw(octet: int) -> int:
    octet = ~octet & 0xFF
    value = (((octet & 0x0F) << 3) + 0x84 << ((octet & 0x70) >> 4)) - 0x84
    return -value if octet & 0x80 else value


def decode_alaw(octet: int) -> int:
    octet ^= 0x55
    segment, value = (octet & 0x70) >> 4, (octet & 0x0F) << 4
    value = value + 8 if segment == 0 else value + 0x108 << segment - 1
    return value if octet & 0x80 else -value


@pytest.mark.parametrize(
    ("format", "decode"), [("ulaw", decode_ulaw), ("alaw", decode_alaw)], ids=["ulaw", "alaw"]
)
def test_g711_keeps_every_sample_within_its_step(format: str, decode: Callable[[int], int]) -> None:
    sound = array("h", [*[0] * 8, *range(-32768, 32768, 7)])
    for sample, octet in zip(sound, samples.encode(format, sound), strict=True):
        assert abs(decode(octet) - sample) <= max(16, abs(sample) // 16)


def test_wav_file_is_what_the_standard_library_reads(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(samples.encode("wav", tone(500, 440.0)))
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (8000, 2, 1)
        assert file.getnframes() == 4000
    assert samples.file_duration(path) == 500


@pytest.mark.parametrize(
    "format",
    sorted(f for f in samples.FORMATS if samples.is_writable(f) and f not in ("ogg", "opus")),
)
def test_duration_of_every_writable_format(format: str, tmp_path: Path) -> None:
    path = tmp_path / f"x.{samples.extension(format)}"
    sound = tone(1000, *samples.key_frequencies("5"), rate=samples.sample_rate(format))
    path.write_bytes(samples.encode(format, sound))
    assert samples.file_duration(path) == 1000


@pytest.mark.parametrize("format", ["wav", "wav16", "au", "ulaw", "sln"])
def test_file_can_be_added_to(format: str) -> None:
    first, second = tone(100), tone(50, 440.0)
    both = samples.extend(format, samples.encode(format, first), second)
    assert both == samples.encode(format, first + second)


def test_coded_formats_are_known_but_hold_nothing() -> None:
    for format in ("g723", "g729", "siren7", "opus"):
        assert samples.is_known(format)
        assert samples.encode(format, tone(100)) == b""
    assert not samples.is_known("mp3")
    assert not samples.is_known(None)


def test_dtmf_key_has_its_two_frequencies() -> None:
    sound = tone(200, *samples.key_frequencies("1"))

    def energy(hertz: float) -> float:
        import cmath

        step = -2j * cmath.pi * hertz / samples.RATE
        return abs(sum(s * cmath.exp(step * n) for n, s in enumerate(sound)))

    assert min(energy(697), energy(1209)) > 20 * max(energy(941), energy(1477))
    assert not samples.key_frequencies("x")
