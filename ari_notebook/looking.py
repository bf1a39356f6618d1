"""What a session can be looked at with. The views load when somebody asks for one."""

from __future__ import annotations

from collections import deque
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ari_notebook.views.drawing import Drawing
    from ari_notebook.views.panel import Panel

__all__ = ["Looking"]


class Looking:
    """The part of a session that is for the eyes."""

    @cached_property
    def view_problems(self) -> deque[str]:
        """What went wrong in a view that lives by itself, as the panel: the last ten, in words."""
        return deque(maxlen=10)

    def panel(self) -> Panel:
        """The live panel: channels, bridges and events as they are, and buttons to act on them."""
        from ari_notebook.views.panel import panel

        session: Any = self
        return panel(session)

    def ladder(
        self,
        channel: Any = None,
        *,
        call: Any = None,
        last: int = 100,
        seconds: float | None = None,
    ) -> Drawing:
        """The sequence diagram of requests and events; `save` writes it to a file.

        Args:
            channel: only what names this channel, or one of several.
            call: only what names a channel of the call (a row of ``ari.calls.df``) that this
                channel belongs to.
            last: at most so many arrows, the latest.
            seconds: only what is not older than this.
        """
        from ari_notebook.views.ladder import ladder

        session: Any = self
        return ladder(session, channel, call=call, last=last, seconds=seconds)

    def timeline(self, channel: Any = None, *, last: int = 30) -> Drawing:
        """Channels over time: their states, bridges, media and keys.

        Args:
            channel: only this channel, or these.
            last: at most so many channels, the latest.
        """
        from ari_notebook.views.timeline import timeline

        session: Any = self
        return timeline(session, channel, last=last)
