"""What stands in a priority's data: ``${VARIABLE:offset:length}`` and ``$[expression]``.

As ``main/pbx_variables.c`` and ``main/ast_expr2.y`` read it. An expression's operators, the
loosest first: ``::`` with ``?``, ``|``, ``&``, comparisons, ``+ -``, ``* / %``, ``! -``, ``: =~``
and ``~~``, which joins.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    Context,
    Decimal,
)

__all__ = ["calculate", "posix", "substitute", "truth"]

log = logging.getLogger(__name__)

Lookup = Callable[[str], str]

_CLOSING = {"{": "}", "[": "]"}
_TOKEN = re.compile(
    r'\s*(?:("[^"]*")|(>=|<=|!=|==|=~|~~|::|[|&=<>+\-*/%!:?()])|((?:[^\s"|&=<>+*/%!:?()~-]|~(?!~))+))'
)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?$")
_DEEPEST = 40
_DIGITS = Context(prec=18)
_LARGEST = 2**31 - 1  # what a division by zero gives


def substitute(text: str, lookup: Lookup, depth: int = 0) -> str:
    """Put values in the place of variables, functions and expressions.

    Args:
        text: a priority's data.
        lookup: gives the value of ``NAME`` or ``FUNCTION(arguments)``; "" where there is none.
        depth: how deep inside others this one is; what is too deep stays as it is.
    """
    if "$" not in text or depth > _DEEPEST:
        return text
    done: list[str] = []
    at = 0
    while at < len(text):
        mark = text.find("$", at)
        if mark < 0 or mark + 1 >= len(text):
            break
        opening = text[mark + 1]
        end = _closing(text, mark + 1) if opening in _CLOSING else -1
        if end < 0 and opening in _CLOSING:
            log.warning("no closing %r in %s", _CLOSING[opening], text)
            end = len(text)
        if end < 0:
            done.append(text[at : mark + 1])
            at = mark + 1
            continue
        done.append(text[at:mark])
        inside = substitute(text[mark + 2 : end], lookup, depth + 1)
        done.append(_variable(inside, lookup) if opening == "{" else calculate(inside, lookup))
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
        outside = re.match(r"^([^(:]*(?:\(.*\))?)(:[^()]*)?$", inside, re.DOTALL)
        if outside and outside[2]:
            name = outside[1]
            # As sscanf reads it: what is no number ends it.
            numbers = re.match(r":\s*([+-]?\d+)(?::\s*([+-]?\d+))?", outside[2])
            if numbers:
                offset = int(numbers[1])
                length = int(numbers[2]) if numbers[2] else None
    value = lookup(name)
    start = max(0, len(value) + offset) if offset < 0 else offset
    if length is None:
        return value[start:]
    return value[start:length] if length < 0 else value[start : start + length]


_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "lower": "a-z",
    "punct": "!-/:-@\\[-`{-~",
    "space": "\\s",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}


def posix(pattern: str) -> str:
    """A regular expression of Asterisk's kind as Python reads it: ``[[:digit:]]`` is its own."""
    return re.sub(r"\[:(\w+):\]", lambda found: _POSIX.get(found[1], found[0]), pattern)


def truth(text: str) -> bool:
    """Whether a value means yes, as GotoIf and the like take it."""
    text = text.strip()
    if not text:
        return False
    if _NUMBER.match(text):
        return float(text) != 0
    return True


def calculate(text: str, lookup: Lookup = lambda _name: "") -> str:
    """The value of an expression.

    Of one that cannot be read, which the log tells, Asterisk gives what it has understood so far.

    Args:
        text: between ``$[`` and ``]``. What stands in quotes keeps them, and is never a number.
        lookup: gives the value of a dialplan function, which an expression may call by its name.
    """
    tokens: list[tuple[str, str]] = []
    at, text = 0, text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            log.warning("syntax error in the expression $[%s]", text)
            return ""
        at = found.end()
        quoted, operator, word = found.groups()
        tokens.append(("op", operator) if operator is not None else ("value", quoted or word))
    reader = _Reader(tokens, lookup)
    try:
        value = reader.all()
    except _Unreadable as error:
        log.warning("the expression $[%s]: %s", text, error)
        return error.value
    if not reader.at_end:
        log.warning("the expression $[%s]: syntax error", text)
    return value


class _Unreadable(Exception):
    """An expression cannot be read; ``value`` is what comes of it."""

    def __init__(self, why: str, value: str = "0") -> None:
        super().__init__(why)
        self.value = value


def _number(text: str) -> Decimal:
    return Decimal(text) if _NUMBER.match(text) else Decimal(0)


def _shown(number: Decimal) -> str:
    """A number with 18 digits, as ``%.18Lg`` writes it."""
    short = _DIGITS.plus(number).normalize(_DIGITS)
    if short == 0:
        return "0"
    if -5 < short.adjusted() < _DIGITS.prec:
        return f"{short:f}"
    return f"{short:e}"


