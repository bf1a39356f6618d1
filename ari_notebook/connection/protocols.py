"""Protocols of a connection, so that its parts need not import it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd

    from ari_notebook.audio.sound import Sound
    from ari_notebook.background import Background
    from ari_notebook.connection.call_audio import AudioOptions, CallAudio
    from ari_notebook.schema import Operation
    from ari_notebook.store.event_log import EventLog
    from ari_notebook.store.tables import Tables

__all__ = ["AsyncInvoker", "Invoker", "OpenConnection", "ResourceOwner"]


class Invoker(Protocol):
    """Interface for resources and live objects."""

    @property
    def objects(self) -> Mapping[str, type]:
        """Model name → the class of its live objects."""

    @property
    def tables(self) -> Tables:
        """The live tables."""

    @property
    def log(self) -> EventLog:
        """The event log."""

    @property
    def read_only(self) -> bool:
        """Whether requests that could change something are refused."""

    def invoke(self, operation: Operation, arguments: Mapping[str, Any]) -> Any:
        """Perform a declared operation."""

    def wait_until_over(self, kind: str, id: str, since: int | None, timeout: float | None) -> None:
        """Wait until a playback or recording is over."""

    def listed(self, resource: str) -> list[dict[str, Any]]:
        """Return all objects of a resource, as the server lists them."""

    def frame(self, resource: str) -> pd.DataFrame:
        """Return a fresh DataFrame of a resource."""

    def audio_of(self, channel: str, options: AudioOptions) -> CallAudio:
        """Return the audio of a channel, to be opened."""

    def stored_sound(self, name: str, format: str) -> Sound:
        """Return the audio of a stored recording."""


class AsyncInvoker(Invoker, Protocol):
    """Interface for the live objects of an asynchronous session."""

    @property
    def workers(self) -> Executor:
        """The threads in which requests of coroutines run."""

    async def until_over(
        self, kind: str, id: str, since: int | None, timeout: float | None = None
    ) -> None:
        """Wait until a playback or recording is over, as a coroutine."""


class ResourceOwner(Protocol):
    """Interface for the lookup of channels and bridges."""

    @property
    def background(self) -> Background:
        """What runs beside the caller."""

    @property
    def apps(self) -> tuple[str, ...]:
        """The Stasis applications of the connection."""

    @property
    def tables(self) -> Tables:
        """The live tables."""

    @property
    def resources(self) -> Mapping[str, Any]:
        """ARI's resources by name."""


class OpenConnection(Protocol):
    """Interface for the registry of open connections."""

    name: str

    @property
    def background(self) -> Background:
        """What runs beside the caller."""

    def close(self) -> None:
        """Close the connection."""

    def abandon(self) -> None:
        """Close without sending anything, in a forked child."""
