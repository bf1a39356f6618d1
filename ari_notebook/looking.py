"""What a session can be looked at with. The views load when somebody asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ari_notebook.views.panel import Panel

__all__ = ["Looking"]


class Looking:
    """The part of a session that is for the eyes."""

    def panel(self) -> Panel:
        """The live panel: channels, bridges and events as they are, and buttons to act on them."""
        from ari_notebook.views.panel import panel

        session: Any = self
        return panel(session)
