"""The exchange: a simulated Asterisk without I/O.

`Exchange.request` answers a request, `Exchange.advance` lets time pass, events go to the sockets
that `Exchange.request` opened. The parts are in rooms of their own: channels, bridges,
applications, the dialplan. They find each other through the exchange.
"""

from __future__ import annotations

import itertools
import random
import tempfile
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ari_notebook.simulator.applications import Applications, Topic
from ari_notebook.simulator.clock import Clock
from ari_notebook.simulator.config import VERSION, Config
from ari_notebook.simulator.messages import Later, Reply, Request, Response

if TYPE_CHECKING:
    from ari_notebook.simulator.bridges import Bridge
    from ari_notebook.simulator.broadcasts import Broadcast
    from ari_notebook.simulator.channels import Channel
    from ari_notebook.simulator.rest.pipeline import Asked
    from ari_notebook.simulator.sockets import Socket

__all__ = ["Exchange"]


class Exchange(Clock):
    """A telephone exchange.

    Args:
        config: what it is set up with.
        start: its time at the beginning, seconds since 1970.
        seed: of everything random; None for a new one each time.

    Attributes:
        channels: id → channel, the oldest first.
        bridges: id → bridge.
        globals: the dialplan's global variables.
        database: what the dialplan's function DB keeps: ``family/key`` to a value.
        environment: what the dialplan set with ENV; nothing of the machine's own.
        per_call: connects an application by an outbound WebSocket of the call's own, where one is
            configured for it; set by whoever has a network.
        instead: answers requests in the place of ARI's operations, where it answers.
    """

    def __init__(self, config: Config, start: float, seed: int | None = None) -> None:
        # Imported here: each of these rooms needs the exchange's type.
        from ari_notebook.simulator.devices import DeviceStates
        from ari_notebook.simulator.dialplan import Dialplan
        from ari_notebook.simulator.dynamic_config import read_dynamic_config
        from ari_notebook.simulator.endpoints import Endpoints
        from ari_notebook.simulator.logging_channels import LogChannels
        from ari_notebook.simulator.mailboxes import Mailboxes
        from ari_notebook.simulator.media import Media
        from ari_notebook.simulator.modules import Modules
        from ari_notebook.simulator.phones import Phones

        super().__init__(start)
        self.config = config
        self.started = start
        self.random = random.Random(seed)
        self.asterisk_id = "02:00:00:" + ":".join(
            f"{self.random.randrange(256):02x}" for _ in range(3)
        )
        self.applications = Applications(self.asterisk_id, self.timestamp)
        self.channels: dict[str, Channel] = {}
        self.bridges: dict[str, Bridge] = {}
        self.dialplan = Dialplan.parse(config.extensions)
        self.dialplan.is_application = self.applications.known
        self.globals: dict[str, str] = dict(self.dialplan.globals)
        self.database: dict[str, str] = {}
        self.environment: dict[str, str] = {}
        self.broadcasts: dict[str, Broadcast] = {}
        self.per_call: Callable[[str, Channel, Callable[[str | None], None]], bool] | None = None
        self.instead: Callable[[Asked], Reply | None] | None = None
        self.devices = DeviceStates(self._device_changed, self._device_state)
        self.mailboxes = Mailboxes()
        self.modules = Modules(
            lambda: [each.appl[0] for each in self.channels.values()], config.unloaded_modules
        )
        self.logging = LogChannels(config.logfiles)
        self.endpoints = Endpoints(self)
        self.dynamic_config = read_dynamic_config(config.folder, self.endpoints.configured)
        # Recordings are real files; they go with the exchange.
        self._spool = tempfile.TemporaryDirectory(prefix="ari-notebook-")
        self.media = Media(self, Path(self._spool.name), self._media_event)
        self.phones = Phones(self)
        self._channel_numbers = itertools.count()
        self._local_numbers = itertools.count()
        self._second = ("", -1)

    def channel(self, text: str, *, named: bool = True) -> Channel | None:
        """A channel by its id, or its name; capital letters are as good as small ones.

        Args:
            text: the id or name.
            named: whether its name does, too.
        """
        if (found := self.channels.get(text)) is not None:
            return found
        wanted = text.lower()
        for channel in self.channels.values():
            if channel.id.lower() == wanted or (named and channel.name.lower() == wanted):
                return channel
        return None

    # Requests.

    def request(self, request: Request) -> Response | Later[Response] | Socket:
        """Answer an HTTP request; a socket where it opens one.

        An answer that waits for what a channel does first is known only when time has passed.
        """
        from ari_notebook.simulator.rest import pipeline

        self.advance(self.now)
        answer = pipeline.respond(self, request)
        self.advance(self.now)
        return (answer.known or answer) if isinstance(answer, Later) else answer

    # Identities.

    def channel_id(self) -> str:
        """A new channel's id: ``epoch.sequence``."""
        return f"{int(self.now)}.{next(self._channel_numbers)}"

    def local_number(self) -> int:
        """A new Local pair's number, in its name."""
        return next(self._local_numbers)

    def uuid(self) -> str:
        """A new bridge's or playback's id."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def timestamp(self, at: float | None = None) -> str:
        """A time as Asterisk writes it: ``2026-11-23T11:03:22.123+0000``; now if None."""
        at = self.now if at is None else at
        second = int(at)
        if self._second[1] != second:
            text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
            self._second = (text, second)
        return f"{self._second[0]}.{int((at - second) * 1000):03d}+0000"

    # Events.

    def publish(
        self,
        event: dict[str, Any],
        topics: Iterable[Topic],
        forwarded: Iterable[Topic] = (),
        *,
        to_all: bool = True,
    ) -> None:
        """Tell an event to the applications that are subscribed to one of its topics.

        Args:
            event: the event.
            topics: what it is about.
            forwarded: who else is told; an endpoint is told of all about its channels anyway.
            to_all: whether who is subscribed to everything hears of it, too.
        """
        topics = tuple(topics)
        also = [*forwarded]
        for kind, id in topics:
            if kind == "channel":
                also += self.endpoints.heard(id)
        self.applications.publish(event, topics, also, to_all=to_all)

    def event(self, type: str, **fields: Any) -> dict[str, Any]:
        """An event of this time."""
        return {"type": type, "timestamp": self.timestamp(), **fields}

    def _media_event(self, target: str, event: dict[str, Any]) -> None:
        scheme, _, id = target.partition(":")
        type, fields = event.pop("type"), event
        self.publish(self.event(type, **fields), [(scheme, id)])

    def _device_changed(self, device: dict[str, Any]) -> None:
        stamp = {"application": "", "timestamp": self.timestamp()}
        event = {"type": "DeviceStateChanged", **stamp, "device_state": device}
        self.publish(event, [("deviceState", device["name"])])

    def _device_state(self, name: str) -> str:
        technology, _, rest = name.partition("/")
        if technology.lower() == "local":
            exten, _, context = rest.partition("@")
            if self.dialplan.find(context, exten, 1) is None:
                return "INVALID"
            used = any(channel.device == name for channel in self.channels.values())
            return "INUSE" if used else "NOT_INUSE"
        if name.startswith("Custom:"):  # the dialplan's own, which nothing sets here
            return "UNKNOWN"
        return self.endpoints.device_state(technology, rest)

    # The dialplan.

    def set_dialplan(self, text: str) -> None:
        """Replace the dialplan; calls that are in it go on with the new one.

        Raises:
            ConfigError: it cannot be read; the old one stays.
        """
        from ari_notebook.simulator.dialplan import Dialplan

        dialplan = Dialplan.parse(text)
        dialplan.is_application = self.applications.known
        self.dialplan = dialplan
        self.globals.update(self.dialplan.globals)

    # What ARI asks of the whole.

    def information(self) -> dict[str, Any]:
        """``GET /asterisk/info``."""
        started = self.timestamp(self.started)
        return {
            "build": {
                "os": "Linux",
                "kernel": "6.1.0",
                "machine": "x86_64",
                "options": "OPTIONAL_API",
                "date": "2026-10-01 00:00:00 UTC",
                "user": "simulator",
            },
            "system": {"version": VERSION, "entity_id": self.asterisk_id},
            "config": {"name": "", "default_language": "en", "setid": {"user": "", "group": ""}},
            "status": {"startup_time": started, "last_reload_time": started},
        }

    def get_global(self, name: str) -> str:
        """A global variable; empty where it is not set. Without a channel no function is read."""
        own = {"EPOCH": str(int(self.now)), "ENTITYID": self.asterisk_id}
        return own.get(name) or self.globals.get(name, "")

    def set_global(self, name: str, value: str | None) -> None:
        """Set a global variable; None removes it.

        Args:
            name: of the variable; the ``_`` or ``__`` that would have it inherited is none of it.
            value: its value.
        """
        own_name = name.removeprefix("_").removeprefix("_")
        if value is None:
            self.globals.pop(own_name, None)
        else:
            self.globals[own_name] = value
        event = {"variable": name, "value": value or "", **self.event("ChannelVarset")}
        self.publish(event, [("channel", "")])  # who hears all channels hears of it
