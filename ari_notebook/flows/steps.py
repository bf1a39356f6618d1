"""The steps of a call flow, without I/O.

Each step is a generator of commands (`ari_notebook.flows.commands`): it yields a request or a wait
for the next event, and is sent the result. So it is written once, and driven by a thread, a
coroutine, or simulated time. One flow has one inbox, in which the events of its call and of the
legs that it dials come in order; `FlowState` updates the parties from them.

A step raises `HungUp` as soon as its call has left. Whatever a flow makes is noted with it, and
`FlowSteps.clean_up` removes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ari_notebook.client.errors import (
    HungUp,
    InvalidParameter,
)
from ari_notebook.flows.bridge_steps import DialledLeg
from ari_notebook.flows.commands import Steps, ensuring
from ari_notebook.flows.dial_steps import DialSteps
from ari_notebook.flows.media import Media
from ari_notebook.flows.state import Party, remove

__all__ = ["CallSteps", "LegSteps"]


class CallSteps(DialSteps):
    """The steps that a program performs on one channel of a flow."""

    def dial(
        self,
        *endpoints: str,
        timeout: float = 20,
        ring: Literal["all", "in turn"] = "all",
        caller_id: str | None = None,
        music: str | None = None,
        variables: Mapping[str, str] | None = None,
        early_media: bool = False,
    ) -> Steps[LegSteps]:
        """Dial endpoints, with ringback to the caller, and return the leg that answers.

        Args:
            *endpoints: such as ``"PJSIP/100"``.
            timeout: seconds, for each attempt.
            ring: ``"all"`` at once, or ``"in turn"``.
            caller_id: as ``"Alice <5551>"``; the caller's own if None.
            music: a class of music on hold instead of ringback.
            variables: channel variables of the legs.
            early_media: let the caller hear what the endpoint's side plays before it answers, such
                as its own ringback or an announcement, instead of ringback or music; for a single
                endpoint at a time.

        Returns:
            The leg: true if it is answered, else its ``status`` says why not.

        Raises:
            HungUp: the caller has left; nothing rings any more.
            ValueError: no endpoint, ``ring`` is neither, or early media of several at once.
        """
        legs = self._dial_legs(endpoints, timeout, ring, caller_id, music, variables, early_media)
        return LegSteps(self.flow, (yield from legs))

    def transfer(
        self,
        to: str,
        *,
        context: str | None = None,
        announce: Media = (),
        accept: str = "",
        timeout: float = 20,
        music: str | None = None,
        consult: DialledLeg | None = None,
        done: str = "#",
    ) -> Steps[bool]:
        """Transfer the call.

        An extension is transferred to blindly: the call goes on in the dialplan, and the flow has
        it no longer. An endpoint (``PJSIP/100``) is called first, gets the announcement, may accept
        the call by a key, and is then connected until one leaves (warm transfer). With ``consult``
        a leg that talked to the caller talks to the endpoint first (attended transfer): it
        completes the transfer by leaving or by a key, and the endpoint refuses it by leaving.

        Args:
            to: an extension, or an endpoint.
            context: the extension's dialplan context; None: the call's.
            announce: media played to the endpoint before.
            accept: keys with which it accepts the call; "" for without asking.
            timeout: seconds for the endpoint to answer.
            music: music on hold for the caller meanwhile; None: ringback.
            consult: the leg that transfers, as `dial` returned it.
            done: keys with which that leg completes the transfer.

        Returns:
            Whether the call was transferred. If not, the leg of ``consult`` is still there.

        Raises:
            HungUp: the caller has left.
            ValueError: it names neither an extension nor an endpoint.
        """
        if not to:
            raise ValueError("transfer to an extension, or to an endpoint such as PJSIP/100")
        if "/" not in to:
            place = context or self.flow.start["channel"].get("dialplan", {}).get("context")
            yield from self._on_channel(
                "channels.continue_in_dialplan", context=place, extension=to, priority=1
            )
            self.party.left = True
            return True
        leg = yield from self.dial(to, timeout=timeout, music=music)
        if not leg.party.answered:
            return False
        if consult is not None:
            if not (yield from self._consult(consult, leg, done, music)):
                return False
            yield from self.connect(leg)
            return True
        try:
            if accept:
                accepted = yield from leg.ask(announce, keys=accept, tries=2)
            else:
                accepted = "yes"
                yield from leg.say(announce)
        except HungUp:
            self._check()  # the caller; otherwise the leg did not want it
            return False
        if not accepted:
            yield from leg.hangup()
            return False
        yield from self.connect(leg)
        return True

    def _consult(
        self, consult: DialledLeg, target: LegSteps, done: str, music: str | None
    ) -> Steps[bool]:
        """Connect a leg with a transfer's target; return whether the target takes the call."""
        yield from self.hold(music)
        bridge = yield from self._bridge("mixing,dtmf_events")
        taking = yield from ensuring(
            self._talk_apart(bridge, consult.party, target.party, done),
            lambda: self._end_bridge(bridge),
        )
        yield from self._stop("channels.stop_moh")
        if taking and not consult.party.gone:
            yield from remove("channels.hangup", channelId=consult.party.id)
            consult.party.gone = "the transfer is complete"
        return taking

    def _talk_apart(self, bridge: str, one: Party, other: Party, done: str) -> Steps[bool]:
        """Put two legs into a bridge until one leaves or presses a key; the caller may not."""
        one.ignore_no_key()
        try:
            yield from self._request(
                "bridges.add_channel", bridgeId=bridge, channel=[one.id, other.id]
            )
        except InvalidParameter:
            if not one.gone and not other.gone:
                raise
        while not other.gone:
            if one.gone or any(key in done for key in one.keys):
                one.keys.clear()
                return True
            yield from self._next(None)
        return False


class LegSteps(CallSteps):
    """The steps on a leg that a flow has dialled."""
