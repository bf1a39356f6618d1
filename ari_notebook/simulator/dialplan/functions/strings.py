"""String functions."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
from urllib.parse import quote, unquote_to_bytes

from ari_notebook.simulator.dialplan.expressions import substitute
from ari_notebook.simulator.dialplan.functions.registry import (
    Rejected,
    base64_decoded,
    decoded,
    on,
    reader,
    separate,
)
from ari_notebook.simulator.media import sounds
from ari_notebook.simulator.numbers import is_natural, natural
from ari_notebook.simulator.pbx.channel import Channel
from ari_notebook.simulator.pbx.exchange import Exchange
from ari_notebook.simulator.regex import InvalidExpression, PosixRegex
from ari_notebook.simulator.utf8 import c_text, octets


@reader("LEN")
def _length(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return str(len(octets(text)))


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
    # An escaped dash is literal; any other dash forms a range.
    chars = [char if char != "-" else "" for char in re.findall(_CHARACTER, found[1], re.DOTALL)]
    while chars:
        first = ord(decoded(chars.pop(0) or "-")[0])
        if chars and not chars[0] and first < _BYTE:
            last = ord(decoded(chars[1] or "-")[0]) % _BYTE if len(chars) > 1 else first
            del chars[:2]
            # A range that ends before it begins wraps around.
            allowed.update((first + step) % _BYTE for step in range((last - first) % _BYTE + 1))
        else:
            allowed.add(first)
    return "".join(char for char in found[2] if ord(char) in allowed)


_BYTE = 256
_CHARACTER = r"\\x[0-9a-fA-F]{2}|\\.|."


def _value(exchange: Exchange, channel: Channel | None, name: str) -> str:
    """Return the value of the variable that a function names."""
    return (channel.variable(name) if channel else None) or exchange.globals.get(name, "")


@reader("REPLACE")
def _replace(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    name, what, by = [*separate(arguments, 3), "", "", ""][:3]
    value = _value(exchange, channel, name)
    if not value:
        raise Rejected(f"variable {name} is not set")
    if not what:
        raise Rejected("REPLACE(variable,characters,character)")
    found = octets("".join(decoded(what)))
    put = octets("".join(decoded(by)))[:1]  # one octet or none
    replaced = (put if octet in found else bytes((octet,)) for octet in octets(value))
    return c_text(b"".join(replaced))


@reader("CUT")
def _cut(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    words = separate(arguments, 4)
    if len(words) == 4 and not words[3]:
        del words[3]
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
            raise Rejected(f"CUT: {each!r} is not a range")
        first, dash, last = found.groups()
        begin = natural(first, 1)
        end = natural(last, len(parts) if dash else begin)
        kept += parts[max(reached, begin - 1) : end] if begin or dash else []
        reached = max(reached, end)  # continues from there, never backwards
    return delimiter.join(kept)


@reader("FIELDQTY")
def _field_quantity(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    name, delimiter, *_ = [*separate(arguments, 3), "", ""]
    value = _value(exchange, channel, name)
    delimiter = "".join(decoded(delimiter)[:1])
    if not delimiter:
        return "1"
    return str(len(value.split(delimiter))) if value else "0"


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
    that = on(channel)
    return substitute(text, lambda name: exchange.evaluate(that, name) or "")


@reader("EVAL_EXTEN")
def _evaluated_step(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    """Return the data of a priority, with its variables substituted."""
    that = on(channel)
    words = [each.strip() for each in arguments.split(",")]
    context, exten, priority = [that.dialplan.context, that.dialplan.exten, *words][-3:]
    step = exchange.dialplan.find(context, exten, natural(priority))
    return _evaluated(exchange, that, step.data) if step else ""


@reader("REGEX")
def _regex(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    found = re.match(r'\s*"((?:[^"\\]|\\.)*)"\s*(.*)$', arguments, re.DOTALL)
    if not found:
        raise Rejected('REGEX("expression" text)')
    try:
        return "0" if PosixRegex(found[1]).search(found[2]) is None else "1"
    except InvalidExpression as error:
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
    return quote(octets(text), safe="-_.~!*'()")


@reader("URIDECODE")
def _decode_uri(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return c_text(unquote_to_bytes(octets(text)))


@reader("MD5")
def _md5(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return hashlib.md5(octets(text), usedforsecurity=False).hexdigest() if text else ""


@reader("SHA1")
def _sha1(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return hashlib.sha1(octets(text), usedforsecurity=False).hexdigest() if text else ""


@reader("BASE64_ENCODE")
def _encode_base64(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return base64.b64encode(octets(text)).decode()


@reader("BASE64_DECODE")
def _decode_base64(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return c_text(base64_decoded(text))


@reader("ICONV")
def _converted_text(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    words = separate(arguments, 3)
    if len(words) < 3:
        raise Rejected("ICONV(from,to,text)")
    source, target, text = words
    try:
        converted = octets(text).decode(source).encode(target)
    except (LookupError, UnicodeError) as error:
        raise Rejected(str(error)) from None
    return c_text(converted)


@reader("JSON_DECODE")
def _json_item(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    """Return an item of the JSON in a variable; its path is joined by points."""
    name, path, separator, *_ = [*separate(arguments, 4), "", "", ""]
    try:
        found = json.loads(_value(exchange, channel, name))
    except ValueError as error:
        raise Rejected(f"{name} is not JSON: {error}") from None
    for key in path.split(separator or "."):
        if isinstance(found, list) and is_natural(key) and natural(key) < len(found):
            found = found[natural(key)]
        elif isinstance(found, dict) and key in found:
            found = found[key]
        else:
            return ""
    if isinstance(found, bool):
        return str(int(found))
    if isinstance(found, dict | list):
        return json.dumps(found, separators=(",", ":"))
    return "" if found is None else f"{found:f}" if isinstance(found, float) else str(found)


# SAYFILES names another sound for * than SayAlpha plays (`main/say.c`).
_STAR = {"letters/asterisk": "digits/star"}


@reader("SAYFILES")
def _sound_files(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    """Return the sounds that say a value, joined by ``&``."""
    value, kind, *_ = [*separate(arguments, 3), "", ""]
    match kind.lower() or "alpha":
        case "alpha":
            files = [_STAR.get(each, each) for each in sounds.characters(value)]
        case "digits":
            files = sounds.digits(value)
        case "phonetic":
            files = [_STAR.get(each, each) for each in sounds.phonetics(value)]
        case "number" if re.fullmatch(r"-?\d{1,9}", value):
            files = sounds.number(int(value))
        case "ordinal" if re.fullmatch(r"\d{1,9}", value):
            files = sounds.ordinal(int(value))
        case "money" if re.fullmatch(r"\d{1,7}(\.\d{1,2})?", value):
            files = sounds.money(value)
        case _:
            raise Rejected(f"{value!r} cannot be said as {kind or 'alpha'}")
    return "&".join(files)


@reader("SPRINTF")
def _format(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    form, *values = separate(arguments, 101)
    done: list[str] = []
    end = 0
    for found in _CONVERSION.finditer(form):
        done.append(form[end : found.start()])
        end = found.end()
        done.append(_converted(found, values))
    if form.endswith("%") and end < len(form):
        raise Rejected("SPRINTF does not support %")
    return "".join([*done, form[end:]])


_CONVERSION = re.compile(r"%([-+ 0#']*\d*(?:\.\d*)?)(?:hh|ll|[hlLqjzt])?(.)", re.DOTALL)
_READ_AS = {
    **dict.fromkeys("diouxXc", r"\s*([+-]?\d+)"),
    **dict.fromkeys(
        "eEfFgG",
        r"(?i)\s*([+-]?(?:0x[0-9a-f]+\.?[0-9a-f]*(?:p[+-]?\d+)?|inf(?:inity)?|nan"
        r"|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?))",
    ),
    "s": r"(.*)",
}


def _converted(found: re.Match[str], values: list[str]) -> str:
    """Format one conversion of SPRINTF with the next value, as far as it parses."""
    flags, kind = found[1].replace("'", ""), found[2]
    if kind == "%":
        return "%"
    if kind not in _READ_AS:
        raise Rejected(f"SPRINTF does not support {found[0]}")
    if not values and kind == "s":
        return f"%{flags}s" % "(null)"
    if not values:
        raise Rejected("SPRINTF has more conversions than values")
    value = re.match(_READ_AS[kind], values.pop(0), re.DOTALL)
    if not value:
        raise Rejected(f"the value for {found[0]} is not a number")
    if kind == "s":
        return f"%{flags}s" % value[1]
    if kind in "eEfFgG":
        read = float.fromhex if "x" in value[1].lower() else float
        return f"%{flags}{kind}" % read(value[1])
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
    """Return the output of ``echo``; the simulator runs no programs."""
    program, *words = shlex.split(command) or [""]
    if program != "echo" or set(command) & _OF_THE_SHELL:
        raise Rejected("the simulator runs no program except echo")
    bare = words[:1] == ["-n"]
    return " ".join(words[bare:]) + ("" if bare else "\n")


_OF_THE_SHELL = frozenset("$`;&|<>(){}*?[]~#!\\")
