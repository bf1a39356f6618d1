"""Lookup of channels and bridges: by id, by a part of the name, or the current one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ari_notebook.background.context_value import ContextValue
from ari_notebook.client.errors import NotFound, OutcomeUnknown, PreconditionFailed, UsageProblem
from ari_notebook.connection.resource_types import MEDIA_PREFIX

if TYPE_CHECKING:
    from ari_notebook.connection.protocols import ResourceOwner
    from ari_notebook.store.tables import Tables

__all__ = ["CurrentChannel", "find", "name_the_state", "name_what_runs"]

# By the identity of the `CurrentChannel`: the channel of a handler's event, in its task.
_LOOK_SECONDS = 0.02
# Maximum seconds until a caller is in Stasis, if the dialplan goes straight there: when it answers,
# Asterisk waits half a second for the first audio (`Answer`, main/channel.c); and a margin.
_ANSWER_SECONDS = 3.0
_UNANSWERED = {
    "Down": "dial it (`%ari dial`), and wait until it is Up",
    "Rsrved": "wait until it is Up",
    "Ringing": "wait until it is answered and Up",
}


def find(connection: ResourceOwner, resource: str, text: str) -> Any:
    """Return the live object with an id, or an unambiguous part of an id or name.

    Args:
        connection: connection to search.
        resource: ``channels`` or ``bridges``.
        text: text entered by the user, or a live object.

    Raises:
        NotFound: no match in the tables or on the server.
        UsageProblem: several matches, listed in the message.
    """
    text = str(getattr(text, "id", text))
    members = connection.resources[resource]
    table = getattr(connection.tables, resource).copy()
    if text in table:
        return members[text]
    named = [id for id, row in table.items() if row.get("name") == text]
    found = named or [
        id for id, row in table.items() if text and (text in id or text in row.get("name", ""))
    ]
    if len(found) == 1:
        return members[found[0]]
    if found:
        listed = "; ".join(f"{id} {table[id].get('name', '')}" for id in found[:6])
        raise UsageProblem(f"{text!r} matches {len(found)} {resource}", f"Matches: {listed}.")
    return members[text]  # it may exist without being in the tables


class CurrentChannel:
    """The channel that verbs act on if none is named.

    In a handler's thread it is the channel of the handler's event, elsewhere the selected one, or
    the newest in Stasis.

    Args:
        connection: connection of the channels.
    """

    def __init__(self, connection: ResourceOwner) -> None:
        self._connection = connection
        self._background = connection.background
        self._bound = self._background.local()
        self._bound_in_task: ContextValue[str] = ContextValue()  # a thread has several tasks
        self._chosen: str | None = None
        self._called_at = float("-inf")  # monotonic time of the last call

    def bind(self, channel: Any) -> None:
        """Make a channel current in this thread; None: undo it."""
        id = None if channel is None else channel.id
        self._bound.id = id
        self._bound_in_task.set(id)

    def choose(self, channel: Any) -> None:
        """Select a channel by object or id; None: the newest again."""
        self._chosen = None if channel is None else getattr(channel, "id", str(channel))

    def expect(self) -> None:
        """Record a call: `find` then waits until its channel is in Stasis."""
        self._called_at = self._background.monotonic()

    def find(self) -> Any:
        """Return the current channel.

        Raises:
            NotFound: no channel is in Stasis.
        """
        channels = self._connection.resources["channels"]
        bound = self._bound_in_task.get() or getattr(self._bound, "id", None)
        if bound is not None:
            return channels[bound]
        if self._chosen is not None and self._chosen in self._connection.tables.channels:
            return channels[self._chosen]
        return channels[self._latest_in_stasis()]

    def _latest_in_stasis(self) -> str:
        deadline = self._called_at + _ANSWER_SECONDS
        self._background.catch_up()  # the deadline may have passed since the last cell
        while not (ours := _in_stasis(self._connection)):
            if self._background.monotonic() >= deadline:
                raise NotFound(
                    "no channel is in Stasis",
                    "Call an extension with Stasis(), for example: %ari call 1000.",
                )
            self._background.sleep(_LOOK_SECONDS)
        return ours[-1]


def _in_stasis(connection: ResourceOwner) -> list[str]:
    """Return the ids of the channels in the session's applications, newest last."""
    return [
        id
        for id, row in list(connection.tables.channels.items())
        if row.get("in_stasis")
        and row.get("app_name") in (None, "", *connection.apps)
        and not id.startswith(MEDIA_PREFIX)
    ]


def name_the_state(error: PreconditionFailed, tables: Tables) -> None:
    """Add the channel's state to the hint of a 412, because Asterisk calls it only invalid."""
    _, _, id, *_ = [*error.request.split("/"), "", ""]  # "POST /channels/ID/play"
    state = tables.channels.get(unquote(id), {}).get("state", "")
    if state in _UNANSWERED:
        error.hint = f"The channel is {state}: {_UNANSWERED[state]}."


def name_what_runs(error: OutcomeUnknown, tables: Tables) -> None:
    """Name the media that delay a request in the hint of its timeout.

    Requests to a channel wait while a tone plays on it or a recording runs
    (``res/stasis/control.c``).
    """
    if "no response" not in error.message or error.request.startswith("GET "):
        return
    parts = [unquote(part) for part in error.request.split("/")]
    row = tables.channels.get(parts[2], {}) if len(parts) > 2 else {}
    media = row.get("playing") or next(
        (str(each.get("media_uri")) for each in list(tables.playbacks.values())), ""
    )
    recording = row.get("recording") or next(iter(list(tables.recordings)), "")
    if media:
        what, end = f"{media}, which is playing,", "%ari playback stop"
    elif recording:
        what, end = f"the recording {recording}, which is running,", "%ari recording stop"
    else:
        return
    error.hint = (
        f"It may have been executed, or will be after {what} has ended: use `{end}`."
        " connect(timeout=…) waits longer."
    )
