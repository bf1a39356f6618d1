"""The `%ari` magics. ``%load_ext ari_notebook`` loads them."""

from __future__ import annotations

import sys
from typing import Any

from ari_notebook.connection import registry
from ari_notebook.magics.cell_output import silence, silence_no_more
from ari_notebook.magics.completion.matcher import complete_no_more, complete_with
from ari_notebook.magics.magic import AriMagic
from ari_notebook.store.plain_text import printable
from ari_notebook.views import register, unregister

__all__ = ["load", "unload"]


def load(ipython: Any) -> None:
    """Register ``%ari`` and ``%%ari``, their completion, and formatters for their results."""
    magic = AriMagic(ipython)
    _forget_settings(ipython)
    ipython.configurables.append(magic.settings)
    ipython.register_magics(magic)
    complete_with(ipython)
    silence(ipython)
    register(ipython, html=magic.settings.display == "html")


def unload(ipython: Any) -> None:
    """Remove the magics, and close every session; one line on stderr names them."""
    for kind in ("line", "cell"):
        ipython.magics_manager.magics[kind].pop("ari", None)
    ipython.magics_manager.registry.pop("AriMagic", None)
    _forget_settings(ipython)
    complete_no_more(ipython)
    silence_no_more(ipython)
    unregister(ipython)
    closed = ", ".join(registry.names())
    registry.close_all()
    if closed:
        sys.stderr.write(
            printable(f"ari: ari_notebook was unloaded, which closed: {closed}") + "\n"
        )


def _forget_settings(ipython: Any) -> None:
    """Remove the settings by class name, because a reload of this package creates new classes."""
    ipython.configurables[:] = [
        each for each in ipython.configurables if type(each).__name__ != "AriMagics"
    ]
