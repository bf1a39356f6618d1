"""What the exported texts of a panel's actions share: the actions, and variables for ids."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ari_notebook.views.panel.request_forms import as_python

if TYPE_CHECKING:
    from ari_notebook.connection.connection import Connection
    from ari_notebook.schema.model import Declaration
    from ari_notebook.store.request_log import SentRequest

__all__ = ["Action", "Arrival", "Variables", "connect_arguments", "minute"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a call came, so that the simulator can repeat it.

    Attributes:
        extension: the dialled extension; empty: unknown.
        context: its dialplan context.
        caller: caller ID, as ``Alice <5551>``; empty: none.
    """

    extension: str
    context: str
    caller: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Arrival:
        """Return that of a channel.

        Args:
            row: its row of the live tables.
        """
        dialplan, caller = row.get("dialplan") or {}, row.get("caller") or {}
        name, number = str(caller.get("name") or ""), str(caller.get("number") or "")
        extension = str(dialplan.get("exten") or "")
        return cls(
            "" if extension in ("s", "t", "i", "h") else extension,
            str(dialplan.get("context") or ""),
            f"{name} <{number}>" if name and number else name or number,
        )

    @property
    def arguments(self) -> str:
        """The arguments of ``ari.call`` that repeat it."""
        context = "" if self.context in ("", "default") else f", context={self.context!r}"
        return f"{self.extension!r}{context}, caller={(self.caller or None)!r}"


@dataclass(frozen=True, slots=True)
class Action:
    """A successful action of a panel's button.

    Attributes:
        kind: kind of the object, as for `Commands.do`.
        action: name of the action.
        id: id of the object; may be empty.
        arguments: its arguments.
        value: its result.
        requests: the requests it sent.
        at: when it was done, in seconds since 1970.
    """

    kind: str
    action: str
    id: str
    arguments: Mapping[str, Any]
    value: str
    requests: tuple[SentRequest, ...]
    at: float = field(default_factory=time.time)

    @property
    def dials(self) -> bool:
        """Whether it is a call from the panel's telephone."""
        return (self.kind, self.action) == ("phone", "call")

    @property
    def phone(self) -> str:
        """The id of the telephone's call that it belongs to; empty: it belongs to none."""
        return str(self.arguments.get("id") or self.value) if self.kind == "phone" else ""

    @property
    def arrival(self) -> Arrival:
        """How the call of a telephone comes."""
        given = {name: str(self.arguments.get(name) or "") for name in ("extension", "caller")}
        context = str(self.arguments.get("context") or "")
        return Arrival(given["extension"] or "1000", context, given["caller"])


class Variables:
    """Variables of a program, in place of the ids of the panel's session."""

    def __init__(self) -> None:
        self.expressions: dict[str, str] = {}  # id → the expression that has the new id
        self._numbers: dict[str, int] = {}

    def new(self, kind: str) -> str:
        """Return a name that no variable has.

        Args:
            kind: beginning of the name.
        """
        self._numbers[kind] = self._numbers.get(kind, 0) + 1
        return f"{kind}{self._numbers[kind]}"

    def line(self, declaration: Declaration, request: SentRequest) -> str:
        """Return a request as a statement assigning the created object to a variable.

        Args:
            declaration: the server's declaration.
            request: the request.
        """
        text = as_python(declaration, request.shown, self.expressions)
        if not request.made:
            return text
        kind = request.path.split("/")[-1].rstrip("s")
        kind = {"play": "playback", "record": "recording"}.get(kind, kind)
        name = self.new(kind)
        attribute = "name" if kind == "recording" else "id"
        self.expressions[request.made] = f"{name}.{attribute}"
        return f"{name} = {text}"


def connect_arguments(connection: Connection) -> str:
    """Return the arguments of ``ari_notebook.connect`` that connect as a session does.

    Args:
        connection: the session. That of an embedded simulator gets a new simulator.
    """
    status = connection.status
    names = list(status.applications)
    app = f"app={(names[0] if len(names) == 1 else names)!r}"
    if connection.simulator is not None:
        return app
    return f"{status.url!r}, user={status.user!r}, {app}"


def minute(at: float) -> str:
    """Return a local time as the head of a program has it.

    Args:
        at: in seconds since 1970.
    """
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
