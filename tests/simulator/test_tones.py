import pytest

from ari_notebook.simulator.tones import Part, parts, tone


@pytest.mark.parametrize(
    "text",
    ["ring", "ring;tonezone=fr", "ring;tonezone=zz", "ring;tonezone=", "440", "350+440",
     "!400/200", "!950/330,!1400/330,!1800/330,0"],
)  # fmt: skip
def test_tones(text):
    assert tone(text)


@pytest.mark.parametrize("text", ["", "nosuch", "ring;foo=bar", "440/", ";tonezone=us"])
def test_what_is_none(text):
    assert tone(text) == ()


def test_a_country_has_its_own():
    assert tone("ring;tonezone=fr") == (Part((440.0,), 1500, False), Part((), 3500, False))
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
def test_what_sounds_when(text, start, end, heard):
    assert list(parts(tone(text), start, end)) == heard
