"""Access to variables and functions from the dialplan and ARI."""

from __future__ import annotations

import logging
import re

from ari_notebook.simulator.config.behaviours import ReleaseBehaviour
from ari_notebook.simulator.dialplan.expressions import substitute
from ari_notebook.simulator.dialplan.functions import READERS, WRITERS, Rejected
from ari_notebook.simulator.dialplan.stock import explain_missing
from ari_notebook.simulator.pbx.channel import Channel
from ari_notebook.simulator.pbx.exchange import Exchange

__all__ = ["assign", "evaluate", "expand"]

log = logging.getLogger(__name__)


# Errors of functions given invalid arguments: rejected, or failed arithmetic.
_SENSELESS = (Rejected, ArithmeticError, ValueError, re.error)


# Functions with effects beyond the call, closed to AMI and ARI unless asterisk.conf sets
# live_dangerously (ast_custom_function_register_escalating).
_DANGEROUS = frozenset({"DB", "DB_DELETE", "SHELL"})


def evaluate(
    exchange: Exchange, channel: Channel | None, name: str, *, from_outside: bool = False
) -> str | None:
    """Return the value of ``NAME`` or ``FUNCTION(arguments)``.

    Args:
        exchange: the exchange.
        channel: the channel of the variable; None reads global variables only.
        name: variable or function to read.
        from_outside: whether AMI or ARI reads, for which some functions are not available.

    Returns:
        The value, or None if the variable or function does not exist or cannot be read.
    """
    function, arguments = _call(name)
    if function:
        if from_outside and _is_reserved(exchange, function):
            log.warning("function %s is reserved for the dialplan", function)
            return None
        reader = READERS.get(function)
        if reader is None:
            log.warning(
                "function %s is unknown%s",
                function,
                explain_missing(exchange, "function", function),
            )
            return None
        try:
            return reader(exchange, channel, arguments)
        except _SENSELESS as refused:
            log.warning("%s: %s", name, refused)
            return None
    if channel is not None:
        found = _special(channel, name)
        if found is None:
            found = channel.variable(name)
        if found is not None:
            return found
    return exchange.globals.get(name)


def assign(
    exchange: Exchange,
    channel: Channel | None,
    name: str,
    value: str | None,
    *,
    from_outside: bool = False,
) -> bool:
    """Set ``NAME`` or ``FUNCTION(arguments)``.

    Args:
        exchange: the exchange.
        channel: the channel of the variable; None sets a global variable.
        name: variable or function to set.
        value: the new value; None removes a variable.
        from_outside: whether AMI or ARI sets it, for which some functions are not available.

    Returns:
        True if set; False if the function does not exist or rejects the value.
    """
    function, arguments = _call(name)
    if function:
        writer = WRITERS.get(function)
        if writer is None or (from_outside and _is_reserved(exchange, function)):
            missing = "" if writer else explain_missing(exchange, "function", function)
            log.warning("function %s is unknown or read-only%s", function, missing)
            return False
        try:
            writer(exchange, channel, arguments, value or "")
        except _SENSELESS as refused:
            log.warning("%s: %s", name, refused)
            return False
        return True
    if channel is not None:
        channel.set_variable(name, value)
    else:
        exchange.set_global(name, value)
    return True


def _is_reserved(exchange: Exchange, function: str) -> bool:
    """Return whether AMI and ARI may not use a function."""
    config = exchange.config
    guarded = config.has(ReleaseBehaviour.LIVE_DANGEROUSLY_FOR_ARI)
    return function in _DANGEROUS and guarded and not config.asterisk.live_dangerously


def expand(channel: Channel, text: str) -> str:
    """Return a priority's data with variables, functions and expressions substituted."""
    return substitute(text, lambda name: evaluate(channel.exchange, channel, name) or "")


def _call(name: str) -> tuple[str, str]:
    """Return a function's name and arguments; the name is "" for a variable."""
    function, bracket, rest = name.partition("(")
    if not bracket or not name.endswith(")"):
        return "", ""
    return function, rest[:-1]


# Paths of Debian's Asterisk package; no file of the host is exposed.
_FOLDERS = {
    "ASTCACHEDIR": "/var/cache/asterisk",
    "ASTETCDIR": "/etc/asterisk",
    "ASTMODDIR": "/usr/lib/x86_64-linux-gnu/asterisk/modules",
    "ASTVARLIBDIR": "/var/lib/asterisk",
    "ASTDBDIR": "/var/lib/asterisk/astdb",
    "ASTKEYDIR": "/usr/share/asterisk/keys",
    "ASTDATADIR": "/usr/share/asterisk",
    "ASTAGIDIR": "/usr/share/asterisk/agi-bin",
    "ASTSPOOLDIR": "/var/spool/asterisk",
    "ASTRUNDIR": "/var/run/asterisk",
    "ASTLOGDIR": "/var/log/asterisk",
    "ASTSBINDIR": "/usr/sbin",
}


def _special(channel: Channel, name: str) -> str | None:
    """Return the value of a variable that every channel has, or None."""
    match name:
        case "EXTEN":
            return channel.dialplan.exten
        case "CONTEXT":
            return channel.dialplan.context
        case "PRIORITY":
            return str(channel.dialplan.priority)
        case "CHANNEL":
            return channel.name
        case "UNIQUEID":
            return channel.id
        case "CALLINGPRES" | "CALLINGANI2" | "CALLINGTON" | "CALLINGTNS":
            return "0"
        case "HANGUPCAUSE":
            return str(channel.cause)
        case "EPOCH":
            return str(int(channel.exchange.now))
        case _ if name in _FOLDERS:
            return _FOLDERS[name]
        case "ENTITYID" | "SYSTEMNAME":
            return channel.exchange.asterisk_id if name == "ENTITYID" else ""
    return None
