"""Device states: set by ARI, or derived from phones and channels.

ARI may only set ``Stasis:`` devices. The state of a phone (``PJSIP/alice``) is derived from its
registration and its channels; that of a Local channel's address from whether the extension exists
and a channel uses it. A technology of Asterisk's internal channels has no states of its own: such a
device is INUSE while a channel of it exists, otherwise UNKNOWN.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Protocol

from ari_notebook.simulator.messages import AriRefusal
from ari_notebook.simulator.pbx.event_bus import EventBus
from ari_notebook.simulator.topics import Topic

SCHEME = "Stasis:"
PHONE = "PJSIP/"
UNREGISTERED = "UNAVAILABLE"
INTERNAL = frozenset(["announcer", "recorder", "cbann", "cbrec", "surrogate", "motif"])
WRITABLE = (
    "NOT_INUSE",
    "INUSE",
    "BUSY",
    "INVALID",
    "UNAVAILABLE",
    "RINGING",
    "RINGINUSE",
    "ONHOLD",
)


class DeviceStateProvider(Protocol):
    """Provider of device states for one channel technology."""

    def device_state(self, name: str) -> str:
        """Return the state of a device, such as ``PJSIP/alice``."""


class DeviceStateRegistry:
    """The state of every device.

    Args:
        event_bus: bus to publish changes on.
        providers: providers of other devices' states, by technology in lower case.
    """

    def __init__(self, event_bus: EventBus, providers: Mapping[str, DeviceStateProvider]) -> None:
        self._states: dict[str, str] = {}
        self._phones: dict[str, str] = {}
        self._internal: Counter[str] = Counter()  # channels of a device, its name in lower case
        self._event_bus = event_bus
        self._providers = providers

    def list(self) -> list[dict[str, str]]:
        """Return ARI's objects of the devices set by ARI."""
        return [{"name": name, "state": state} for name, state in self._states.items()]

    def get(self, name: str) -> dict[str, str]:
        """Return ARI's object of any device; one never set is UNKNOWN."""
        own = _own(name)
        state = self._lookup(name) if own is None else self._states.get(own, "UNKNOWN")
        return {"name": name, "state": state}

    def _lookup(self, name: str) -> str:
        technology = name.partition("/")[0].lower()
        provider = self._providers.get(technology)
        if provider is not None:
            return provider.device_state(name)
        if technology in INTERNAL and "/" in name:
            return "INUSE" if self._internal[name.lower()] else "UNKNOWN"
        # Custom: devices belong to the dialplan and are never set here.
        return "UNKNOWN" if name.startswith("Custom:") else "INVALID"

    def _publish(self, device: dict[str, str]) -> None:
        event = self._event_bus.event("DeviceStateChanged", device_state=device)
        # In Asterisk this event's first field is application, empty until it is delivered.
        event = {"type": event.pop("type"), "application": "", **event}
        self._event_bus.publish(event, (Topic("deviceState", device["name"]),))

    def update(self, name: str, state: str | None) -> None:
        """Set the state of a Stasis device.

        Raises:
            AriRefusal: 404 without a name after the scheme, 409 for a device other than
                ``Stasis:``, 500 for a state that cannot be set.
        """
        own = _controlled(name)
        wanted = (state or "").upper()
        if wanted not in WRITABLE:
            raise AriRefusal(500, "Unknown device")
        before = self._states.get(own)
        self._states[own] = wanted
        if before != wanted:
            self._publish({"name": own, "state": wanted})

    def delete(self, name: str) -> None:
        """Remove a Stasis device; idempotent. No event is published.

        Raises:
            AriRefusal: as for `update`.
        """
        self._states.pop(_controlled(name), None)

    def changed(self, name: str) -> None:
        """Publish the state of a device whose phone or channels changed.

        A phone's state is published if it differs; that of a Local channel's address for every
        channel that changes, as Asterisk does not store a state for it.
        """
        self.publish_change(self.get(name))

    def publish_change(self, device: dict[str, str]) -> None:
        """Publish a state as `changed` does; it may have been determined before."""
        name = device["name"]
        if name.startswith(PHONE):
            before = self._phones.pop(name, UNREGISTERED)
            if device["state"] != UNREGISTERED:
                self._phones[name] = device["state"]
            if device["state"] == before:
                return
        self._publish(device)

    def internal_channel_began(self, name: str) -> None:
        """Count one more channel of an internal device, such as ``Announcer/ARI``.

        Nothing is published.
        """
        self._internal[name.lower()] += 1

    def internal_channel_ended(self, name: str, *, late: bool) -> None:
        """Count one channel less and publish the state for each of its two halves.

        Args:
            name: name of the device.
            late: whether the first state is determined only after the end of both halves.
        """
        if not late:
            self._publish(self.get(name))
        self._internal[name.lower()] -= 1
        if late:
            self._publish(self.get(name))
        self._publish(self.get(name))


def _own(name: str) -> str | None:
    """Return the displayed name of a Stasis device; None for others."""
    if name[: len(SCHEME)].lower() != SCHEME.lower():
        return None
    return SCHEME + name[len(SCHEME) :]


def _controlled(name: str) -> str:
    own = _own(name)
    if own is None:
        raise AriRefusal(409, "Uncontrolled device specified")
    if own == SCHEME:
        raise AriRefusal(404, "Device name is missing")
    return own
