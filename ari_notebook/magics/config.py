"""``%config AriMagics``: defaults of the magics."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from traitlets import Dict, Enum, Float, Int, TraitError, Unicode, validate
from traitlets.config import Config, Configurable

from ari_notebook.client.address import application_names
from ari_notebook.client.errors import AriError

if TYPE_CHECKING:
    from ari_notebook.lessons import Exercise

__all__ = ["AriMagics", "settings_of"]


class AriMagics(Configurable):  # type: ignore[misc]
    """The settings of ``%config AriMagics``."""

    app = Unicode(
        "", help="Applications of %ari connect; empty for ARI_APP, else hello-world."
    ).tag(config=True)
    display = Enum(("html", "text"), "html", help="How results are shown in a notebook.").tag(
        config=True
    )
    keep = Int(1_000_000, min=1_000, help="Maximum number of events a session keeps.").tag(
        config=True
    )
    refresh = Float(0.1, min=0.05, max=60, help="Seconds between updates of the panel.").tag(
        config=True
    )
    timeout = Float(10.0, min=0, help="Timeout of %ari wait, in seconds.").tag(config=True)

    # Times at which exercises of the course were begun; an exercise may change its session.
    exercises: Dict[str, Exercise] = Dict()

    @validate("app")  # type: ignore[untyped-decorator]
    def _check_app(self, proposal: dict[str, str]) -> str:
        if proposal["value"]:
            try:
                application_names(proposal["value"])
            except AriError as error:
                raise TraitError(str(error)) from None
        return proposal["value"]


def settings_of(shell: Any) -> AriMagics:
    """Return the settings in a shell's configuration; skip and report invalid ones.

    ``%config`` stores a value in the shell even if it is refused here: without this, the extension
    could not be loaded again.
    """
    section = shell.config.get(AriMagics.__name__, {})
    for name in list(section):
        try:
            AriMagics(config=Config({AriMagics.__name__: {name: section[name]}}))
        except TraitError as error:
            del section[name]
            sys.stderr.write(f"AriMagics.{name} is ignored: {error}\n")
    return AriMagics(parent=shell)
