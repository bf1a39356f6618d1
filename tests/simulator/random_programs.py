"""Random programs of requests, the responses and events of a server, and their differences.

A program is made from a seed: requests on a few channels, bridges, playbacks and recordings whose
ids it chooses, most of them over HTTP, some over the event socket of one of two applications, of
which the second loses its connection at times. `perform` sends it to a server, waits after each
request until the server is quiet, and notes each response and, for each application and object, its
events in order. `differences` compares two such notes without times and generated ids.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.helpers.servers import Event, Server
from tests.simulator.driver import Driver

__all__ = ["DIALPLAN", "Notes", "Step", "differences", "noted", "perform", "program"]

DIALPLAN = """
[world]
exten => up,1,Answer()
 same => n(here),Wait(600)
exten => ring,1,Ringing()
 same => n,Wait(600)
exten => busy,1,Busy(1)
exten => hang,1,Hangup(21)
exten => end,1,NoOp(over)
exten => vars,1,Set(A=1)
 same => n,Set(__B=two)
 same => n,Set(CALLERID(all)="Zed" <77>)
 same => n,Answer()
 same => n,Wait(600)
exten => sub,1,Answer()
 same => n,Gosub(routine,s,1(x,y z))
 same => n,NoOp(${GOSUB_RETVAL})
 same => n,Wait(600)
exten => dial,1,Dial(Local/up@world,30)
exten => _offer-.,1,StasisBroadcast(700,^${EXTEN:6},a:b,true)
 same => n,NoOp(${STASISSTATUS})
 same => n,Wait(600)
exten => _in-.,1,Answer()
 same => n,Stasis(${EXTEN:3},x)
 same => n,NoOp(${STASISSTATUS})
 same => n,Wait(600)
exten => other,1,NoOp(elsewhere)
 same => n(mark),Wait(600)
exten => h,1,NoOp(hung up ${HANGUPCAUSE})
[routine]
exten => s,1,NoOp(${ARG1}-${ARG2}-${ARGC})
 same => n,Return(back)
