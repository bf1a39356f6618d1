"""Functions of a call's parties: CALLERID, CONNECTEDLINE, REDIRECTING, CALLERPRES.

As in ``funcs/func_callerid.c``. A party has a name, a number and many details; ARI shows the name
and number only, so the details are kept in `Channel.items`, under ``PARTY-DETAIL``.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass

from ari_notebook.simulator.dialplan.functions.registry import Rejected, on, reader, writer
from ari_notebook.simulator.numbers import leading
from ari_notebook.simulator.pbx.channel import CallerId, Channel
from ari_notebook.simulator.pbx.exchange import Exchange

log = logging.getLogger(__name__)

_ALLOWED, _MISSING = "allowed_not_screened", "unavailable"
_PRESENTATIONS = frozenset(
    {
        _ALLOWED,
        "allowed_passed_screen",
        "allowed_failed_screen",
        "allowed",
        "prohib_not_screened",
        "prohib_passed_screen",
        "prohib_failed_screen",
        "prohib",
        _MISSING,
    }
)
_CHARSETS = frozenset(
    {
        "unknown",
        "iso8859-1",
        "withdrawn",
        "iso8859-2",
        "iso8859-3",
        "iso8859-4",
        "iso8859-5",
        "iso8859-7",
        "bmp",
        "utf8",
    }
)
# Details that are whole numbers.
_WHOLE = frozenset({"num-plan", "subaddr-type", "subaddr-odd"})


@dataclass(frozen=True, slots=True)
class _Party:
    """One party of a channel; ``key`` names its details."""

    channel: Channel
    key: str
    id: CallerId

    def detail(self, name: str, default: str = "") -> str:
        return self.channel.items.get(f"{self.key}-{name}", default)

    def is_valid(self, name: str, value: str) -> bool:
        return self.detail(f"{name}-valid", "1" if value else "0") == "1"

    @property
    def presentation(self) -> str:
        """The presentation of name and number together; the more restricted one counts."""
        valid = [
            self.detail(f"{name}-pres", _ALLOWED)
            for name, value in (("num", self.id.number), ("name", self.id.name))
            if self.is_valid(name, value)
        ]
        return next((each for each in valid if each.startswith("prohib")), [*valid, _MISSING][0])


def _item(text: str) -> str:
    """Return an item of a party as it is stored: ``number`` and ``ton`` have shorter names."""
    item = text.lower().partition(",")[0].replace("number", "num")
    return "num-plan" if item == "ton" else item


def _read(party: _Party, item: str) -> str:
    match item:
        case "num":
            return party.id.number
        case "name":
            return party.id.name
        case "all":
            return f'"{party.id.name}" <{party.id.number}>'
        case "num-valid":
            return str(int(party.is_valid("num", party.id.number)))
        case "name-valid":
            return str(int(party.is_valid("name", party.id.name)))
        case "subaddr-valid":
            return party.detail(item, "0")
        case "num-pres" | "name-pres":
            return party.detail(item, _ALLOWED)
        case "pres":
            return party.presentation
        case "name-charset":
            return party.detail(item, "iso8859-1")
        case "tag" | "subaddr":
            return party.detail(item)
        case _ if item in _WHOLE:
            return party.detail(item, "0")
    log.warning("unknown item %r of a party", item)
    return ""


def _write(party: _Party, item: str, value: str) -> CallerId:
    """Set one item; return the party's name and number.

    Raises:
        Rejected: the item is unknown.
    """
    items, key = party.channel.items, party.key
    match item:
        case "num":
            return CallerId(party.id.name, value)
        case "name":
            return CallerId(value, party.id.number)
        case "all":
            return CallerId.parse(value)
        case "num-valid" | "name-valid" | "subaddr-valid":
            items[f"{key}-{item}"] = "1" if leading(value) else "0"
        case "num-pres" | "name-pres" if value in _PRESENTATIONS:
            items[f"{key}-{item}"] = value
        case "pres" if value in _PRESENTATIONS:
            items[f"{key}-num-pres"] = items[f"{key}-name-pres"] = value
        case "name-charset" if value in _CHARSETS:
            items[f"{key}-{item}"] = value
        case "tag" | "subaddr":
            items[f"{key}-{item}"] = value
        case _ if item in _WHOLE:
            items[f"{key}-{item}"] = str(leading(value) or 0)
        case _:
            raise Rejected(f"{item!r} cannot be set")
    return party.id


def _kept(channel: Channel, key: str) -> _Party:
    """Return a party that ARI does not show: its name and number are details too."""
    items = channel.items
    return _Party(channel, key, CallerId(items.get(f"{key}-name", ""), items.get(f"{key}-num", "")))


def _keep(party: _Party, item: str, value: str) -> CallerId:
    """Set one item of a party that ARI does not show."""
    id = _write(party, item, value)
    party.channel.items[f"{party.key}-name"] = id.name
    party.channel.items[f"{party.key}-num"] = id.number
    return id


# Parties of a caller beside the caller ID; their bare names mean their numbers.
_BESIDE = re.compile(r"(ani|dnid|priv)(?:-(.+))?$")


@reader("CALLERID")
def _caller(exchange: Exchange, channel: Channel | None, text: str) -> str:
    that, item = on(channel), _item(text)
    if item == "rdnis":
        return that.parties.redirected_from
    if item == "ani2":
        return that.items.get("ani2", "0")
    if found := _BESIDE.match(item):
        return _read(_kept(that, found[1]), found[2] or "num")
    return _read(_Party(that, "caller", that.parties.caller), item)


@writer("CALLERID")
def _set_caller(exchange: Exchange, channel: Channel | None, text: str, value: str) -> None:
    that, item = on(channel), _item(text)
    if item == "rdnis":
        that.parties.redirected_from = value
    elif item == "ani2":
        that.items["ani2"] = str(leading(value) or 0)
    elif found := _BESIDE.match(item):
        _keep(_kept(that, found[1]), found[2] or "num", value)
    else:
        that.set_caller(_write(_Party(that, "caller", that.parties.caller), item, value))


@reader("CALLERPRES")
def _caller_presentation(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return ""  # deprecated: it can only be set


@reader("CONNECTEDLINE")
def _connected(exchange: Exchange, channel: Channel | None, text: str) -> str:
    that, item = on(channel), _item(text)
    if item == "source":
        return that.items.get("connected-source", "unknown")
    if item.startswith("priv-"):
        return _read(_kept(that, "connected-priv"), item.removeprefix("priv-"))
    return _read(_Party(that, "connected", that.parties.connected), item)


@writer("CONNECTEDLINE")
def _set_connected(exchange: Exchange, channel: Channel | None, text: str, value: str) -> None:
    that, item = on(channel), _item(text)
    if item == "source":
        that.items["connected-source"] = value
    elif item.startswith("priv-"):
        _keep(_kept(that, "connected-priv"), item.removeprefix("priv-"), value)
    else:
        before = that.parties.connected
        that.set_connected(_write(_Party(that, "connected", before), item, value))
        if that.parties.connected != before and "i" not in text.partition(",")[2]:
            that.driver.indicate(that, "CONNECTED_LINE")


_REDIRECTING = re.compile(r"((?:priv-)?(?:orig|from|to))-(.+)")


def _redirected(channel: Channel, which: str) -> _Party:
    """Return a redirecting party; ARI shows the number that the call was redirected from."""
    party = _kept(channel, f"redirecting-{which}")
    if which != "from":
        return party
    return _Party(channel, party.key, CallerId(party.id.name, channel.parties.redirected_from))


@reader("REDIRECTING")
def _redirecting(exchange: Exchange, channel: Channel | None, text: str) -> str:
    that, item = on(channel), _item(text)
    if item in ("reason", "orig-reason"):
        return that.items.get(f"redirecting-{item}", "unknown")
    if item == "count":
        return that.items.get("redirecting-count", "0")
    if item == "pres":
        return _redirected(that, "from").presentation
    if found := _REDIRECTING.match(item):
        return _read(_redirected(that, found[1]), found[2])
    log.warning("unknown item %r of REDIRECTING", item)
    return ""


@writer("REDIRECTING")
def _set_redirecting(exchange: Exchange, channel: Channel | None, text: str, value: str) -> None:
    that, item = on(channel), _item(text)
    if item in ("reason", "orig-reason"):
        that.items[f"redirecting-{item}"] = value
    elif item == "count":
        that.items["redirecting-count"] = str(leading(value) or 0)
    elif found := _REDIRECTING.match(item):
        id = _keep(_redirected(that, found[1]), found[2], value)
        if found[1] == "from":
            that.parties.redirected_from = id.number
    else:
        raise Rejected(f"{item!r} cannot be set")
    that.publish_snapshot()
