"""Simulators on a real port, each in its own thread."""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

from ari_notebook.simulator.asterisk import SimulatedAsterisk
from ari_notebook.simulator.backend import AriBackend
from ari_notebook.simulator.config.settings import Config
from ari_notebook.simulator.config.syntax import ConfigError
from ari_notebook.simulator.control.api import ControlApi
from ari_notebook.simulator.control.persistent_state import LastingState
from ari_notebook.simulator.control.remote import RemoteClock
from ari_notebook.simulator.handle import SimulatorHandle
from ari_notebook.simulator.pbx.channel import Channel
from ari_notebook.simulator.pbx.exchange import ConnectPerCallApp
from ari_notebook.simulator.pbx.ports import MediaNetworkPort
from ari_notebook.simulator.phones.scenario import read_scenario
from ari_notebook.simulator.rest.operation_faults import OperationFaults
from ari_notebook.simulator.server.faults import Faults
from ari_notebook.simulator.server.origin import is_local
from ari_notebook.simulator.server.pace import PacedTime
from ari_notebook.simulator.server.server import ControlPort, Server
from ari_notebook.simulator.users import ConfiguredUsers

__all__ = ["CannotStart", "RunningServer", "RunningSimulator"]

T = TypeVar("T")
BackendT = TypeVar("BackendT", bound=AriBackend)


class CannotStart(Exception):
    """The simulator cannot start; the message gives the remedy."""


class RunningServer(ConfiguredUsers, Generic[BackendT]):
    """A backend on a real port in its own thread. Its methods are thread-safe.

    As a context manager it stops at the end of the block.

    Args:
        config: configuration of the server: users, timeouts, TLS.
        host: address to listen on.
        port: TCP port; 0: any free port.
        make: creates the backend, at the start and at every restart.
        seed: seed of the random faults.
        check_origin: refuse requests of foreign web pages.
        time: clock of the backend, in seconds since 1970; None: real time.
        faults: faults of the backend's operations; None: it has none.
        control: creates the handler of requests below ``/_simulator``; None: no handler.

    Attributes:
        has_ari: whether http.conf and ari.conf enable ARI.

    Raises:
        ConfigError: invalid configuration, with file, line and reason.
        CannotStart: the port is in use, or the host has no such address.
    """

    def __init__(
        self,
        config: Config,
        host: str,
        port: int,
        make: Callable[[ConnectPerCallApp, MediaNetworkPort[Channel]], BackendT],
        seed: int = 0,
        check_origin: bool = True,
        time: PacedTime | None = None,
        faults: OperationFaults | None = None,
        control: Callable[[Server[BackendT]], ControlPort] | None = None,
    ) -> None:
        def serve() -> Server[BackendT]:
            return Server(config, host, port, make, seed, check_origin, time, faults, control)

        super().__init__(config)
        self.has_ari = config.http.enabled and config.ari.enabled
        self._host = host
        self._server: Server[BackendT]
        self._stop: asyncio.Event
        self._fault: BaseException | None = None
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(serve, ready)),
            name="simulated Asterisk",
            daemon=True,
        )
        self._thread.start()
        ready.wait()
        if self._fault is not None:
            self._thread.join()
            if isinstance(self._fault, ConfigError):
                raise self._fault
            raise CannotStart(_explained(self._fault, host, port)) from self._fault

    async def _serve(self, serve: Callable[[], Server[BackendT]], ready: threading.Event) -> None:
        self._stop = asyncio.Event()
        try:
            self._server = serve()
            await self._server.open()
        except BaseException as fault:  # noqa: BLE001 - raised in the thread that started this
            self._fault = fault
            return
        finally:
            ready.set()
        await self._stop.wait()
        await self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = "" if self._thread.is_alive() else " (stopped)"
        return f"<simulated Asterisk at {self.url}{state}>"

    @property
    def url(self) -> str:
        """Return its URL, such as ``http://127.0.0.1:8088``."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self._server.port}"

    @property
    def exposure(self) -> str:
        """Return a warning if other machines can reach it, else ""."""
        if is_local(self._host):
            return ""
        return (
            f"it listens on {self._host or 'every address'}, port {self._server.port}: anyone who"
            f" can reach it and has a password of ari.conf can use it, and HTTP sends it in clear"
        )

    @property
    def faults(self) -> Faults:
        """Return the controls of its faults."""
        return self._server.faults

    def run(self, do: Callable[[BackendT], T]) -> T:
        """Call a function with the backend on the server's thread and return its result.

        Args:
            do: called with the backend, advanced to the current time.
        """

        def doing() -> T:
            with self._server.now() as backend:
                return do(backend)

        return self._server.call(doing)

    def restart(self, downtime: float = 0.0) -> None:
        """Restart the exchange: calls, bridges and sockets are lost, connections are cut.

        Args:
            downtime: seconds during which connections are refused.
        """
        self.faults.restart(downtime)

    def stop(self) -> None:
        """Close all connections and the port, and end the thread; idempotent."""
        if self._thread.is_alive():
            self._server.loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()


class RunningSimulator(RunningServer[SimulatedAsterisk], SimulatorHandle):
    """A simulated Asterisk on a real port. Its methods are thread-safe.

    Made by `ari_notebook.simulator.start`. As a context manager it stops at the end of the block.

    Attributes:
        token: token of the control API below ``/_simulator``; None: it is off.
    """

    def __init__(
        self,
        config: Config,
        host: str,
        port: int,
        *,
        scenario: Path | None = None,
        traffic: float | None = None,
        seed: int = 0,
        races: bool = False,
        check_origin: bool = True,
        speed: float = 1,
        paused: bool = False,
        token: str | None = None,
    ) -> None:
        time = PacedTime(speed, paused=paused)
        read = read_scenario(scenario) if scenario is not None else None
        self._state = state = LastingState(config, time, seed, races, read, traffic)
        self.token = token
        super().__init__(
            config,
            host,
            port,
            state.make,
            seed,
            check_origin,
            time,
            state.faults,
            None if token is None else lambda server: ControlApi(state, server, token),
        )

    @property
    def _runs_in(self) -> Server[SimulatedAsterisk]:
        return self._server

    @property
    def _lasting(self) -> LastingState:
        return self._state

    @property
    def clock(self) -> RemoteClock:
        """Return the controls of the simulated time."""
        return RemoteClock(self._server)

    @property
    def control_url(self) -> str:
        """Return the URL of the control API, or "" if it is off."""
        return "" if self.token is None else f"{self.url}/_simulator"


def _explained(fault: BaseException, host: str, port: int) -> str:
    if isinstance(fault, OSError) and fault.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use: stop that program, or choose another --port"
    if isinstance(fault, OSError):
        return f"cannot listen on {host} port {port}: {fault.strerror or fault}"
    return str(fault) or type(fault).__name__