"""

_EXTENSIONS = (
    *("up", "up", "up", "ring", "busy", "hang", "end", "vars", "sub", "dial", "nosuch"),
    *("in-APP", "in-APP-b"),
)
# Until all that it does is done.
_SECONDS = {
    "busy": 1.2,
    "hang": 0.5,
    "dial": 0.5,
    "sub": 0.3,
    "in-APP": 0.3,
    "in-APP-b": 0.3,
}
_VARIABLES = (
    "A", "B", "_C", "__D", "CALLERID(num)", "CALLERID(name)", "CALLERID(all)", "CHANNEL(language)",
    "CHANNEL(state)", "CONNECTEDLINE(name)", "CONNECTEDLINE(num)", "REDIRECTING(from-num)",
    "SHARED(A)", "GROUP()", "GLOBAL(SEEN)", "EXTEN", "NOSUCH(1)", "nosuch", "STASISSTATUS",
    "BRIDGEPEER", "LEN(abc)", "IF(1?y:n)", "CDR(disposition)", "CHANNEL(linkedid)", "",
)  # fmt: skip
_MEDIA = (
    "sound:tt-monkeys", "sound:none", "sound:none,sound:tt-monkeys", "tone:ring", "nonsense:x",
    "recording:none", "sound:", "tone:nosuch", "sound:tt-monkeys,sound:tt-weasels", "",
)  # fmt: skip
_SECOND = "APP-b"  # the second application
_TYPES = ("ChannelVarset", "StasisStart", "Dial", "PlaybackStarted", "ChannelUserevent")


class Step(NamedTuple):
    """A request; ``APP`` in its texts stands for the first application's name.

    The methods CONNECT and DISCONNECT open and close the event socket of the second application.
    """

    method: str
    path: str
    params: dict[str, str]
    body: Any = None
    seconds: float = 0.0
    by_socket: str = ""  # the application over whose event socket it is sent


class _Writer:
    """Writes one program; stores which objects may exist."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)
        self._ids: dict[str, list[str]] = defaultdict(list)
        self._connected = True  # the second application
        self.steps: list[Step] = []

    def _new(self, kind: str) -> str:
        id = f"APP-{kind}{len(self._ids[kind])}"
        self._ids[kind].append(id)
        return id

    def _one(self, kind: str) -> str:
        known = self._ids[kind]
        return self._random.choice(known) if known and self._random.random() < 0.93 else "APP-gone"

    def _some(self, *values: str) -> str:
        """Return one of the values, or in half of the cases ""."""
        return self._random.choice(values) if self._random.random() < 0.5 else ""

    def _ask(
        self, method: str, path: str, body: Any = None, /, *, seconds: float = 0.0, **params: str
    ) -> None:
        given = {name: value for name, value in params.items() if value}
        if body is None and given and method != "GET" and self._random.random() < 0.15:
            body, given = dict(given), {}
        sockets = ["APP", _SECOND] if self._connected else ["APP"]
        by_socket = self._random.choice(sockets) if self._random.random() < 0.1 else ""
        self.steps.append(Step(method, path, given, body, seconds, by_socket))

    def _app(self) -> str:
        return self._random.choice(["APP", "APP", _SECOND, "APP-none"])

    def program(self, length: int) -> tuple[Step, ...]:
        self._originate()
        deeds = [deed for deed, weight in self._deeds() for _ in range(weight)]
        while len(self.steps) < length:
            self._random.choice(deeds)()
        for channel in self._ids["c"]:
            self.steps.append(Step("DELETE", f"/channels/{channel}", {}))
        for bridge in self._ids["b"]:
            self.steps.append(Step("DELETE", f"/bridges/{bridge}", {}))
        return tuple(self.steps)

    def _deeds(self) -> list[tuple[Callable[[], None], int]]:
        return [
            (self._originate, 4), (self._halves, 4), (self._create, 2), (self._command, 8),
            (self._continue, 3), (self._move, 2), (self._hang_up, 3), (self._look, 4),
            (self._snoop, 1), (self._play, 6), (self._control, 4), (self._record, 3),
            (self._recording, 4), (self._bridge, 3), (self._members, 8), (self._variable, 8),
            (self._subscription, 3), (self._filter, 2), (self._user_event, 3), (self._claim, 1),
            (self._device, 2), (self._wrong, 3), (self._connection, 2), (self._broadcast, 2),
            (self._mailbox, 1),
        ]  # fmt: skip

    def _originate(self) -> None:
        exten, channel = self._random.choice(_EXTENSIONS), self._new("c")
        app, extension = self._random.choice(
            [*[("APP", "")] * 3, (_SECOND, ""), ("", "up"), ("APP-none", ""), ("", "")]
        )
        self._ask(
            "POST",
            "/channels",
            None,
            seconds=_SECONDS.get(exten, 0.0),
            endpoint=f"Local/{exten}@world",
            channelId=channel,
            otherChannelId=f"{channel}x",
            callerId=self._some("Alice <5551>", "5552", "Bob"),
            app=app,
            appArgs=self._some("a,b", "x"),
            extension=extension,
            context="world",
        )
        self._ids["c"].append(f"{channel}x")

    def _halves(self) -> None:
        channel = self._new("c")
        self._ask(
            "POST",
            f"/channels/{channel}",
            endpoint="Local/x@stasis-APP",
            app="APP",
            otherChannelId=f"{channel}x",
        )
        self._ids["c"].append(f"{channel}x")
        if self._random.random() < 0.8:
            self._ask("POST", f"/channels/{channel}x/answer")

    def _create(self) -> None:
        exten, channel = self._random.choice(_EXTENSIONS), self._new("c")
        ids = {"channelId": channel, "otherChannelId": f"{channel}x"}
        self._ask(
            "POST",
            "/channels/create",
            endpoint=f"Local/{exten}@world",
            app="APP",
            seconds=0.0,
            **ids,
        )
        self._ids["c"].append(f"{channel}x")
        wait = _SECONDS.get(exten, 0.0)
        self._ask("POST", f"/channels/{channel}/dial", seconds=wait, timeout=self._some("5", "0"))

    def _command(self) -> None:
        method, verb, params = self._random.choice(
            [
                *[(method, verb, {}) for method in ("POST", "DELETE")
                  for verb in ("ring", "hold", "moh", "silence")],
                ("POST", "answer", {}), ("POST", "progress", {}),
                ("POST", "mute", {"direction": self._some("both", "in", "up")}),
                ("POST", "dtmf", {"dtmf": self._some("1", "12", "x")}),
                ("POST", "redirect", {"endpoint": self._some("Local/up@world", "x/y", "Local")}),
                ("POST", "transfer_progress", {"states": self._some("channel_answered", "x")}),
                ("GET", "rtp_statistics", {}),
            ]
        )  # fmt: skip
        seconds = 0.8 if verb == "dtmf" else 0.0
        self._ask(method, f"/channels/{self._one('c')}/{verb}", seconds=seconds, **params)

    def _continue(self) -> None:
        where = self._random.choice(
            [
                {}, {"context": "world", "extension": "up"}, {"priority": "1"},
                {"context": "world", "extension": "other", "label": "mark"},
                {"context": "world", "extension": "end"}, {"label": "nolabel"},
                {"context": "nowhere", "extension": "x"},
            ]
        )  # fmt: skip
        self._ask("POST", f"/channels/{self._one('c')}/continue", seconds=0.3, **where)

    def _move(self) -> None:
        path = f"/channels/{self._one('c')}/move"
        self._ask("POST", path, app=self._app(), appArgs=self._some("m,n"))

    def _hang_up(self) -> None:
        reason = self._some("busy", "normal", "no_answer", "x")
        code = "" if reason else self._some("17", "0", "200", "x")
        self._ask("DELETE", f"/channels/{self._one('c')}", reason=reason, reason_code=code)

    def _look(self) -> None:
        self._ask(
            "GET",
            self._random.choice(
                [
                    f"/channels/{self._one('c')}", f"/bridges/{self._one('b')}",
                    f"/playbacks/{self._one('p')}", f"/recordings/live/{self._one('r')}",
                    f"/recordings/stored/{self._one('r')}", "/applications/APP",
                    f"/applications/{_SECOND}", "/asterisk/ping", "/sounds/beep",
                    "/asterisk/modules/app_echo.so",
                ]
            ),
        )  # fmt: skip

    def _snoop(self) -> None:
        snoop, spy = self._new("c"), self._some("both", "in", "x")
        self._ask("POST", f"/channels/{self._one('c')}/snoop", snoopId=snoop, app="APP", spy=spy)

    def _play(self) -> None:
        kind, playback = self._random.choice("ccb"), self._new("p")
        place = f"/{'channels' if kind == 'c' else 'bridges'}/{self._one(kind)}"
        media = self._random.choice(_MEDIA)
        self._ask("POST", f"{place}/play", playbackId=playback, media=media)

    def _control(self) -> None:
        path = f"/playbacks/{self._one('p')}"
        operation = self._some("pause", "unpause", "restart", "x")
        if operation:
            self._ask("POST", f"{path}/control", operation=operation)
        else:
            self._ask("DELETE", path)

    def _record(self) -> None:
        kind, name = self._random.choice("cccb"), self._new("r")
        place = f"/{'channels' if kind == 'c' else 'bridges'}/{self._one(kind)}"
        format = self._random.choice(["wav", "wav", "gsm", "ulaw", "nonsense"])
        self._ask("POST", f"{place}/record", name=name, format=format)

    def _recording(self) -> None:
        method, verb = self._random.choice(
            [("POST", "/stop"), ("POST", "/pause"), ("DELETE", "/pause"), ("POST", "/mute"),
             ("DELETE", "/mute"), ("DELETE", "")]
        )  # fmt: skip
        self._ask(method, f"/recordings/live/{self._one('r')}{verb}")

    def _bridge(self) -> None:
        kind = self._some("mixing", "holding", "mixing,dtmf_events", "nonsense", "video_sfu")
        self._ask("POST", f"/bridges/{self._new('b')}", type=kind, name=self._some("room"))

    def _members(self) -> None:
        bridge = f"/bridges/{self._one('b')}"
        verb = self._random.choice(["addChannel"] * 3 + ["removeChannel", "moh", "videoSource"])
        if verb == "moh":
            self._ask(self._random.choice(["POST", "DELETE"]), f"{bridge}/moh")
        elif verb == "videoSource":
            self._ask("POST", f"{bridge}/videoSource/{self._one('c')}")
        else:
            self._ask("POST", f"{bridge}/{verb}", channel=self._one("c"))

    def _variable(self) -> None:
        path, name = f"/channels/{self._one('c')}/variable", self._random.choice(_VARIABLES)
        if self._random.random() < 0.5:
            self._ask("GET", path, variable=name)
        else:
            value = self._random.choice(["1", "red", "x,y", "fr", "5551"])
            self._ask(
                "POST", path, variable=name, value=value, report_events=self._some("true", "false")
            )

    def _subscription(self) -> None:
        source = self._random.choice(
            [f"channel:{self._one('c')}", f"bridge:{self._one('b')}", "deviceState:Stasis:APP",
             "endpoint:PJSIP", "x:y", ""]
        )  # fmt: skip
        method = self._random.choice(["POST", "POST", "DELETE"])
        self._ask(method, f"/applications/{self._app()}/subscription", eventSource=source)

    def _filter(self) -> None:
        some = [{"type": type} for type in self._random.sample(_TYPES, self._random.randint(0, 3))]
        body = self._random.choice([{"disallowed": some}, {"allowed": []}, {"allowed": "x"}, {}])
        self.steps.append(Step("PUT", f"/applications/{self._app()}/eventFilter", {}, body))

    def _user_event(self) -> None:
        body = {"variables": {"k": "v"}} if self._random.random() < 0.5 else None
        source = self._some(f"channel:{self._one('c')}", f"bridge:{self._one('b')}", "x:y")
        self._ask("POST", "/events/user/ping", body, application=self._app(), source=source)

    def _claim(self) -> None:
        self._ask("POST", "/events/claim", channelId=self._one("c"), application=self._app())

    def _broadcast(self) -> None:
        """Offer a channel to all applications; none claims it, one does, or two do."""
        channel = self._new("c")
        self._ids["c"].append(f"{channel}x")
        claims = self._random.randint(0, 2)
        self._ask(
            "POST",
            "/channels",
            seconds=0.0 if claims else 1.0,
            endpoint="Local/offer-APP@world",
            app="APP",
            channelId=channel,
            otherChannelId=f"{channel}x",
        )
        for _ in range(claims):
            application = self._app()
            self._ask("POST", "/events/claim", channelId=f"{channel}x", application=application)

    def _connection(self) -> None:
        """Close the event socket of the second application, or open it again."""
        method = "DISCONNECT" if self._connected else "CONNECT"
        self._connected = not self._connected
        self.steps.append(Step(method, _SECOND, {}))

    def _mailbox(self) -> None:
        method = self._random.choice(["GET", "GET", "PUT", "DELETE"])
        path = f"/mailboxes/{self._random.choice(['1@APP', '1'])}"
        if method == "PUT":
            self._ask(method, path, oldMessages="1", newMessages="2")
        else:
            self._ask(method, path)

    def _device(self) -> None:
        path = f"/deviceStates/{self._random.choice(['Stasis:APP', 'Stasis:', 'Custom:x'])}"
        state = self._some("INUSE", "BUSY", "x")
        if state:
            self._ask("PUT", path, deviceState=state)
        else:
            self._ask(self._random.choice(["GET", "DELETE"]), path)

    def _wrong(self) -> None:
        channel = self._one("c")
        method, path, body = self._random.choice(
            [
                ("POST", f"/channels/{channel}/play", {"media": 5}), ("POST", "/channels", {}),
                ("PATCH", f"/channels/{channel}", None), ("GET", "/nonsense", None),
                ("POST", f"/channels/{channel}/variable", {"variable": None}),
                ("POST", f"/channels/{channel}/continue", {"priority": "x"}),
                ("PUT", f"/channels/{channel}/play", None), ("GET", "/channels/", None),
                ("POST", f"/bridges/{self._one('b')}/addChannel", {"channel": [5]}),
            ]
        )  # fmt: skip
        self.steps.append(Step(method, path, {}, body))


