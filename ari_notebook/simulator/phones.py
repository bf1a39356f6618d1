"""The simulated phones of an exchange, and whoever else calls it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ari_notebook.simulator.config import Endpoint
from ari_notebook.simulator.configfile import ConfigError
from ari_notebook.simulator.phone import Phone, place_call
from ari_notebook.simulator.phone_calls import Call, Line
from ari_notebook.simulator.scenario import Scenario, read_scenario
from ari_notebook.simulator.traffic import Generator, Traffic, generate

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

__all__ = ["Phones"]

# The endpoint of whoever calls where the configuration has none, as Asterisk names it.
ANONYMOUS = "anonymous"


class _Anybody:
    """Somebody who calls the exchange and has no phone that can be called."""

    def began(self, call: Call) -> None:
        """A call is there."""

    def ended(self, call: Call) -> None:
        """A call is over."""

    def called(self, call: Call) -> None:
        """Nobody can be called."""

    def asked_to_call(self, to: str) -> None:
        """They do not do what the exchange asks."""


class Phones:
    """The phones of an exchange: ``phones["alice"]`` is the one of the endpoint alice."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._phones: dict[str, Phone] = {}
        self._anybody = _Anybody()
        self._generator: Generator | None = None

    def __getitem__(self, name: str) -> Phone:
        if name not in self._phones:
            if self._exchange.endpoints.endpoint(name) is None:
                raise LookupError(
                    f"there is no endpoint {name!r}: add it to pjsip.conf, or by add()"
                )
            self._phones[name] = Phone(self._exchange, name)
        return self._phones[name]

    def __iter__(self) -> Iterator[str]:
        return iter([endpoint["resource"] for endpoint in self._exchange.endpoints.list()])

    def __contains__(self, name: object) -> bool:
        return name in list(self)

    def add(self, name: str, caller: str = "", context: str = "default", **behaviour: Any) -> Phone:
        """Give the exchange one more endpoint, and register a phone to it.

        Args:
            name: the endpoint's; one that is known keeps its settings.
            caller: its caller id, as ``Alice <5551>``.
            context: where its calls begin.
            behaviour: attributes of `Behaviour`.

        Raises:
            ValueError: the behaviour is no good.
        """
        endpoints = self._exchange.endpoints
        if endpoints.endpoint(name) is None:
            endpoints.add(Endpoint(name, context, caller))
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
    ) -> Call:
        """Let somebody dial an extension.

        Args:
            extension: what is dialled.
            context: where it is looked up.
            caller: who calls, as ``Alice <5551>``; None for an unknown caller.
            conversation: what they do once they are answered: arguments of `Call.converse`.

        Raises:
            LookupError: there is no such extension.
        """
        line = Line(self._anybody, lambda call: call.converse(**conversation))
        endpoint = self._exchange.endpoints.first() or ANONYMOUS
        return place_call(self._exchange, endpoint, line, extension, context, caller)

    def follow(self, scenario: Scenario | str | Path) -> None:
        """Do what a scenario says, from now on.

        Args:
            scenario: what `scenario.read_scenario` read, or the file.

        Raises:
            ConfigError: the file cannot be read, or names what the exchange does not have.
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
        """Let random calls come in, in the place of those that came before.

        Args:
            calls_per_minute: how many begin on average; 0: no more.
            settings: other attributes of `traffic.Traffic`.

        Raises:
            ValueError: one of them is no good.
            LookupError: an extension does not exist.
        """
        self._stop()
        if calls_per_minute:
            self._begin(Traffic(calls_per_minute, **settings))

    def _begin(self, traffic: Traffic) -> None:
        self._stop()
        self._generator = generate(self._exchange, traffic)

    def _stop(self) -> None:
        if self._generator is not None:
            self._generator.stop()
            self._generator = None
