import pytest

from ari_notebook.simulator.media.tones import TonePart, parts, tone


@pytest.mark.parametrize(
    "text",
    ["ring", "ring;tonezone=fr", "ring;tonezone=zz", "ring;tonezone=", "440", "350+440",
     "!400/200", "!950/330,!1400/330,!1800/330,0"],
)  # fmt: skip
def test_tone_has_its_frequencies_and_times(text: str) -> None:
    assert tone(text)


@pytest.mark.parametrize("text", ["", "nosuch", "ring;foo=bar", "440/", ";tonezone=us"])
def test_invalid_tone_is_refused(text: str) -> None:
    assert tone(text) == ()


def test_country_has_its_own_tones() -> None:
    assert tone("ring;tonezone=fr") == (TonePart((440.0,), 1500, False), TonePart((), 3500, False))
    assert tone("ring;tonezone=zz") == tone("ring") == tone("ring;tonezone=us")
    assert tone("std;tonezone=au")
    assert tone("std") == ()


@pytest.mark.parametrize(
    ("text", "start", "end", "heard"),
    [
        ("440", 500, 900, [(400, (440.0,))]),
        ("440/100,0/200", 50, 400, [(50, (440.0,)), (200, ()), (100, (440.0,))]),
        ("!440/100,350+480", 0, 300, [(100, (440.0,)), (200, (350.0, 480.0))]),
        ("!440/100,!480/100", 150, 400, [(50, (480.0,)), (200, ())]),
        ("M69/100", 100, 150, [(50, (440.0,))]),
    ],
)
def test_parts_of_a_tone_over_time(
    text: str, start: int, end: int, heard: list[tuple[int, tuple[float, ...]]]
) -> None:
    assert list(parts(tone(text), start, end)) == heard
