"""Snapshots: the state of an exchange without calls, to be restored later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ari_notebook.simulator.asterisk import SimulatedAsterisk
from ari_notebook.simulator.config.settings import EndpointSettings
from ari_notebook.simulator.phones.phone import Behaviour

__all__ = ["ExchangeSnapshot", "SnapshotRefused", "restore", "take"]


class SnapshotRefused(Exception):
    """Raised if there are calls, which a snapshot cannot contain."""


@dataclass(frozen=True, slots=True)
class ExchangeSnapshot:
    """The state of an exchange.

    Attributes:
        dialplan: extensions.conf.
        variables: the global variables.
        database: AstDB.
        devices: state of each device set by ARI.
        mailboxes: old and new messages of each mailbox.
        phones: settings, behaviour and registration of each endpoint.
        recordings: content of each stored recording, by path.
    """

    dialplan: str
    variables: Mapping[str, str]
    database: Mapping[str, str]
    devices: Mapping[str, str]
    mailboxes: Mapping[str, tuple[int, int]]
    phones: Mapping[str, tuple[EndpointSettings, Behaviour, bool]]
    recordings: Mapping[str, bytes]


def take(asterisk: SimulatedAsterisk, dialplan: str) -> ExchangeSnapshot:
    """Return a snapshot.

    Args:
        asterisk: the simulated Asterisk.
        dialplan: its extensions.conf.

    Raises:
        SnapshotRefused: calls or bridges exist.
    """
    exchange, ari = asterisk.exchange, asterisk.ari
    for count, what in ((len(exchange.channels), "channel"), (len(exchange.bridges), "bridge")):
        if count:
            text = f"{count} {what}{'s' if count > 1 else ''}"
            raise SnapshotRefused(
                f"there is {text}, which snapshots cannot contain: end the calls first"
            )
    phones = {}
    for name in asterisk.phones:
        settings = ari.endpoints.endpoint(name)
        if settings is not None:
            phone = asterisk.phones[name]
            phones[name] = (settings, phone.behaviour, phone.registered)
    folder = ari.media.stored.directory
    return ExchangeSnapshot(
        dialplan,
        dict(exchange.globals),
        dict(exchange.database),
        {device["name"]: device["state"] for device in ari.devices.list()},
        {box["name"]: (box["old_messages"], box["new_messages"]) for box in ari.mailboxes.list()},
        phones,
        {
            str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        },
    )


def restore(asterisk: SimulatedAsterisk, snapshot: ExchangeSnapshot) -> None:
    """Restore a snapshot's state in a new exchange."""
    exchange, ari = asterisk.exchange, asterisk.ari
    asterisk.set_dialplan(snapshot.dialplan)
    for now, then in (
        (exchange.globals, snapshot.variables),
        (exchange.database, snapshot.database),
    ):
        now.clear()
        now.update(then)
    for name, state in snapshot.devices.items():
        ari.devices.update(name, state)
    for name, (old, new) in snapshot.mailboxes.items():
        ari.mailboxes.update(name, old, new)
    for name in set(asterisk.phones) - set(snapshot.phones):
        ari.endpoints.remove(name)
    for name, (settings, behaviour, registered) in snapshot.phones.items():
        ari.endpoints.add(settings)
        phone = asterisk.phones[name]
        phone.behaviour = behaviour
        if registered:
            phone.register()
        else:
            phone.unregister()
    for name, content in snapshot.recordings.items():
        path = ari.media.stored.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
