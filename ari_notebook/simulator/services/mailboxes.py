"""Mailboxes of ARI: two counts each."""

from __future__ import annotations

from typing import Any

from ari_notebook.simulator.messages import AriRefusal


class MailboxRegistry:
    """The counts of old and new messages, by mailbox name."""

    def __init__(self) -> None:
        self._counts: dict[str, tuple[int, int]] = {}

    def list(self) -> list[dict[str, Any]]:
        """Return ARI's objects of all mailboxes."""
        return [self.get(name) for name in self._counts]

    def get(self, name: str) -> dict[str, Any]:
        """Return ARI's object of one mailbox.

        Raises:
            AriRefusal: 404.
        """
        self._check(name)
        old, new = self._counts[name]
        return {"name": name, "old_messages": old, "new_messages": new}

    def update(self, name: str, old: int, new: int) -> None:
        """Set a mailbox's counts, creating it if necessary."""
        self._counts[name] = (old, new)

    def delete(self, name: str) -> None:
        """Delete a mailbox.

        Raises:
            AriRefusal: 404.
        """
        self._check(name)
        del self._counts[name]

    def _check(self, name: str) -> None:
        if name not in self._counts:
            raise AriRefusal(404, "Mailbox not found")
