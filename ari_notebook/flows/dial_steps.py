"""Dialling: one or several endpoints, at once or in turn, with ringback, music or early media."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ari_notebook.client.errors import (
    RequestFailed,
)
from ari_notebook.flows.bridge_steps import BridgeSteps
from ari_notebook.flows.commands import Steps, ensuring
from ari_notebook.flows.state import Party, remove

__all__ = ["DialSteps"]


class DialSteps(BridgeSteps):
    """The parts of the step that dials."""

    def _dial_legs(
        self,
        endpoints: Sequence[str],
        timeout: float,
        ring: str,
        caller_id: str | None,
        music: str | None,
        variables: Mapping[str, str] | None,
        early_media: bool,
    ) -> Steps[Party]:
        """Dial endpoints, and return the leg that answers, or the first; see `CallSteps.dial`."""
        if not endpoints or ring not in ("all", "in turn"):
            raise ValueError('dial at least one endpoint, with ring="all" or ring="in turn"')
        if early_media and (music is not None or (ring == "all" and len(endpoints) > 1)):
            raise ValueError('early_media is of one endpoint at a time (ring="in turn"), not music')
        groups = [list(endpoints)] if ring == "all" else [[each] for each in endpoints]
        yield from self._catch_up()
        if early_media:
            return (yield from self._dial_early(endpoints, timeout, caller_id, variables))
        if music is None:
            yield from self._on_channel("channels.ring")
        else:
            yield from self._on_channel("channels.start_moh", mohClass=music)
        if caller_id is None:
            caller = self.flow.start["channel"].get("caller", {})
            caller_id = f"{caller.get('name', '')} <{caller.get('number', '')}>"
        stop = "channels.ring_stop" if music is None else "channels.stop_moh"
        dialling = self._dial_groups(groups, timeout, caller_id, variables)
        return (yield from ensuring(dialling, lambda: self._stop(stop)))

    def _dial_early(
        self,
        endpoints: Iterable[str],
        timeout: float,
        caller_id: str | None,
        variables: Mapping[str, str] | None,
    ) -> Steps[Party]:
        """Dial endpoints in turn, each in a bridge with the caller from the beginning."""
        if not self.party.up:
            yield from self._on_channel("channels.progress")
        for endpoint in endpoints:
            leg = self.flow.add_leg(endpoint)
            leg.early = True
            bridge = yield from self._bridge("mixing,dtmf_events")
            yield from ensuring(
                self._ring_in(bridge, leg, timeout, caller_id, variables),
                lambda leg=leg, bridge=bridge: self._end_early(leg, bridge),  # type: ignore[misc]
            )
            if leg.answered:
                break
        return leg

    def _ring_in(
        self,
        bridge: str,
        leg: Party,
        timeout: float,
        caller_id: str | None,
        variables: Mapping[str, str] | None,
    ) -> Steps[None]:
        given = dict(variables or {})
        if caller_id is not None:
            given["CALLERID(all)"] = caller_id
        try:
            yield from self._request(
                "channels.create",
                channelId=leg.id,
                endpoint=leg.endpoint,
                app=self.flow.application,
                appArgs="dialed",
                originator=self.flow.caller.id,
                variables=given or None,
            )
            end = self.flow.clock() + timeout
            while not (leg.in_stasis or leg.gone):  # until then Asterisk refuses to bridge it
                if (yield from self._next(end)) is None:
                    return
            yield from self._request(
                "bridges.add_channel", bridgeId=bridge, channel=[self.party.id, leg.id]
            )
            yield from self._request(
                "channels.dial",
                channelId=leg.id,
                caller=self.flow.caller.id,
                timeout=max(1, round(timeout)),
            )
        except RequestFailed as error:
            self._check()
            leg.gone = leg.gone or error.message
            return
        end = self.flow.clock() + timeout
        while not leg.gone and not leg.answered:
            if (yield from self._next(end)) is None:
                return

    def _end_early(self, leg: Party, bridge: str) -> Steps[None]:
        if not leg.answered:
            yield from self._end_others([leg], [])
        yield from self._end_bridge(bridge)

    def _dial_groups(
        self,
        groups: list[list[str]],
        timeout: float,
        caller_id: str,
        variables: Mapping[str, str] | None,
    ) -> Steps[Party]:
        for group in groups:
            legs = [self.flow.add_leg(each) for each in group]
            chosen: list[Party] = []
            yield from ensuring(
                self._dial(legs, chosen, timeout, caller_id, variables),
                lambda legs=legs, chosen=chosen: self._end_others(legs, chosen),  # type: ignore[misc]
            )
            if chosen:
                return chosen[0]
        return legs[0]

    def _end_others(self, legs: list[Party], chosen: list[Party]) -> Steps[None]:
        for leg in legs:
            if leg not in chosen and not leg.gone:
                yield from remove("channels.hangup", channelId=leg.id)
                leg.gone = "another leg was answered" if chosen else "no answer in time"
                leg.dial_status = "CANCEL" if chosen else "NOANSWER"

    def _dial(
        self,
        legs: list[Party],
        chosen: list[Party],
        timeout: float,
        caller_id: str,
        variables: Mapping[str, str] | None,
    ) -> Steps[None]:
        """Dial legs at once, until one is answered: that is the chosen one."""
        for leg in legs:
            yield from self._originate(leg, timeout, caller_id, variables)
        end = self.flow.clock() + timeout
        while any(not leg.gone for leg in legs):
            if answered := [leg for leg in legs if leg.answered]:
                chosen.append(answered[0])
                return
            if (yield from self._next(end)) is None:
                return

    def _originate(
        self, leg: Party, timeout: float, caller_id: str, variables: Mapping[str, str] | None
    ) -> Steps[None]:
        try:
            yield from self._request(
                "channels.originate_with_id",
                channelId=leg.id,
                endpoint=leg.endpoint,
                app=self.flow.application,
                appArgs="dialed",
                callerId=caller_id,
                timeout=max(1, round(timeout)),
                originator=self.flow.caller.id,
                variables=dict(variables) if variables else None,
            )
        except RequestFailed as error:
            self._check()
            leg.gone = error.message
