"""Actions of the panel's buttons: each is one of a few operations of the session.

The page is not trusted to name an operation: actions outside `_COMMANDS` are refused, and the
session validates every argument against the server's declaration before it sends anything.
"""

from __future__ import annotations

import base64
import itertools
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from ari_notebook.client.errors import InvalidParameter, UsageProblem
from ari_notebook.schema.validation import InvalidArguments, check
from ari_notebook.store.request_log import SentRequest
from ari_notebook.views.display.cards import party
from ari_notebook.views.display.html import clean

if TYPE_CHECKING:
    from ari_notebook.connection.caller import Caller
    from ari_notebook.connection.connection import Connection
    from ari_notebook.schema.model import Operation

__all__ = ["Commands"]

# Kind of object → the operations a button may request, and their arguments.
_COMMANDS: dict[str, dict[str, tuple[str, ...]]] = {
    "channels": {
        "answer": (),
        "ring": (),
        "ring_stop": (),
        "dial": ("timeout",),
        "play": ("media",),
        "hold": (),
        "unhold": (),
        "mute": ("direction",),
        "unmute": ("direction",),
        "start_moh": (),
        "stop_moh": (),
        "send_dtmf": ("dtmf",),
        "record": ("name", "format"),
        "continue_in_dialplan": ("context", "extension", "priority"),
        "redirect": ("endpoint",),
        "originate": (
            *("endpoint", "app", "appArgs", "extension", "context", "priority"),
            *("callerId", "timeout", "variables"),
        ),
        "hangup": (),
    },
    "bridges": {
        "create": ("type", "name"),
        "destroy": (),
        "add_channel": ("channel",),
        "remove_channel": ("channel",),
        "play": ("media",),
        "record": ("name", "format"),
        "start_moh": (),
        "stop_moh": (),
    },
    "recordings": {"stop": (), "cancel": ()},
    "playbacks": {"control": ("operation",), "stop": ()},
}
_IDENTITY = {
    "channels": "channelId",
    "bridges": "bridgeId",
    "recordings": "recordingName",
    "playbacks": "playbackId",
}
_LONGEST_AUDIO = 4_000_000  # bytes
_MADE = {"create", "originate"}  # objects without an id yet


