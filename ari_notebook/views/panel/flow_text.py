"""The actions of a panel on one call as a call flow.

A flow can only repeat what was done with one call that arrived: with its channel, and with bridges,
playbacks and recordings that were made for it. The telephone of the panel, if it made the call,
calls again beside the flow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ari_notebook.client.errors import UsageProblem
from ari_notebook.views.panel.exported import (
    Action,
    Arrival,
    Variables,
    connect_arguments,
    minute,
)

if TYPE_CHECKING:
    from ari_notebook.connection.connection import Connection

__all__ = ["FlowText"]

_PAUSE_SECONDS = 0.05  # shorter pauses are omitted: flow and telephone keep step
_SPOKEN = ("sound:", "recording:", "digits:", "number:", "characters:")  # media with an end
_ENDS = ("call.hangup()", "call.transfer(")
_STEPS = {"answer": "answer", "hangup": "hangup", "start_moh": "hold", "stop_moh": "unhold"}
_HEAD = '''"""Written by the panel: what was done with a call on {when}, as a flow."""

{imports}import ari_notebook

with ari_notebook.connect({connect}) as ari:

    @ari.flow{which}
    def incoming(call):
'''
_UNTIL_THEN = "call.sleep(3600)  # until the caller hangs up"


class FlowText:
    """Writes a program with a flow that repeats the actions on a call.

    Args:
        connection: connection of the panel.
        arrivals: how calls arrived, by channel.
        length: seconds that a medium lasts, where that is known.
    """

    def __init__(
        self,
        connection: Connection,
        arrivals: Mapping[str, Arrival],
        length: Callable[[str], float | None],
    ) -> None:
        self._connection = connection
        self._arrivals = arrivals
        self._length = length

    def text(self, actions: Sequence[Action]) -> str:
        """Return the program.

        Args:
            actions: the actions, oldest first.

        Raises:
            UsageProblem: they do not belong to one incoming call.
        """
        call = _call_of(actions)
        done = [each for each in actions if each.kind not in ("phone", "lab")]
        dialled = self._dialled(call, actions, done[0].at)
        begin = dialled.at if dialled else done[0].at
        arrival = self._arrivals.get(call) or (dialled.arrival if dialled else Arrival("", "", ""))
        phone = [each for each in actions if dialled and each.phone == dialled.phone]
        flow = list(self._flow(call, done, begin))
        if not flow[-1].startswith(_ENDS):
            flow += self._rest(phone, done[-1].at)
        outside = list(self._telephone(phone, arrival))
        head = _HEAD.format(
            when=minute(done[-1].at),
            imports="import time\n\n" if any("time.sleep" in line for line in outside) else "",
            connect=connect_arguments(self._connection),
            which=f"(exten={arrival.extension!r})" if arrival.extension else "",
        )
        body = [*(f"        {line}" for line in flow), "", *(f"    {line}" for line in outside)]
        return head + "\n".join(body) + "\n"

    def _dialled(self, call: str, actions: Sequence[Action], before: float) -> Action | None:
        """Return the telephone's action that made a call, or None if another caller made it."""
        dialled = [each for each in actions if each.dials]
        own = next((each for each in dialled if each.phone == call), None)
        if own is None and self._connection.simulator is None:
            # A Local channel has two ends: the application has the other one.
            own = next((each for each in reversed(dialled) if each.at <= before), None)
        return own

    def _flow(self, call: str, actions: Sequence[Action], at: float) -> Iterator[str]:
        """Yield the steps of the flow, which begins at a time."""
        variables = Variables()
        variables.expressions[call] = "call.id"
        controlled = {each.id for each in actions if each.kind == "playbacks"}
        for number, done in enumerate(actions):
            if done.at - at >= _PAUSE_SECONDS:
                yield f"call.sleep({done.at - at:.2f})"
            at = done.at
            following = actions[number + 1].at if number + 1 < len(actions) else None
            until = self._said(done, controlled, following)
            if until is not None:
                at = until
                yield f"call.say({done.requests[0].params['media']!r})"
                continue
            yield from self._steps(done, variables)

    def _said(self, done: Action, controlled: set[str], following: float | None) -> float | None:
        """Return when media had been played, if nothing else was done meanwhile; else None."""
        if (done.kind, done.action) != ("channels", "play") or not done.requests:
            return None
        request = done.requests[0]
        media = str(request.params.get("media") or "")
        length = self._length(media) if media.startswith(_SPOKEN) else None
        if length is None or request.made in controlled:
            return None
        end = request.at + length
        return max(end, done.at) if following is None or end <= following else None

    def _steps(self, done: Action, variables: Variables) -> Iterator[str]:
        """Yield an action as steps of a flow, or as operations where there is no such step."""
        if done.kind == "channels" and done.action in _STEPS:
            yield f"call.{_STEPS[done.action]}()"
            return
        if (done.kind, done.action) == ("channels", "continue_in_dialplan"):
            extension = str(done.arguments.get("extension") or "")
            context = str(done.arguments.get("context") or "")
            if extension:
                yield f"call.transfer({extension!r}{f', context={context!r}' if context else ''})"
                return
        for request in done.requests:
            line = variables.line(self._connection.declaration, request)
            for shape, short in (("(call.id, ", "("), ("(call.id)", "()")):
                start, found, rest = line.partition(shape)
                if found and "ari.channels." in start:
                    line = start.replace("ari.channels.", "call.channel.") + short + rest
            yield line
        if done.action == "continue_in_dialplan":
            yield _UNTIL_THEN.replace("hangs up", "has left")

    def _rest(self, phone: Sequence[Action], at: float) -> Iterator[str]:
        """Yield how the flow goes on after the last action on the call, which did not end it."""
        if any(each.action == "put_down" for each in phone):
            yield _UNTIL_THEN
            return
        if phone and phone[-1].at > at:
            yield f"call.sleep({phone[-1].at - at:.2f})"
        yield "# Here the flow ends, and with it the call."

    def _telephone(self, phone: Sequence[Action], arrival: Arrival) -> Iterator[str]:
        """Yield what goes on beside the flow: a call, and its end."""
        if phone:
            yield f"phone1 = ari.call({phone[0].arrival.arguments})"
        elif self._connection.simulator is not None and arrival.extension:
            yield f"phone1 = ari.call({arrival.arguments})"
        else:
            where = f" to {arrival.extension}" if arrival.extension else ""
            yield f"print({f'Waiting for a call{where}.'!r})"
        yield f'ari.wait_for("StasisStart"{"" if phone else ", timeout=3600"})'
        at = phone[0].at if phone else 0.0
        for done in phone[1:]:
            if done.at - at >= _PAUSE_SECONDS:
                yield f"time.sleep({done.at - at:.2f})"
            at = done.at
            if done.action == "press":
                yield f"phone1.press({str(done.arguments.get('digits') or '')!r})"
            elif done.action == "put_down":
                yield "phone1.hangup()"
        yield "ari.flows.drain(timeout=3600)"


def _call_of(actions: Sequence[Action]) -> str:
    """Return the only channel that actions are about.

    Raises:
        UsageProblem: there is none, or several, or other objects take part.
    """
    channels: dict[str, None] = {}
    made: set[str] = set()
    for done in actions:
        if done.kind in ("phone", "lab"):
            continue
        if done.action in ("originate", "join"):
            calls = "makes another call" if done.action == "originate" else "connects two calls"
            raise _no_flow(f"{done.action} {calls}")
        if done.kind == "channels":
            channels[done.id] = None
        elif done.id and done.id not in made:
            raise _no_flow(f"{done.kind[:-1]} {done.id} was not made here")
        if channel := str(done.arguments.get("channel") or ""):
            channels[channel] = None
        made |= {request.made for request in done.requests if request.made}
    if len(channels) != 1:
        raise _no_flow(f"these actions are about {len(channels)} calls")
    return next(iter(channels))


def _no_flow(why: str) -> UsageProblem:
    return UsageProblem(f"a flow is for one call; {why}", "The program repeats all of it.")
