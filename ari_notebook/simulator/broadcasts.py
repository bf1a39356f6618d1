"""Calls on offer: StasisBroadcast tells all applications, the first that claims gets the call."""

from __future__ import annotations

import logging
import re
from functools import partial
from typing import TYPE_CHECKING

from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.messages import Refused
from ari_notebook.simulator.naturals import natural
from ari_notebook.simulator.stasis import stasis

if TYPE_CHECKING:
    from ari_notebook.simulator.channels import Channel

__all__ = ["Broadcast", "broadcast"]

log = logging.getLogger(__name__)

_TIMEOUT_MS = 500


class Broadcast:
    """One call on offer.

    Args:
        channel: the call.
        told: the applications that it was offered to.
        notify: whether those that do not get it are told who did.
    """

    def __init__(self, channel: Channel, told: list[str], notify: bool) -> None:
        self.channel = channel
        self.winner = ""
        self._told = told
        self._notify = notify

    def claim(self, application: str) -> None:
        """Give the call to an application.

        Raises:
            Refused: 409, another one has it.
        """
        if self.winner:
            raise Refused(409, "Channel has already been claimed by another application")
        self.winner = application
        exchange, channel = self.channel.exchange, self.channel
        if self._notify:
            for name in self._told:
                event = exchange.event(
                    "CallClaimed", channel=channel.json(), winner_app=application
                )
                exchange.soon(partial(exchange.applications.send, name, event))
        if channel.task is not None:
            exchange.soon(channel.task.wake)


def broadcast(channel: Channel, data: str) -> Program:
    """Offer a call: ``milliseconds,applications,arguments,notify``.

    Args:
        channel: the call.
        data: how long to wait (500), a regular expression of the applications to tell (all), the
            arguments of StasisStart with colons between, whether to tell all who claimed it (no).
    """
    exchange = channel.exchange
    milliseconds, wanted, arguments, notify = (data.split(",") + [""] * 4)[:4]
    channel.set_variable("STASISSTATUS", "")
    try:
        pattern = re.compile(wanted)
    except re.error as error:
        log.warning("StasisBroadcast(%s): %s; all are told", data, error)
        pattern = re.compile("")
    told = [name for name in exchange.applications.names() if pattern.search(name)]
    offer = Broadcast(channel, told, notify.strip().lower() in ("yes", "true", "1", "on"))
    exchange.broadcasts[channel.id] = offer
    try:
        for name in told:
            event = exchange.event("CallBroadcast", channel=channel.json())
            event |= {"caller": channel.caller.number, "called": channel.exten}
            exchange.applications.send(name, event)
        seconds = natural(milliseconds) / 1000
        end = exchange.now + (seconds or _TIMEOUT_MS / 1000)
        while not offer.winner and (left := end - exchange.now) > 0:
            yield left
        if not offer.winner:
            channel.set_variable("STASISSTATUS", "TIMEOUT")
            return
        words = arguments.split(":") if arguments else []
        yield from stasis(channel, offer.winner, words, clear=False)
    finally:
        exchange.broadcasts.pop(channel.id, None)
