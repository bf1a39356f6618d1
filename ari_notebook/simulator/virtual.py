"""A simulated Asterisk without a server: simulated time passes at full processor speed.

It simulates days of traffic in seconds: for analysis, for tests of an analysis, or to estimate how
many agents a hotline needs.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from ari_notebook.simulator.asterisk import SimulatedAsterisk
from ari_notebook.simulator.config.settings import Config, read_config
from ari_notebook.simulator.messages import Deferred, Request, Response
from ari_notebook.simulator.pbx.exchange import Exchange
from ari_notebook.simulator.phones.registry import Phones

__all__ = ["VirtualSimulator"]

_APPLICATION = "virtual"


class VirtualSimulator:
    """An exchange with simulated phones, driven by `run`.

    A call that enters Stasis() of an application that is not connected returns at once.
    `ari_notebook.flows.virtual` connects call flows.

    Args:
        config: folder of Asterisk configuration files, or the result of `config.read_config`; None:
            the demonstration set-up.
        start: initial time; None: now.
        seed: seed of all random choices; the same seed gives the same events.
        races: vary by the seed what Asterisk's threads do in either order.

    Raises:
        ConfigError: invalid configuration file, with line and reason.
    """

    def __init__(
        self,
        config: Config | str | Path | None = None,
        *,
        start: datetime | None = None,
        seed: int = 0,
        races: bool = False,
    ) -> None:
        read = config if isinstance(config, Config) else read_config(config)
        begin = start or datetime.now(UTC)
        self._asterisk = SimulatedAsterisk(read, begin.timestamp(), seed, races=races)
        self._heard: list[tuple[float, bytes]] = []
        self._asterisk.exchange.event_bus.register(_APPLICATION, self._hear, subscribe_all=True)

    @property
    def exchange(self) -> Exchange:
        """Return the exchange."""
        return self._asterisk.exchange

    @property
    def phones(self) -> Phones:
        """Return the simulated phones, with ``add``, ``call``, ``traffic`` and ``follow``."""
        return self._asterisk.phones

    @property
    def now(self) -> datetime:
        """Return the simulated time."""
        return datetime.fromtimestamp(self._asterisk.now, UTC)

    @property
    def timestamp(self) -> float:
        """Return the simulated time, in seconds since 1970."""
        return self._asterisk.now

    def set_dialplan(self, text: str) -> None:
        """Replace the dialplan.

        Args:
            text: content of extensions.conf.

        Raises:
            ConfigError: invalid dialplan, with line and reason.
        """
        self._asterisk.set_dialplan(text)

    def run(self, seconds: float) -> Iterator[tuple[float, bytes]]:
        """Advance the simulated time.

        Args:
            seconds: time to simulate; it advances during the iteration.

        Yields:
            Time in seconds since 1970 and JSON of each event, as received by an ARI client that is
            subscribed to everything.
        """
        asterisk = self._asterisk
        end = asterisk.now + seconds
        while asterisk.now < end:
            due = asterisk.next_due()
            asterisk.advance(end if due is None else min(due, end))
            yield from self.take_events()

    def take_events(self) -> list[tuple[float, bytes]]:
        """Return and forget the events since the last call or iteration, as `run` yields them."""
        heard, self._heard = self._heard, []
        return heard

    # For an application that is driven together with the exchange.

    def connect(self, app: str, receive: Callable[[Mapping[str, Any]], None]) -> None:
        """Register a Stasis application.

        Args:
            app: its name.
            receive: called with each of its events while `advance` and `request` run.
        """
        self._asterisk.exchange.event_bus.register(
            app, lambda _app, event: receive(event), subscribe_all=False
        )

    def request(self, method: str, target: str, body: bytes = b"") -> Response | Deferred[Response]:
        """Send a REST request as the first user of ari.conf who may write.

        Args:
            method: in upper case.
            target: path below ``/ari`` and query, percent-encoded.
            body: JSON.

        Returns:
            The response; a deferred one is resolved as time passes.
        """
        users = self._asterisk.exchange.config.ari.users.values()
        user = next(each for each in users if not each.read_only)
        token = base64.b64encode(f"{user.name}:{user.password}".encode()).decode()
        headers = [("Authorization", f"Basic {token}")]
        if body:
            headers.append(("Content-Type", "application/json"))
        answer = self._asterisk.request(Request(method, f"/ari{target}", headers, body))
        if not isinstance(answer, Response | Deferred):
            raise TypeError(f"{method} {target} opens a socket")
        return answer

    def next_due(self) -> float | None:
        """Return the time of the next scheduled action, in seconds since 1970, or None."""
        return self._asterisk.next_due()

    def advance(self, to: float) -> None:
        """Let time pass up to ``to``, seconds since 1970, and run everything due by then."""
        self._asterisk.advance(to)

    def _hear(self, _app: str, event: Mapping[str, Any]) -> None:
        self._heard.append((self._asterisk.now, orjson.dumps(event)))