class Commands:
    """Performs the actions of buttons.

    Args:
        connection: connection of the panel.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._callers: dict[str, Caller] = {}
        self._lines: dict[str, str] = {}  # their names
        self._listed: set[str] = set()  # those that have been in the table of channels
        self._numbers = itertools.count(1)
        self._phone: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
            "call": self._call,
            "answer": self._answer,
            "press": self._press,
            "put_down": self._put_down,
        }
        self._traffic = 0.0  # calls a minute

    def do(self, kind: str, action: str, id: str, arguments: Mapping[str, Any]) -> str:
        """Perform one action.

        Args:
            kind: ``channels``, ``bridges``, ``recordings``, or ``phone`` for the panel's telephone.
            action: name of the operation in the session's resource.
            id: id of the object; empty if there is none yet.
            arguments: arguments by name; unknown ones are refused.

        Returns:
            The result for the page: the id of what was made, or of the phone's channel if it
                called or answered; else "".

        Raises:
            UsageProblem: no such button.
            AriError: Asterisk, or the validation, refused.
        """
        if kind == "phone" and action in self._phone:
            return self._phone[action](arguments)
        if kind == "lab":
            return self._lab(action, arguments)
        if (kind, action) == ("channels", "join"):
            return self._join(id, arguments)
        operation, given = self._planned(kind, action, id, arguments)
        made = self._connection.invoke(operation, given)
        return str(made.id) if action in _MADE else ""

    def preview(self, kind: str, action: str, id: str, arguments: Mapping[str, Any]) -> SentRequest:
        """Return the request that `do` would send; the arguments are the same.

        Raises:
            UsageProblem: no such button.
            InvalidParameter: the arguments do not fit the declaration.
        """
        operation, given = self._planned(kind, action, id, arguments)
        try:
            checked = check(operation, given)
        except InvalidArguments as error:
            raise InvalidParameter(str(error)) from None
        status, params = self._connection.status, dict(checked.params)
        url = f"{status.url}/ari{checked.path}"
        if params:
            url += f"?{urlencode(params, quote_via=quote)}"
        return SentRequest(
            *(time.time(), operation.method, checked.path, params, checked.body),
            *(None, None, "", url, status.user),
        )

    def _planned(
        self, kind: str, action: str, id: str, arguments: Mapping[str, Any]
    ) -> tuple[Operation, dict[str, Any]]:
        """Return the operation of a button, and its arguments."""
        known = _COMMANDS.get(kind, {}).get(action)
        if known is None:
            raise UsageProblem(f"unknown action {action!r} for {kind!r}", "Reload the page.")
        unknown = arguments.keys() - set(known)
        if unknown:
            raise UsageProblem(f"{action} takes no {sorted(unknown)[0]!r}", "Reload the page.")
        given = {name: value for name, value in arguments.items() if value not in (None, "", {})}
        if action == "record":
            given.setdefault("name", f"panel-{next(self._numbers)}")
            given.setdefault("format", "wav")
            given["ifExists"] = "overwrite"
        if action in ("mute", "unmute"):
            given.setdefault("direction", "both")
        if action == "originate" and "extension" not in given:
            given.setdefault("app", self._connection.status.applications[0])
        if action not in _MADE:
            given[_IDENTITY[kind]] = id
        return self._connection.operation(f"{kind}.{action}"), given

    def lines(self) -> dict[str, str]:
        """Return the calls of the phone, by the id of the caller's channel, with the other party.

        They are stored here, so that every page, also a reloaded one, shows them.
        """
        living = self._connection.tables.channels.copy()
        for id in list(self._lines):
            if id in living:
                self._listed.add(id)
            elif id in self._listed:
                self._forget(id)
        return dict(self._lines)

    def sounds(self) -> dict[str, str]:
        """Return the server's sounds as media to play, with their spoken text.

        Empty if the server does not list them.
        """
        listed = self._connection.listed("sounds")
        return {f"sound:{sound['id']}": clean(sound.get("text")) for sound in listed}

    def recording(self, name: str) -> str:
        """Return a stored recording's file, in base64.

        Args:
            name: name of the recording.

        Raises:
            UsageProblem: it is larger than 4 MB, over four minutes in telephone quality; or the
                response is not a file.
            AriError: Asterisk refused.
        """
        operation = self._connection.operation("recordings.get_stored_file")
        audio = self._connection.invoke(operation, {"recordingName": name}, _LONGEST_AUDIO + 1)
        if not isinstance(audio, bytes):  # bytes() of a number would return that number of octets
            raise UsageProblem(f"the server sent no file of {name}", "See: %ari requests")
        if len(audio) > _LONGEST_AUDIO:
            raise UsageProblem(f"{name} is too long to be heard here", "Read its file instead.")
        return base64.b64encode(audio).decode()

    def _call(self, arguments: Mapping[str, Any]) -> str:
        caller = self._connection.call(
            str(arguments.get("extension") or "1000"),
            str(arguments.get("context") or "default"),
            str(arguments.get("caller") or "") or None,
        )
        self._callers[caller.id] = caller
        self._lines[caller.id] = clean(arguments.get("extension") or "1000", 60)
        return caller.id

    def _answer(self, arguments: Mapping[str, Any]) -> str:
        """Answer a ringing phone of the simulator."""
        simulator, id = self._connection.simulator, str(arguments.get("id"))
        if simulator is not None:
            calls = (call for name in simulator.phones for call in simulator.phones[name].calls)
            call = next((call for call in calls if call.id == id), None)
            if call is not None:
                call.answer()
                self._callers[id] = call
                row = self._connection.tables.channels.get(id) or {}
                self._lines[id] = clean(party(row.get("connected")) or "a caller", 60)
                return id
        raise UsageProblem("this phone does not ring", "Call it again.")

    def _join(self, id: str, arguments: Mapping[str, Any]) -> str:
        """Put two callers into a new bridge; return its id."""
        with_ = str(arguments.get("with") or "")
        create = self._connection.operation("bridges.create")
        bridge = str(self._connection.invoke(create, {"type": "mixing"}).id)
        add = self._connection.operation("bridges.add_channel")
        self._connection.invoke(add, {"bridgeId": bridge, "channel": f"{id},{with_}"})
        return bridge

    def _lab(self, action: str, arguments: Mapping[str, Any]) -> str:
        """Switch the simulator's traffic and faults."""
        simulator = self._connection.simulator
        if simulator is None:
            raise UsageProblem("only the simulator has traffic and faults", "See: %ari connect")
        if self._connection.read_only:
            raise UsageProblem("this session is read-only", "Connect without --read-only.")
        number = float(arguments.get("value") or 0)
        faults = simulator.faults
        if action == "traffic":
            simulator.traffic(number, mean_duration=20)
            self._traffic = number
        elif action == "delay":
            faults.delay(number)
        elif action == "fail":
            faults.fail(rate=number)
        elif action == "refuse":
            faults.refuse(bool(number))
        elif action == "drop":
            faults.drop()
        elif action == "restart":
            faults.restart(downtime=2)
        elif action == "clear":
            faults.clear()
        else:
            raise UsageProblem(f"unknown switch {action!r}", "Reload the page.")
        return ""

    def _caller(self, arguments: Mapping[str, Any]) -> Caller:
        caller = self._callers.get(str(arguments.get("id")))
        if caller is None:
            raise UsageProblem("this call has ended", "Call again.")
        return caller

    def _press(self, arguments: Mapping[str, Any]) -> str:
        self._caller(arguments).press(str(arguments.get("digits") or ""))
        return ""

    def _put_down(self, arguments: Mapping[str, Any]) -> str:
        self._caller(arguments).hangup()
        self._forget(str(arguments.get("id")))
        return ""

    def _forget(self, id: str) -> None:
        self._callers.pop(id, None)
        self._lines.pop(id, None)
        self._listed.discard(id)
