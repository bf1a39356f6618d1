import wave

import pytest

from ari_notebook.simulator import audio


def decode_ulaw(octet):
    octet = ~octet & 0xFF
    value = (((octet & 0x0F) << 3) + 0x84 << ((octet & 0x70) >> 4)) - 0x84
    return -value if octet & 0x80 else value


def decode_alaw(octet):
    octet ^= 0x55
    segment, value = (octet & 0x70) >> 4, (octet & 0x0F) << 4
    value = value + 8 if segment == 0 else value + 0x108 << segment - 1
    return value if octet & 0x80 else -value


@pytest.mark.parametrize(
    ("format", "decode"), [("ulaw", decode_ulaw), ("alaw", decode_alaw)], ids=["ulaw", "alaw"]
)
def test_g711_keeps_every_sample_within_its_step(format, decode):
    samples = audio.join([audio.silence(1)])
    samples.extend(range(-32768, 32768, 7))
    for sample, octet in zip(samples, audio.encode(format, samples), strict=True):
        assert abs(decode(octet) - sample) <= max(16, abs(sample) // 16)


def test_a_wav_file_is_what_the_standard_library_reads(tmp_path):
    path = tmp_path / "x.wav"
    path.write_bytes(audio.encode("wav", audio.tone(500, 440.0)))
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (8000, 2, 1)
        assert file.getnframes() == 4000
    assert audio.file_duration(path) == 500


@pytest.mark.parametrize("format", sorted(f for f in audio.FORMATS if audio.is_writable(f)))
def test_every_writable_format_says_how_long_it_is(format, tmp_path):
    path = tmp_path / f"x.{audio.extension(format)}"
    path.write_bytes(audio.encode(format, audio.tone(1000, *audio.key_frequencies("5"))))
    assert audio.file_duration(path) == 1000


@pytest.mark.parametrize("format", ["wav", "wav16", "au", "ulaw", "sln"])
def test_a_file_can_be_added_to(format):
    first, second = audio.silence(100), audio.tone(50, 440.0)
    both = audio.extend(format, audio.encode(format, first), second)
    assert both == audio.encode(format, audio.join([first, second]))


def test_coded_formats_are_known_but_hold_nothing():
    for format in ("gsm", "g729", "wav49", "opus"):
        assert audio.is_known(format)
        assert audio.encode(format, audio.silence(100)) == b""
    assert not audio.is_known("mp3")
    assert not audio.is_known(None)


def test_a_key_is_its_two_frequencies():
    samples = audio.tone(200, *audio.key_frequencies("1"))

    def energy(hertz):
        import cmath

        step = -2j * cmath.pi * hertz / audio.RATE
        return abs(sum(s * cmath.exp(step * n) for n, s in enumerate(samples)))

    assert min(energy(697), energy(1209)) > 20 * max(energy(941), energy(1477))
    assert not any(audio.tone(20, *audio.key_frequencies("x")))
