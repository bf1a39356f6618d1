"""Event programs: what a handler may ask for by parameter name, and how it becomes a `Handler`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ari_notebook.client.errors import UsageProblem
from ari_notebook.handlers import Handler, Sighting
from ari_notebook.matching import Pattern
from ari_notebook.resources import KINDS, Fields

if TYPE_CHECKING:
    from ari_notebook.session import Session

__all__ = ["PARAMETERS", "event_program", "live_object"]

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
        before=lambda sighting: _begin(session, sighting),
    )
    for name in handler.wants:
        if name not in PARAMETERS:
            raise UsageProblem(
                f"the handler {handler.name} asks for {name!r}",
                f"It may ask for: {', '.join(PARAMETERS)}.",
            )
    return handler


def _begin(session: Session, sighting: Sighting) -> None:
    """In the handler's thread: verbs act on the event's channel, waits look from the event on."""
    session.attend(live_object(session, sighting.event, "channel"))
    session.wait_from(sighting.sequence + 1)


def _arguments(session: Session, event: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    made: dict[str, Callable[[], Any]] = {
        "event": lambda: Fields(event),
        "ari": lambda: session,
    }
    for name in _OBJECTS:
        made[name] = lambda name=name: live_object(session, event, name)  # type: ignore[misc]
    return made


def live_object(session: Session, event: dict[str, Any], name: str) -> Any:
    """The channel, bridge, playback or recording that an event is about; None where it has none.

    Args:
        session: whose object it becomes.
        event: the event.
        name: which of them.
    """
    model, keys = _OBJECTS[name]
    for key in keys:
        item = event.get(key)
        if isinstance(item, dict):
            with suppress(KeyError):
                return session.objects[model](session, KINDS[model].id_of(item), item)
    return None
