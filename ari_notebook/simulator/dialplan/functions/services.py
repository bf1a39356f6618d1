"""Functions of Asterisk's services: features, presence, queues, modules, time ranges.

What the simulator lacks, such as queues, reads as on an Asterisk where none is configured.
"""

from __future__ import annotations

from datetime import UTC

from ari_notebook.simulator.dialplan.functions.registry import (
    Rejected,
    on,
    reader,
    separate,
    writer,
)
from ari_notebook.simulator.dialplan.time_ranges import within
from ari_notebook.simulator.pbx.channel import Channel
from ari_notebook.simulator.pbx.exchange import Exchange

# Values of features.conf where it sets nothing (`main/features_config.c`).
_FEATURES = {
    "inherit": "no",
    "featuredigittimeout": "1000",
    "transferdigittimeout": "3",
    "atxfernoanswertimeout": "15",
    "atxferdropcall": "0",
    "atxferloopdelay": "10",
    "atxfercallbackretries": "2",
    "atxferabort": "*1",
    "atxfercomplete": "*2",
    "atxferthreeway": "*3",
    "atxferswap": "*4",
    "xferfailsound": "beeperr",
    "transferdialattempts": "3",
    "transferretrysound": "pbx-invalid",
    "transferinvalidsound": "privacy-incorrect",
    "pickupexten": "*8",
    "courtesytone": "",
    "recordingfailsound": "",
    "pickupsound": "",
    "pickupfailsound": "",
}
_FEATURE_KEYS = {
    "blindxfer": "#",
    "atxfer": "",
    "disconnect": "*",
    "automon": "",
    "automixmon": "",
    "parkcall": "",
}


def _feature(channel: Channel | None, kind: str, name: str, defaults: dict[str, str]) -> str:
    key = name.lower()
    if key not in defaults:
        raise Rejected(f"unknown feature {name!r}")
    return on(channel).items.get(f"{kind} {key}", defaults[key])


@reader("HANGUPCAUSE_KEYS")
def _hangup_cause_keys(exchange: Exchange, channel: Channel | None, unused: str) -> str:
    """Return no channels, as no simulated technology reports causes of its own."""
    on(channel)
    return ""


@reader("FEATURE")
def _feature_option(exchange: Exchange, channel: Channel | None, name: str) -> str:
    return _feature(channel, "feature", name, _FEATURES)


@writer("FEATURE")
def _set_feature(exchange: Exchange, channel: Channel | None, name: str, value: str) -> None:
    _feature(channel, "feature", name, _FEATURES)
    on(channel).items[f"feature {name.lower()}"] = value


@reader("FEATUREMAP")
def _feature_key(exchange: Exchange, channel: Channel | None, name: str) -> str:
    return _feature(channel, "feature key", name, _FEATURE_KEYS)


@writer("FEATUREMAP")
def _set_feature_key(exchange: Exchange, channel: Channel | None, name: str, value: str) -> None:
    _feature(channel, "feature key", name, _FEATURE_KEYS)
    on(channel).items[f"feature key {name.lower()}"] = value


@reader("PRESENCE_STATE")
def _presence(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    provider, *rest = separate(arguments, 3) or [""]
    if not rest or not provider.lower().startswith("custompresence:"):
        raise Rejected("PRESENCE_STATE expects CustomPresence:NAME and an item")
    return "not_set" if rest[0] == "value" else ""


@reader("IFTIME")
def _if_time(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    ranges, mark, rest = arguments.partition("?")  # backslashes stay
    if not mark:
        raise Rejected("IFTIME(ranges?then:else)")
    then, otherwise, *_ = [*separate(rest, 2, ":"), "", ""]
    return then if within(ranges, exchange.now, UTC) else otherwise


@reader("IFMODULE")
def _if_module(exchange: Exchange, channel: Channel | None, name: str) -> str:
    return str(int(exchange.is_module_loaded(name)))


@reader("ODBC_FETCH")
def _fetch_row(exchange: Exchange, channel: Channel | None, name: str) -> str:
    """Fail as with a result set that does not exist."""
    on(channel).set_variable("ODBC_FETCH_STATUS", "FAILURE")
    return ""


@reader("SYSINFO")
def _system_information(exchange: Exchange, channel: Channel | None, name: str) -> str:
    if name.lower() != "numcalls":
        raise Rejected(f"unknown item {name!r}")
    return str(len({each.linked_id for each in exchange.channels.values()}))


@reader(
    *("QUEUE_EXISTS", "BLACKLIST", "VMCOUNT", "QUEUE_MEMBER_COUNT"),
    *("QUEUE_MEMBER", "QUEUE_WAITING_COUNT"),
)
def _none_exists(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    return "0"


@reader("CONFBRIDGE_INFO")
def _conference_info(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    kind, conference, *_ = [*separate(arguments, 2), "", ""]
    if not kind or not conference:
        raise Rejected("CONFBRIDGE_INFO(type,conference)")
    return "0"  # there is no conference
