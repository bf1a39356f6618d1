"""The exchange: registries, clock, identifiers and publishing.

It imports no feature: dialplan, media and device states are ports (`pbx.ports`) that
`simulator.asterisk` passes to its constructor; channel technologies register themselves.
"""

from __future__ import annotations

import itertools
import random
import uuid
from collections.abc import Callable, MutableMapping
from typing import TYPE_CHECKING, TypeAlias

from ari_notebook.simulator.clock import Clock
from ari_notebook.simulator.config.settings import Config
from ari_notebook.simulator.pbx.event_bus import EventBus
from ari_notebook.simulator.pbx.ports import (
    ChannelTechnology,
    DeviceStatePort,
    DialplanEngine,
    MediaNetworkPort,
    MediaPort,
)
from ari_notebook.simulator.pbx.races import Races
from ari_notebook.simulator.pbx.unsupported import UnsupportedNames
from ari_notebook.simulator.topics import ALL, Topic
from ari_notebook.simulator.utf8 import shown

# Channel, bridge and exchange are one concept: only these modules import each other, for typing.
if TYPE_CHECKING:
    from ari_notebook.simulator.pbx.bridge import Bridge
    from ari_notebook.simulator.pbx.channel import Channel
    from ari_notebook.simulator.pbx.mixer import Mixer

__all__ = ["ConnectPerCallApp", "Exchange"]

# Connects an application for one call. Arguments: the application's name, the channel and a
# callback, which receives the application's name for this call, or None if it cannot be reached.
# Returns False, without a callback, if the application has no per-call connection.
ConnectPerCallApp: TypeAlias = "Callable[[str, Channel, Callable[[str | None], None]], bool]"


class Exchange:
    """A telephone exchange.

    Args:
        config: the configuration.
        clock: simulated time.
        chance: random number generator.
        asterisk_id: its id in events.
        event_bus: publishes its events to Stasis applications.
        channels: takes its channels by id.
        dialplan: the dialplan engine.
        media: playbacks and recordings.
        devices: device states.
        technologies: the channel technologies by name in lower case; `register` adds to it.
        is_module_loaded: returns whether a module of that name is loaded.
        races: what varies as Asterisk's threads do; nothing unless given.
        connect_per_call_app: connects an application by an outbound WebSocket per call; None
            without a network.
        media_network: opens sockets for audio; None without a network.

    Attributes:
        channels: id → channel, the oldest first.
        bridges: id → bridge.
        globals: the dialplan's global variables.
        database: AstDB, as ``family/key`` to value.
        environment: values the dialplan set with ENV; the host's are not included.
        unsupported: names of the dialplan that the simulator lacks.
        started: start time, in seconds since 1970.
        after: `Clock.after`.
        soon: `Clock.soon`.
        timestamp: `Clock.timestamp`.
        event: `EventBus.event`.
        publish: `EventBus.publish`.
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        chance: random.Random,
        asterisk_id: str,
        event_bus: EventBus,
        channels: dict[str, Channel],
        dialplan: DialplanEngine[Exchange, Channel],
        media: MediaPort,
        devices: DeviceStatePort,
        technologies: MutableMapping[str, ChannelTechnology[Channel]],
        is_module_loaded: Callable[[str], bool],
        races: Races | None = None,
        connect_per_call_app: ConnectPerCallApp | None = None,
        media_network: MediaNetworkPort[Channel] | None = None,
    ) -> None:
        self.config = config
        self.clock = clock
        self.random = chance
        self.races = races or Races()
        self.asterisk_id = asterisk_id
        self.event_bus = event_bus
        self.dialplan = dialplan
        self.media = media
        self.devices = devices
        self.technologies = technologies
        self.is_module_loaded = is_module_loaded
        self.connect_per_call_app = connect_per_call_app
        self.media_network = media_network
        self.started = clock.now
        self.unsupported = UnsupportedNames()
        self.channels = channels
        self.bridges: dict[str, Bridge] = {}
        self.globals: dict[str, str] = dict(dialplan.globals)
        self.database: dict[str, str] = {}
        self.environment: dict[str, str] = {}
        self._mixer: Mixer | None = None
        self._channel_numbers = itertools.count()
        self._local_numbers = itertools.count()
        self._snoop_numbers = itertools.count()
        # Bound once, as they are used many times per call.
        self.after, self.soon, self.timestamp = clock.after, clock.soon, clock.timestamp
        self.event, self.publish = event_bus.event, event_bus.publish

    @property
    def mixer(self) -> Mixer:
        """Return the mixer, which computes audio for listeners."""
        if self._mixer is None:
            from ari_notebook.simulator.pbx.mixer import Mixer  # noqa: PLC0415  numpy: 70 ms

            self._mixer = Mixer(self.clock)
        return self._mixer

    @property
    def now(self) -> float:
        """Return the current time, in seconds since 1970."""
        return self.clock.now

    def register(self, name: str, technology: ChannelTechnology[Channel]) -> None:
        """Register a channel technology under its name, such as ``PJSIP``."""
        self.technologies[name.lower()] = technology

    def channel(self, text: str, *, named: bool = True) -> Channel | None:
        """Return a channel by id or name, ignoring case.

        Args:
            text: the id or name.
            named: whether to match names, too.
        """
        if (found := self.channels.get(text)) is not None:
            return found
        wanted = text.lower()
        for channel in self.channels.values():
            if channel.id.lower() == wanted or (named and channel.name.lower() == wanted):
                return channel
        return None

    def running_applications(self) -> list[str]:
        """Return the dialplan application of every channel."""
        return [each.dialplan.application[0] for each in self.channels.values()]

    # Identifiers.

    def channel_id(self) -> str:
        """Return the id for a new channel: ``epoch.sequence``."""
        return f"{int(self.now)}.{next(self._channel_numbers)}"

    def local_number(self) -> int:
        """Return the number for a new Local channel's name."""
        return next(self._local_numbers)

    def snoop_number(self) -> int:
        """Return the number for a new snoop channel's name."""
        return next(self._snoop_numbers)

    def uuid(self) -> str:
        """Return an id for a new bridge or playback."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    # Variables.

    def evaluate(
        self, channel: Channel | None, name: str, *, from_outside: bool = False
    ) -> str | None:
        """Return a variable or function; see `DialplanEngine.evaluate`."""
        return self.dialplan.evaluate(self, channel, name, from_outside=from_outside)

    def assign(
        self, channel: Channel | None, name: str, value: str | None, *, from_outside: bool = False
    ) -> bool:
        """Set a variable or function; see `DialplanEngine.assign`."""
        return self.dialplan.assign(self, channel, name, value, from_outside=from_outside)

    def get_global(self, name: str) -> str:
        """Return a global variable, or "" if unset; functions are not evaluated."""
        own = {"EPOCH": str(int(self.now)), "ENTITYID": self.asterisk_id}
        return own.get(name) or self.globals.get(name, "")

    def set_global(self, name: str, value: str | None) -> None:
        """Set a global variable; None removes it.

        Args:
            name: name of the variable; an inheritance prefix, ``_`` or ``__``, is removed.
            value: its value.
        """
        own_name = name.removeprefix("_").removeprefix("_")
        if value is None:
            self.globals.pop(own_name, None)
        else:
            self.globals[own_name] = value
        event = {"variable": name, "value": shown(value or ""), **self.event("ChannelVarset")}
        self.publish(event, (Topic("channel", ALL),))
