"""Mailboxes that ARI keeps: nothing but two counts each."""

from __future__ import annotations

from typing import Any

from ari_notebook.simulator.messages import Refused


class Mailboxes:
    """The counts of old and new messages, by the mailbox's name."""

    def __init__(self) -> None:
        self._counts: dict[str, tuple[int, int]] = {}

    def list(self) -> list[dict[str, Any]]:
        """ARI's objects of all mailboxes."""
        return [self.get(name) for name in self._counts]

    def get(self, name: str) -> dict[str, Any]:
        """ARI's object of one mailbox.

        Raises:
            Refused: 404.
        """
        self._check(name)
        old, new = self._counts[name]
        return {"name": name, "old_messages": old, "new_messages": new}

    def update(self, name: str, old: int, new: int) -> None:
        """Set a mailbox's counts; it begins to exist."""
        self._counts[name] = (old, new)

    def delete(self, name: str) -> None:
        """Forget a mailbox.

        Raises:
            Refused: 404.
        """
        self._check(name)
        del self._counts[name]

    def _check(self, name: str) -> None:
        if name not in self._counts:
            raise Refused(404, "Mailbox not found")
