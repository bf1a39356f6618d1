"""Which channel or bridge does a person mean, and how does it stand there?"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ari_notebook.client.errors import NotFound, PreconditionFailed, UsageProblem

if TYPE_CHECKING:
    from ari_notebook.live import Tables
    from ari_notebook.session import Session

__all__ = ["find", "latest_in_stasis", "name_the_state"]

_LOOK_SECONDS = 0.02
_UNANSWERED = {
    "Down": "dial it (`%ari dial`), and wait until it is Up",
    "Rsrved": "wait until it is Up",
    "Ringing": "wait until somebody answers and it is Up",
}


def find(session: Session, resource: str, text: str) -> Any:
    """The live object with that id, or an unambiguous part of an id or a name.

    Args:
        session: whose live tables are searched.
        resource: ``channels`` or ``bridges``.
        text: what the person typed, or a live object.

    Raises:
        NotFound: there is none, in the tables or on the server.
        UsageProblem: it fits several; the message lists them.
    """
    text = str(getattr(text, "id", text))
    members = session.resources[resource]
    table = dict(getattr(session.tables, resource))
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
        raise UsageProblem(f"{text!r} fits {len(found)} {resource}", f"They are: {listed}.")
    return members[text]  # it may live without our being told


def latest_in_stasis(session: Session, deadline: float) -> Any:
    """The channel that came last into the session's applications.

    Args:
        session: whose.
        deadline: until when one may still be on its way, on the monotonic clock.

    Raises:
        NotFound: there is none.
    """
    while not (ours := _in_stasis(session)):
        if time.monotonic() >= deadline:
            raise NotFound(
                "no channel is in Stasis",
                "A caller gets there by an extension with Stasis(): try %ari call 1000.",
            )
        time.sleep(_LOOK_SECONDS)
    return session.channels[ours[-1]]


def _in_stasis(session: Session) -> list[str]:
    """The ids of the channels that are in the session's applications, the latest at the end."""
    return [
        id
        for id, row in list(session.tables.channels.items())
        if row.get("in_stasis") and row.get("app_name") in (None, "", *session.apps)
    ]


def name_the_state(error: PreconditionFailed, tables: Tables) -> None:
    """Say in a 412's hint which state the channel is in: Asterisk only says that it is invalid."""
    _, _, id, *_ = [*error.request.split("/"), "", ""]  # "POST /channels/ID/play"
    state = tables.channels.get(unquote(id), {}).get("state", "")
    if state in _UNANSWERED:
        error.hint = f"The channel is {state}: {_UNANSWERED[state]}."
