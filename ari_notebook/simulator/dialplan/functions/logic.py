"""Functions that choose and calculate."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ari_notebook.simulator.channels import Channel
from ari_notebook.simulator.dialplan.expressions import truth
from ari_notebook.simulator.dialplan.functions.registry import Rejected, reader, split
from ari_notebook.simulator.naturals import LARGEST, natural

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange


@reader("IF")
def _if(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    condition, mark, rest = arguments.partition("?")
    if not mark:
        raise Rejected("IF(condition?then:else)")
    yes, *others = split(rest, ":")
    no = ":".join(others)
    return yes.strip('"') if truth(condition) else no.strip('"')


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


@reader("MATH")
def _math(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    sum_, _, kind = arguments.partition(",")
    found = re.match(r"\s*(-?[\d.]+)\s*(==|>=|<=|[-+*/%<>])\s*(-?[\d.]+)\s*$", sum_)
    if not found:
        raise Rejected(f"{sum_!r} is no sum of two numbers")
    one, two = float(found[1]), float(found[3])
    if found[2] in "/%" and two == 0:
        raise Rejected("a division by zero")
    match found[2]:
        case "+":
            value = one + two
        case "-":
            value = one - two
        case "*":
            value = one * two
        case "/":
            value = one / two
        case "%":
            value = one % two
        case comparison:
            sign = (one > two) - (one < two)
            true = {"==": sign == 0, "<": sign < 0, ">": sign > 0, "<=": sign <= 0}
            return "TRUE" if true.get(comparison, sign >= 0) else "FALSE"
    return str(int(value)) if kind.strip() in ("i", "int") else f"{value:f}"


@reader("STRFTIME")
def _strftime(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    epoch, _, form = [*split(arguments), "", ""][:3]
    at = float(epoch) if epoch.strip() else exchange.now
    return datetime.fromtimestamp(at, UTC).strftime(form.strip('"') or "%c")


def _numbers(arguments: str) -> list[float]:
    try:
        return [float(each) for each in split(arguments)]
    except ValueError:
        raise Rejected(f"{arguments!r} is not numbers") from None


@reader("MIN")
def _least(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    return f"{min(_numbers(arguments)):g}"


@reader("MAX")
def _most(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    return f"{max(_numbers(arguments)):g}"


@reader("ABS")
def _absolute(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    return f"{abs(_numbers(arguments)[0]):g}"


@reader("SORT")
def _sort(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    pairs = [each.rpartition(":") for each in split(arguments)]
    return ",".join(name for name, _, _ in sorted(pairs, key=lambda each: _numbers(each[2])[0]))
