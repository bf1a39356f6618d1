"""Values that fit a declared type."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from ari_notebook.schema import Parameter
from ari_notebook.schema.validation import Unfit, accept, shown, text

STRING = Parameter("x", "query")
INT = replace(STRING, type="int")
LONG = replace(STRING, type="long")
DOUBLE = replace(STRING, type="double")
BOOLEAN = replace(STRING, type="boolean")
LIST = replace(STRING, type="List[string]")


@dataclass
class Live:
    """An object with an id, like a channel or bridge of a session."""

    id: str


@pytest.mark.parametrize(
    ("parameter", "value", "expected"),
    [
        (STRING, "a", "a"),
        (STRING, "", ""),
        (STRING, 5551, "5551"),
        (STRING, True, "true"),
        (STRING, Live("1.2"), "1.2"),
        (LIST, [Live("1.2"), "1.3"], ["1.2", "1.3"]),
        (LIST, ("a",), ["a"]),
        (LIST, "a,b", "a,b"),
        (INT, 5, 5),
        (INT, "-1", -1),
        (INT, 5.0, 5),
        (INT, 2**31 - 1, 2**31 - 1),
        (LONG, 2**31, 2**31),
        (DOUBLE, "2.5", 2.5),
        (DOUBLE, 2, 2.0),
        (BOOLEAN, True, True),
        (BOOLEAN, "yes", True),
        (BOOLEAN, "Off", False),
        (BOOLEAN, 0, False),
    ],
)
def test_valid_value_is_normalised(parameter: Parameter, value: Any, expected: Any) -> None:
    accepted = accept(parameter, value)
    assert accepted == expected
    assert type(accepted) is type(expected)


@pytest.mark.parametrize(
    ("parameter", "value", "reason"),
    [
        (STRING, ["a"], "must be one text, not ['a']"),
        (STRING, {}, "must be one text, not {}"),
        (STRING, Live(5), "must be one text"),  # type: ignore[arg-type]
        (LIST, {"a": 1}, "must be text or a list of it"),
        (INT, "5 s", "must be a whole number, not '5 s'"),
        (INT, 2.5, "must be a whole number, not 2.5"),
        (INT, True, "must be a whole number, not True"),
        (INT, float("inf"), "must be a whole number"),
        (INT, 2**31, "must fit in 32 bits"),
        (DOUBLE, "nan", "must be a number, not 'nan'"),
        (DOUBLE, True, "must be a number, not True"),
        (DOUBLE, 10**400, "must be a number"),
        (BOOLEAN, "maybe", "must be true or false, not 'maybe'"),
        (BOOLEAN, 2, "must be true or false, not 2"),
        (BOOLEAN, None, "must be true or false, not None"),
    ],
)
def test_invalid_value_is_refused(parameter: Parameter, value: Any, reason: str) -> None:
    with pytest.raises(Unfit) as caught:
        accept(parameter, value)
    assert str(caught.value).startswith(reason)


def test_range_has_both_ends() -> None:
    percent = replace(INT, minimum=0, maximum=100)
    assert [accept(percent, value) for value in (0, 100)] == [0, 100]
    with pytest.raises(Unfit, match="must be at least 0, not -1"):
        accept(percent, -1)
    with pytest.raises(Unfit, match="must be at most 100, not 101"):
        accept(percent, 101)


def test_allowed_value_is_found_in_any_case() -> None:
    state = replace(STRING, allowed=("INUSE", "NOT_INUSE"))
    assert accept(state, "inuse") == "INUSE"
    with pytest.raises(Unfit, match=r"INUSE, NOT_INUSE, not 'notinus', did you mean NOT_INUSE\?"):
        accept(state, "notinus")
    with pytest.raises(Unfit, match=r"not 'xyz'$"):
        accept(state, "xyz")


@pytest.mark.parametrize(
    ("value", "written"),
    [(True, "true"), (False, "false"), (3, "3"), (2.5, "2.5"), (["a", "b"], "a,b"), ("é", "é")],
)
def test_values_are_written_as_asterisk_reads_them(value: Any, written: str) -> None:
    assert text(value) == written


def test_long_value_does_not_fill_the_message() -> None:
    assert shown("a") == "'a'"
    assert len(shown("a" * 10_000)) < 100
