from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from ari_notebook.simulator.media import samples


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
    sound = samples.join([samples.silence(1)])
    sound.extend(range(-32768, 32768, 7))
    for sample, octet in zip(sound, samples.encode(format, sound), strict=True):
        assert abs(decode(octet) - sample) <= max(16, abs(sample) // 16)


def test_wav_file_is_what_the_standard_library_reads(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(samples.encode("wav", samples.tone(500, 440.0)))
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
    path.write_bytes(samples.encode(format, samples.tone(1000, *samples.key_frequencies("5"))))
    assert samples.file_duration(path) == 1000


@pytest.mark.parametrize("format", ["wav", "wav16", "au", "ulaw", "sln"])
def test_file_can_be_added_to(format: str) -> None:
    first, second = samples.silence(100), samples.tone(50, 440.0)
    both = samples.extend(format, samples.encode(format, first), second)
    assert both == samples.encode(format, samples.join([first, second]))


def test_coded_formats_are_known_but_hold_nothing() -> None:
    for format in ("g723", "g729", "siren7", "opus"):
        assert samples.is_known(format)
        assert samples.encode(format, samples.silence(100)) == b""
    assert not samples.is_known("mp3")
    assert not samples.is_known(None)


def test_dtmf_key_has_its_two_frequencies() -> None:
    sound = samples.tone(200, *samples.key_frequencies("1"))

    def energy(hertz: float) -> float:
        import cmath

        step = -2j * cmath.pi * hertz / samples.RATE
        return abs(sum(s * cmath.exp(step * n) for n, s in enumerate(sound)))

    assert min(energy(697), energy(1209)) > 20 * max(energy(941), energy(1477))
    assert not any(samples.tone(20, *samples.key_frequencies("x")))