def program(seed: str) -> tuple[Step, ...]:
    """Return the program of a seed."""
    return _Writer(seed).program(14)


class Notes(NamedTuple):
    """The responses and events of a server.

    Attributes:
        responses: of each step.
        events: of each object, in order.
    """

    responses: list[Any]
    events: dict[str, list[str]]


class _Client(Driver):
    """A driver of the first application, and the event socket of the second."""

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self._second: Driver | None = None
        self._connect_second()

    def _connect_second(self) -> None:
        self._second = Driver(self.place, app=f"{self.app}{_SECOND.removeprefix('APP')}")

    def _disconnect_second(self) -> None:
        if self._second is not None:
            self._second.settle(0.01)
            self.events += self._second.events
            self._second.close()
        self._second = None

    def settle(self, seconds: float = 0.4) -> None:
        """Receive the events of both applications until none has arrived for a while."""
        super().settle(seconds)
        while self._second is not None:
            before = len(self._second.events) + len(self.events)
            self._second.settle(seconds)
            super().settle(0.01)
            if before == len(self._second.events) + len(self.events):
                return

    def close(self) -> None:
        """Close both event sockets; `events` then contains those of both."""
        self._disconnect_second()
        super().close()

    def perform(self, step: Step) -> list[Any]:
        """Perform a step; return the status and body of its response."""
        step = Step(*json.loads(json.dumps(step).replace("APP", self.app)))
        if step.method == "CONNECT":
            self._connect_second()
            return []
        if step.method == "DISCONNECT":
            self._disconnect_second()
            return []
        if step.by_socket:
            first = step.by_socket == self.app
            return _ask_by_socket(self if first else self._second or self, step)
        answer = self.send(step.method, step.path, step.body, headers=None, **step.params)
        content: Any = answer.text if answer.status_code >= 400 else bool(answer.content)
        if answer.content and "json" in answer.headers["Content-type"]:
            content = answer.json()
        return [answer.status_code, answer.reason, content]


