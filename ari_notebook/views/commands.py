"""What the panel's buttons do: each is one of a few operations of the session.

The page's words are not trusted to name an operation: what is not in `_COMMANDS` is refused, and
the session checks every argument against the server's declaration before it sends anything.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ari_notebook.client.errors import UsageProblem
from ari_notebook.views.markup import clean

if TYPE_CHECKING:
    from ari_notebook.callers import Caller
    from ari_notebook.session import Session

__all__ = ["Commands"]

# Kind of object → the operations a button may ask for, and the arguments that come with them.
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
        "continue_in_dialplan": (),
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
}
_IDENTITY = {"channels": "channelId", "bridges": "bridgeId", "recordings": "recordingName"}
_LONGEST_AUDIO = 4_000_000  # bytes
_MADE = {"create"}  # what has no id yet


class Commands:
    """Does what buttons ask for.

    Args:
        session: where.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._callers: dict[str, Caller] = {}
        self._numbers = itertools.count(1)
        self._phone: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
            "call": self._call,
            "answer": self._answer,
            "press": self._press,
            "put_down": self._put_down,
        }

    def do(self, kind: str, action: str, id: str, arguments: Mapping[str, Any]) -> str:
        """Do one thing.

        Args:
            kind: ``channels``, ``bridges``, ``recordings``, or ``phone`` for our own telephone.
            action: the operation, as the session's resource has it.
            id: of the object; empty where there is none yet.
            arguments: by name; those that the action does not know are refused.

        Returns:
            What came of it that the page has to know: the id of the telephone's channel, where it
            called or answered, else empty.

        Raises:
            UsageProblem: no such button.
            AriError: Asterisk, or the check before it, refused.
        """
        if kind == "phone" and action in self._phone:
            return self._phone[action](arguments)
        known = _COMMANDS.get(kind, {}).get(action)
        if known is None:
            raise UsageProblem(f"no button does {action!r} on {kind!r}", "Reload the page.")
        unknown = arguments.keys() - set(known)
        if unknown:
            raise UsageProblem(f"{action} takes no {sorted(unknown)[0]!r}", "Reload the page.")
        given = {name: value for name, value in arguments.items() if value not in (None, "")}
        if action == "record":
            given.setdefault("name", f"panel-{next(self._numbers)}")
            given.setdefault("format", "wav")
            given["ifExists"] = "overwrite"
        if action in ("mute", "unmute"):
            given.setdefault("direction", "both")
        if action not in _MADE:
            given[_IDENTITY[kind]] = id
        self._session.invoke(self._session.operation(f"{kind}.{action}"), given)
        return ""

    def sounds(self) -> dict[str, str]:
        """The sounds the server has, as media to play, with the words that are spoken in them.

        Empty where the server does not say.
        """
        listed = self._session.listed("sounds")
        return {f"sound:{sound['id']}": clean(sound.get("text")) for sound in listed}

    def recording(self, name: str) -> str:
        """A stored recording's file, in base64.

        Args:
            name: the recording's.

        Raises:
            UsageProblem: it is longer than 4 MB: over four minutes of telephone quality.
            AriError: Asterisk refused.
        """
        operation = self._session.operation("recordings.get_stored_file")
        audio = bytes(self._session.invoke(operation, {"recordingName": name}))
        if len(audio) > _LONGEST_AUDIO:
            raise UsageProblem(f"{name} is too long to be heard here", "Read its file instead.")
        return base64.b64encode(audio).decode()

    def _call(self, arguments: Mapping[str, Any]) -> str:
        caller = self._session.call(
            str(arguments.get("extension") or "1000"),
            str(arguments.get("context") or "default"),
            str(arguments.get("caller") or "") or None,
        )
        self._callers[caller.id] = caller
        return caller.id

    def _answer(self, arguments: Mapping[str, Any]) -> str:
        """Answer a phone of the simulator that rings."""
        simulator, id = self._session.simulator, str(arguments.get("id"))
        if simulator is not None:
            calls = (call for name in simulator.phones for call in simulator.phones[name].calls)
            call = next((call for call in calls if call.id == id), None)
            if call is not None:
                call.answer()
                self._callers[id] = call
                return id
        raise UsageProblem("that phone does not ring", "Call it again.")

    def _caller(self, arguments: Mapping[str, Any]) -> Caller:
        caller = self._callers.get(str(arguments.get("id")))
        if caller is None:
            raise UsageProblem("that call is over", "Call again.")
        return caller

    def _press(self, arguments: Mapping[str, Any]) -> str:
        self._caller(arguments).press(str(arguments.get("digits") or ""))
        return ""

    def _put_down(self, arguments: Mapping[str, Any]) -> str:
        self._caller(arguments).hangup()
        self._callers.pop(str(arguments.get("id")), None)
        return ""
