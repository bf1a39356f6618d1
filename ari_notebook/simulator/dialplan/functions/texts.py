"""Functions of texts."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from ari_notebook.simulator.channels import Channel
from ari_notebook.simulator.dialplan.functions.registry import Rejected, reader
from ari_notebook.simulator.naturals import natural

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange


@reader("LEN")
def _length(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return str(len(text))


@reader("TOUPPER")
def _upper(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return text.upper()


@reader("TOLOWER")
def _lower(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return text.lower()


@reader("QUOTE")
def _quote(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@reader("FILTER")
def _filter(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    allowed, _, text = arguments.partition(",")
    try:
        return "".join(re.findall("[" + allowed.replace("[", r"\[") + "]", text))
    except re.error:
        raise Rejected(f"{allowed!r} is no set of characters") from None


@reader("REPLACE")
def _replace(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    name, what, *by = [*arguments.split(","), ""][:3]
    value = (channel.variable(name) if channel else None) or exchange.globals.get(name, "")
    return "".join((by[0] if by else "") if char in what else char for char in value)


@reader("CUT")
def _cut(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    words = arguments.split(",")
    if len(words) != 3:
        raise Rejected("CUT(variable,delimiter,range)")
    name, delimiter, wanted = words
    value = (channel.variable(name) if channel else None) or exchange.globals.get(name, "")
    parts = value.split(delimiter or "-")
    kept: list[str] = []
    for each in wanted.split("&"):
        first, dash, last = each.partition("-")
        begin = natural(first, 1)
        end = natural(last, len(parts) if dash else begin)
        kept += parts[begin - 1 : end]
    return (delimiter or "-").join(kept)


@reader("FIELDQTY")
def _field_quantity(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    name, _, delimiter = arguments.partition(",")
    value = (channel.variable(name) if channel else None) or exchange.globals.get(name, "")
    return str(len(value.split(delimiter or ","))) if value else "0"


@reader("REGEX")
def _regex(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    found = re.match(r'\s*"((?:[^"\\]|\\.)*)"\s*(.*)$', arguments, re.DOTALL)
    if not found:
        raise Rejected('REGEX("expression" text)')
    try:
        return "1" if re.search(found[1], found[2]) else "0"
    except re.error as error:
        raise Rejected(str(error)) from None


@reader("STRREPLACE")
def _string_replace(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    name, find, by, most = [*arguments.split(","), "", "", ""][:4]
    if not find:
        raise Rejected("STRREPLACE(variable,find,replace,most)")
    value = (channel.variable(name) if channel else None) or exchange.globals.get(name, "")
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
