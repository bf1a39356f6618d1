"""A telephone exchange in a Jupyter notebook: explore, teach and debug the Asterisk REST Interface.

>>> import ari_notebook
>>> ari = ari_notebook.connect()        # the embedded exchange; or a URL
>>> caller = ari.call("1000")
>>> ari.wait_for("StasisStart")["channel"]["state"]
'Up'

In IPython and Jupyter: ``%load_ext ari_notebook``, then ``%ari``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ari_notebook import events as events
    from ari_notebook import sessions as sessions
    from ari_notebook import simulator as simulator
    from ari_notebook.audio.errors import AudioError
    from ari_notebook.audio.sound import Sound
    from ari_notebook.captures.parquet import to_parquet
    from ari_notebook.client.errors import (
        ApplicationTaken,
        AriError,
        AuthenticationFailed,
        Conflict,
        ConnectionLost,
        EventTimeout,
        HungUp,
        InvalidParameter,
        NotFound,
        NotSent,
        OutcomeUnknown,
        PreconditionFailed,
        ReadOnly,
        RequestFailed,
        ServerError,
        SessionClosed,
        UsageProblem,
    )
    from ari_notebook.connection.event_filter import event
    from ari_notebook.connection.generated.objects import (
        Bridge,
        Channel,
        LiveRecording,
        Playback,
    )
    from ari_notebook.sessions.async_outbound_server import AsyncOutboundServer, aaccept
    from ari_notebook.sessions.async_session import AsyncSession, aconnect
    from ari_notebook.sessions.opened_capture import open_capture
    from ari_notebook.sessions.outbound_server import accept
    from ari_notebook.sessions.replay_session import replay
    from ari_notebook.sessions.service import serve
    from ari_notebook.sessions.session import Session, connect

    __version__: str

__all__ = [
    "ApplicationTaken",
    "AriError",
    "AsyncOutboundServer",
    "AsyncSession",
    "AudioError",
    "AuthenticationFailed",
    "Bridge",
    "Channel",
    "Conflict",
    "ConnectionLost",
    "EventTimeout",
    "HungUp",
    "InvalidParameter",
    "LiveRecording",
    "NotFound",
    "NotSent",
    "OutcomeUnknown",
    "Playback",
    "PreconditionFailed",
    "ReadOnly",
    "RequestFailed",
    "ServerError",
    "Session",
    "SessionClosed",
    "Sound",
    "UsageProblem",
    "__version__",
    "aaccept",
    "accept",
    "aconnect",
    "connect",
    "event",
    "open_capture",
    "replay",
    "serve",
    "to_parquet",
]

_MODULES = {"events", "parts", "sessions", "simulator"}
_HOMES = {
    "connect": "ari_notebook.sessions.session",
    "serve": "ari_notebook.sessions.service",
    "accept": "ari_notebook.sessions.outbound_server",
    "AsyncOutboundServer": "ari_notebook.sessions.async_outbound_server",
    "aaccept": "ari_notebook.sessions.async_outbound_server",
    "AsyncSession": "ari_notebook.sessions.async_session",
    "aconnect": "ari_notebook.sessions.async_session",
    "event": "ari_notebook.connection.event_filter",
    "open_capture": "ari_notebook.sessions.opened_capture",
    "replay": "ari_notebook.sessions.replay_session",
    "to_parquet": "ari_notebook.captures.parquet",
    "Session": "ari_notebook.sessions.session",
    "AudioError": "ari_notebook.audio.errors",
    "Sound": "ari_notebook.audio.sound",
    **dict.fromkeys(
        ("Bridge", "Channel", "LiveRecording", "Playback"),
        "ari_notebook.connection.generated.objects",
    ),
}


if not TYPE_CHECKING:  # checkers know the names above, so that they report a typo

    def __getattr__(name: str) -> Any:
        """Load a heavy module on first use, to keep loading the extension fast."""
        if name == "__version__":  # the installed version; defined once, in pyproject.toml
            from importlib import metadata  # noqa: PLC0415  its import takes 10 ms

            try:
                return metadata.version("ari-notebook")
            except metadata.PackageNotFoundError:  # the simulator alone is installed
                return metadata.version("ari-notebook-simulator")
        if name in _MODULES:
            return importlib.import_module(f"ari_notebook.{name}")
        if name not in __all__:
            raise AttributeError(f"module 'ari_notebook' has no attribute {name!r}")
        return getattr(
            importlib.import_module(_HOMES.get(name, "ari_notebook.client.errors")), name
        )


def __dir__() -> list[str]:
    return sorted(__all__)


def load_ipython_extension(ipython: Any) -> None:
    """Load the ``%ari`` magics for ``%load_ext ari_notebook``."""
    from ari_notebook.magics import load  # noqa: PLC0415  only for IPython

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Remove the magics and close every session, so that a reload starts clean."""
    from ari_notebook.magics import unload  # noqa: PLC0415  only for IPython

    unload(ipython)
