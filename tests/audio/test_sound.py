"""`Sound`: a value of samples and rate, its measures, its files."""

from __future__ import annotations

import math
import pickle
import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from ari_notebook import AudioError, Sound
from ari_notebook.audio import g711, resampling
from ari_notebook.audio.files import EXTENSIONS


def test_parts_are_taken_by_seconds() -> None:
    sound = Sound(np.arange(8000), 8000)
    assert sound[0.5:0.501].samples.tolist() == list(range(4000, 4008))
    assert sound[-0.001:].samples.tolist() == list(range(7992, 8000))
    assert sound[2:].duration == 0
    with pytest.raises(AudioError, match="by seconds"):
        sound[0]  # type: ignore[index]


def test_joined_sounds_have_the_rate_of_the_first() -> None:
    joined = Sound.tone(440, 0.5, 8000) + Sound.tone(880, 0.25, 16000)
    assert (joined.rate, joined.duration) == (8000, 0.75)
    assert sum([Sound.silence(0.1), Sound.silence(0.2)]).duration == pytest.approx(0.3)  # type: ignore[union-attr]


def test_product_is_amplitude_and_clips() -> None:
    sound = Sound(np.array([100, -100, 30000], np.int16))
    assert (sound * 0.5).samples.tolist() == [50, -50, 15000]
    assert (2 * sound).samples.tolist() == [200, -200, 32767]
    assert (sound * -2).samples.tolist() == [-200, 200, -32768]


def test_value_cannot_be_changed_and_is_hashable() -> None:
    source = np.zeros(10, np.int16)
    sound = Sound(source)
    source[:] = 7
    assert not sound.samples.any()
    with pytest.raises(ValueError, match="read-only"):
        sound.samples[0] = 1
    with pytest.raises(AttributeError, match="value"):
        sound.rate = 16000
    assert {sound, Sound(np.zeros(10, np.int16))} == {sound}
    assert pickle.loads(pickle.dumps(sound)) == sound


def test_level_is_relative_to_full_scale() -> None:
    assert Sound(np.full(800, -32768, np.int16)).level == pytest.approx(0)
    assert Sound.tone(440, 1, level=-20).level == pytest.approx(-20, abs=0.05)
    assert Sound.tone((440, 480), 1, level=-20).level == pytest.approx(-20, abs=0.05)
    assert Sound.silence(1).level == Sound.silence(0).level == -math.inf


def test_numpy_takes_the_samples() -> None:
    sound = Sound(np.array([1, 2, 3], np.int16))
    assert np.asarray(sound).dtype == np.int16
    assert np.asarray(sound, np.float64).tolist() == [1.0, 2.0, 3.0]
    assert np.array(sound).flags.writeable
    assert Sound(sound, 16000).rate == 16000


@pytest.mark.parametrize("format", sorted(set(EXTENSIONS) - {"au"}))
def test_file_round_trip_is_bit_exact(format: str, tmp_path: Path) -> None:
    rate = {"wav": 22050, "wav16": 16000}.get(format, 8000)
    if format.startswith("sln") and format != "sln":
        rate = {44: 44100}.get(int(format[3:]), int(format[3:]) * 1000) if format[3:] else 8000
    noise = np.random.default_rng(1).integers(-32768, 32767, 4000).astype(np.int16)
    sound = Sound(noise, rate)
    first = Sound.open(sound.save(tmp_path / f"one.{format}"))
    again = Sound.open(first.save(tmp_path / f"two.{format}"))
    assert first == again
    assert first.rate == rate
    if ("law" not in format and format[0] in "wsr") or format == "slin":
        assert first == sound
    else:
        assert first.find(sound)[1] > 0.99


def test_g711_codes_survive_decoding_and_encoding() -> None:
    codes = bytes(range(256))
    assert g711.alaw_encode(g711.alaw_decode(codes)) == codes
    back = g711.ulaw_encode(g711.ulaw_decode(codes))
    assert [one for one, other in zip(codes, back, strict=True) if one != other] == [0x7F]


def test_g711_has_the_values_of_the_recommendation() -> None:
    assert g711.ulaw_decode(b"\x00\x80\xff").tolist() == [-32124, 32124, 0]
    assert g711.alaw_decode(b"\xd5\x55\x2a\xaa").tolist() == [8, -8, -32256, 32256]
    assert g711.ulaw_encode(np.array([0, 32767, -32768], np.int16)) == b"\xff\x80\x00"


