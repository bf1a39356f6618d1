from __future__ import annotations

import logging
import runpy
import sys
import time

import pytest

from ari_notebook.simulator import regex
from ari_notebook.simulator.regex import InvalidExpression, PosixRegex


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("a|ab", "abc", [b"ab"]),  # the longest, not the first, as regexec finds it
        ("(a|ab)(c|bcd)", "abcd", [b"abcd", b"a", b"bcd"]),
        ("[[:digit:]]+", "abc123", [b"123"]),
        ("^b", "a\nb", None),  # without REG_NEWLINE a line's beginning is the text's
        ("a.b", "a\nb", [b"a\nb"]),
        (".", "é", [b"\xc3"]),  # octets, as in the C locale
        ("(x)?a", "a", [b"a", b""]),
        ("\\w+\\b", "ab cd", [b"ab"]),
    ],
)
def test_search_follows_posix(pattern: str, text: str, found: list[bytes] | None) -> None:
    assert PosixRegex(pattern).search(text) == found


@pytest.mark.parametrize("pattern", ["(", "[a", "*a", "a{9999}", "(?=a)", "(a)\\1"])
def test_invalid_expression_is_one_error(pattern: str) -> None:
    with pytest.raises(InvalidExpression, match=r"\w"):
        PosixRegex(pattern)


@pytest.mark.parametrize("pattern", ["^(a+)+$", "(a|aa)*$", "(a*)*b", "(x+x+)+y"])
def test_search_time_is_linear_in_the_text(pattern: str) -> None:
    began = time.perf_counter()
    PosixRegex(pattern).search("a" * 50_000 + "!" + "x" * 50_000)
    assert time.perf_counter() - began < 2


@pytest.fixture
def without_re2(monkeypatch: pytest.MonkeyPatch) -> type[PosixRegex]:
    """The module as it is where google-re2 cannot be imported."""
    monkeypatch.setitem(sys.modules, "re2", None)
    made: type[PosixRegex] = runpy.run_path(regex.__file__, run_name=regex.__name__)["PosixRegex"]
    return made


def test_missing_re2_is_logged_once(
    without_re2: type[PosixRegex], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert without_re2("^[[:digit:]]+$").search("123") == [b"123"]
        assert without_re2("(1|2)?x").search("2x") == [b"2x", b"2"]
    assert [each for each in caplog.messages if "google-re2 is not installed" in each] == [
        "google-re2 is not installed: REGEX() and =~ refuse repeated groups"
    ]


@pytest.mark.parametrize("pattern", ["^(a+)+$", "(a|aa)*$", "(a*)*b", "(x+x+){2,}y", "([)]a)+"])
def test_repeated_group_is_refused_without_re2(without_re2: type[PosixRegex], pattern: str) -> None:
    with pytest.raises(ValueError, match="repeated groups need google-re2"):
        without_re2(pattern)


@pytest.mark.parametrize("pattern", [r"\(a\)+", "[)*]b", "[)]+", "(a)(b)"])
def test_other_expression_compiles_without_re2(without_re2: type[PosixRegex], pattern: str) -> None:
    without_re2(pattern)
