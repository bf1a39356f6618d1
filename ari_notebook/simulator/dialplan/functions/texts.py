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
    # A dash with a backslash before it stands for itself, any other makes a range.
    chars = [char if char != "-" else "" for char in re.findall(_CHARACTER, found[1], re.DOTALL)]
    while chars:
        first = ord(decoded(chars.pop(0) or "-")[0])
        if chars and not chars[0] and first < _BYTE:
            last = ord(decoded(chars[1] or "-")[0]) % _BYTE if len(chars) > 1 else first
            del chars[:2]
            # A range that ends before it begins goes round.
            allowed.update((first + step) % _BYTE for step in range((last - first) % _BYTE + 1))
        else:
            allowed.add(first)
    return "".join(char for char in found[2] if ord(char) in allowed)


_BYTE = 256
_CHARACTER = r"\\x[0-9a-fA-F]{2}|\\.|."


def _value(exchange: Exchange, channel: Channel | None, name: str) -> str:
    """What a variable that a function names has."""
    return (channel.variable(name) if channel else None) or exchange.globals.get(name, "")


@reader("REPLACE")
def _replace(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    name, what, *by = [*arguments.split(","), ""][:3]
    value = _value(exchange, channel, name)
    if not value:
        raise Rejected(f"the variable {name} is not set")
    put = by[0][:1] if by else ""  # one character, or none
    return "".join(put if char in what else char for char in value)


@reader("CUT")
def _cut(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    words = separate(arguments, 4)
    if len(words) != 3:
        raise Rejected("CUT(variable,delimiter,range)")
    name, delimiter, wanted = words
    delimiter = "".join(decoded(delimiter)[:1]) or "-"
    parts = _value(exchange, channel, name).split(delimiter)
    kept: list[str] = []
    reached = 0
    for each in wanted.split("&"):
        found = re.match(r"(\d*)(-?)(\d*)$", each)
        if not found or not each:
            raise Rejected(f"CUT: {each!r} is no range")
        first, dash, last = found.groups()
        begin = natural(first, 1)
        end = natural(last, len(parts) if dash else begin)
        kept += parts[max(reached, begin - 1) : end] if begin or dash else []
        reached = max(reached, end)  # it reads on from there, and never goes back
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
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() if text else ""


@reader("SHA1")
def _sha1(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest() if text else ""


@reader("BASE64_ENCODE")
def _encode_base64(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@reader("BASE64_DECODE")
def _decode_base64(exchange: Exchange, channel: Channel | None, text: str) -> str:
    try:
        letters = text.rstrip("=")
        return base64.b64decode(letters + "=" * (-len(letters) % 4)).decode(errors="replace")
    except ValueError as error:
        raise Rejected(str(error)) from None


@reader("SPRINTF")
def _format(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    form, *values = separate(arguments, 101)
    done: list[str] = []
    end = 0
    for found in _CONVERSION.finditer(form):
        done.append(form[end : found.start()])
        end = found.end()
        done.append(_converted(found, values))
    return "".join([*done, form[end:]])


_CONVERSION = re.compile(r"%([-+ 0#']*\d*(?:\.\d*)?)(?:hh|ll|[hlLqjzt])?(.)", re.DOTALL)
_READ_AS = {
    **dict.fromkeys("diouxXc", r"\s*([+-]?\d+)"),
    **dict.fromkeys("eEfFgG", r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"),
    "s": r"(.*)",
}


def _converted(found: re.Match[str], values: list[str]) -> str:
    """One conversion of SPRINTF, with the next of the values, as far as that can be read."""
    flags, kind = found[1].replace("'", ""), found[2]
    if kind == "%":
        return "%"
    if kind not in _READ_AS:
        raise Rejected(f"SPRINTF knows no {found[0]}")
    if not values:
        raise Rejected("SPRINTF has more conversions than values")
    value = re.match(_READ_AS[kind], values.pop(0), re.DOTALL)
    if not value:
        raise Rejected(f"what stands for {found[0]} is no number")
    if kind == "s":
        return f"%{flags}s" % value[1]
    if kind in "eEfFgG":
        return f"%{flags}{kind}" % float(value[1])
    number = (int(value[1]) + 2**31) % 2**32 - 2**31
    if kind == "c":
        return f"%{flags}c" % (number % _BYTE)
    return f"%{flags}{kind}" % (number if kind in "di" else number % 2**32)


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
