"""Endpoints: the phones of pjsip.conf (or added by ARI), and their registration.

An endpoint is online while a phone is registered to it. The phone handles calls and messages
itself, through the `Contact` it registers.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ari_notebook.simulator.calls.pjsip import SipChannel
from ari_notebook.simulator.calls.snoop import NoFarEnd
from ari_notebook.simulator.config.settings import EndpointSettings
from ari_notebook.simulator.media.audio_source import SILENCE, AudioSource
from ari_notebook.simulator.messages import AriRefusal
from ari_notebook.simulator.pbx.channel import CallerId, Channel, ChannelDriver
from ari_notebook.simulator.pbx.channel_state import ChannelAudio, DialplanState
from ari_notebook.simulator.pbx.exchange import Exchange
from ari_notebook.simulator.topics import Topic

__all__ = ["Contact", "EndpointRegistry"]

TECHNOLOGY = "PJSIP"

# The device state follows from the channels' states: the first that occurs applies.
_STATES = ("RINGING", "INUSE", "ONHOLD", "BUSY", "NOT_INUSE")
_OF_CHANNEL = {"Down": "NOT_INUSE", "Ringing": "RINGING", "Busy": "BUSY"}


def _device_state(channel: Channel) -> str:
    if isinstance(channel, SipChannel) and channel.held:
        return "ONHOLD"
    return _OF_CHANNEL.get(channel.state, "INUSE")


def _topics(name: str) -> tuple[Topic, ...]:
    """Return the topics of an endpoint: itself and its technology."""
    return Topic("endpoint", f"{TECHNOLOGY}/{name}"), Topic("endpoint", TECHNOLOGY)


def _ignore(sender: str, body: str, variables: Mapping[str, str]) -> None:
    """Discard a text message."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Contact of a registered phone.

    Attributes:
        uri: its SIP address.
        driver: creates the driver of a channel that calls it.
        message: handles a text message: sender, text, headers.
        refer: handles a REFER: ``Refer-To``, headers.
    """

    uri: str
    driver: Callable[[], ChannelDriver]
    message: Callable[[str, str, Mapping[str, str]], None] = _ignore
    refer: Callable[[str, Mapping[str, str]], None] = lambda to, variables: None


class EndpointRegistry:
    """The endpoints of an exchange, and the channel technology of their phones."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._known: dict[str, EndpointSettings] = dict(exchange.config.endpoints)
        self._contacts: dict[str, Contact] = {}
        self._used: dict[str, dict[Channel, None]] = {}
        self._numbers = itertools.count()

    # ARI's view.

    def list(self, technology: str | None = None) -> list[dict[str, Any]]:
        """Return ARI's objects of all endpoints, or of one technology.

        Raises:
            AriRefusal: 404, unknown technology.
        """
        if technology not in (None, TECHNOLOGY):
            raise AriRefusal(404, f"No Endpoints found - invalid tech {technology}")
        return [self._describe(name) for name in self._known]

    def exists(self, address: str) -> bool:
        """Return whether an endpoint ``PJSIP/alice`` or a technology ``PJSIP`` exists."""
        technology, slash, name = address.partition("/")
        return technology == TECHNOLOGY and (not slash or name in self._known)

    def get(self, technology: str, name: str) -> dict[str, Any]:
        """Return ARI's object of an endpoint; the technology is case-insensitive.

        Raises:
            AriRefusal: 404.
        """
        if technology.upper() != TECHNOLOGY or name not in self._known:
            raise AriRefusal(404, "Endpoint not found")
        return self._describe(name)

    def device_state(self, name: str) -> str:
        """Return the state of a device, such as ``PJSIP/alice``."""
        name = name.partition("/")[2]
        if name not in self._known:
            return "INVALID"
        states = {_device_state(channel) for channel in self._channels(name)}
        if not states:
            return "NOT_INUSE" if name in self._contacts else "UNAVAILABLE"
        if "RINGING" in states and "INUSE" in states:
            return "RINGINUSE"
        return next(state for state in _STATES if state in states)

    # Endpoints and their phones.

    def add(self, endpoint: EndpointSettings) -> None:
        """Add an endpoint and publish that on its technology's topic, or change its settings."""
        new = endpoint.name not in self._known
        self._known[endpoint.name] = endpoint
        for state in ("unknown", "offline") if new else ():
            shown = self._describe(endpoint.name) | {"state": state}
            event = self._exchange.event("EndpointStateChange", endpoint=shown)
            self._exchange.publish(event, (Topic("endpoint", TECHNOLOGY),), to_all=False)

    def remove(self, name: str) -> None:
        """Remove an endpoint."""
        self.unregister(name)
        self._known.pop(name, None)

    def configured(self, kind: str, name: str, fields: Mapping[str, str] | None) -> None:
        """Apply a change of the configuration.

        Args:
            kind: type of the object.
            name: name of the object.
            fields: its settings; None after a deletion.
        """
        if kind != "endpoint":
            return
        if fields is None:
            self.remove(name)
            return
        caller = fields.get("callerid", "")
        self.add(EndpointSettings(name, fields.get("context", "default"), caller))

    def endpoint(self, name: str) -> EndpointSettings | None:
        """Return an endpoint's settings, or None."""
        return self._known.get(name)

    def first(self) -> str | None:
        """Return the name of the first endpoint, or None."""
        return next(iter(self._known), None)

    def with_static_contacts(self) -> Sequence[str]:
        """Return the names of the endpoints with static contacts."""
        return [name for name, settings in self._known.items() if settings.contacts]

    def contact(self, name: str) -> Contact | None:
        """Return the contact of an endpoint, or None if no phone is registered."""
        return self._contacts.get(name)

    def register(self, name: str, contact: Contact) -> None:
        """Register a phone.

        Raises:
            KeyError: unknown endpoint.
        """
        if name not in self._known:
            raise KeyError(name)
        new = name not in self._contacts
        self._contacts[name] = contact
        if new:
            self._exchange.devices.changed(f"{TECHNOLOGY}/{name}")
            self._publish_contact_status(name, contact, "Reachable", "NonQualified")

    def unregister(self, name: str) -> None:
        """Unregister the phone of an endpoint; idempotent."""
        contact = self._contacts.pop(name, None)
        if contact is not None:
            self._publish_contact_status(name, contact, "Unreachable", "Removed")
            self._exchange.devices.changed(f"{TECHNOLOGY}/{name}")

    # Calls.

    def request(self, address: str, ids: tuple[str | None, str | None]) -> Sequence[Channel] | None:
        """Create a channel for an endpoint's phone; see `ChannelTechnology.request`.

        Args:
            address: ``alice``; ``77@alice`` calls a number at an endpoint; the part after a slash
                is for the phone.
            ids: ids, the channel's first.
        """
        called, _, uri = address.partition("/")
        name = called.partition("@")[2] if "@" in called else called
        contact = self._contacts.get(name)
        if contact is not None:
            driver = contact.driver()
        elif name in self._known and uri.lower().startswith(("sip:", "sips:")):
            driver = NoFarEnd()  # a SIP address without a phone
        else:
            return None
        channel = self.new_channel(name, driver, ids[0], outgoing=True)
        channel.parties.dialed = address
        return [channel]

    def new_channel(
        self, name: str, driver: ChannelDriver, id: str | None = None, *, outgoing: bool = False
    ) -> Channel:
        """Create a channel of an endpoint, without entering it into the exchange."""
        settings = self._known.get(name) or EndpointSettings(name)
        channel = SipChannel(
            self,
            self._exchange,
            id or self._exchange.channel_id(),
            f"{TECHNOLOGY}/{name}-{next(self._numbers):08x}",
            driver,
            f"{TECHNOLOGY}/{name}",
            outgoing=outgoing,
            dialplan=DialplanState(context=settings.context),
            audio=ChannelAudio(AudioSource(SILENCE)),
        )
        if settings.caller_id:
            channel.parties.caller = CallerId.parse(settings.caller_id)
        return channel

    # Messages.

    def reach(self, uri: str) -> Contact:
        """Return the contact of ``pjsip:alice``.

        Raises:
            AriRefusal: 404, unknown endpoint, or no phone is registered to it.
        """
        scheme, _, name = uri.partition(":")
        contact = self._contacts.get(name.partition("@")[0])
        if scheme.upper() != TECHNOLOGY or contact is None:
            raise AriRefusal(404, "Endpoint not found")
        return contact

    def sender(self, name: str) -> str:
        """Return the From header of an endpoint's phone."""
        return f'"{self._caller(name).name or name}" <sip:{name}@127.0.0.1>'

    def receive(self, name: str, at: str, to: str, body: str, headers: Mapping[str, str]) -> None:
        """Publish a text message from an endpoint's phone.

        Args:
            name: name of the endpoint.
            at: address of the sender.
            to: the recipient.
            body: text of the message.
            headers: headers of the SIP request.
        """
        variables = {"PJSIP_RECVADDR": at, "PJSIP_TRANSPORT": "udp"}
        if caller := self._caller(name).name:
            # Asterisk's name for it; it is not an endpoint's name
            variables["PJSIP_ENDPOINT"] = caller
        message = {
            "from": self.sender(name),
            "to": f"pjsip:{to}@127.0.0.1",
            "body": body,
            "variables": variables | dict(headers),
        }
        self._publish(name, "TextMessageReceived", message=message)

    def _caller(self, name: str) -> CallerId:
        return CallerId.parse(self._known[name].caller_id) if name in self._known else CallerId()

    def entered(self, channel: Channel) -> None:
        """Add a channel to its endpoint and forward the channel's events to it."""
        self._used.setdefault(channel.device, {})[channel] = None
        name = channel.device.partition("/")[2]
        self._exchange.event_bus.forward(channel.topic, _topics(name))
        self._publish_state(name)

    def left(self, channel: Channel) -> None:
        """Remove a channel that left the exchange from its endpoint."""
        channels = self._used.get(channel.device, {})
        channels.pop(channel, None)
        if not channels:
            self._used.pop(channel.device, None)
        self._exchange.event_bus.stop_forwarding(channel.topic)
        self._publish_state(channel.device.partition("/")[2])

    def _channels(self, name: str) -> Iterable[Channel]:
        return self._used.get(f"{TECHNOLOGY}/{name}", ())

    def _describe(self, name: str) -> dict[str, Any]:
        return {
            "technology": TECHNOLOGY,
            "resource": name,
            "state": "online" if name in self._contacts else "offline",
            "channel_ids": [channel.id for channel in self._channels(name)],
        }

    def _publish_state(self, name: str) -> None:
        # Asterisk does not publish these on the topic of all endpoints.
        self._publish(name, "EndpointStateChange", to_all=False)

    def _publish_contact_status(self, name: str, contact: Contact, peer: str, status: str) -> None:
        self._publish_state(name)
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
            self._exchange.publish(event, (own,), forwarded, to_all=to_all)
