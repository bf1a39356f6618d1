"""Names that a dialplan uses, a real Asterisk has, and the simulator lacks."""

from __future__ import annotations

__all__ = ["UnsupportedNames"]


class UnsupportedNames:
    """Applications and functions that were missed, each to be reported to a client once."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._unreported: list[str] = []

    def add(self, kind: str, name: str) -> None:
        """Note that an application or function was missed; idempotent.

        Args:
            kind: ``application`` or ``function``.
            name: its name, as Asterisk spells it.
        """
        what = f"{kind} {name}"
        if what not in self._known:
            self._known.add(what)
            self._unreported.append(what)

    def take(self) -> list[str]:
        """Return what was added since the last call: ``application Park``."""
        taken, self._unreported = self._unreported, []
        return taken