def _ask_by_socket(client: Driver, step: Step) -> list[Any]:
    """Send a step over the event socket of an application."""
    id = f"{client.app}-{len(client.events)}-{time.monotonic_ns()}"
    message = {
        "type": "RESTRequest",
        "request_id": id,
        "method": step.method,
        "uri": step.path.lstrip("/"),
        "query_strings": [{"name": key, "value": value} for key, value in step.params.items()],
    }
    if step.body is not None:
        message |= {"content_type": "application/json", "message_body": json.dumps(step.body)}
    answer = client.ask_by_socket(message)
    body = answer.get("message_body")
    content = json.loads(body) if body and body[0] in "{[" else body
    return [answer["status_code"], answer["reason_phrase"], content]


_QUIET = 0.3  # seconds without events after which a step is over


def perform(server: Server, steps: tuple[Step, ...]) -> Notes:
    """Perform a program on a server and record the result."""
    client = _Client(server)
    try:
        responses = []
        for step in steps:
            begun = time.monotonic()
            responses.append(client.perform(step))
            time.sleep(max(0.0, step.seconds - (time.monotonic() - begun)))
            client.settle(_QUIET if step.method != "GET" else 0.01)
        client.settle(0.6)
    finally:
        client.close()
    return noted(responses, client)


def noted(responses: list[Any], client: Driver) -> Notes:
    """Return what a server did, without times and generated ids."""
    responses, events = _plain([responses, client.events], client.app)
    return Notes(responses, _by_object(events))


