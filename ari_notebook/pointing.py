"""The part of a session that says which channel or bridge is meant."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ari_notebook.finding import find, latest_in_stasis

if TYPE_CHECKING:
    from ari_notebook.session import Session

__all__ = ["Pointing"]

# Until when a caller is in Stasis at the latest, where the dialplan goes straight there: Asterisk
# waits half a second for the first sound when it answers (`Answer`, main/channel.c).
_ANSWER_SECONDS = 1.0


class Pointing:
    """What verbs act on where nothing is named, and who is meant by a part of a name."""

    _called_at = float("-inf")  # when the latest call was made here, on the monotonic clock
    _chosen: str | None = None

    @cached_property
    def _attended(self) -> threading.local:
        """The channel of the event that this thread handles."""
        return threading.local()

    @property
    def current_channel(self) -> Any:
        """The channel that verbs act on: the chosen one, or the latest that is in Stasis.

        While a handler runs it is the channel of the event.

        Raises:
            NotFound: there is none.
        """
        session: Session = self  # type: ignore[assignment]
        attended = getattr(self._attended, "channel", None)
        if attended is not None:
            return session.channels[attended]
        if self._chosen is not None and self._chosen in session.tables.channels:
            return session.channels[self._chosen]
        return latest_in_stasis(session, self._called_at + _ANSWER_SECONDS)

    @current_channel.setter
    def current_channel(self, channel: Any) -> None:
        self._chosen = None if channel is None else getattr(channel, "id", str(channel))

    def attend(self, channel: Any) -> None:
        """Let a channel be the current one in this thread; None for the session's own."""
        self._attended.channel = None if channel is None else channel.id

    def find_channel(self, text: str) -> Any:
        """The live channel with that id, or an unambiguous part of an id or a name.

        Raises:
            NotFound: there is none.
            UsageProblem: there are several; the message lists them.
        """
        session: Any = self
        return find(session, "channels", text)

    def find_bridge(self, text: str) -> Any:
        """The live bridge with that id, or an unambiguous part of an id or a name."""
        session: Any = self
        return find(session, "bridges", text)
