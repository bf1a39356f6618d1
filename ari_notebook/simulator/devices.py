"""Device states: those that ARI sets, and those that follow from what phones and channels do.

ARI may write only devices of the ``Stasis:`` kind. The state of a phone (``PJSIP/alice``) is
derived from its registration and its channels; that of a Local channel's address from whether the
dialplan has it and a channel uses it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from ari_notebook.simulator.messages import Refused

SCHEME = "Stasis:"
PHONE = "PJSIP/"
UNREGISTERED = "UNAVAILABLE"
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

Publish: TypeAlias = Callable[[dict[str, Any]], None]
Lookup: TypeAlias = Callable[[str], str]


class DeviceStates:
    """The state of every device.

    Args:
        publish: told ARI's object of a device whose state changed.
        lookup: the state of a device that is not ARI's own.
    """

    def __init__(self, publish: Publish, lookup: Lookup) -> None:
        self._states: dict[str, str] = {}
        self._phones: dict[str, str] = {}
        self._publish = publish
        self._lookup = lookup

    def list(self) -> list[dict[str, str]]:
        """ARI's objects of the devices that ARI set."""
        return [{"name": name, "state": state} for name, state in self._states.items()]

    def get(self, name: str) -> dict[str, str]:
        """ARI's object of any device; one that ARI never set is UNKNOWN."""
        own = _own(name)
        state = self._lookup(name) if own is None else self._states.get(own, "UNKNOWN")
        return {"name": name, "state": state}

    def update(self, name: str, state: str | None) -> None:
        """Set the state of one of ARI's devices.

        Raises:
            Refused: 404 without a name after the scheme, 409 for a device that is not ARI's, 500
                for what is no state that can be set.
        """
        own = _controlled(name)
        wanted = (state or "").upper()
        if wanted not in WRITABLE:
            raise Refused(500, "Unknown device")
        before = self._states.get(own)
        self._states[own] = wanted
        if before != wanted:
            self._publish({"name": own, "state": wanted})

    def delete(self, name: str) -> None:
        """Forget one of ARI's devices, also one that is not there. Nobody is told.

        Raises:
            Refused: as for `update`.
        """
        self._states.pop(_controlled(name), None)

    def changed(self, name: str) -> None:
        """Tell the state of a device whose phone or channels changed.

        A phone's state is told where it is another one; that of a Local channel's address for
        every channel that changes, as Asterisk keeps no state for it.
        """
        device = self.get(name)
        if name.startswith(PHONE):
            before = self._phones.pop(name, UNREGISTERED)
            if device["state"] != UNREGISTERED:
                self._phones[name] = device["state"]
            if device["state"] == before:
                return
        self._publish(device)


def _own(name: str) -> str | None:
    """The name of a device of ARI's as it is shown; None for others."""
    if name[: len(SCHEME)].lower() != SCHEME.lower():
        return None
    return SCHEME + name[len(SCHEME) :]


def _controlled(name: str) -> str:
    own = _own(name)
    if own is None:
        raise Refused(409, "Uncontrolled device specified")
    if own == SCHEME:
        raise Refused(404, "Device name is missing")
    return own
