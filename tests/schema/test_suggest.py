import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_notebook import schema
from ari_notebook.schema.suggest import did_you_mean, nearest

NAMES = schema.builtin().names


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("chanels.play", "channels.play"),
        ("channels.sendDtmf", "channels.send_dtmf"),
        ("hangup", "channels.hangup"),
        ("StasisStrat", "StasisStart"),
        ("devicestates", "device_states"),
        ("originat", "channels.originate"),
    ],
)
def test_slip_finds_what_was_meant(typed: str, meant: str) -> None:
    assert nearest(typed, NAMES)[0] == meant


@given(st.sampled_from(NAMES), st.integers(0, 40), st.sampled_from(string.ascii_lowercase))
def test_one_wrong_letter_is_forgiven(name: str, position: int, letter: str) -> None:
    position %= len(name)
    typed = name[:position] + letter + name[position + 1 :]
    assert name in nearest(typed, NAMES, len(NAMES))


@given(st.text(), st.lists(st.text()), st.integers(0, 5))
def test_only_known_names_and_no_more_than_asked(text: str, known: list[str], n: int) -> None:
    found = nearest(text, known, n)
    assert len(found) <= n
    assert set(found) <= set(known)


def test_no_suggestion_without_similar_names() -> None:
    assert nearest("xyzzy", NAMES) == ()


@pytest.mark.parametrize(
    ("typed", "known"),
    [("ls", "list"), ("me", "mute"), ("version", "sessions"), ("phone", "panel"), ("reset", "get")],
)
def test_letters_in_common_make_no_suggestion(typed: str, known: str) -> None:
    assert nearest(typed, [known, f"sounds.{known}"]) == ()


@pytest.mark.parametrize("typed", ["hnagup", "hangpu", "hngup", "hang", "hangupp"])
def test_swapped_missing_and_added_letters_are_forgiven(typed: str) -> None:
    assert nearest(typed, ["hangup"]) == ("hangup",)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], ""),
        (["a"], "; did you mean a?"),
        (["a", "b"], "; did you mean a or b?"),
        (["a", "b", "c"], "; did you mean a, b or c?"),
    ],
)
def test_suggestions_end_a_message(names: list[str], said: str) -> None:
    assert did_you_mean(names) == said
