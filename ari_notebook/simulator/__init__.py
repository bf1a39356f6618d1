"""A simulated Asterisk that ARI clients cannot tell from the real one.

    from ari_notebook import simulator

    with simulator.start() as asterisk:
        asterisk.call("1000")  # somebody dials 1000
        ...                    # a client of asterisk.url takes the call

The exchange is a state machine without I/O (`exchange`), its face is ARI (`rest`), and around it is
a server on a real port (`shell`). ``python -m ari_notebook.simulator`` runs one from the command
line.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ari_notebook.simulator.configfile import ConfigError

if TYPE_CHECKING:
    from ari_notebook.simulator.config import Config
    from ari_notebook.simulator.running import CannotStart, RunningSimulator
    from ari_notebook.simulator.virtual import VirtualSimulator

__all__ = ["CannotStart", "ConfigError", "RunningSimulator", "VirtualSimulator", "start"]


def start(
    config: Config | str | Path | None = None,
    host: str | None = "127.0.0.1",
    port: int | None = 0,
    *,
    scenario: str | Path | None = None,
    traffic: float | None = None,
    seed: int = 0,
) -> RunningSimulator:
    """Start a simulated Asterisk in a thread of its own.

    Args:
        config: a folder of Asterisk's configuration files, or what `config.read_config` made of
            one; None for the demonstration set-up.
        host: the address to answer on; None: the one of http.conf.
        port: the port; 0: a free one; None: the one of http.conf.
        scenario: a file that says what the simulated phones do, and when.
        traffic: random calls a minute; None for none.
        seed: of everything random: the same seed gives the same run.

    Raises:
        ConfigError: a file cannot be read: which, on which line, and why.
        CannotStart: the port is in use, or the address is not this machine's.
    """
    from ari_notebook.simulator.config import Config, read_config
    from ari_notebook.simulator.running import RunningSimulator

    read = config if isinstance(config, Config) else read_config(config)
    return RunningSimulator(
        read,
        read.http.address if host is None else host,
        read.http.port if port is None else port,
        scenario=None if scenario is None else Path(scenario),
        traffic=traffic,
        seed=seed,
    )


def __getattr__(name: str) -> object:
    if name in ("CannotStart", "RunningSimulator"):
        from ari_notebook.simulator import running

        return getattr(running, name)
    if name == "VirtualSimulator":
        from ari_notebook.simulator import virtual

        return virtual.VirtualSimulator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
