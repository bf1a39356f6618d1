"""What stands in a priority's data: ``${VARIABLE:offset:length}`` and ``$[expression]``.

As ``main/pbx_variables.c`` and ``main/ast_expr2.y`` read it. An expression's operators, the
loosest first: ``::`` with ``?``, ``|``, ``&``, comparisons, ``+ -``, ``* / %``, ``! -``, ``: =~``
and ``~~``, which joins.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

__all__ = ["calculate", "substitute", "truth"]

log = logging.getLogger(__name__)

Lookup = Callable[[str], str]

_CLOSING = {"{": "}", "[": "]"}
_TOKEN = re.compile(
    r'\s*(?:"((?:[^"\\]|\\.)*)"|(>=|<=|!=|=~|~~|::|[|&=<>+\-*/%!:?()])|((?:[^\s"|&=<>+*/%!:?()~-]|~(?!~))+))'
)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?$")
_DEEPEST = 40


def substitute(text: str, lookup: Lookup, depth: int = 0) -> str:
    """Put values in the place of variables, functions and expressions.

    Args:
        text: a priority's data.
        lookup: gives the value of ``NAME`` or ``FUNCTION(arguments)``; "" where there is none.
        depth: how deep inside others this one is; what is too deep stays as it is.
    """
    if "$" not in text or depth > _DEEPEST:
        return text
    done, at = [], 0
    while at < len(text):
        mark = text.find("$", at)
        if mark < 0 or mark + 1 >= len(text):
            break
        opening = text[mark + 1]
        end = _closing(text, mark + 1) if opening in _CLOSING else -1
        if end < 0:
            done.append(text[at : mark + 1])
            at = mark + 1
            continue
        done.append(text[at:mark])
        inside = substitute(text[mark + 2 : end], lookup, depth + 1)
        done.append(_variable(inside, lookup) if opening == "{" else calculate(inside))
        at = end + 1
    return "".join([*done, text[at:]])


def _closing(text: str, at: int) -> int:
    """Where the bracket that opens here is closed; -1 where it is not."""
    opening, depth = text[at], 0
    for index in range(at, len(text)):
        if text[index] == opening:
            depth += 1
        elif text[index] == _CLOSING[opening]:
            depth -= 1
            if depth == 0:
                return index
    return -1


def _variable(inside: str, lookup: Lookup) -> str:
    """The value of ``NAME``, ``NAME:offset`` or ``NAME:offset:length``."""
    name, offset, length = inside, 0, None
    if ":" in inside:
        outside = re.match(r"^([^(:]*(?:\(.*\))?)(?::(-?\d+))?(?::(-?\d+))?$", inside, re.DOTALL)
        if outside:
            name = outside[1]
            offset = int(outside[2] or 0)
            length = int(outside[3]) if outside[3] else None
    value = lookup(name.strip())
    start = max(0, len(value) + offset) if offset < 0 else offset
    if length is None:
        return value[start:]
    return value[start:length] if length < 0 else value[start : start + length]


def truth(text: str) -> bool:
    """Whether a value means yes, as GotoIf and the like take it."""
    text = text.strip()
    if not text:
        return False
    if _NUMBER.match(text):
        return float(text) != 0
    return True


def calculate(text: str) -> str:
    """The value of an expression; "" where it cannot be read, which the log tells."""
    tokens: list[tuple[str, str]] = []
    at = 0
    text = text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            log.warning("syntax error in the expression $[%s]", text)
            return ""
        at = found.end()
        quoted, operator, word = found.groups()
        if operator is not None:
            tokens.append(("op", operator))
        else:
            tokens.append(("value", quoted if quoted is not None else word))
    try:
        return _Reader(tokens).all()
    except (ValueError, IndexError, ZeroDivisionError) as error:
        log.warning("the expression $[%s]: %s", text, error or "syntax error")
        return ""


def _shown(number: float) -> str:
    return str(int(number)) if number == int(number) else f"{number:.15g}"


def _number(text: str) -> float:
    return float(text) if _NUMBER.match(text.strip()) else 0.0


_SUMS: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "%": lambda a, b: a - b * int(a / b),
}
_COMPARISONS: dict[str, Callable[[int], bool]] = {
    "=": lambda sign: sign == 0,
    "!=": lambda sign: sign != 0,
    "<": lambda sign: sign < 0,
    ">": lambda sign: sign > 0,
    "<=": lambda sign: sign <= 0,
    ">=": lambda sign: sign >= 0,
}


class _Reader:
    """Reads tokens, each level what binds tighter than the one above."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def all(self) -> str:
        if not self._tokens:
            return ""
        value = self._choice()
        if self._at < len(self._tokens):
            raise ValueError("syntax error")
        return value

    def _next(self, *operators: str) -> str | None:
        if self._at < len(self._tokens):
            kind, text = self._tokens[self._at]
            if kind == "op" and text in operators:
                self._at += 1
                return text
        return None

    def _choice(self) -> str:
        value = self._either()
        if self._next("?"):
            yes = self._choice()
            if not self._next("::"):
                raise ValueError("? without ::")
            no = self._choice()
            return yes if truth(value) else no
        return value

    def _either(self) -> str:
        value = self._both()
        while self._next("|"):
            other = self._both()
            value = value if truth(value) else other
        return value

    def _both(self) -> str:
        value = self._compared()
        while self._next("&"):
            other = self._compared()
            value = value if truth(value) and truth(other) else "0"
        return value

    def _compared(self) -> str:
        value = self._sum()
        while operator := self._next(*_COMPARISONS):
            other = self._sum()
            if _NUMBER.match(value) and _NUMBER.match(other):
                one, two = float(value), float(other)
                sign = (one > two) - (one < two)
            else:
                sign = (value > other) - (value < other)
            value = "1" if _COMPARISONS[operator](sign) else "0"
        return value

    def _sum(self) -> str:
        value = self._product()
        while operator := self._next("+", "-"):
            value = _shown(_SUMS[operator](_number(value), _number(self._product())))
        return value

    def _product(self) -> str:
        value = self._unary()
        while operator := self._next("*", "/", "%"):
            value = _shown(_SUMS[operator](_number(value), _number(self._unary())))
        return value

    def _unary(self) -> str:
        if self._next("!"):
            return "0" if truth(self._unary()) else "1"
        if self._next("-"):
            return _shown(-_number(self._unary()))
        return self._matched()

    def _matched(self) -> str:
        value = self._joined()
        while operator := self._next(":", "=~"):
            pattern = self._joined()
            find = re.match if operator == ":" else re.search
            try:
                found = find(pattern, value)
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from None
            if found and found.groups():
                value = found[1] or ""
            else:
                value = str(len(found[0])) if found else "0"
        return value

    def _joined(self) -> str:
        value = self._single()
        while self._next("~~"):
            value += self._single()
        return value

    def _single(self) -> str:
        if self._next("("):
            value = self._choice()
            if not self._next(")"):
                raise ValueError("( without )")
            return value
        kind, text = self._tokens[self._at]
        if kind == "op":
            raise ValueError(f"unexpected {text}")
        self._at += 1
        return text
