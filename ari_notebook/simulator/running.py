"""A simulator that runs beside the program that started it, in a thread of its own."""

from __future__ import annotations

import asyncio
import errno
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from ari_notebook.simulator.configfile import ConfigError
from ari_notebook.simulator.exchange import Exchange
from ari_notebook.simulator.remote import Remote
from ari_notebook.simulator.scenario import Scenario, read_scenario
from ari_notebook.simulator.shell import Server

if TYPE_CHECKING:
    from ari_notebook.simulator.config import Config
    from ari_notebook.simulator.faults import Faults
    from ari_notebook.simulator.phone_calls import Call
    from ari_notebook.simulator.phones import Phones

T = TypeVar("T")


class CannotStart(Exception):
    """The simulator cannot start; the message says what to do about it."""


class RunningSimulator:
    """A simulated Asterisk on a real port. Its methods are safe to call from any thread.

    Made by `ari_notebook.simulator.start`. As a context manager it stops at the end of the block.

    Attributes:
        user: the name of a user of ari.conf who may write.
        password: that user's password.
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
    ) -> None:
        self.user, self.password = _writer(config)
        self._config = config
        self._scenario = read_scenario(scenario) if scenario is not None else None
        self._traffic = traffic
        self._seed = seed
        self._host = host
        self._server: Server
        self._stop: asyncio.Event
        self._fault: BaseException | None = None
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(host, port, ready)),
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

    async def _serve(self, host: str, port: int, ready: threading.Event) -> None:
        self._stop = asyncio.Event()
        try:
            self._server = Server(self._config, host, port, self._make, self._seed)
            await self._server.open()
        except BaseException as fault:  # noqa: BLE001 - the thread that started this one raises it
            self._fault = fault
            return
        finally:
            ready.set()
        await self._stop.wait()
        await self._server.close()

    def _make(self) -> Exchange:
        exchange = Exchange(self._config, time.time(), self._seed)
        if self._scenario is not None:
            exchange.phones.follow(self._scenario)
        if self._traffic is not None:
            exchange.phones.traffic(self._traffic)
        return exchange

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
        """Where it answers, such as ``http://127.0.0.1:8088``."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self._server.port}"

    @property
    def credentials(self) -> tuple[str, str]:
        """User and password, as HTTP libraries take them."""
        return self.user, self.password

    @property
    def exchange(self) -> Exchange:
        """The exchange itself. It belongs to the simulator's thread: reach it through `run`."""
        return self._server.exchange

    @property
    def faults(self) -> Faults:
        """What can be made to go wrong."""
        return self._server.faults

    def run(self, do: Callable[[Exchange], T]) -> T:
        """Call something with the exchange on the simulator's thread and give its result.

        Args:
            do: called with the exchange, which stands at the present time.
        """

        def doing() -> T:
            with self._server.now() as exchange:
                return do(exchange)

        return self._server.call(doing)

    def call(
        self,
        extension: str,
        context: str = "default",
        caller: str | None = None,
        **conversation: Any,
    ) -> Call:
        """Let somebody dial an extension.

        Args:
            extension: what is dialled.
            context: the dialplan's context in which it is looked up.
            caller: who calls, as ``Alice <5551>``; None for an unknown caller.
            conversation: what they do once they are answered: arguments of
                `phone_calls.Call.converse`, such as ``hangup_after=5``.

        Returns:
            the call. Its methods, too, may be called from any thread.

        Raises:
            LookupError: there is no such extension.
        """

        def calling(exchange: Exchange) -> Call:
            return exchange.phones.call(extension, context, caller, **conversation)

        call = self.run(calling)
        return cast("Call", Remote(self.run, lambda exchange: call))

    @property
    def phones(self) -> Phones:
        """The simulated phones: ``phones["alice"]``. They may be used from any thread."""
        return cast("Phones", Remote(self.run, lambda exchange: exchange.phones))

    def follow(self, scenario: Scenario | str | Path) -> None:
        """Let the phones do what a scenario says, from now on.

        Args:
            scenario: the file.

        Raises:
            ConfigError: file, line and reason.
        """
        self.run(lambda exchange: exchange.phones.follow(scenario))

    def traffic(self, calls_per_minute: float, **settings: Any) -> None:
        """Let random calls come in, in the place of those that came before.

        Args:
            calls_per_minute: how many begin on average; 0: no more.
            settings: other attributes of `traffic.Traffic`, such as ``extensions=["1000"]``.

        Raises:
            ValueError: one of them is no good.
            LookupError: an extension does not exist.
        """
        self.run(lambda exchange: exchange.phones.traffic(calls_per_minute, **settings))

    @property
    def dialplan(self) -> str:
        """The text of extensions.conf as it is used now."""
        return self._config.extensions

    def set_dialplan(self, text: str) -> None:
        """Replace the dialplan, restarts included; calls that are in it go on with the new one.

        Args:
            text: extensions.conf.

        Raises:
            ConfigError: it cannot be read; the old one stays.
        """
        self.run(lambda exchange: exchange.set_dialplan(text))
        self._config = replace(self._config, extensions=text)

    def restart(self, downtime: float = 0.0) -> None:
        """Restart the exchange, as `Faults.restart` does."""
        self.faults.restart(downtime)

    def stop(self) -> None:
        """Close every connection and the port, and end the thread. A second time does nothing."""
        if self._thread.is_alive():
            self._server.loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()


def _writer(config: Config) -> tuple[str, str]:
    """The first user whose password is known and who may write; else any user."""
    users = [each for each in config.ari.users.values() if each.password_format == "plain"]  # noqa: S105
    users.sort(key=lambda each: each.read_only)
    return (users[0].name, users[0].password) if users else ("", "")


def _explained(fault: BaseException, host: str, port: int) -> str:
    if isinstance(fault, OSError) and fault.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use: stop what uses it, or choose another --port"
    if isinstance(fault, OSError):
        return f"cannot answer on {host} port {port}: {fault.strerror or fault}"
    return str(fault) or type(fault).__name__
