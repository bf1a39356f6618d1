"""Functions that choose and calculate."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ari_notebook.simulator.channels import Channel
from ari_notebook.simulator.dialplan.expressions import truth
from ari_notebook.simulator.dialplan.functions.registry import (
    Rejected,
    reader,
    separate,
    split,
)
from ari_notebook.simulator.naturals import LARGEST, is_natural, natural

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange


@reader("IF")
def _if(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    condition, *rest = separate(arguments, 2, "?")
    ways = separate(rest[0], 2, ":") if rest else []
    if not condition or not ways:
        raise Rejected("IF(condition?then:else)")
    yes, no = [*ways, ""][:2]
    return (yes if truth(condition) else no).strip()


@reader("SET")
def _set(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    from ari_notebook.simulator.dialplan.values import assign

    name, sign, value = arguments.partition("=")
    if not sign:
        raise Rejected("SET(name=value)")
    assign(exchange, channel, name.strip(), value.strip())
    return value.strip()


@reader("VARIABLE_EXISTS")
def _variable_exists(exchange: Exchange, channel: Channel | None, name: str) -> str:
    known = name in exchange.globals or (channel is not None and channel.variable(name) is not None)
    return "1" if known else "0"


@reader("ISNULL")
def _is_null(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return "0" if text else "1"


@reader("EXISTS")
def _exists(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return "1" if text else "0"


@reader("RAND")
def _random(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    words = [word.strip() for word in arguments.split(",")]
    least = natural(words[0])
    most = natural(words[1], LARGEST) if len(words) > 1 else LARGEST
    return str(exchange.random.randint(min(least, most), max(least, most)))


_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)")
# In the order in which MATH looks for them: it takes the first it finds, wherever that stands.
_OPERATORS: tuple[tuple[str, Callable[[float, float], float | bool]], ...] = (
    ("*", lambda one, two: one * two),
    ("/", lambda one, two: one / two if two > 0 else 0),
    ("%", lambda one, two: math.fmod(int(one), int(two)) if int(two) else 0),
    ("^", pow),
    ("AND", lambda one, two: int(one) & int(two)),
    ("XOR", lambda one, two: int(one) ^ int(two)),
    ("OR", lambda one, two: int(one) | int(two)),
    (">=", lambda one, two: one >= two),
    (">>", lambda one, two: int(one) >> (int(two) & 31)),
    (">", lambda one, two: one > two),
    ("<=", lambda one, two: one <= two),
    ("<<", lambda one, two: _int(int(one) << (int(two) & 31))),
    ("<", lambda one, two: one < two),
    ("==", lambda one, two: one == two),
    ("+", lambda one, two: one + two),
    ("-", lambda one, two: one - two),
)
_RESULTS: dict[str, Callable[[float], str]] = {
    "float": lambda value: f"{value:f}",
    "int": lambda value: str(_int(int(value))),
    "hex": lambda value: f"{int(value) % 2**32:x}",
    "char": lambda value: chr(int(value) % 256),
}
_RESULTS |= {name[0]: shown for name, shown in _RESULTS.items()}


def _int(value: int) -> int:
    """A number in a C int."""
    return (value + 2**31) % 2**32 - 2**31


@reader("MATH")
def _math(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    sum_, kind, *_ = [*separate(arguments, 3), "", ""]
    shown = _RESULTS.get(kind.lower() or "float")
    if shown is None:
        raise Rejected(f"{kind!r} is no type of result")
    sign, digits = (-1, sum_[1:]) if sum_.startswith("-") else (1, sum_)
    for operator, calculate in _OPERATORS:
        if operator in digits:
            left, _, right = digits.partition(operator)
            value = calculate(sign * _number(left), _number(right))
            return str(value).upper() if isinstance(value, bool) else shown(value)
    raise Rejected(f"{sum_!r} is no sum of two numbers")


def _number(text: str) -> float:
    found = _NUMBER.match(text)
    if not found:
        raise Rejected(f"{text!r} is no number")
    return float(found[1])


def _short(value: float) -> str:
    """A number without the decimals that it does not need."""
    return str(int(value)) if value == int(value) else f"{value:f}"


def _zone(name: str) -> tzinfo:
    """A time zone; what is none is UTC."""
    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, ValueError, OSError):  # none of that name
        return UTC


_FRACTION = re.compile(r"%(\d?)q")


@reader("STRFTIME")
def _strftime(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    epoch, zone, form = [*separate(arguments, 3), "", "", ""][:3]
    place = _zone(zone)
    found = _NUMBER.match(epoch)
    at = datetime.fromtimestamp(float(found[1]) if found else exchange.now, place)
    # Fractions of a second are Asterisk's own: three digits of them unless it says how many.
    form = _FRACTION.sub(lambda found: f"{at:%f}"[: int(found[1] or 3)], form or "%c")
    return at.strftime(form)


@reader("STRPTIME")
def _strptime(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    text, zone, form = [*separate(arguments, 3), "", "", ""][:3]
    if not form:
        raise Rejected("STRPTIME(time,zone,format)")
    if form == "%s":
        return str(natural(text)) if is_natural(text) else ""
    try:
        return str(int(datetime.strptime(text, form).replace(tzinfo=_zone(zone)).timestamp()))
    except ValueError:
        return ""


@reader("BASENAME")
def _base_name(exchange: Exchange, channel: Channel | None, path: str) -> str:
    return PurePosixPath(path).name


@reader("DIRNAME")
def _folder_name(exchange: Exchange, channel: Channel | None, path: str) -> str:
    return str(PurePosixPath(path).parent)


@reader("UUID")
def _uuid(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    return exchange.uuid()


def _numbers(arguments: str) -> list[float]:
    found = [_number(each) for each in separate(arguments, 3)[:2] if each]
    if not found:
        raise Rejected("a number is missing")
    return found


@reader("MIN")
def _least(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    return _short(min(_numbers(arguments)))


@reader("MAX")
def _most(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    return _short(max(_numbers(arguments)))


@reader("ABS")
def _absolute(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    return _short(abs(_number(arguments)))


@reader("DIGIT_SUM")
def _digit_sum(exchange: Exchange, channel: Channel | None, text: str) -> str:
    if not text:
        raise Rejected("DIGIT_SUM needs a number")
    return str(sum(int(each) for each in text if is_natural(each)))


@reader("SORT")
def _sort(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    pairs = [each.rpartition(":") for each in split(arguments) if ":" in each]

    def weight(pair: tuple[str, str, str]) -> float:
        found = _NUMBER.match(pair[2])
        return float(found[1]) if found else 0.0

    return ",".join(name for name, _, _ in sorted(pairs, key=weight))
