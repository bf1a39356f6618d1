"""Functions of texts."""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from ari_notebook.simulator.channels import Channel
from ari_notebook.simulator.dialplan.expressions import posix
from ari_notebook.simulator.dialplan.functions.registry import (
    Rejected,
    decoded,
    on,
    reader,
    separate,
)
from ari_notebook.simulator.naturals import natural

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange


@reader("LEN")
def _length(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return str(len(text.encode()))


@reader("TOUPPER")
def _upper(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return "".join(each.upper() if each.isascii() else each for each in text)


@reader("TOLOWER")
def _lower(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return "".join(each.lower() if each.isascii() else each for each in text)


@reader("QUOTE")
def _quote(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@reader("CSV_QUOTE")
def _quote_field(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


@reader("FILTER")
def _filter(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    found = re.match(r"((?:\\.|[^,\\])*),(.*)$", arguments, re.DOTALL)
    if not found:
        raise Rejected("FILTER(allowed,text)")
    allowed: set[int] = set()
    chars = decoded(found[1])
    while chars:
        first = ord(chars.pop(0))
        if chars and chars[0] == "-" and first < _BYTE:
            last = ord(chars[1]) % _BYTE if len(chars) > 1 else first
            del chars[:2]
            # A range that ends before it begins goes round.
            allowed.update((first + step) % _BYTE for step in range((last - first) % _BYTE + 1))
        else:
            allowed.add(first)
    return "".join(char for char in found[2] if ord(char) in allowed)


_BYTE = 256


def _value(exchange: Exchange, channel: Channel | None, name: str) -> str:
    """What a variable that a function names has."""
    return (channel.variable(name) if channel else None) or exchange.globals.get(name, "")


@reader("REPLACE")
def _replace(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    name, what, *by = [*arguments.split(","), ""][:3]
    value = _value(exchange, channel, name)
    if not value:
        raise Rejected(f"the variable {name} is not set")
    return "".join((by[0] if by else "") if char in what else char for char in value)


@reader("CUT")
def _cut(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    words = separate(arguments, 4)
    if len(words) != 3:
        raise Rejected("CUT(variable,delimiter,range)")
    name, delimiter, wanted = words
    delimiter = "".join(decoded(delimiter)[:1]) or "-"
    parts = _value(exchange, channel, name).split(delimiter)
    kept: list[str] = []
    for each in wanted.split("&"):
        found = re.match(r"(\d*)(-?)(\d*)$", each)
        if not found or not each:
            raise Rejected(f"CUT: {each!r} is no range")
        first, dash, last = found.groups()
        begin = natural(first, 1)
        end = natural(last, len(parts) if dash else begin)
        kept += parts[max(0, begin - 1) : end] if begin or dash else []
    return delimiter.join(kept)


@reader("FIELDQTY")
def _field_quantity(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    name, delimiter, *_ = [*separate(arguments, 3), "", ""]
    value = _value(exchange, channel, name)
    delimiter = "".join(decoded(delimiter)[:1])
    return str(len(value.split(delimiter)) if delimiter else 1) if value else "0"


@reader("FIELDNUM")
def _field_number(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    words = separate(arguments, 3)
    if len(words) < 3:
        raise Rejected("FIELDNUM(variable,delimiter,field)")
    name, delimiter, wanted = words
    delimiter = "".join(decoded(delimiter)[:1])
    value = _value(exchange, channel, name)
    fields = [each.lower() for each in value.split(delimiter)] if value and delimiter else []
    return str(fields.index(wanted.lower()) + 1) if wanted.lower() in fields else "0"


@reader("LISTFILTER")
def _list_filter(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    words = separate(arguments, 3)
    if len(words) < 3:
        raise Rejected("LISTFILTER(variable,delimiter,field)")
    name, delimiter, unwanted = words
    delimiter = "".join(decoded(delimiter)) or ","
    fields = _value(exchange, channel, name).split(delimiter)
    return delimiter.join(each for each in fields if each != unwanted)


@reader("EVAL")
def _evaluated(exchange: Exchange, channel: Channel | None, text: str) -> str:
    from ari_notebook.simulator.dialplan.values import expand

    return expand(on(channel), text)


@reader("REGEX")
def _regex(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    found = re.match(r'\s*"((?:[^"\\]|\\.)*)"\s*(.*)$', arguments, re.DOTALL)
    if not found:
        raise Rejected('REGEX("expression" text)')
    try:
        return "1" if re.search(posix(found[1]), found[2]) else "0"
    except re.error as error:
        raise Rejected(str(error)) from None


@reader("STRREPLACE")
def _string_replace(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    name, find, by, most = [*arguments.split(","), "", "", ""][:4]
    if not find:
        raise Rejected("STRREPLACE(variable,find,replace,most)")
    value = _value(exchange, channel, name)
    return value.replace(find, by, natural(most, -1))


@reader("TRIM")
def _trim(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return text.strip()


@reader("LTRIM")
def _left_trim(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return text.lstrip()


@reader("RTRIM")
def _right_trim(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return text.rstrip()


@reader("URIENCODE")
def _encode_uri(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return quote(text, safe="-_.~!*'()")


@reader("URIDECODE")
def _decode_uri(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return unquote(text)


@reader("MD5")
def _md5(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@reader("SHA1")
def _sha1(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


@reader("BASE64_ENCODE")
def _encode_base64(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@reader("BASE64_DECODE")
def _decode_base64(exchange: Exchange, channel: Channel | None, text: str) -> str:
    try:
        return base64.b64decode(text).decode(errors="replace")
    except ValueError as error:
        raise Rejected(str(error)) from None


@reader("SPRINTF")
def _format(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    form, *values = arguments.split(",")
    kinds = re.findall(r"%[-+ 0#]*\d*(?:\.\d+)?([a-zA-Z])", form.replace("%%", ""))
    if "c" in kinds:
        raise Rejected("SPRINTF knows no %c")
    try:
        return form % tuple(
            int(value) if kind in "dioxXu" else float(value) if kind in "eEfgG" else value
            for kind, value in zip(kinds, values, strict=True)
        )
    except (TypeError, ValueError) as error:
        raise Rejected(f"{form!r}: {error}") from None


_KEYPAD = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")


@reader("KEYPADHASH")
def _keypad(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return re.sub(r"[^0-9]", "", text.lower().translate(_KEYPAD))


@reader("PASSTHRU")
def _unchanged(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return text


@reader("SHELL")
def _shell(exchange: Exchange, channel: Channel | None, command: str) -> str:
    """No program is run here; ``echo`` needs none."""
    program, *words = shlex.split(command) or [""]
    if program != "echo" or set(command) & _OF_THE_SHELL:
        raise Rejected("the simulator runs no programs but echo")
    bare = words[:1] == ["-n"]
    return " ".join(words[bare:]) + ("" if bare else "\n")


_OF_THE_SHELL = frozenset("$`;&|<>(){}*?[]~#!\\")
