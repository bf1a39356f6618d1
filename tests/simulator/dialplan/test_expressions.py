"""Expressions and substitution. The right sides are results of a real Asterisk 22.10."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_notebook.simulator.dialplan.expressions import calculate, substitute, truth

VARIABLES = {"A": "1", "B": "abcdef", "N": "B", "E": ""}


def read(name: str) -> str:
    return "3" if name == "LEN(abc)" else VARIABLES.get(name, "")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2", "3"),
        ("1+2*3", "7"),
        ("(1+2)*3", "9"),
        ("7 / 2", "3.5"),
        ("7 % 3", "1"),
        ("0.1 + 0.2", "0.3"),
        ("1/3", "0.333333333333333333"),
        ("99999999999 * 99999999999", "9.9999999998e+21"),
        ("1 / 0", "2147483647"),
        ("10 % 0", "0"),
        ("-3 + 1", "-2"),
        ("2 * -3", "-6"),
        ("5 - 3 - 1", "1"),
        ("1 = 1.0", "1"),
        ('"10" = "10.0"', "0"),
        ('"abc" = abc', "0"),
        ('"a" = "a"', "1"),
        ("2 > 10", "0"),
        ('"2" > "10"', "1"),
        ("abc < abd", "1"),
        ('"x y" = "x y"', "1"),
        ("1 & 0", "0"),
        ("0 | 5", "5"),
        ('"" | x', '""'),
        ('"a" & ""', '"a"'),
        ("!1", "0"),
        ("! 0", "1"),
        ('!"a"', "1"),
        ('"foobar" : "foo"', "3"),
        ('"foobar" : "f(o+)"', "oo"),
        ('"foobar" : "bar"', "0"),
        ('"foobar" =~ "bar"', "3"),
        ('"abc" =~ "(x)"', ""),
        ("1 ? yes :: no", "yes"),
        ("1 > 0 ? a :: b", "a"),
        ('"a b" ~~ c', "a bc"),
        ('"hello"', '"hello"'),
        ('"5" + 1', "1"),
        ("x + 1", "1"),
        ("FLOOR(3.7)", "3"),
        ("CEIL(3.2)", "4"),
        ("ROUND(2.5)", "3"),
        ("TRUNC(3.7)", "3"),
        ("POW(2,3)", "8"),
        ("SQRT(16)", "4"),
        ("REMAINDER(7,4)", "-1"),
        ("RINT(2.5)", "2"),
        ("LOG10(1000)", "3"),
        ("LOG2(8)", "3"),
        ("EXP2(3)", "8"),
        ("EXP10(2)", "100"),
        ("COS(0)", "1"),
        ("LEN(abc)", "3"),
        ("NOSUCH(1)", "0"),
        ("2 + 3 > 4 & 1 = 1", "1"),
        ("8 / 2 / 2", "2"),
        # What cannot be read.
        ("", ""),
        ("hello world", "hello"),
        ("1 +", "0"),
        ("(1", "0"),
        ("= 1", ""),
        ("!", "0"),
    ],
)
def test_expression_has_the_value_of_asterisk(text: str, value: str) -> None:
    assert calculate(text, read) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${A}", "1"),
        ("${B:1}", "bcdef"),
        ("${B:0:2}", "ab"),
        ("${B:-2}", "ef"),
        ("${B:-3:2}", "de"),
        ("${B:1:-1}", "bcde"),
        ("${B:10}", ""),
        ("${B:-10}", "abcdef"),
        ("${B:2:0}", ""),
        ("${${N}:1:1}", "b"),
        ("x${UNSET}y", "xy"),
        ("$[${A} + 1]", "2"),
        ("$[${UNSET} = 1]", ""),
        ("text $5 and ${", "text $5 and "),
        ("no variables", "no variables"),
    ],
)
def test_substitution_has_the_value_of_asterisk(text: str, value: str) -> None:
    assert substitute(text, read) == value


@pytest.mark.parametrize(
    ("text", "yes"), [("", False), ("0", False), ("0.0", False), ("1", True), ("no", True)]
)
def test_values_that_gotoif_treats_as_true(text: str, yes: bool) -> None:
    assert truth(text) is yes


@given(st.text("ab1 +-*/%()\"'|&!?:=~<>.${}[],"))
def test_expressions_of_any_size_are_evaluated(text: str) -> None:
    assert isinstance(calculate(text), str)
    assert isinstance(substitute(text, read), str)