_LEFT_OUT = {"timestamp", "creationtime", "asterisk_id", "duration", "duration_ms", "use_count"}
_TIMES = {"ANSWEREDTIME", "DIALEDTIME", "RINGTIME", "PROGRESSTIME"}
_GENERATED = (
    (re.compile(r"\b1\d{9}\.\d+"), "ID"),
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"-[0-9a-f]{8}(?=;|,|$|\b)"), "-#"),
)


def _plain(value: Any, app: str) -> Any:
    """Return JSON without times and generated ids."""
    if isinstance(value, dict):
        if str(value.get("variable", "")).removesuffix("_MS") in _TIMES:
            value = {**value, "value": bool(value.get("value"))}
        if str(value.get("variable", "")).startswith("RTPAUDIOQOS"):
            value = {**value, "value": bool(value.get("value"))}
        if value.get("protocol_id"):  # a SIP Call-ID
            value = {**value, "protocol_id": "ID"}
        return {key: _plain(each, app) for key, each in value.items() if key not in _LEFT_OUT}
    if isinstance(value, list):
        return [_plain(each, app) for each in value]
    if not isinstance(value, str):
        return value
    value = value.replace(app, "APP")
    for pattern, sign in _GENERATED:
        value = pattern.sub(sign, value)
    return value


def _by_object(events: list[Event]) -> dict[str, list[str]]:
    """Return the events of each channel, bridge, playback, …, each as JSON text."""
    found: dict[str, list[str]] = defaultdict(list)
    for event in events:
        found[_object(event)].append(json.dumps(event, sort_keys=True))
    return dict(found)


def _object(event: Event) -> str:
    """Return the application that received an event, and the event's object."""
    app = event.get("application", "")
    if event["type"] in ("CallBroadcast", "CallClaimed"):
        # Sent by the channel's thread past its topic, whose events they overtake at times.
        return f"{app}: offer of {event['channel']['id']}"
    for field in ("playback", "recording", "channel", "peer", "bridge", "device_state"):
        if field in event:
            about = event[field]
            kind = "channel" if field == "peer" else field
            id = about.get("id", about.get("name"))
            return f"{app}: {kind} {about['name'] if id == 'ID' else id}"
    return f"{app}: {event['type']}"


def differences(ours: Notes, theirs: Notes) -> Iterator[str]:
    """Yield the differences of two results of a program, each in one or two lines."""
    for number, (mine, other) in enumerate(zip(ours.responses, theirs.responses, strict=True)):
        if mine != other:
            yield f"step {number}: {mine}\n    Asterisk: {other}"
    for name in sorted({*ours.events, *theirs.events}):
        mine, other = ours.events.get(name, []), theirs.events.get(name, [])
        if mine != other:
            at = next(
                (n for n, pair in enumerate(zip(mine, other, strict=False)) if pair[0] != pair[1]),
                None,
            )
            at = min(len(mine), len(other)) if at is None else at
            yield f"{name}, event {at}: {mine[at : at + 1]}\n    Asterisk: {other[at : at + 1]}"
