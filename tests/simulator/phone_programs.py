"""Random programs of two phones and an application.

A program is made from a seed: a phone calls an application or another extension, or the application
calls a phone that answers, refuses or does not answer; then the phones press keys, talk, hold,
transfer or hang up while the application sends requests about the call. At the simulator the phones
are simulated, at a real Asterisk SIP phones take their place.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tests.helpers.servers import Event, Server
from tests.simulator.driver import Driver
from tests.simulator.random_programs import Notes, noted

__all__ = ["EXTENSIONS", "Act", "perform", "phone_program"]

EXTENSIONS = """
[default]
; An application's name can be dialled.
exten => _test.,1,Answer()
 same => n,Stasis(${EXTEN})
exten => _talk.,1,Answer()
 same => n,Set(TALK_DETECT(set)=500)
 same => n,Stasis(${EXTEN:4})
exten => _refer.,1,Set(PJSIP_TRANSFER_HANDLING()=ari-only)
 same => n,Answer()
 same => n,Stasis(${EXTEN:5})
exten => stay,1,Answer()
 same => n,Wait(3600)
exten => busy,1,Busy(5)
exten => end,1,Answer()
 same => n,Hangup(17)
exten => alice,1,Dial(PJSIP/alice,2)
 same => n,Hangup()
"""
_CALL = "CALL"  # stands for the id of the phone's channel
_PATIENCE = 0.5  # seconds without events after which an act is over
_ANSWERS: Mapping[str, tuple[tuple[float, int], ...]] = {
    "answers": ((0.1, 180), (0.3, 200)),
    "busy": ((0.2, 486),),
    "declines": ((0.1, 180), (0.2, 603)),
    "rings": ((0.1, 180),),
}


class Act(NamedTuple):
    """What a phone or, if `phone` is "", the application does.

    Attributes:
        phone: ``bob`` or ``alice``.
        verb: method of a phone, or an HTTP method.
        target: argument of the phone's method, or a path.
        params: parameters of the request.
    """

    phone: str
    verb: str
    target: str = ""
    params: Mapping[str, str] = {}


class _Writer:
    """Writes one program."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)
        self._held = False
        self.acts: list[Act] = []

    def program(self) -> tuple[Act, ...]:
        begin = self._random.choice([self._calls_application] * 3 + [self._is_called, self._other])
        if begin():
            for _ in range(self._random.randint(1, 5)):
                self._random.choice(self._deeds())()
            self._end()
        return tuple(self.acts)

    def _calls_application(self) -> bool:
        prefix = self._random.choice(["", "", "talk", "refer"])
        self.acts.append(Act("bob", "call", f"{prefix}APP"))
        return True

    def _is_called(self) -> bool:
        behaviour = self._random.choice(list(_ANSWERS))
        self.acts.append(Act("bob", "answers", behaviour))
        params = {"endpoint": "PJSIP/bob", "app": "APP", "timeout": "1"}
        if self._random.random() < 0.5:
            params["callerId"] = "Al <77>"
        self.acts.append(Act("", "POST", "/channels", params))
        return behaviour.startswith("answers")

    def _other(self) -> bool:
        """Call an extension that leads to no application, followed by subscription."""
        exten = self._random.choice(["busy", "end", "alice"])
        self.acts.append(Act("alice", "answers", self._random.choice(["busy", "declines"])))
        source = {"eventSource": "endpoint:PJSIP/bob"}
        self.acts.append(Act("", "POST", "/applications/APP/subscription", source))
        self.acts.append(Act("bob", "call", exten))
        if exten == "busy":
            self.acts.append(Act("bob", "give_up"))
        return False

    def _deeds(self) -> list[Callable[[], None]]:
        return [self._press, self._hold, self._message, self._command, self._command, self._talk]

    def _press(self) -> None:
        self.acts.append(Act("bob", "press", self._random.choice(["1", "5", "#", "*"])))

    def _hold(self) -> None:
        self._held = not self._held
        self.acts.append(Act("bob", "hold" if self._held else "unhold"))

    def _talk(self) -> None:
        self.acts += [Act("bob", "talk"), Act("bob", "quiet")]

    def _message(self) -> None:
        self.acts.append(Act("alice", "message", "stay"))

    def _command(self) -> None:
        """Send a request about the call."""
        method, verb, params = self._random.choice(
            [
                ("POST", "hold", {}), ("DELETE", "hold", {}), ("POST", "ring", {}),
                ("DELETE", "ring", {}), ("POST", "mute", {"direction": "in"}),
                ("DELETE", "mute", {"direction": "in"}), ("POST", "dtmf", {"dtmf": "1"}),
                ("POST", "silence", {}), ("DELETE", "silence", {}), ("GET", "variable",
                {"variable": "CHANNEL(state)"}), ("POST", "variable", {"variable": "A", "value":
                "1"}), ("POST", "answer", {}), ("POST", "snoop", {"app": "APP", "spy": "in"}),
            ]
        )  # fmt: skip
        self.acts.append(Act("", method, f"/channels/{_CALL}/{verb}", params))

    def _end(self) -> None:
        end = self._random.choice(["phone", "application", "continue", "transfer", "redirect"])
        if end == "phone":
            self.acts.append(Act("bob", "hang_up"))
        elif end == "application":
            self.acts.append(Act("", "DELETE", f"/channels/{_CALL}", {"reason": "busy"}))
        elif end == "continue":
            where = {"context": "default", "extension": "end", "priority": "1"}
            self.acts.append(Act("", "POST", f"/channels/{_CALL}/continue", where))
        elif end == "transfer":
            self.acts.append(Act("bob", "refer", self._random.choice(["stay", "APP"])))
        else:
            path = f"/channels/{_CALL}/redirect"
            self.acts.append(Act("", "POST", path, {"endpoint": "Local/stay@default"}))


def phone_program(seed: str) -> tuple[Act, ...]:
    """Return the program of a seed."""
    return _Writer(seed).program()


def perform(server: Server, phones: Mapping[str, Any], acts: tuple[Act, ...]) -> Notes:
    """Perform a program on a server with phones ``bob`` and ``alice``; return what it does."""
    client = Driver(server)
    responses: list[Any] = []
    try:
        for act in acts:
            responses.append(_do(client, phones, act))
            time.sleep(0.05)
            client.settle(_PATIENCE if act.verb != "GET" else 0.05)
    finally:
        _clear(client)
    return noted(responses, client)


def _do(client: Driver, phones: Mapping[str, Any], act: Act) -> Any:
    act = Act(*json.loads(json.dumps(act).replace("APP", client.app)))
    if act.phone:
        phone = phones[act.phone]
        if act.verb == "answers":
            phone.answers(*_ANSWERS[act.target])
        elif act.verb == "message":
            phone.message(act.target, "hello")
        else:
            getattr(phone, act.verb)(*([act.target] if act.target else []))
        return act.verb
    path = act.target.replace(_CALL, _call(client.events))
    answer = client.send(act.verb, path, headers=None, **act.params)
    json_body = answer.content and "json" in answer.headers["Content-type"]
    return [answer.status_code, answer.reason, answer.json() if json_body else None]


def _call(events: list[Event]) -> str:
    """Return the id of the phone's channel, or one that does not exist."""
    for event in events:
        channel = event.get("channel") or event.get("peer") or {}
        if channel.get("name", "").startswith("PJSIP/bob"):
            return str(channel["id"])
    return "none"


def _clear(client: Driver) -> None:
    """Hang up everything, wait for the end, and disconnect."""
    for channel in client.send("GET", "/channels").json():
        client.send("DELETE", f"/channels/{channel['id']}")
    client.settle(0.8)
    client.close()