def test_wav_of_other_widths_and_channels_is_read(tmp_path: Path) -> None:
    stereo = tmp_path / "stereo.wav"
    with wave.open(str(stereo), "wb") as file:
        file.setparams((2, 2, 16000, 0, "NONE", ""))
        file.writeframes(np.array([[100, 300], [-4, 4]], "<i2").tobytes())
    assert Sound.open(stereo).samples.tolist() == [200, 0]
    deep = tmp_path / "deep.wav"
    with wave.open(str(deep), "wb") as file:
        file.setparams((1, 3, 8000, 0, "NONE", ""))
        file.writeframes(b"\x00\x00\x40\x00\x00\xc0")
    assert Sound.open(deep).samples.tolist() == [0.5, -0.5]


def test_wav_with_unknown_length_is_read_to_its_end() -> None:
    content = bytearray(Sound.tone(440, 0.1).encode())
    struct.pack_into("<I", content, 40, 0x7FFFF000)  # as programs write that pipe their output
    assert Sound.decode(bytes(content)) == Sound.tone(440, 0.1)


@pytest.mark.parametrize(
    ("content", "format"),
    [(b"RIFF\0\0\0\0WAVE", "wav"), (b".snd", "au"), (b"abc", "gsm"), (b"", ""), (b"\0", "wav49")],
)
def test_unreadable_file_is_one_clear_error(content: bytes, format: str) -> None:
    with pytest.raises(AudioError) as raised:
        Sound.decode(content, format)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("end", [13, 20, 30, 40, 44, 45])
def test_truncated_wav_never_ends_in_another_error(end: int) -> None:
    content = Sound.tone(440, 0.1).encode()[:end]
    if end < 44:
        with pytest.raises(AudioError, match=r"WAV|no reader"):
            Sound.decode(content)
    else:
        assert Sound.decode(content).duration == 0


@pytest.mark.parametrize(
    "samples",
    ["text", b"octets", None, [[[1]]], [1j], [float("nan")], [40000], ["a", "b"], [[1], [2, 3]]],
)
def test_invalid_samples_are_refused(samples: object) -> None:
    with pytest.raises(AudioError):
        Sound(samples)  # type: ignore[arg-type]


@pytest.mark.parametrize("rate", [0, -8000, 8000.5, "8000", True, 10**9])
def test_invalid_rate_is_refused(rate: object) -> None:
    with pytest.raises(AudioError, match="rate"):
        Sound([0], rate)  # type: ignore[arg-type]


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 1e9])
def test_impossible_duration_is_refused(seconds: float) -> None:
    with pytest.raises(AudioError, match="duration"):
        Sound.tone(440, seconds)


@pytest.mark.parametrize(
    ("rate", "new"), [(8000, 16000), (16000, 8000), (44100, 16000), (48000, 8000)]
)
def test_resampling_keeps_tone_level_and_length(rate: int, new: int) -> None:
    sound = Sound.tone(1000, 1, rate)
    other = sound.resample(new)
    assert (other.rate, other.duration) == (new, 1.0)
    middle = other[0.1:0.9]
    assert middle.level == pytest.approx(-15, abs=0.05)
    spectrum = np.abs(np.fft.rfft(middle.floats * np.hanning(len(middle))))
    assert np.argmax(spectrum) == pytest.approx(800, abs=1)
    assert middle.find(Sound.tone(1000, 0.5, new))[1] > 0.9999


def test_resampling_removes_what_the_rate_cannot_carry() -> None:
    high = Sound.tone(5000, 1, 16000, level=-10).resample(8000)[0.1:0.9]
    assert high.level < -70
    assert Sound.tone(440, 1, 8000).resample(8000) == Sound.tone(440, 1, 8000)


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_dtmf_finds_every_key_in_order(rate: int) -> None:
    digits = "0123456789*#ABCD1122"
    assert Sound.keys(digits, rate).dtmf() == digits
    short = Sound.keys(digits, rate, seconds=0.05, pause=0.05)
    assert short.dtmf() == digits
    noise = np.random.default_rng(2).normal(0, 0.01, len(short))
    assert Sound(short.floats + noise, rate).dtmf() == digits
    assert (short * 0.05).dtmf() == digits


def test_dtmf_gives_the_times_of_keys() -> None:
    sound = Sound.silence(1) + Sound.keys("5") + Sound.silence(1)
    ((key, begin, end),) = sound.dtmf_times()
    assert key == "5"
    assert begin == pytest.approx(1.0, abs=0.03)
    assert end == pytest.approx(1.1, abs=0.03)


