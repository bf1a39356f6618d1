"""Event programs: what a handler may ask for by parameter name, and how it becomes a `Handler`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ari_notebook.client.errors import UsageProblem
from ari_notebook.handlers import Handler
from ari_notebook.matching import Pattern
from ari_notebook.resources import KINDS, Fields

if TYPE_CHECKING:
    from ari_notebook.session import Session

__all__ = ["PARAMETERS", "event_program"]

# Parameter name → model, and the event's fields in which it may be found.
_OBJECTS = {
    "channel": ("Channel", ("channel", "peer", "transferee")),
    "bridge": ("Bridge", ("bridge",)),
    "playback": ("Playback", ("playback",)),
    "recording": ("LiveRecording", ("recording",)),
}
PARAMETERS = ("event", *_OBJECTS, "ari")


def event_program(session: Session, function: Callable[..., Any], pattern: Pattern) -> Handler:
    """Make a handler of a function.

    Args:
        session: whose events it gets.
        function: may ask for any of `PARAMETERS` by name.
        pattern: the events it runs for.

    Raises:
        UsageProblem: it asks for something else.
    """
    handler = Handler(
        function,
        pattern,
        arguments=lambda event: _arguments(session, event),
        failed=session.record_failure,
        # What it waits for comes after the event that it runs for.
        before=lambda sighting: session.wait_from(sighting.sequence + 1),
    )
    for name in handler.wants:
        if name not in PARAMETERS:
            raise UsageProblem(
                f"the handler {handler.name} asks for {name!r}",
                f"It may ask for: {', '.join(PARAMETERS)}.",
            )
    return handler


def _arguments(session: Session, event: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    made: dict[str, Callable[[], Any]] = {
        "event": lambda: Fields(event),
        "ari": lambda: session,
    }
    for name in _OBJECTS:
        made[name] = lambda name=name: _live(session, event, name)  # type: ignore[misc]
    return made


def _live(session: Session, event: dict[str, Any], name: str) -> Any:
    model, keys = _OBJECTS[name]
    for key in keys:
        item = event.get(key)
        if isinstance(item, dict):
            with suppress(KeyError):
                return session.objects[model](session, KINDS[model].id_of(item), item)
    return None
