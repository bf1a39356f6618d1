"""The simulated phones of an exchange, and anonymous callers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from ari_notebook.simulator.config.settings import EndpointSettings
from ari_notebook.simulator.config.syntax import ConfigError
from ari_notebook.simulator.pbx.exchange import Exchange
from ari_notebook.simulator.phones.call import PhoneCall, PhoneDriver
from ari_notebook.simulator.phones.day import Day, OnShift, WorkingDay, read_day
from ari_notebook.simulator.phones.phone import Phone, place_call
from ari_notebook.simulator.phones.scenario import Scenario, read_scenario
from ari_notebook.simulator.phones.traffic import TrafficGenerator, TrafficSettings, generate
from ari_notebook.simulator.services.endpoints import EndpointRegistry

__all__ = ["Phones"]

# Endpoint of anonymous callers if the configuration has none, under Asterisk's name.
ANONYMOUS = "anonymous"

# Simultaneous calls of a trunk, which has more lines than a phone.
TRUNK_LINES = 1000


class _Anybody:
    """A caller without a phone that could be called."""

    def on_begin(self, call: PhoneCall) -> None:
        """Do nothing."""

    def on_end(self, call: PhoneCall) -> None:
        """Do nothing."""

    def on_incoming(self, call: PhoneCall) -> None:
        """Do nothing: there is no phone to call."""

    def on_refer(self, to: str) -> None:
        """Ignore REFER."""


class Phones:
    """The phones of an exchange: ``phones["alice"]`` is the phone of endpoint alice.

    An endpoint with a static contact, such as a trunk, is registered from the beginning.
    """

    def __init__(self, exchange: Exchange, endpoints: EndpointRegistry) -> None:
        self._exchange = exchange
        self._endpoints = endpoints
        self._phones: dict[str, Phone] = {}
        self._anybody = _Anybody()
        self._generator: TrafficGenerator | None = None
        for name in endpoints.with_static_contacts():
            self[name].behave(lines=TRUNK_LINES)
            self[name].register()

    def __getitem__(self, name: str) -> Phone:
        if name not in self._phones:
            if self._endpoints.endpoint(name) is None:
                raise LookupError(f"no endpoint {name!r}: add it to pjsip.conf, or by add()")
            self._phones[name] = Phone(self._exchange, self._endpoints, name)
        return self._phones[name]

    def __iter__(self) -> Iterator[str]:
        return iter([endpoint["resource"] for endpoint in self._endpoints.list()])

    def __contains__(self, name: object) -> bool:
        return name in list(self)

    def add(self, name: str, caller: str = "", context: str = "default", **behaviour: Any) -> Phone:
        """Add an endpoint and register a phone for it.

        Args:
            name: name of the endpoint; an existing one keeps its settings.
            caller: its caller ID, such as ``Alice <5551>``.
            context: context of its calls.
            behaviour: attributes of `Behaviour`.

        Raises:
            ValueError: invalid behaviour.
        """
        if self._endpoints.endpoint(name) is None:
            self._endpoints.add(EndpointSettings(name, context, caller))
        phone = self[name]
        phone.behave(**behaviour)
        phone.register()
        return phone

    def call(
        self,
        extension: str,
        context: str = "default",
        caller: str | None = None,
        **conversation: Any,
    ) -> PhoneCall:
        """Place a call to an extension.

        Args:
            extension: extension to dial.
            context: context of the extension.
            caller: caller ID, such as ``Alice <5551>``; None: unknown caller.
            conversation: actions after the answer: arguments of `PhoneCall.converse`.

        Raises:
            LookupError: unknown extension.
        """
        line = PhoneDriver(self._anybody, lambda call: call.converse(**conversation))
        endpoint = self._endpoints.first() or ANONYMOUS
        return place_call(
            self._exchange, self._endpoints, endpoint, line, extension, context, caller
        )

    def calls(self) -> list[PhoneCall]:
        """Return the calls of all phones and anonymous callers, oldest first."""
        drivers = (channel.driver for channel in self._exchange.channels.values())
        calls = (each.phone_call for each in drivers if isinstance(each, PhoneDriver))
        return [each for each in calls if each is not None]

    def call_of(self, channel: str) -> PhoneCall:
        """Return the call of a channel.

        Args:
            channel: its id or name.

        Raises:
            LookupError: no phone has such a call.
        """
        for call in self.calls():
            if channel in (call.id, call.name):
                return call
        raise LookupError(f"no phone has a call {channel}")

    def follow(self, scenario: Scenario | str | Path) -> None:
        """Start a scenario.

        Args:
            scenario: result of `scenario.read_scenario`, or the file.

        Raises:
            ConfigError: invalid file, or one that names an unknown endpoint.
        """
        read = scenario if isinstance(scenario, Scenario) else read_scenario(scenario)
        missing = {each.phone for each in read.actions} - set(read.phones) - set(self)
        if missing:
            name = min(missing)
            raise ConfigError(f"the scenario has no [phones.{name}] and pjsip.conf no [{name}]")
        for name, settings in read.phones.items():
            phone = self.add(name, **{k: v for k, v in settings.items() if k != "register"})
            if not settings.get("register", True):
                phone.unregister()
        for action in read.actions:
            self._exchange.after(action.at, partial(action.perform, self))
        if read.traffic is not None:
            self._begin(read.traffic)

    def traffic(self, calls_per_minute: float, **settings: Any) -> None:
        """Generate random calls, replacing earlier traffic.

        Args:
            calls_per_minute: average number of new calls; 0 stops.
            settings: other attributes of `traffic.TrafficSettings`.

        Raises:
            ValueError: invalid setting.
            LookupError: unknown extension.
        """
        self._stop()
        if calls_per_minute:
            self._begin(TrafficSettings(calls_per_minute, **settings))

    def follow_day(
        self, day: Day | str, on_shift: OnShift | None = None, seed: int | None = None
    ) -> WorkingDay:
        """Let callers and agents follow the description of a day, every day again.

        Args:
            day: the description, or its text in TOML; see `ari_notebook.simulator.phones.day`.
            on_shift: called with an agent's endpoint, and whether a shift begins or ends.
            seed: the same seed gives the same day; None: derived from the exchange's seed.

        Returns:
            The day, with ``stop()``.

        Raises:
            ValueError: invalid description.
            LookupError: unknown extension.
        """
        read = read_day(day) if isinstance(day, str) else day
        if not self._exchange.dialplan.exists(read.context, read.to):
            raise LookupError(f"the day dials {read.to!r}, which is not in {read.context!r}")
        return WorkingDay(self._exchange, self, read, on_shift, seed)

    def _begin(self, traffic: TrafficSettings) -> None:
        self._stop()
        self._generator = generate(self._exchange, self, traffic)

    def _stop(self) -> None:
        if self._generator is not None:
            self._generator.stop()
            self._generator = None
