"""Figures here were measured on a real Asterisk 22.10 with Debian's English sounds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from ari_notebook.simulator import SimulatedAsterisk
from ari_notebook.simulator.media import sounds
from ari_notebook.simulator.messages import AriRefusal
from ari_notebook.simulator.rest.operations.sounds import OPERATIONS
from tests.demonstration import demonstration


def total(names: Iterable[str]) -> int:
    found = 0
    for name in names:
        duration = sounds.duration(name)
        assert duration is not None
        found += duration
    return found


def ask(nickname: str, **args: Any) -> Any:
    ari = SimulatedAsterisk(demonstration(), start=0.0, seed=1).ari
    return OPERATIONS[nickname](ari, {"lang": None, "format": None} | args)


def test_catalogue_is_debians() -> None:
    assert len(sounds.catalogue()) == 568
    assert sounds.duration("hello-world") == 1420
    assert sounds.duration("beep") == 440
    assert sounds.duration("silence/2") == 2000
    assert sounds.duration("hello-world.gsm") is None


@pytest.mark.parametrize(
    ("value", "milliseconds"),
    [(0, 880), (15, 1160), (-15, 2060), (21, 1860), (123, 3560), (1001, 2740), (10**6, 1780)],
)
def test_spoken_number_takes_as_long_as_on_a_real_one(value: int, milliseconds: int) -> None:
    assert total(sounds.number(value)) == milliseconds


def test_number_beyond_an_int_is_the_largest_int() -> None:
    assert sounds.number(99999999999) == sounds.number(2**31 - 1)
    assert total(sounds.number(99999999999)) == 14040


def test_digits_and_characters_are_spelled_out() -> None:
    assert sounds.digits("19*#") == ["digits/1", "digits/9", "digits/star", "digits/pound"]
    assert sounds.digits("xyz") == []
    assert sounds.characters("aB1@") == ["letters/a", "letters/b", "digits/1", "letters/at"]
    assert total(sounds.characters("1a")) == 1540


def test_every_sound_comes_in_three_names_of_english() -> None:
    one = {"language": "en_US_f_Allison", "format": "gsm"}
    sound = ask("get", soundId="hello-world").body
    assert sound["formats"] == [one, one | {"language": "en_US"}, one | {"language": "en"}]
    assert list(sound) == ["id", "formats"]


def test_lists_are_filtered_by_language_and_format() -> None:
    first = ask("list", lang="en").body[0]
    assert first["formats"] == [{"language": "en", "format": "gsm"}]
    assert len(ask("list", format="gsm").body) == 568
    for nothing in ({"lang": "fr"}, {"format": "wav"}, {"lang": "en", "format": "ulaw"}):
        with pytest.raises(AriRefusal, match="No sounds found that matched the query") as refused:
            ask("list", **nothing)
        assert refused.value.status == 404


def test_unknown_sound_is_not_found() -> None:
    with pytest.raises(AriRefusal, match="Sound not found") as refused:
        ask("get", soundId="nosuch")
    assert refused.value.status == 404
