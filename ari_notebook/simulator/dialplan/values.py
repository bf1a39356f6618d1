"""Variables and functions, as the dialplan and ARI read and set them."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from ari_notebook.simulator.dialplan.expressions import substitute
from ari_notebook.simulator.dialplan.functions import READERS, WRITERS, Rejected

if TYPE_CHECKING:
    from ari_notebook.simulator.channels import Channel
    from ari_notebook.simulator.exchange import Exchange

__all__ = ["assign", "evaluate", "expand"]

log = logging.getLogger(__name__)


# What a function does with arguments that make no sense: refuse them, or fail to count with them.
_SENSELESS = (Rejected, ArithmeticError, ValueError, re.error)


# Functions that reach beyond the call, which Asterisk keeps from programs outside its dialplan
# unless asterisk.conf says live_dangerously (ast_custom_function_register_escalating).
_DANGEROUS = frozenset({"DB", "DB_DELETE", "SHELL"})


def evaluate(
    exchange: Exchange, channel: Channel | None, name: str, *, from_outside: bool = False
) -> str | None:
    """The value of ``NAME`` or ``FUNCTION(arguments)``.

    Args:
        exchange: where.
        channel: whose variable; None for the global ones alone.
        name: what to read.
        from_outside: whether no dialplan asks, for whom some functions cannot be read.

    Returns:
        its value; None where there is no such variable or function, or it cannot be read.
    """
    function, arguments = _call(name)
    if function:
        if from_outside and function in _DANGEROUS:
            log.warning("the function %s is for the dialplan alone", function)
            return None
        reader = READERS.get(function)
        if reader is None:
            log.warning("the function %s is not known", function)
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
        exchange: where.
        channel: whose variable; None for a global one.
        name: what to set.
        value: to what; None removes a variable.
        from_outside: whether no dialplan asks, for whom some functions cannot be set.

    Returns:
        whether it was: False where there is no such function, or it takes no such value.
    """
    function, arguments = _call(name)
    if function:
        writer = WRITERS.get(function)
        if writer is None or (from_outside and function in _DANGEROUS):
            log.warning("the function %s is not known, or cannot be set", function)
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


def expand(channel: Channel, text: str) -> str:
    """A priority's data with all variables, functions and expressions replaced."""
    return substitute(text, lambda name: evaluate(channel.exchange, channel, name) or "")


def _call(name: str) -> tuple[str, str]:
    """The function's name and its arguments; "" where it is a variable."""
    function, bracket, rest = name.partition("(")
    if not bracket or not name.endswith(")"):
        return "", ""
    return function, rest[:-1]


# Where a Debian package of Asterisk keeps its files; nothing of this machine is there.
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
    """The variables that every channel has."""
    match name:
        case "EXTEN":
            return channel.exten
        case "CONTEXT":
            return channel.context
        case "PRIORITY":
            return str(channel.priority)
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
