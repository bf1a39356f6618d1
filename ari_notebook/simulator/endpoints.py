"""Endpoints: the phones that pjsip.conf (or ARI) knows, and whether they are there.

An endpoint is online while a phone is registered to it. What a phone does with a call or a message
is the phone's own; it gives a `Contact` when it registers.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ari_notebook.simulator.applications import Topic
from ari_notebook.simulator.channels import Channel, Driver, Party
from ari_notebook.simulator.config import Endpoint
from ari_notebook.simulator.messages import Refused
from ari_notebook.simulator.sip_channels import SipChannel
from ari_notebook.simulator.voices import SILENCE, Voice

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

__all__ = ["Contact", "Endpoints"]

TECHNOLOGY = "PJSIP"

# The states of a phone's channels that make the device's, the weightiest first.
_STATES = ("RINGING", "INUSE", "ONHOLD", "BUSY", "NOT_INUSE")
_OF_CHANNEL = {"Down": "NOT_INUSE", "Ringing": "RINGING", "Busy": "BUSY"}


def _device_state(channel: Channel) -> str:
    if isinstance(channel, SipChannel) and channel.held:
        return "ONHOLD"
    return _OF_CHANNEL.get(channel.state, "INUSE")


def _topics(name: str) -> tuple[Topic, ...]:
    """Who is told of an endpoint: the endpoint, and its technology, which is one too."""
    return ("endpoint", f"{TECHNOLOGY}/{name}"), ("endpoint", TECHNOLOGY)


def _ignore(sender: str, body: str, variables: Mapping[str, str]) -> None:
    """A phone that shows no messages."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Where a registered phone is reached.

    Attributes:
        uri: its SIP address.
        driver: makes the driver of a channel that calls it.
        message: takes a text message: sender, text, headers.
        refer: asks it to call somebody: ``Refer-To``, headers.
    """

    uri: str
    driver: Callable[[], Driver]
    message: Callable[[str, str, Mapping[str, str]], None] = _ignore
    refer: Callable[[str, Mapping[str, str]], None] = lambda to, variables: None


class Endpoints:
    """The endpoints of an exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._known: dict[str, Endpoint] = dict(exchange.config.endpoints)
        self._contacts: dict[str, Contact] = {}
        self._used: dict[str, dict[Channel, None]] = {}
        self._heard: dict[str, tuple[Topic, ...]] = {}
        self._numbers = itertools.count()

    # As ARI sees them.

    def list(self, technology: str | None = None) -> list[dict[str, Any]]:
        """ARI's objects of all endpoints, or of a technology's.

        Raises:
            Refused: 404, there is no such technology.
        """
        if technology not in (None, TECHNOLOGY):
            raise Refused(404, f"No Endpoints found - invalid tech {technology}")
        return [self._describe(name) for name in self._known]

    def exists(self, address: str) -> bool:
        """Whether there is an endpoint ``PJSIP/alice``, or a technology where no name is given."""
        technology, slash, name = address.partition("/")
        return technology == TECHNOLOGY and (not slash or name in self._known)

    def get(self, technology: str, name: str) -> dict[str, Any]:
        """ARI's object of an endpoint; its technology is read in any case.

        Raises:
            Refused: 404.
        """
        if technology.upper() != TECHNOLOGY or name not in self._known:
            raise Refused(404, "Endpoint not found")
        return self._describe(name)

    def device_state(self, technology: str, name: str) -> str:
        """The state of a device: ``PJSIP`` and ``alice``."""
        if technology.upper() != TECHNOLOGY or name not in self._known:
            return "INVALID"
        states = {_device_state(channel) for channel in self._channels(name)}
        if not states:
            return "NOT_INUSE" if name in self._contacts else "UNAVAILABLE"
        if "RINGING" in states and "INUSE" in states:
            return "RINGINUSE"
        return next(state for state in _STATES if state in states)

    # Endpoints and phones come and go.

    def add(self, endpoint: Endpoint) -> None:
        """Know one more endpoint, of which its technology hears; or one with other settings."""
        new = endpoint.name not in self._known
        self._known[endpoint.name] = endpoint
        for state in ("unknown", "offline") if new else ():
            shown = self._describe(endpoint.name) | {"state": state}
            event = self._exchange.event("EndpointStateChange", endpoint=shown)
            self._exchange.publish(event, [("endpoint", TECHNOLOGY)], to_all=False)

    def remove(self, name: str) -> None:
        """Know an endpoint no more."""
        self.unregister(name)
        self._known.pop(name, None)

    def configured(self, kind: str, name: str, there: bool) -> None:
        """An object was written to the configuration, or deleted from it."""
        if kind != "endpoint":
            return
        if not there:
            self.remove(name)
            return
        fields = self._exchange.dynamic_config.fields("endpoint", name) or {}
        caller = fields.get("callerid", "")
        self.add(Endpoint(name, fields.get("context", "default"), caller))

    def endpoint(self, name: str) -> Endpoint | None:
        """An endpoint's settings; None where there is none."""
        return self._known.get(name)

    def first(self) -> str | None:
        """The endpoint that is configured first; None where there is none."""
        return next(iter(self._known), None)

    def contact(self, name: str) -> Contact | None:
        """Where an endpoint's phone is; None where none is registered."""
        return self._contacts.get(name)

    def register(self, name: str, contact: Contact) -> None:
        """A phone registers.

        Raises:
            KeyError: there is no such endpoint.
        """
        if name not in self._known:
            raise KeyError(name)
        new = name not in self._contacts
        self._contacts[name] = contact
        if new:
            self._exchange.devices.changed(f"{TECHNOLOGY}/{name}")
            self._tell_status(name, contact, "Reachable", "NonQualified")

    def unregister(self, name: str) -> None:
        """A phone goes; nothing happens where none was there."""
        contact = self._contacts.pop(name, None)
        if contact is not None:
            self._tell_status(name, contact, "Unreachable", "Removed")
            self._exchange.devices.changed(f"{TECHNOLOGY}/{name}")

    # Calls.

    def channel(self, technology: str, address: str, id: str | None = None) -> Channel | None:
        """Make a channel that can call an endpoint's phone.

        Args:
            technology: as in ``PJSIP/alice``.
            address: likewise; ``77@alice`` calls a number at an endpoint, and what follows a slash
                is the phone's own business.
            id: the channel's.

        Returns:
            the channel, not yet created; None where nobody can be called.
        """
        called = address.partition("/")[0]
        name = called.partition("@")[2] if "@" in called else called
        contact = self._contacts.get(name)
        if technology.upper() != TECHNOLOGY or contact is None:
            return None
        return self.new_channel(name, contact.driver(), id, outgoing=True)

    def new_channel(
        self, name: str, driver: Driver, id: str | None = None, *, outgoing: bool = False
    ) -> Channel:
        """Make a channel of an endpoint, not yet created."""
        settings = self._known.get(name) or Endpoint(name)
        channel = SipChannel(
            self._exchange,
            id or self._exchange.channel_id(),
            f"{TECHNOLOGY}/{name}-{next(self._numbers):08x}",
            driver,
            f"{TECHNOLOGY}/{name}",
            outgoing=outgoing,
            context=settings.context,
            voice=Voice(SILENCE),
        )
        if settings.caller_id:
            channel.caller = Party.parse(settings.caller_id)
        return channel

    # Messages.

    def reach(self, uri: str) -> Contact:
        """The phone that ``pjsip:alice`` means.

        Raises:
            Refused: 404, there is no such endpoint, or no phone is registered to it.
        """
        scheme, _, name = uri.partition(":")
        contact = self._contacts.get(name.partition("@")[0])
        if scheme.upper() != TECHNOLOGY or contact is None:
            raise Refused(404, "Endpoint not found")
        return contact

    def sender(self, name: str) -> str:
        """Who an endpoint's phone says that it is."""
        return f'"{self._caller(name).name or name}" <sip:{name}@127.0.0.1>'

    def receive(self, name: str, at: str, to: str, body: str, headers: Mapping[str, str]) -> None:
        """An endpoint's phone sent a text message.

        Args:
            name: the endpoint's.
            at: the address that it came from.
            to: whom it is for.
            body: its text.
            headers: of the SIP request.
        """
        variables = {"PJSIP_RECVADDR": at, "PJSIP_TRANSPORT": "udp"}
        if caller := self._caller(name).name:
            variables["PJSIP_ENDPOINT"] = caller  # so called, and no endpoint's name
        message = {
            "from": self.sender(name),
            "to": f"pjsip:{to}@127.0.0.1",
            "body": body,
            "variables": variables | dict(headers),
        }
        self._publish(name, "TextMessageReceived", message=message)

    def _caller(self, name: str) -> Party:
        return Party.parse(self._known[name].caller_id) if name in self._known else Party()

    def entered(self, channel: Channel) -> None:
        """A channel of an endpoint enters the exchange: the endpoint hears of it from now on."""
        self._used.setdefault(channel.device, {})[channel] = None
        name = channel.device.partition("/")[2]
        self._heard[channel.id] = _topics(name)
        self._tell_state(name)

    def left(self, channel: Channel) -> None:
        """It left."""
        channels = self._used.get(channel.device, {})
        channels.pop(channel, None)
        if not channels:
            self._used.pop(channel.device, None)
        self._heard.pop(channel.id, None)
        self._tell_state(channel.device.partition("/")[2])

    def heard(self, channel_id: str) -> tuple[Topic, ...]:
        """The endpoints that hear of all that happens to a channel."""
        return self._heard.get(channel_id, ())

    def _channels(self, name: str) -> Iterable[Channel]:
        return self._used.get(f"{TECHNOLOGY}/{name}", ())

    def _describe(self, name: str) -> dict[str, Any]:
        return {
            "technology": TECHNOLOGY,
            "resource": name,
            "state": "online" if name in self._contacts else "offline",
            "channel_ids": [channel.id for channel in self._channels(name)],
        }

    def _tell_state(self, name: str) -> None:
        # Asterisk's topic of all endpoints leaves these out: only who names one hears of them.
        self._publish(name, "EndpointStateChange", to_all=False)

    def _tell_status(self, name: str, contact: Contact, peer: str, status: str) -> None:
        self._tell_state(name)
        self._publish(name, "PeerStatusChange", peer={"peer_status": peer})
        info = {
            "uri": contact.uri,
            "contact_status": status,
            "aor": name,
            "roundtrip_usec": "0",
        }
        self._publish(name, "ContactStatusChange", contact_info=info)

    def _publish(self, name: str, type: str, *, to_all: bool = True, **fields: Any) -> None:
        if name in self._known:
            event = self._exchange.event(type, endpoint=self._describe(name), **fields)
            own, *forwarded = _topics(name)
            self._exchange.publish(event, [own], forwarded, to_all=to_all)
