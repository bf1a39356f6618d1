"""The `%ari` magics. ``%load_ext ari_notebook`` comes here."""

from __future__ import annotations

from typing import Any

__all__ = ["load", "unload"]


def load(ipython: Any) -> None:
    """Give IPython ``%ari`` and ``%%ari``, their completion, and forms for what they return."""
    from ari_notebook.magics.completion import complete_with
    from ari_notebook.magics.shell import AriMagic
    from ari_notebook.magics.silence import silence
    from ari_notebook.views import register

    magic = AriMagic(ipython)
    _forget_settings(ipython)
    ipython.configurables.append(magic.settings)
    ipython.register_magics(magic)
    complete_with(ipython)
    silence(ipython)
    register(ipython, html=magic.settings.display == "html")


def unload(ipython: Any) -> None:
    """Take all of it away, and close every session."""
    from ari_notebook import sessions
    from ari_notebook.magics.completion import complete_no_more
    from ari_notebook.magics.silence import silence_no_more
    from ari_notebook.views import unregister

    for kind in ("line", "cell"):
        ipython.magics_manager.magics[kind].pop("ari", None)
    ipython.magics_manager.registry.pop("AriMagic", None)
    _forget_settings(ipython)
    complete_no_more(ipython)
    silence_no_more(ipython)
    unregister(ipython)
    sessions.close_all()


def _forget_settings(ipython: Any) -> None:
    """By name: after a reload of this package its classes are others."""
    ipython.configurables[:] = [
        each for each in ipython.configurables if type(each).__name__ != "AriMagics"
    ]
