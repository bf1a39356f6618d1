"""A telephone exchange in a Jupyter notebook: explore, teach and debug the Asterisk REST Interface.

>>> import ari_notebook
>>> ari = ari_notebook.connect()        # the embedded exchange; or a URL
>>> caller = ari.call("1000")
>>> ari.wait_for("StasisStart")["channel"]["state"]
'Up'

In IPython and Jupyter: ``%load_ext ari_notebook``, then ``%ari``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ari_notebook._version import __version__

if TYPE_CHECKING:
    from ari_notebook.captures.datasets import to_parquet
    from ari_notebook.captures.opened import open_capture
    from ari_notebook.captures.replaying import replay
    from ari_notebook.client.errors import (
        ApplicationTaken,
        AriError,
        AuthenticationFailed,
        Conflict,
        ConnectionLost,
        EventTimeout,
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
    from ari_notebook.connecting import connect
    from ari_notebook.session import Session

__all__ = [
    "ApplicationTaken",
    "AriError",
    "AuthenticationFailed",
    "Conflict",
    "ConnectionLost",
    "EventTimeout",
    "InvalidParameter",
    "NotFound",
    "NotSent",
    "OutcomeUnknown",
    "PreconditionFailed",
    "ReadOnly",
    "RequestFailed",
    "ServerError",
    "Session",
    "SessionClosed",
    "UsageProblem",
    "__version__",
    "connect",
    "open_capture",
    "replay",
    "to_parquet",
]

_HOMES = {
    "connect": "ari_notebook.connecting",
    "open_capture": "ari_notebook.captures.opened",
    "replay": "ari_notebook.captures.replaying",
    "to_parquet": "ari_notebook.captures.datasets",
    "Session": "ari_notebook.session",
}


def __getattr__(name: str) -> Any:
    """Load what is heavy when it is first used: loading the extension must not be felt."""
    if name not in __all__:
        raise AttributeError(f"module 'ari_notebook' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES.get(name, "ari_notebook.client.errors")), name)


def __dir__() -> list[str]:
    return sorted(__all__)


def load_ipython_extension(ipython: Any) -> None:
    """``%load_ext ari_notebook``: give IPython the ``%ari`` magics."""
    from ari_notebook.magics import load

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Take the magics away and close every session, so that a reload leaves nothing behind."""
    from ari_notebook.magics import unload

    unload(ipython)