def test_dtmf_is_not_found_in_speech_tones_and_noise() -> None:
    noise = np.random.default_rng(3).normal(0, 0.2, 80000)
    assert Sound(noise).dtmf() == ""
    assert Sound.tone((350, 440), 2).dtmf() == ""
    assert Sound.tone(697, 2).dtmf() == ""
    assert Sound.silence(2).dtmf() == Sound.silence(0).dtmf() == ""
    at = np.arange(80000) / 8000
    voice = sum(
        np.sin(2 * np.pi * 120 * k * (1 + 0.02 * np.sin(3 * at)) * at) / k for k in range(1, 25)
    )
    assert Sound(0.1 * np.asarray(voice)).dtmf() == ""


def test_speech_segments_bound_what_is_spoken() -> None:
    speech = Sound.tone((300, 900, 1500), 0.8)
    sound = Sound.silence(1) + speech + Sound.silence(0.2) + speech + Sound.silence(1) + speech
    noise = np.random.default_rng(4).normal(0, 0.001, len(sound))
    found = Sound(sound.floats + noise).speech_segments()
    assert found == [pytest.approx((1.0, 2.8), abs=0.021), pytest.approx((3.8, 4.6), abs=0.021)]
    assert len(sound.speech_segments(min_silence=0.1)) == 3
    assert Sound.silence(3).speech_segments() == []


def test_part_is_found_where_it_is_heard() -> None:
    noise = np.random.default_rng(5)
    prompt = Sound(noise.normal(0, 0.1, 4000))
    heard = Sound.silence(0.7) + prompt * 0.3 + Sound.silence(0.5)
    begin, alike = heard.find(prompt)
    assert begin == pytest.approx(0.7)
    assert alike > 0.999
    assert heard.find(Sound(noise.normal(0, 0.1, 4000)))[1] < 0.2
    assert heard.find(Sound.silence(0.1)) == (0.0, 0.0)


def test_mix_adds_both_from_a_time_on() -> None:
    mixed = Sound.tone(440, 1).mix(Sound.tone(880, 1), at=0.5)
    assert mixed.duration == 1.5
    assert mixed[:0.5] == Sound.tone(440, 1)[:0.5]
    assert mixed[0.5:1].level == pytest.approx(-12, abs=0.2)


def test_frames_have_one_length() -> None:
    sizes = [len(frame) for frame in Sound.tone(440, 0.05, 16000).frames()]
    assert sizes == [320, 320, 320]


def test_repr_is_one_line_with_the_facts() -> None:
    text = repr(Sound.tone(440, 1.5, 16000))
    assert text.startswith("<Sound 1.50 s, 16000 Hz, -15.0 dBFS ████████████████████████>")
    assert repr(Sound.silence(0)) == "<Sound 0.00 s, 8000 Hz, silent>"


def test_speech_without_a_program_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("PIPER_VOICE", raising=False)
    with pytest.raises(AudioError, match="apt install espeak-ng"):
        Sound.speech("hello")
    with pytest.raises(AudioError, match="1 to 10000 characters"):
        Sound.speech(" ")


def test_speech_is_what_the_program_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoken = Sound.tone(200, 0.3, 22050)
    spoken.save(tmp_path / "spoken.wav")
    program = tmp_path / "espeak-ng"
    program.write_text(f"#!/bin/sh\n/bin/cat > {tmp_path}/text\n/bin/cat {tmp_path}/spoken.wav\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("PIPER_VOICE", raising=False)
    assert Sound.speech("-v evil; hello") == spoken
    assert (tmp_path / "text").read_text() == "-v evil; hello"
    assert Sound.speech("hello", rate=8000).rate == 8000


def test_speech_program_that_fails_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "espeak-ng"
    program.write_text("#!/bin/sh\necho no such voice >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("PIPER_VOICE", raising=False)
    with pytest.raises(AudioError, match="espeak-ng failed: no such voice"):
        Sound.speech("hello", voice="xx")


@pytest.mark.parametrize("library", ["numpy", "soxr"])
@pytest.mark.parametrize("rate", [11025, 16000, 44100, 48000])
def test_resampling_there_and_back_keeps_the_telephone_band(
    rate: int, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if library == "soxr":
        pytest.importorskip("soxr", reason="the extra audio is not installed")
    else:
        monkeypatch.setattr(resampling, "soxr", None)
    seconds = np.arange(4000) / 8000
    wave = sum(0.1 * np.sin(2 * np.pi * each * seconds) for each in (300, 700, 1900, 3300))
    sound = Sound(np.asarray(wave, np.float32), 8000)
    there = sound.resample(rate)
    assert len(there) == rate // 2
    error = (there.resample(8000).floats - sound.floats)[400:-400]
    assert 20 * math.log10(float(np.sqrt(np.mean(error**2)))) < -75
