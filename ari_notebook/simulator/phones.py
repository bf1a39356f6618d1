"""The simulated phones of an exchange, and whoever else calls it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ari_notebook.simulator.config import Endpoint
from ari_notebook.simulator.phone import Phone, place_call
from ari_notebook.simulator.phone_calls import Call, Line

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

    def __getitem__(self, name: str) -> Phone:
        if name not in self._phones:
            if self._exchange.endpoints.endpoint(name) is None:
                raise KeyError(f"there is no endpoint {name!r}: add it to pjsip.conf, or by add()")
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
