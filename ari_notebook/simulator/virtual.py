"""A simulated Asterisk without a server: its time passes as fast as the machine can make it.

For days of traffic in seconds: to analyse, to test an analysis with, to estimate how many agents a
hotline needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from ari_notebook.simulator.config import Config, read_config
from ari_notebook.simulator.exchange import Exchange
from ari_notebook.simulator.phones import Phones

__all__ = ["VirtualSimulator"]

_APPLICATION = "virtual"


class VirtualSimulator:
    """An exchange with simulated phones, to which time is given.

    Nobody can connect to it, so that a call which enters Stasis() comes back at once: the dialplan
    and the phones make what happens.

    Args:
        config: a folder of Asterisk's configuration files, or what `config.read_config` made of
            one; None for the demonstration set-up.
        start: its time at the beginning; None for now.
        seed: of everything random: the same seed gives the same events.

    Attributes:
        exchange: the exchange itself.

    Raises:
        ConfigError: a file cannot be read: which, on which line, and why.
    """

    def __init__(
        self,
        config: Config | str | Path | None = None,
        *,
        start: datetime | None = None,
        seed: int = 0,
    ) -> None:
        read = config if isinstance(config, Config) else read_config(config)
        begin = start or datetime.now(UTC)
        self.exchange = Exchange(read, begin.timestamp(), seed)
        self._heard: list[tuple[float, bytes]] = []
        self.exchange.applications.register(_APPLICATION, self._hear, subscribe_all=True)

    @property
    def phones(self) -> Phones:
        """The simulated phones: ``add``, ``call``, ``traffic``, ``follow``."""
        return self.exchange.phones

    @property
    def now(self) -> datetime:
        """Its time."""
        return datetime.fromtimestamp(self.exchange.now, UTC)

    def set_dialplan(self, text: str) -> None:
        """Replace the dialplan.

        Args:
            text: as it would stand in extensions.conf.

        Raises:
            ConfigError: a line is no good: which, and why.
        """
        self.exchange.set_dialplan(text)

    def run(self, seconds: float) -> Iterator[tuple[float, bytes]]:
        """Let time pass.

        Args:
            seconds: how much of it; it passes as the iteration goes on.

        Yields:
            Of each event when it happened, in seconds since 1970, and its JSON, as a client of ARI
            that is subscribed to everything would receive it.
        """
        end = self.exchange.now + seconds
        while self.exchange.now < end:
            due = self.exchange.next_due()
            self.exchange.advance(end if due is None else min(due, end))
            heard, self._heard = self._heard, []
            yield from heard

    def _hear(self, _app: str, event: Mapping[str, Any]) -> None:
        self._heard.append((self.exchange.now, orjson.dumps(event)))