def _bare(text: str) -> str:
    """A text without the quotes around it."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _divided(one: Decimal, two: Decimal) -> Decimal:
    return _DIGITS.divide(one, two) if two else Decimal(_LARGEST)


def _rest(one: Decimal, two: Decimal) -> Decimal:
    return _DIGITS.remainder(one, two) if two else Decimal(0)


_SUMS: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": _DIGITS.add,
    "-": _DIGITS.subtract,
    "*": _DIGITS.multiply,
    "/": _divided,
    "%": _rest,
}
_COMPARISONS: dict[str, Callable[[int], bool]] = {
    "=": lambda sign: sign == 0,
    "==": lambda sign: sign == 0,
    "!=": lambda sign: sign != 0,
    "<": lambda sign: sign < 0,
    ">": lambda sign: sign > 0,
    "<=": lambda sign: sign <= 0,
    ">=": lambda sign: sign >= 0,
}


def _floating(function: Callable[[float], float], number: Decimal) -> Decimal:
    return Decimal(function(float(number)))


_FUNCTIONS: dict[str, Callable[[Decimal], Decimal]] = {
    "FLOOR": lambda number: number.to_integral_value(ROUND_FLOOR),
    "CEIL": lambda number: number.to_integral_value(ROUND_CEILING),
    "ROUND": lambda number: number.to_integral_value(ROUND_HALF_UP),
    "TRUNC": lambda number: number.to_integral_value(ROUND_DOWN),
    "SQRT": lambda number: _DIGITS.sqrt(number) if number >= 0 else Decimal(0),
    "EXP": _DIGITS.exp,
    "EXP2": lambda number: _DIGITS.power(2, number),
    "EXP10": lambda number: _DIGITS.power(10, number),
    "LOG": lambda number: _DIGITS.ln(number) if number > 0 else Decimal(0),
    "LOG2": lambda number: _floating(math.log2, number) if number > 0 else Decimal(0),
    "LOG10": lambda number: _DIGITS.log10(number) if number > 0 else Decimal(0),
    "RINT": lambda number: number.to_integral_value(ROUND_HALF_EVEN),
    "SIN": lambda number: _floating(math.sin, number),
    "COS": lambda number: _floating(math.cos, number),
    "TAN": lambda number: _floating(math.tan, number),
}
_FUNCTIONS_OF_TWO: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "POW": _DIGITS.power,
    "REMAINDER": lambda one, two: _DIGITS.remainder_near(one, two) if two else Decimal(0),
}


class _Reader:
    """Reads tokens, each level what binds tighter than the one above."""

    def __init__(self, tokens: list[tuple[str, str]], lookup: Lookup) -> None:
        self._tokens = tokens
        self._lookup = lookup
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at == len(self._tokens)

    def all(self) -> str:
        return self._choice() if self._tokens else ""

    def _next(self, *operators: str) -> str | None:
        if not self.at_end:
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
                raise _Unreadable("? without ::")
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
                one, two = Decimal(value), Decimal(other)
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
            value = self._unary()
            return "0" if _NUMBER.match(value) and truth(value) else "1"
        if self._next("-"):
            return _shown(-_number(self._unary()))
        return self._matched()

    def _matched(self) -> str:
        value = self._joined()
        while operator := self._next(":", "=~"):
            try:
                pattern = re.compile(posix(_bare(self._joined())))
            except re.error as error:
                raise _Unreadable(f"not a regular expression: {error}") from None
            text = _bare(value)
            found = pattern.match(text) if operator == ":" else pattern.search(text)
            if pattern.groups:
                value = (found[1] or "") if found else ""
            else:
                value = str(len(found[0])) if found else "0"
        return value

    def _joined(self) -> str:
        value = self._single()
        while self._next("~~"):
            value = _bare(value) + _bare(self._single())
        return value

    def _single(self) -> str:
        if self._next("("):
            value = self._choice()
            if not self._next(")"):
                raise _Unreadable("( without )")
            return value
        if self.at_end:
            raise _Unreadable("something is missing at its end")
        kind, text = self._tokens[self._at]
        if kind == "op":
            raise _Unreadable(f"unexpected {text}", "0" if self._at else "")
        self._at += 1
        return self._called(text) if self._next("(") else text

    def _called(self, name: str) -> str:
        """The value of a function, whose ``(`` is read."""
        words: list[str] = []
        while not self._next(")"):
            if self.at_end:
                raise _Unreadable("( without )")
            words.append(self._tokens[self._at][1])
            self._at += 1
        arguments = "".join(words)
        numbers = [_number(each.strip()) for each in arguments.split(",")]
        if name in _FUNCTIONS:
            return _shown(_FUNCTIONS[name](numbers[0]))
        if name in _FUNCTIONS_OF_TWO and len(numbers) > 1:
            return _shown(_FUNCTIONS_OF_TWO[name](numbers[0], numbers[1]))
        return self._lookup(f"{name}({arguments})") or "0"
