"""Substitution of ``${VARIABLE:offset:length}`` and ``$[expression]``.

As in ``main/pbx_variables.c`` and ``main/ast_expr2.y``. Operators, lowest precedence first: ``::``
with ``?``, ``|``, ``&``, comparisons, ``+ -``, ``* / %``, ``! -``, ``: =~`` and ``~~``
(concatenation).
"""

from __future__ import annotations

import logging
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
from functools import partial

from ari_notebook.simulator.numbers import leading
from ari_notebook.simulator.regex import InvalidExpression, PosixRegex

__all__ = ["calculate", "substitute", "truth"]

log = logging.getLogger(__name__)

Lookup = Callable[[str], str]

_CLOSING = {"{": "}", "[": "]"}
_TOKEN = re.compile(
    r'\s*(?:("[^"]*")|(>=|<=|!=|==|=~|~~|::|\|\|?|&&?|[=<>+\-*/%!:?()])|([,{}\[\]])'
    r'|((?:[^\s"|&=<>+*/%!:?(){},\[\]~-]|~(?!~))+))'
)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?$")
_DEEPEST = 40
# Without traps, a result outside the numbers is one of the values inf and nan.
_DIGITS = Context(prec=18, traps=[])
_LONG = Context(prec=60)
_SMALLEST = Decimal("1e-40")
_TURN = Decimal("6.2831853071795864769252867665590057683943387987502116419498891846")  # 2π
_LARGEST_EXPONENT = 4932  # of C's long double; beyond it a number is infinite
_LARGEST = 2**31 - 1  # result of a division by zero


