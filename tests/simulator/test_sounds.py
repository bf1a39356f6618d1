"""Figures here were measured on a real Asterisk 22.10 with Debian's English sounds."""

import pytest

from ari_notebook.simulator import sounds
from ari_notebook.simulator.messages import Refused
from ari_notebook.simulator.rest.sounds import OPERATIONS


def total(names):
    return sum(sounds.duration(name) for name in names)


def ask(nickname, **args):
    return OPERATIONS[nickname](None, {"lang": None, "format": None} | args)


def test_the_catalogue_is_debians():
    assert len(sounds.catalogue()) == 568
    assert sounds.duration("hello-world") == 1420
    assert sounds.duration("beep") == 440
    assert sounds.duration("silence/2") == 2000
    assert sounds.duration("hello-world.gsm") is None


@pytest.mark.parametrize(
    ("value", "milliseconds"),
    [(0, 880), (15, 1160), (-15, 2060), (21, 1860), (123, 3560), (1001, 2740), (10**6, 1780)],
)
def test_a_spoken_number_takes_as_long_as_on_a_real_one(value, milliseconds):
    assert total(sounds.number(value)) == milliseconds


def test_a_number_beyond_an_int_is_the_largest_int():
    assert sounds.number(99999999999) == sounds.number(2**31 - 1)
    assert total(sounds.number(99999999999)) == 14040


def test_digits_and_characters_are_spelled_out():
    assert sounds.digits("19*#") == ["digits/1", "digits/9", "digits/star", "digits/pound"]
    assert sounds.digits("xyz") == []
    assert sounds.characters("aB1@") == ["letters/a", "letters/b", "digits/1", "letters/at"]
    assert total(sounds.characters("1a")) == 1540


def test_every_sound_comes_in_three_names_of_english():
    one = {"language": "en_US_f_Allison", "format": "gsm"}
    sound = ask("get", soundId="hello-world").body
    assert sound["formats"] == [one, one | {"language": "en_US"}, one | {"language": "en"}]
    assert list(sound) == ["id", "formats"]


def test_lists_are_filtered_by_language_and_format():
    first = ask("list", lang="en").body[0]
    assert first["formats"] == [{"language": "en", "format": "gsm"}]
    assert len(ask("list", format="gsm").body) == 568
    for nothing in ({"lang": "fr"}, {"format": "wav"}, {"lang": "en", "format": "ulaw"}):
        with pytest.raises(Refused, match="No sounds found that matched the query") as refused:
            ask("list", **nothing)
        assert refused.value.status == 404


def test_an_unknown_sound_is_not_found():
    with pytest.raises(Refused, match="Sound not found") as refused:
        ask("get", soundId="nosuch")
    assert refused.value.status == 404
