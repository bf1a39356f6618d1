"""State of a running simulator that outlives its exchange, which a restart replaces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ari_notebook.schema import Declaration, builtin
from ari_notebook.simulator.asterisk import SimulatedAsterisk
from ari_notebook.simulator.config.settings import Config
from ari_notebook.simulator.control import snapshot as snapshots
from ari_notebook.simulator.control.host import SimulatorHost
from ari_notebook.simulator.control.snapshot import ExchangeSnapshot
from ari_notebook.simulator.pbx.channel import Channel
from ari_notebook.simulator.pbx.exchange import ConnectPerCallApp
from ari_notebook.simulator.pbx.ports import MediaNetworkPort
from ari_notebook.simulator.phones.scenario import Scenario
from ari_notebook.simulator.rest.journal import RequestJournal
from ari_notebook.simulator.rest.operation_faults import OperationFaults

__all__ = ["LastingState"]


class LastingState:
    """Configuration, journal and faults of a simulator; creates each exchange.

    Args:
        config: the configuration.
        now: returns the simulated time.
        seed: seed of all random choices.
        races: whether the seed varies what Asterisk's threads do in either order.
        scenario: scenario that starts with each exchange.
        traffic: random calls per minute.

    Attributes:
        journal: the requests and events.
        faults: the faults of single operations.
        declaration: the declaration of its version of Asterisk.
        version: its version of Asterisk.
    """

    def __init__(
        self,
        config: Config,
        now: Callable[[], float],
        seed: int = 0,
        races: bool = False,
        scenario: Scenario | None = None,
        traffic: float | None = None,
    ) -> None:
        self.version = str(config.version)
        self.declaration: Declaration = builtin(config.version)
        self.journal = RequestJournal()
        self.faults = OperationFaults(seed, self.declaration)
        self._config = config
        self._now = now
        self._seed = seed
        self._races = races
        self._scenario = scenario
        self._traffic = traffic

    def make(
        self,
        connect_per_call_app: ConnectPerCallApp | None = None,
        media_network: MediaNetworkPort[Channel] | None = None,
    ) -> SimulatedAsterisk:
        """Create an exchange."""
        asterisk = SimulatedAsterisk(
            self._config,
            self._now(),
            self._seed,
            races=self._races,
            journal=self.journal,
            faults=self.faults,
            connect_per_call_app=connect_per_call_app,
            media_network=media_network,
        )
        if self._scenario is not None:
            asterisk.phones.follow(self._scenario)
        if self._traffic is not None:
            asterisk.phones.traffic(self._traffic)
        return asterisk

    @property
    def dialplan(self) -> str:
        """Return the extensions.conf in use."""
        return self._config.extensions

    def replace_dialplan(self, asterisk: SimulatedAsterisk, text: str) -> None:
        """Replace extensions.conf, also for later exchanges.

        Raises:
            ConfigError: invalid dialplan; the old one stays in effect.
        """
        asterisk.set_dialplan(text)
        self._config = replace(self._config, extensions=text)

    def take_snapshot(self, asterisk: SimulatedAsterisk) -> ExchangeSnapshot:
        """Return a snapshot.

        Raises:
            SnapshotRefused: calls or bridges exist.
        """
        return snapshots.take(asterisk, self.dialplan)

    async def restore_snapshot(
        self, server: SimulatorHost, snapshot: ExchangeSnapshot | None
    ) -> None:
        """Reset, and put a snapshot's state back unless it is None."""
        if snapshot is not None:
            self._config = replace(self._config, extensions=snapshot.dialplan)
        await server.reset()
        self.journal.clear()
        server.faults.clear_now()
        if snapshot is not None:
            with server.now() as asterisk:
                snapshots.restore(asterisk, snapshot)
