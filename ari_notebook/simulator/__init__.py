"""A simulated Asterisk that behaves like a real one towards ARI clients.

    from ari_notebook import simulator

    with simulator.start() as asterisk:
        asterisk.call("1000")  # a simulated phone dials 1000 ...                    # a client of
        asterisk.url takes the call

`SimulatedAsterisk` is a state machine without I/O, built from its parts in `simulator.asterisk`;
``server`` puts it on a real port. ``python -m ari_notebook.simulator`` runs one from the command
line.

The rest of the package imports only this module of the simulator.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from ari_notebook.simulator.config.syntax import ConfigError

if TYPE_CHECKING:
    from ari_notebook.simulator.asterisk import SimulatedAsterisk
    from ari_notebook.simulator.backend import AriBackend
    from ari_notebook.simulator.calls.media_session import WebSocketMedia
    from ari_notebook.simulator.config.settings import Config, OutboundWebsocket, User, read_config
    from ari_notebook.simulator.control.remote import VerificationFailed
    from ari_notebook.simulator.control.snapshot import ExchangeSnapshot, SnapshotRefused
    from ari_notebook.simulator.dialplan.reference import describe as dialplan_reference
    from ari_notebook.simulator.dialplan.reference import names as dialplan_names
    from ari_notebook.simulator.handle import SimulatorHandle
    from ari_notebook.simulator.inprocess import (
        EventPort,
        InProcessSimulator,
        MediaPort,
        NotListening,
    )
    from ari_notebook.simulator.messages import (
        REASONS,
        AriRefusal,
        Deferred,
        Reply,
        Request,
        Response,
    )
    from ari_notebook.simulator.rest.event_socket import EventSocket
    from ari_notebook.simulator.rest.pipeline import ApiRequest
    from ari_notebook.simulator.runner import CannotStart, RunningServer, RunningSimulator
    from ari_notebook.simulator.virtual import VirtualSimulator

__all__ = [
    "REASONS",
    "ApiRequest",
    "AriBackend",
    "AriRefusal",
    "CannotStart",
    "Config",
    "ConfigError",
    "Deferred",
    "EventPort",
    "EventSocket",
    "ExchangeSnapshot",
    "InProcessSimulator",
    "MediaPort",
    "NotListening",
    "OutboundWebsocket",
    "Reply",
    "Request",
    "Response",
    "RunningServer",
    "RunningSimulator",
    "SimulatedAsterisk",
    "SimulatorHandle",
    "SnapshotRefused",
    "User",
    "VerificationFailed",
    "VirtualSimulator",
    "WebSocketMedia",
    "dialplan_names",
    "dialplan_reference",
    "in_process",
    "read_config",
    "start",
]

# Module and name of each public name. They are loaded on first use: the whole simulator takes 0.2 s
# to import, and most users of this module connect to their own Asterisk.
_HOMES = {
    "SimulatedAsterisk": ("asterisk", "SimulatedAsterisk"),
    "AriBackend": ("backend", "AriBackend"),
    "Config": ("config.settings", "Config"),
    "OutboundWebsocket": ("config.settings", "OutboundWebsocket"),
    "User": ("config.settings", "User"),
    "read_config": ("config.settings", "read_config"),
    "VerificationFailed": ("control.remote", "VerificationFailed"),
    "Snapshot": ("control.snapshot", "Snapshot"),
    "SnapshotRefused": ("control.snapshot", "SnapshotRefused"),
    "SimulatorHandle": ("handle", "SimulatorHandle"),
    "EventPort": ("inprocess", "EventPort"),
    "MediaPort": ("inprocess", "MediaPort"),
    "InProcessSimulator": ("inprocess", "InProcessSimulator"),
    "NotListening": ("inprocess", "NotListening"),
    "REASONS": ("messages", "REASONS"),
    "Deferred": ("messages", "Deferred"),
    "AriRefusal": ("messages", "AriRefusal"),
    "Reply": ("messages", "Reply"),
    "Request": ("messages", "Request"),
    "Response": ("messages", "Response"),
    "EventSocket": ("rest.event_socket", "EventSocket"),
    "ApiRequest": ("rest.pipeline", "ApiRequest"),
    "CannotStart": ("runner", "CannotStart"),
    "RunningServer": ("runner", "RunningServer"),
    "RunningSimulator": ("runner", "RunningSimulator"),
    "VirtualSimulator": ("virtual", "VirtualSimulator"),
    "WebSocketMedia": ("calls.media_session", "WebSocketMedia"),
    "dialplan_names": ("dialplan.reference", "names"),
    "dialplan_reference": ("dialplan.reference", "describe"),
}


def start(
    config: Config | str | Path | None = None,
    host: str | None = "127.0.0.1",
    port: int | None = 0,
    *,
    scenario: str | Path | None = None,
    traffic: float | None = None,
    seed: int = 0,
    races: bool = False,
    password: str | None = None,
    check_origin: bool = True,
    speed: float = 1,
    clock: Literal["real", "paused"] = "real",
    token: str | None = None,
    version: str | None = None,
) -> RunningSimulator:
    """Start a simulated Asterisk in its own thread.

    In a browser, which has neither threads nor ports, it is an `InProcessSimulator` in this
    thread, with the same methods and attributes but for ``control_url``.

    Args:
        config: folder of Asterisk configuration files, or the result of `config.read_config`; None:
            the demonstration set-up.
        host: address to listen on; None: the address in http.conf.
        port: TCP port; 0: any free port; None: the port in http.conf.
        scenario: scenario file for the simulated phones.
        traffic: random calls per minute; None: no traffic.
        seed: seed of all random choices; the same seed gives the same run.
        races: vary by the seed the order of what Asterisk does in several threads, as the ends of
            a Local channel's halves, or StasisStart and StasisEnd of a move.
        password: password of the demonstration set-up's user; None: a random one, which the
            simulator's ``password`` attribute returns.
        check_origin: refuse requests of foreign web pages (see `server.origin`); False answers
            them, like a real Asterisk.
        speed: factor by which simulated time is faster than real time: sound, phones, the
            dialplan's timeouts and the timestamps of events. Timeouts of clients are not scaled.
        clock: ``real``, or ``paused``: simulated time passes only by ``clock.advance`` and
            ``clock.run_until_idle`` of the running simulator, until ``clock.resume``.
        token: switches the control API below ``/_simulator`` on, for requests with this token.
        version: release of Asterisk to behave like, such as ``22.8``: younger operations,
            parameters, events and fields are absent, and the ``Server`` header names it; None: the
            configuration's, usually 22.10.1.

    Raises:
        ConfigError: invalid configuration file, with line and reason.
        CannotStart: the port is in use, or the host has no such address.
        ValueError: both ``password`` and a configuration, which has its own passwords; an invalid
            speed, clock or version; or a token of fewer than 8 characters. In a browser also a
            port, a token, or a paused clock.
    """
    from ari_notebook.schema.versions import parse_version  # noqa: PLC0415  see _HOMES
    from ari_notebook.simulator.config.settings import (  # noqa: PLC0415  see _HOMES
        DEMONSTRATION_USER,
        Config,
        read_config,
    )

    if config is not None and password is not None:
        raise ValueError(
            "password: not allowed with config; set the users' passwords in its ari.conf"
        )
    if clock not in ("real", "paused"):
        raise ValueError(f"invalid clock: {clock!r}; use 'real' or 'paused'")
    if token is not None and (len(token) < 8 or not token.isascii() or not token.isprintable()):
        raise ValueError("invalid token: use at least 8 printable ASCII characters")
    passwords = None if password is None else {DEMONSTRATION_USER: password}
    read = config if isinstance(config, Config) else read_config(config, passwords)
    if version is not None:
        read = replace(read, version=parse_version(version))
    if sys.platform == "emscripten":
        if port or token is not None or clock != "real":
            raise ValueError("no port, token or paused clock in a browser: it has no sockets")
        return cast(
            "RunningSimulator",
            _start_here(read, scenario, traffic, seed=seed, races=races, speed=speed),
        )
    from ari_notebook.simulator.runner import RunningSimulator  # noqa: PLC0415  needs ssl

    return RunningSimulator(
        read,
        read.http.address if host is None else host,
        read.http.port if port is None else port,
        scenario=None if scenario is None else Path(scenario),
        traffic=traffic,
        seed=seed,
        races=races,
        check_origin=check_origin,
        speed=speed,
        paused=clock == "paused",
        token=token,
    )


def _start_here(
    config: Config, scenario: str | Path | None, traffic: float | None, **settings: Any
) -> InProcessSimulator:
    from ari_notebook.simulator.inprocess import InProcessSimulator  # noqa: PLC0415  see _HOMES

    started = InProcessSimulator(config, **settings)
    if scenario is not None:
        started.follow(scenario)
    if traffic is not None:
        started.traffic(traffic)
    return started


def in_process(
    config: Config | str | Path | None = None,
    *,
    seed: int = 0,
    races: bool = False,
    speed: float = 1,
    clock: Literal["real", "virtual"] = "real",
    version: str | None = None,
) -> InProcessSimulator:
    """Make a simulated Asterisk in the caller's thread, without sockets.

    Args:
        config: as of `start`.
        seed: as of `start`.
        races: as of `start`.
        speed: as of `start`.
        clock: ``real``, or ``virtual``: simulated time passes only while a program waits, at full
            processor speed, so that a run takes no time and is always the same.
        version: as of `start`.

    Raises:
        ConfigError: invalid configuration file, with line and reason.
        ValueError: an invalid speed, clock or version.
    """
    from ari_notebook.schema.versions import parse_version  # noqa: PLC0415  see _HOMES
    from ari_notebook.simulator.config.settings import (  # noqa: PLC0415  see _HOMES
        Config,
        read_config,
    )
    from ari_notebook.simulator.inprocess import InProcessSimulator  # noqa: PLC0415  see _HOMES

    if clock not in ("real", "virtual"):
        raise ValueError(f"invalid clock: {clock!r}; use 'real' or 'virtual'")
    read = config if isinstance(config, Config) else read_config(config)
    if version is not None:
        read = replace(read, version=parse_version(version))
    return InProcessSimulator(read, seed=seed, races=races, speed=speed, virtual=clock == "virtual")


if not TYPE_CHECKING:  # checkers know the names above, so that they report a typo

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, defined = _HOMES[name]
        return getattr(import_module(f"{__name__}.{module}"), defined)
