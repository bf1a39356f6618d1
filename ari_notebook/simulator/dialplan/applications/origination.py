"""Applications that make calls of their own or act on other channels."""

from __future__ import annotations

import logging
from functools import partial

from ari_notebook.simulator.calls.dial import call_program, make_channel
from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialplan.applications.calls import nothing_more
from ari_notebook.simulator.dialplan.applications.flow import run_within
from ari_notebook.simulator.dialplan.applications.registry import application
from ari_notebook.simulator.dialplan.functions import separate
from ari_notebook.simulator.messages import AriRefusal
from ari_notebook.simulator.numbers import natural
from ari_notebook.simulator.pbx.channel import Channel

log = logging.getLogger(__name__)

_PATIENCE = 30
_REFUSED = ("BUSY", "CONGESTION")


@application("Originate")
def originate(channel: Channel, data: str) -> Program:
    """Make a call: ``TECH/address,app,App,arguments,,seconds`` or ``…,exten,context,exten,prio``.

    It waits for the answer and sets ORIGINATE_STATUS.
    """
    address, kind, first, second, third, patience, *_ = [*separate(data, 8), *[""] * 6][:8]
    if not address or kind.lower() not in ("app", "exten") or not first:
        log.warning("Originate(%s): expected TECH/address,app|exten,…", data)
        channel.set_variable("ORIGINATE_STATUS", "FAILED")
        return False
    outcomes: list[str] = []

    def ended(outcome: str) -> None:
        outcomes.append(outcome)
        if channel.task is not None:
            channel.exchange.soon(channel.task.wake)

    def then() -> Program:
        ended("SUCCESS")
        if kind.lower() == "app":
            yield from run_within(made, f"{first}({second})")
        else:
            made.dialplan.location = (first, second or "s", natural(third, 1))
            yield from channel.exchange.dialplan.run(made)

    try:
        made = make_channel(channel.exchange, address)
    except AriRefusal:
        log.warning("Originate: cannot call %s", address)
        channel.set_variable("ORIGINATE_STATUS", "FAILED")
        return True
    made.on_gone.append(lambda: ended("FAILED"))
    timeout = natural(patience) or _PATIENCE
    made.run(
        call_program(
            made,
            timeout,
            then,
            on_status=lambda status: ended(status) if status in _REFUSED else None,
        )
    )
    while not outcomes:
        yield None
    channel.set_variable("ORIGINATE_STATUS", outcomes[0])
    return True


@application("ChanIsAvail")
def available(channel: Channel, data: str) -> Program:
    """Set AVAILCHAN to the first device that can be called, or with option ``a`` to all.

    Option ``s`` takes a device in use for one that cannot.
    """
    yield from nothing_more()
    addresses, options = [*separate(data, 2), "", ""][:2]
    found: list[tuple[str, str, str, str]] = []
    status = "4" if not addresses else "0"
    for address in [each.strip() for each in addresses.split("&") if each.strip()]:
        state = channel.exchange.devices.get(address)["state"]
        if "s" in options and state == "INUSE":
            status = "2"
            continue
        try:
            made = make_channel(channel.exchange, address, application=None)
        except AriRefusal:
            continue
        found.append((made.name, made.name.rpartition("-")[0], "0", "0"))
        made.hang_up_now()
        if "a" not in options:
            break
    rows = zip(*found, strict=True) if found else (("",), ("",), (status,), ("",))
    names = ("AVAILCHAN", "AVAILORIGCHAN", "AVAILSTATUS", "AVAILCAUSECODE")
    for name, values in zip(names, rows, strict=True):
        channel.set_variable(name, "&".join(values))
    return True


@application("SoftHangup")
def soft_hangup(channel: Channel, data: str) -> Program:
    """Hang up another channel, given by name, or with option ``a`` all of a device."""
    yield from nothing_more()
    name, options = [*separate(data, 2), "", ""][:2]
    others = [
        each
        for each in channel.exchange.channels.values()
        if name and (each.name == name or ("a" in options and each.name.startswith(f"{name}-")))
    ]
    for each in others:
        channel.exchange.soon(partial(each.request_hangup, publish=False))
    return True


@application("ChannelRedirect")
def redirect(channel: Channel, data: str) -> Program:
    """Report NOCHANNEL in CHANNELREDIRECT_STATUS; other channels are not redirected."""
    yield from nothing_more()
    if not data:
        log.warning("ChannelRedirect requires an argument (channel,priority)")
        return False
    name = separate(data, 2)[0]
    if channel.exchange.channel(name) is not None:
        log.warning("ChannelRedirect(%s) is not simulated", data)
    channel.set_variable("CHANNELREDIRECT_STATUS", "NOCHANNEL")
    return True
