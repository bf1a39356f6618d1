"""What a program does with a running simulator, wherever it runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ari_notebook.simulator.asterisk import SimulatedAsterisk
from ari_notebook.simulator.control.host import SimulatorHost
from ari_notebook.simulator.control.persistent_state import LastingState
from ari_notebook.simulator.control.remote import Requests
from ari_notebook.simulator.control.snapshot import ExchangeSnapshot
from ari_notebook.simulator.media.playback import media_item
from ari_notebook.simulator.pbx.exchange import Exchange
from ari_notebook.simulator.phones.scenario import Scenario
from ari_notebook.simulator.thread_proxy import RemoteCall, RemotePhones

__all__ = ["SimulatorHandle"]

T = TypeVar("T")


class SimulatorHandle(ABC):
    """Calls, phones, dialplan, faults and journal of a running simulator.

    `runner.RunningSimulator` has it in a thread, `inprocess.InProcessSimulator` in the caller's.
    """

    @property
    @abstractmethod
    def _runs_in(self) -> SimulatorHost:
        """What the exchange runs in."""

    @property
    @abstractmethod
    def _lasting(self) -> LastingState:
        """What outlives the exchange."""

    @abstractmethod
    def run(self, do: Callable[[SimulatedAsterisk], T]) -> T:
        """Call a function with the exchange, advanced to the current time; return its result."""

    def reset(self) -> None:
        """Restart without calls and without events; connected applications stay connected."""
        self._runs_in.call_async(self._lasting.restore_snapshot(self._runs_in, None))

    def restore(self, snapshot: ExchangeSnapshot) -> None:
        """Reset, and restore a state of `snapshot`."""
        self._runs_in.call_async(self._lasting.restore_snapshot(self._runs_in, snapshot))

    @property
    def requests(self) -> Requests:
        """Return the requests that programs sent: ``requests.verify("channels.play")``."""
        return Requests(self._runs_in, self._lasting)

    def snapshot(self) -> ExchangeSnapshot:
        """Return the state: dialplan, phones, variables, device states, mailboxes, recordings.

        Raises:
            SnapshotRefused: there are calls or bridges.
        """
        return self.run(self._lasting.take_snapshot)

    def send_event(self, app: str, event: Mapping[str, Any]) -> bool:
        """Send an application an event unchanged, bypassing subscriptions and filters.

        Args:
            app: name of the Stasis application.
            event: the event.

        Returns:
            Whether the application is connected.
        """
        return self.run(lambda asterisk: asterisk.deliver(app, event))

    @property
    def exchange(self) -> Exchange:
        """Return the exchange. It belongs to the simulator's thread: use it through `run`."""
        return self._runs_in.backend.exchange

    def call(
        self,
        extension: str,
        context: str = "default",
        caller: str | None = None,
        **conversation: Any,
    ) -> RemoteCall:
        """Place a call to an extension.

        Args:
            extension: extension to dial.
            context: context of the extension.
            caller: caller ID, such as ``Alice <5551>``; None: unknown caller.
            conversation: actions after the answer: arguments of `phones.call.PhoneCall.converse`,
                such as ``hangup_after=5``.

        Returns:
            The call, whose methods are thread-safe, too.

        Raises:
            LookupError: there is no such extension.
        """
        return self.phones.call(extension, context, caller, **conversation)

    @property
    def phones(self) -> RemotePhones:
        """Return the simulated phones, such as ``phones["alice"]``. They are thread-safe."""
        return RemotePhones(self)

    def follow(self, scenario: Scenario | str | Path) -> None:
        """Start a scenario.

        Args:
            scenario: path of the file.

        Raises:
            ConfigError: invalid file, with line and reason.
        """
        self.run(lambda asterisk: asterisk.phones.follow(scenario))

    def traffic(self, calls_per_minute: float, **settings: Any) -> None:
        """Generate random calls, replacing earlier traffic.

        Args:
            calls_per_minute: average number of new calls; 0 stops.
            settings: other attributes of `TrafficSettings`, such as ``extensions=["1000"]``.

        Raises:
            ValueError: invalid setting.
            LookupError: unknown extension.
        """
        self.run(lambda asterisk: asterisk.phones.traffic(calls_per_minute, **settings))

    @property
    def dialplan(self) -> str:
        """Return the extensions.conf in use."""
        return self._lasting.dialplan

    @staticmethod
    def media_length(uri: str) -> float | None:
        """Return how many seconds a sound, a number or a text plays.

        Args:
            uri: as ``sound:hello-world``.

        Returns:
            None for what does not end by itself, is missing, or was recorded.
        """
        item = media_item(uri, lambda _recording: None)
        missing = item.missing or item.unknown or item.duration is None
        return None if missing else (item.duration or 0) / 1000

    def extensions(self) -> dict[str, list[str]]:
        """Return the extensions of each context of the dialplan, including patterns."""

        def listed(asterisk: SimulatedAsterisk) -> dict[str, list[str]]:
            dialplan = asterisk.exchange.dialplan
            return {context: dialplan.extensions(context) for context in dialplan.contexts}

        return self.run(listed)

    def set_dialplan(self, text: str) -> None:
        """Replace the dialplan, also for restarts; running calls continue in the new one.

        Args:
            text: content of extensions.conf.

        Raises:
            ConfigError: invalid dialplan; the old one stays in effect.
        """
        self.run(lambda asterisk: self._lasting.replace_dialplan(asterisk, text))
