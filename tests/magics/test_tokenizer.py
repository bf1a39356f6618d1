"""Splitting a line: quotes, JSON, $name and {expression}."""

from __future__ import annotations

from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_notebook import UsageProblem
from ari_notebook.magics.tokenizer import quoted, split

NAMES: dict[str, Any] = {
    "channel": SimpleNamespace(id="1.2"),
    "text": "two words",
    "number": 7,
    "row": {"a": [1, 2]},
    "many": ["a", "b"],
    "yes": True,
}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("play hello-world", ["play", "hello-world"]),
        ("  play   tone:ring ", ["play", "tone:ring"]),
        ('--caller "Alice <5551>"', ["--caller", "Alice <5551>"]),
        (r'"say \"hi\""', ['say "hi"']),
        (r"two\ words", ["two words"]),
        ("--caller=“Zoë”", ["--caller=“Zoë”"]),
        ("''", [""]),
        ("$channel", ["1.2"]),
        ("channelId=$channel", ["channelId=1.2"]),
        ("$text", ["two words"]),
        ('"$text!"', ["two words!"]),
        ("'$text'", ["$text"]),
        ("{number + 1}", ["8"]),
        ("x{number}y", ["x7y"]),
        ("{row['a'][0]}", ["1"]),
        ("$row", ['{"a":[1,2]}']),
        ("$many", ["a,b"]),
        ("$yes", ["true"]),
        ("costs $5 $$number", ["costs", "$5", "$number"]),
        ('variables={"A": "b c", "D": {"e": 1}}', ['variables={"A": "b c", "D": {"e": 1}}']),
        ("{}", ["{}"]),
        ('body=[{"a": 1}, 2]', ['body=[{"a": 1}, 2]']),
        ('{"brace": "}"}', ['{"brace": "}"}']),
        ("call 1000    # a comment; it's", ["call", "1000"]),
        ("# only a comment", []),
        ("dtmf #", ["dtmf", "#"]),
        ("dtmf #1 digit=#", ["dtmf", "#1", "digit=#"]),
        ("record x --until # --max 3", ["record", "x", "--until", "#", "--max", "3"]),
        ('\'a # b\' {"c": " # d"}', ["a # b", '{"c": " # d"}']),
    ],
)
def test_line_is_split_into_words(line: str, words: list[str]) -> None:
    assert split(line, NAMES) == words


def test_whole_word_keeps_its_object() -> None:
    (word,) = split("$channel", NAMES)
    assert word.value is NAMES["channel"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("$chanel", "'chanel' is not defined. Did you mean channel?"),
        ("{nothing.id}", "'nothing' is not defined"),
        ("{number.id}", "number.id: AttributeError"),
        ("{1/0}", "ZeroDivisionError"),
        ('"open', 'a " is not closed'),
        ("it's", "a ' is not closed"),
        ('{"open": 1', "a { is not closed"),
    ],
)
def test_unreadable_line_is_an_error(line: str, message: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        split(line, NAMES)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text())
def test_any_text_is_split_or_refused(text: str) -> None:
    with suppress(UsageProblem):
        assert all(isinstance(word, str) for word in split(text, {}))


@given(st.lists(st.text(st.characters(exclude_characters="'", exclude_categories=["Cs"]))))
def test_single_quotes_keep_everything(words: list[str]) -> None:
    assert split(" ".join(f"'{word}'" for word in words), {}) == words


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_split_returns_a_quoted_text_unchanged(text: str) -> None:
    assert split(f"play {quoted(text)} channel={quoted(text)}", NAMES) == [
        "play",
        text,
        f"channel={text}",
    ]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Local/1000@default-00000000;1", "Local/1000@default-00000000;1"),
        ("12#", "12#"),
        ("#", "'#'"),
        ("my bridge", "'my bridge'"),
        ("Zoë's", '"Zoë\'s"'),
        ("$channel", "'$channel'"),
        ("", "''"),
    ],
)
def test_only_what_needs_quotes_gets_them(text: str, word: str) -> None:
    assert quoted(text) == word
