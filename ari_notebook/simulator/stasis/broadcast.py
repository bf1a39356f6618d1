"""StasisBroadcast: offer a call to applications; the first to claim it receives it."""

from __future__ import annotations

import logging
from functools import partial

from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.messages import AriRefusal
from ari_notebook.simulator.numbers import natural
from ari_notebook.simulator.pbx.channel import Channel
from ari_notebook.simulator.regex import InvalidExpression, PosixRegex
from ari_notebook.simulator.stasis.control import stasis

__all__ = ["CallOffer", "broadcast"]

log = logging.getLogger(__name__)

_TIMEOUT_MS = 500
_OFFERED_EARLY, _CLAIMED_LATE = 0.4, 0.2  # measured on 22.10.1, of 25 offers and 12 claims


class CallOffer:
    """An offer of one call.

    Args:
        channel: the call.
        applications: applications it was offered to.
        notify: whether CallClaimed is sent to all of them.
    """

    def __init__(self, channel: Channel, applications: list[str], notify: bool) -> None:
        self.channel = channel
        self.winner = ""
        self._offered_to = applications
        self._notify = notify

    def claim(self, application: str) -> None:
        """Assign the call to an application.

        Raises:
            AriRefusal: 409, already claimed by another application.
        """
        if self.winner:
            raise AriRefusal(409, "Channel has already been claimed by another application")
        self.winner = application
        exchange, channel = self.channel.exchange, self.channel
        if self._notify:
            for name in self._offered_to:
                event = exchange.event(
                    "CallClaimed", channel=channel.json(), winner_app=application
                )
                # StasisStart of the winner comes from another thread.
                late = exchange.races.delay() if exchange.races.reverses(_CLAIMED_LATE) else 0.0
                exchange.after(late, partial(exchange.event_bus.send, name, event))
        if channel.task is not None:
            exchange.soon(channel.task.wake)


def broadcast(channel: Channel, data: str) -> Program:
    """Offer a call: ``milliseconds,applications,arguments,notify``.

    Args:
        channel: the call.
        data: timeout in ms (default 500), regular expression of applications (default all),
            arguments of StasisStart separated by colons, whether to publish CallClaimed (default
            no).
    """
    exchange = channel.exchange
    milliseconds, wanted, arguments, notify = (data.split(",") + [""] * 4)[:4]
    # Offers overtake the events of the channel, which reach applications by way of its topic.
    early = exchange.races.reverses(_OFFERED_EARLY)
    if not early:
        channel.set_variable("STASISSTATUS", "")
    try:
        pattern = PosixRegex(wanted)
    except InvalidExpression as error:
        log.warning("StasisBroadcast(%s): %s; offered to all applications", data, error)
        pattern = PosixRegex("")
    applications = [name for name in exchange.event_bus.names() if pattern.search(name) is not None]
    offer = CallOffer(channel, applications, notify.strip().lower() in ("yes", "true", "1", "on"))
    channel.attach(offer)
    try:
        for name in applications:
            event = exchange.event("CallBroadcast", channel=channel.json())
            event |= {"caller": channel.parties.caller.number, "called": channel.dialplan.exten}
            exchange.event_bus.send(name, event)
        if early:
            channel.set_variable("STASISSTATUS", "")
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
        channel.detach(CallOffer)
