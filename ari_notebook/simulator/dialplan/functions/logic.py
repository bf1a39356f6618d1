"""Functions for conditions and arithmetic."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from ari_notebook.simulator.dialplan.expressions import truth
from ari_notebook.simulator.dialplan.functions.registry import (
    Rejected,
    reader,
    separate,
    split,
)
from ari_notebook.simulator.numbers import (
    INT,
    LARGEST,
    LONG,
    is_natural,
    leading_float,
    natural,
    wrap,
)
from ari_notebook.simulator.pbx.channel import Channel
from ari_notebook.simulator.pbx.exchange import Exchange


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
    name, sign, value = arguments.partition("=")
    if not sign:
        raise Rejected("SET(name=value)")
    exchange.assign(channel, name.strip(), value.strip())
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


def _power(one: float, two: float) -> float:
    """Return a power; 0 where it is not a real number."""
    try:
        return math.pow(one, two)
    except (ValueError, OverflowError):
        return 0.0


# In the order in which MATH searches operators: the first found wins, whatever its position.
_OPERATORS: tuple[tuple[str, Callable[[float, float], float | bool]], ...] = (
    ("*", lambda one, two: one * two),
    ("/", lambda one, two: one / two if two > 0 else 0),
    ("%", lambda one, two: math.fmod(_int(one), _int(two)) if _int(two) else 0),
    ("^", _power),
    ("AND", lambda one, two: _int(one) & _int(two)),
    ("XOR", lambda one, two: _int(one) ^ _int(two)),
    ("OR", lambda one, two: _int(one) | _int(two)),
    (">=", lambda one, two: one >= two),
    (">>", lambda one, two: _int(one) >> (_int(two) & 31)),
    (">", lambda one, two: one > two),
    ("<=", lambda one, two: one <= two),
    ("<<", lambda one, two: wrap(_int(one) << (_int(two) & 31), INT)),
    ("<", lambda one, two: one < two),
    ("==", lambda one, two: one == two),
    ("+", lambda one, two: one + two),
    ("-", lambda one, two: one - two),
)
_RESULTS: dict[str, Callable[[float], str]] = {
    "float": lambda value: f"{value:f}",
    "int": lambda value: str(_int(value)),
    "hex": lambda value: f"{int(value) % 2**32 if abs(value) < LONG else 0:x}",
    "char": lambda value: chr(_int(value) % 256).strip("\0"),
}
_RESULTS |= {name[0]: shown for name, shown in _RESULTS.items()}


def _int(value: float) -> int:
    """Convert a number to a C int, as x86 does: one out of range to the smallest."""
    return int(value) if -INT <= value < INT else -INT


@reader("MATH")
def _math(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    sum_, kind, *_ = [*separate(arguments, 2), "float", ""]
    shown = _RESULTS.get(kind.lower())
    if shown is None:
        raise Rejected(f"{kind!r} is not a type of result")
    sign, digits = (-1, sum_[1:]) if sum_.startswith("-") else (1, sum_)
    for operator, calculate in _OPERATORS:
        if operator in digits:
            left, _, right = digits.partition(operator)
            value = calculate(sign * _number(left), _number(right))
            return str(value).upper() if isinstance(value, bool) else shown(value)
    raise Rejected(f"{sum_!r} is not an operation on two numbers")


def _number(text: str) -> float:
    found = leading_float(text)
    if found is None:
        raise Rejected(f"{text!r} is not a number")
    return found


def _short(value: float) -> str:
    """Format a number without unnecessary decimals."""
    return str(int(value)) if value == _int(value) else f"{value:f}"


def _zone(name: str) -> tzinfo:
    """Return a time zone; an unknown name gives UTC."""
    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, ValueError, OSError):  # unknown name
        return UTC


_FRACTION = re.compile(r"%(\d?)q")


@reader("STRFTIME")
def _strftime(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    words = separate(arguments, 3)
    epoch, zone, form = [*words, "", "", ""][: len(words)] + ["", "", "%c"][len(words) :]
    place = _zone(zone)
    found = leading_float(epoch)
    at = datetime.fromtimestamp(exchange.now if found is None else found, place)
    # Asterisk's extension of strftime: %q is a fraction of a second, by default three digits.
    form = _FRACTION.sub(lambda found: f"{at:%f}"[: int(found[1] or 3)], form)
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
    return PurePosixPath(path).name or ("/" if path else ".")


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
        raise Rejected("DIGIT_SUM requires a number")
    return str(sum(int(each) for each in text if is_natural(each)))


@reader("SORT")
def _sort(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    pairs = [each.rpartition(":") for each in split(arguments) if ":" in each]
    pairs.sort(key=lambda pair: leading_float(pair[2]) or 0.0)
    return ",".join(name for name, _, _ in pairs)