def substitute(text: str, lookup: Lookup, depth: int = 0) -> str:
    """Replace variables, functions and expressions by their values.

    Args:
        text: a priority's data.
        lookup: returns the value of ``NAME`` or ``FUNCTION(arguments)``, or "".
        depth: nesting level; text nested too deeply is left unchanged.
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
            log.warning("missing %r in %s", _CLOSING[opening], text)
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
    """Return the position of the matching bracket, or -1."""
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
    """Return the value of ``NAME``, ``NAME:offset`` or ``NAME:offset:length``."""
    name, offset, length = inside, 0, None
    if ":" in inside:
        outside = re.match(r"^([^(:]*(?:\(.*\))?)(:[^()]*)?$", inside, re.DOTALL)
        if outside and outside[2]:
            name = outside[1]
            # Like sscanf: parsing ends at the first part that is not a number.
            numbers = re.match(r":\s*([+-]?\d+)(?::\s*([+-]?\d+))?", outside[2])
            if numbers:
                offset = int(numbers[1])
                length = int(numbers[2]) if numbers[2] else None
    value = lookup(name)
    if not offset and length is None:
        return value
    octets = value.encode("utf-8", "surrogateescape")  # Asterisk counts them, not characters
    start = max(0, len(octets) + offset) if offset < 0 else offset
    end = length if length is None or length < 0 else start + length
    return octets[start:end].decode("utf-8", "surrogateescape")


def truth(text: str) -> bool:
    """Return whether GotoIf and similar applications treat a value as true.

    As ``pbx_checkcondition`` does: a text that begins with a whole number is true unless that is 0.
    """
    number = leading(text)
    return bool(text) if number is None else number != 0


def _is_true(text: str) -> bool:
    """Return whether an expression treats a value as true."""
    text = text.strip()
    if not text:
        return False
    if _NUMBER.match(text):
        return float(text) != 0
    return True


def calculate(text: str, lookup: Lookup = lambda _name: "") -> str:
    """Return the value of an expression.

    An expression with a syntax error is logged, and has the value parsed so far, as in Asterisk.

    Args:
        text: the text between ``$[`` and ``]``. Quoted parts keep their quotes and are never
            numbers.
        lookup: returns the value of a dialplan function, which an expression may call by name.
    """
    tokens: list[tuple[str, str]] = []
    at, calls, text = 0, 0, text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            log.warning("syntax error in expression $[%s]", text)
            return ""
        at = found.end()
        quoted, operator, mark, word = found.groups()
        if operator == "(" and (calls or (tokens and tokens[-1][0] == "value")):
            calls += 1
        elif operator == ")" and calls:
            calls -= 1
        if mark and not (calls and mark == ","):
            continue  # brackets mean nothing, and a comma only in the arguments of a function
        sign = operator or mark
        tokens.append(("op", sign) if sign is not None else ("value", quoted or word))
    reader = _ExpressionReader(tokens, lookup)
    try:
        value = reader.all()
    except _Unreadable as error:
        log.warning("expression $[%s]: %s", text, error)
        return error.value
    if not reader.at_end:
        log.warning("expression $[%s]: syntax error", text)
    return value


class _Unreadable(Exception):
    """An expression that cannot be parsed; ``value`` is its result so far."""

    def __init__(self, why: str, value: str = "0") -> None:
        super().__init__(why)
        self.value = value


def _number(text: str) -> Decimal:
    return Decimal(text) if _NUMBER.match(text) else Decimal(0)


def _shown(number: Decimal) -> str:
    """Format a number with 18 digits, like ``%.18Lg``."""
    if not number.is_finite() or number.adjusted() > _LARGEST_EXPONENT:
        sign = "-" if number.is_signed() else ""
        return sign + ("nan" if number.is_nan() else "inf")
    short = _DIGITS.plus(number).normalize(_DIGITS)
    if short == 0:
        return "-0" if number.is_signed() else "0"
    if -5 < short.adjusted() < _DIGITS.prec:
        return f"{short:f}"
    return f"{short:e}"


def _plain(text: str) -> str:
    """Return a number as a test for truth leaves it, without zeros in front; else the text."""
    return _shown(Decimal(text)) if _NUMBER.match(text) else text


def _bare(text: str) -> str:
    """Return a text without its quotes."""
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


def _sine(number: Decimal) -> Decimal:
    """Return the sine, by its Taylor series near 0."""
    rest = _LONG.remainder(number, _TURN)
    square, term, total, step = _LONG.multiply(rest, rest), rest, rest, 1
    while abs(term) > _SMALLEST:
        step += 2
        term = -_LONG.divide(_LONG.multiply(term, square), Decimal(step * (step - 1)))
        total = _LONG.add(total, term)
    return total


def _cosine(number: Decimal) -> Decimal:
    return _sine(_LONG.add(number, _LONG.divide(_TURN, Decimal(4))))


def _logarithm_of_two(number: Decimal) -> Decimal:
    return _LONG.divide(_LONG.ln(number), _LONG.ln(Decimal(2)))


def _logarithm(function: Callable[[Decimal], Decimal], number: Decimal) -> Decimal:
    if number > 0:
        return function(number)
    return Decimal("nan") if number else Decimal("-inf")


def _power(base: Decimal, exponent: Decimal) -> Decimal:
    if base < 0 and exponent != exponent.to_integral_value():
        return Decimal("-nan")
    if not base and not exponent:
        return Decimal(1)
    return _DIGITS.power(base, exponent)


_FUNCTIONS: dict[str, Callable[[Decimal], Decimal]] = {
    "FLOOR": lambda number: number.to_integral_value(ROUND_FLOOR),
    "CEIL": lambda number: number.to_integral_value(ROUND_CEILING),
    "ROUND": lambda number: number.to_integral_value(ROUND_HALF_UP),
    "TRUNC": lambda number: number.to_integral_value(ROUND_DOWN),
    "SQRT": lambda number: _DIGITS.sqrt(number) if number >= 0 else Decimal("-nan"),
    "EXP": _DIGITS.exp,
    "EXP2": lambda number: _DIGITS.power(2, number),
    "EXP10": lambda number: _DIGITS.power(10, number),
    "LOG": partial(_logarithm, _DIGITS.ln),
    "LOG2": partial(_logarithm, _logarithm_of_two),
    "LOG10": partial(_logarithm, _DIGITS.log10),
    "RINT": lambda number: number.to_integral_value(ROUND_HALF_EVEN),
    "SIN": _sine,
    "COS": _cosine,
    "TAN": lambda number: _LONG.divide(_sine(number), _cosine(number)),
}
_FUNCTIONS_OF_TWO: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "POW": _power,
    "REMAINDER": lambda one, two: _DIGITS.remainder_near(one, two) if two else Decimal("-nan"),
}


class _ExpressionReader:
    """Recursive-descent parser; each method parses one level of precedence."""

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
            return yes if _is_true(value) and value != '""' else no
        return value

    def _either(self) -> str:
        value = self._both()
        while self._next("|", "||"):
            other = self._both()
            value = _plain(value) if _is_true(value) else other
        return value

    def _both(self) -> str:
        value = self._compared()
        while self._next("&", "&&"):
            other = self._compared()
            value = _plain(value) if _is_true(value) and _is_true(other) else "0"
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
            other = self._unary()
            if not _NUMBER.match(value):
                value = "0"  # whatever it is multiplied with or divided by
            else:
                value = _shown(_SUMS[operator](_number(value), _number(other)))
        return value

    def _unary(self) -> str:
        if self._next("!"):
            return "0" if leading(self._unary()) else "1"
        if self._next("-"):
            value = self._unary()
            return _shown(_number(value).copy_negate()) if _NUMBER.match(value) else "0"
        return self._matched()

    def _matched(self) -> str:
        value = self._joined()
        while operator := self._next(":", "=~"):
            expression = _bare(self._operand(self._joined))
            try:
                pattern = PosixRegex(expression)
            except InvalidExpression as error:
                log.warning("invalid regular expression %s: %s", expression, error)
                value = ""
                continue
            text = _bare(value)
            found = pattern.match(text) if operator == ":" else pattern.search(text)
            if pattern.groups:
                value = found[1].decode("utf-8", "surrogateescape") if found else ""
            else:
                value = str(len(found[0])) if found else "0"
        return value

    def _joined(self) -> str:
        value = self._single()
        while self._next("~~"):
            value = _bare(value) + _bare(self._operand(self._single))
        return value

    def _operand(self, read: Callable[[], str]) -> str:
        """Return a right operand; a sign in front of it is part of it."""
        begun = self._at
        if self._next("!", "-"):
            self._at = begun
            return self._unary()
        return read()

    def _single(self) -> str:
        if self._next("("):
            value = self._choice()
            if not self._next(")"):
                raise _Unreadable("( without )")
            return value
        if self.at_end:
            raise _Unreadable("an operand is missing at its end")
        kind, text = self._tokens[self._at]
        if kind == "op":
            raise _Unreadable(f"unexpected {text}", "0" if self._at else "")
        self._at += 1
        return self._called(text) if self._next("(") else text

    def _called(self, name: str) -> str:
        """Return the value of a function, after its ``(``."""
        words = self._arguments()
        numbers = [_number(each) for each in words]
        if name == "CEIL" and len(words) == 1 and not _NUMBER.match(words[0]):
            return "1"  # Asterisk takes the text's address for a very small number
        if name in _FUNCTIONS:
            return _shown(_FUNCTIONS[name](numbers[0])) if len(numbers) == 1 else "0"
        if name in _FUNCTIONS_OF_TWO:
            return _shown(_FUNCTIONS_OF_TWO[name](*numbers)) if len(numbers) == 2 else "0"
        return self._lookup(f"{name}({','.join(words)})") or "0"

    def _arguments(self) -> list[str]:
        """Return a function's arguments, which are expressions; those after the first may lack."""
        if self._next(")"):
            return []
        words = [self._choice()]
        while self._next(","):
            lacks = not self.at_end and self._tokens[self._at] in (("op", ","), ("op", ")"))
            words.append("" if lacks else self._choice())
        if not self._next(")"):
            raise _Unreadable("( without )")
        return words
