"""Feed mutated input to the simulator: nothing may fail, and memory must stay bounded.

    python -m benchmarks.fuzz --simulator [--inputs 100000] [--seed 1]

The input is mutated requests, WebSocket frames, REST requests over a WebSocket and configuration
files. Every request must get a response, every frame must result in a message or a close, every
configuration in a set-up or a `ConfigError` of one line. After random octets the server must answer
the next client. Nothing may log an exception: that is how the simulator reports internal errors.
"""

from __future__ import annotations

import base64
import contextlib
import logging
import random
import resource
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import orjson
import requests

import ari_notebook
from ari_notebook import simulator
from ari_notebook.schema import Operation, builtin
from ari_notebook.simulator.asterisk import SimulatedAsterisk
from ari_notebook.simulator.config.settings import ConfigError, read_config
from ari_notebook.simulator.dialplan.applications import APPLICATIONS
from ari_notebook.simulator.dialplan.functions import READERS, WRITERS
from ari_notebook.simulator.dialplan.parse import Dialplan
from ari_notebook.simulator.messages import Request, Response
from ari_notebook.simulator.phones.scenario import parse_scenario
from ari_notebook.simulator.rest.event_socket import EventSocket
from ari_notebook.simulator.wire.http11 import RequestReader, Unreadable, render
from ari_notebook.simulator.wire.websocket_frames import BadFrame, FrameReader, encode
from tests.demonstration import demonstration

CONFIG = Path(ari_notebook.__file__).parent / "simulator/sample_config"
_LOGIN = ("Authorization", "Basic " + base64.b64encode(b"asterisk:asterisk").decode())
OPERATIONS = builtin().operations
_FUNCTIONS, _APPLICATIONS = [*READERS, *WRITERS], sorted(APPLICATIONS)
ROUND = 500  # inputs that one exchange takes, so that what calls it made is not what is measured

_WORDS = (
    "", "0", "-1", "1", "99999999999999999999", "1e999", "nan", "NaN", "inf", "null", "true", "²",
    "../../etc/passwd", "..", "%00", "%2e%2e%2f", "\x00", "a" * 5000, "{}", "[]", "sound:", "tone:",
    "sound:../../x", "recording:", "number:9" * 40, "Local/1000@default", "PJSIP/alice", "1000",
    "hello-world", "alice", "${", "${" * 300, "$[" * 300, "$[(((1", "holding", "mixing", "wav",
    "é🎺", "digits:" + "9" * 999, "x" * 60_000, "endpoint:PJSIP", "channel:", "*", "s", "%zz",
)  # fmt: skip
_RIGHT = {
    "app": "fuzz", "appArgs": "a,b", "applicationName": "fuzz", "context": "default", "digit": "5",
    "direction": "both", "dtmf": "12#", "endpoint": "Local/1000@default", "eventName": "Hello",
    "eventSource": "endpoint:PJSIP/alice", "extension": "1000", "format": "wav", "lang": "en",
    "media": "sound:hello-world", "name": "recorded", "priority": "1", "recordingName": "recorded",
    "resource": "alice", "soundId": "hello-world", "spy": "both", "tech": "PJSIP", "type": "mixing",
    "value": "x", "variable": "CALLERID(num)", "whisper": "out", "mohClass": "default",
    "deviceName": "Stasis:lamp", "deviceState": "INUSE", "mailboxName": "1000@default",
}  # fmt: skip
_OCTETS = (b"\xff\xfe", b"\x00", b"\r\n", b"\n", b"\r\n\r\n", b": ", b"%", b"[", b"]", b"(", b")",
           b";", b";--", b"=>", b"${", b"}", b"$[", b"\xc3\x28", b",", b"same => ", b"#include ",
           b"9" * 400, b"9" * 5000, b"{", b'"')  # fmt: skip


def spoil(octets: bytes, chance: random.Random) -> bytes:
    """Change, delete, double or overwrite up to eight parts of octets."""
    data = bytearray(octets)
    for _ in range(chance.randrange(1, 9)):
        if not data:
            break
        at, size = chance.randrange(len(data)), chance.randrange(1, 40)
        what = chance.randrange(5)
        if what == 0:
            data[at] = chance.randrange(256)
        elif what == 1:
            del data[at : at + size]
        elif what == 2:
            data[at:at] = chance.choice(_OCTETS)
        elif what == 3:
            data[at:at] = data[at : at + size] * chance.choice((1, 2, 50))
        else:
            data[at : at + size] = chance.choice(_WORDS)[:200].encode()
    return bytes(data)


class Requests:
    """Makes requests of existing operations with unsuitable arguments."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._ids = ["none"]

    def learn(self, asterisk: SimulatedAsterisk) -> None:
        """Store the ids of existing objects, to use them as arguments."""
        self._ids = [*asterisk.exchange.channels, *asterisk.exchange.bridges][-20:] or ["none"]

    def word(self, name: str = "") -> str:
        """Return a value for an argument."""
        if name.endswith("Id") and self._chance.random() < 0.7:
            return self._chance.choice(self._ids)
        if name == "variable" and self._chance.random() < 0.7:
            return f"{self._chance.choice(_FUNCTIONS)}({self.word()})"
        if name in _RIGHT and self._chance.random() < 0.7:
            return _RIGHT[name]
        return self._chance.choice(_WORDS)

    def one(self) -> tuple[Operation, str, list[tuple[str, str]], object]:
        """Return an operation, its path, its query and its body."""
        operation = self._chance.choice(OPERATIONS)
        path, query, body = operation.path, [], {}
        for each in operation.parameters:
            value = self.word(each.name)
            if each.location == "path":
                path = path.replace(f"{{{each.name}}}", quote(value or "x", safe=""))
            elif self._chance.random() < (0.9 if each.required else 0.4):
                if self._chance.random() < 0.5:
                    query.append((each.name, value))
                else:
                    body[each.name] = self._chance.choice((value, [value], {value: value}, 5, None))
        return operation, path, query, body

    def octets(self) -> bytes:
        """Return the request as well-formed HTTP."""
        operation, path, query, body = self.one()
        target = "/ari" + path + "?" + "&".join(f"{k}={quote(v)}" for k, v in query)
        lines = [f"{operation.method} {target} HTTP/1.1", "Host: localhost", ": ".join(_LOGIN)]
        content = orjson.dumps(body) if body else b""
        if content:
            lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
        if operation.websocket:
            lines += ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
            lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
        return "\r\n".join([*lines, "", ""]).encode() + content

    def message(self) -> bytes:
        """Return the request as a message of REST over WebSocket."""
        operation, path, query, body = self.one()
        message: dict[str, object] = {
            "type": "RESTRequest",
            "transaction_id": self.word(),
            "request_id": self.word(),
            "method": operation.method,
            "uri": path.removeprefix("/"),
            "query_strings": [{"name": k, "value": v} for k, v in query],
        }
        if body:
            message["content_type"] = "application/json"
            message["message_body"] = orjson.dumps(body).decode()
        for _ in range(self._chance.choice((0, 0, 1, 2))):
            key = self._chance.choice(list(message))
            values: tuple[object, ...] = (None, 1, [], {}, [[]], [{"name": 1}], self.word())
            message[key] = self._chance.choice(values)
        return orjson.dumps(message)


def _exchanges(count: int, seed: int) -> Iterator[SimulatedAsterisk]:
    """Return an exchange for each input, a new one from time to time."""
    config = demonstration()
    for number in range(count):
        if number % ROUND == 0:
            asterisk = SimulatedAsterisk(config, start=0.0, seed=seed + number)
        if number % (ROUND // 10) == 0:
            for target in ("channels?app=fuzz&endpoint=Local/1002@default", "bridges?name=fuzz"):
                asterisk.request(Request("POST", f"/ari/{target}", [_LOGIN]))
        asterisk.advance(asterisk.now + 0.05)
        yield asterisk


def fuzz_http(count: int, seed: int) -> Counter[str]:
    """Send malformed requests in pieces of any size; count the responses by class."""
    chance, result = random.Random(seed), Counter[str]()
    made = Requests(chance)
    for asterisk in _exchanges(count, seed):
        made.learn(asterisk)
        octets = made.octets()
        octets = spoil(octets, chance) if chance.random() < 0.6 else octets
        reader, cut = RequestReader(), chance.randrange(len(octets) + 1)
        answered = False
        try:
            for piece in (octets[:cut], octets[cut:]):
                reader.feed(piece)
                while (request := reader.next()) is not None:
                    answer = asterisk.request(request)
                    answered = True
                    if isinstance(answer, EventSocket):
                        answer.close()
                        result["upgrades"] += 1
                        continue
                    assert isinstance(answer, Response)
                    render(answer, server="x", now=0.0)
                    result[f"{answer.status // 100}xx"] += 1
        except Unreadable as refused:
            answered = True
            result[f"refused {refused.status}"] += 1
        result["incomplete"] += not answered
    return result


def fuzz_messages(count: int, seed: int) -> Counter[str]:
    """Send malformed REST requests over an event socket; count the responses by class."""
    chance, result = random.Random(seed), Counter[str]()
    made, socket_of = Requests(chance), {}
    events_of_all = "/ari/events?app=fuzz&subscribeAll=true"
    upgrade = [
        _LOGIN,
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ]
    for asterisk in _exchanges(count, seed):
        if asterisk not in socket_of:
            opened = asterisk.request(Request("GET", events_of_all, upgrade))
            assert isinstance(opened, EventSocket)
            socket_of = {asterisk: opened}
        made.learn(asterisk)
        events, message = socket_of[asterisk], made.message()
        events.receive(spoil(message, chance) if chance.random() < 0.5 else message)
        for octets in events.take():
            published = orjson.loads(octets)
            if published["type"] == "RESTResponse":
                result[f"{published['status_code'] // 100}xx"] += 1
            else:
                result["events"] += 1
    return result


def fuzz_frames(count: int, seed: int) -> Counter[str]:
    """Send malformed WebSocket frames in pieces of any size."""
    chance, result, reader = random.Random(seed), Counter[str](), FrameReader()
    for _ in range(count):
        payload = chance.randbytes(chance.choice((0, 2, 125, 126, 300, 65_600)))
        octets = encode(chance.choice((0, 1, 1, 1, 2, 8, 9, 10)), payload, mask=True)
        octets = bytes((octets[0] & chance.choice((0xFF, 0xFF, 0x7F)),)) + octets[1:]
        octets = spoil(octets, chance) if chance.random() < 0.3 else octets
        cut = chance.randrange(len(octets) + 1)
        try:
            for piece in (octets[:cut], octets[cut:]):
                result["messages"] += sum(1 for _ in reader.feed(piece))
        except BadFrame as bad:
            result[f"closed with {bad.code}"] += 1
            reader = FrameReader()
    return result


def fuzz_configuration(count: int, seed: int) -> Counter[str]:
    """Read malformed configuration files, dialplans and scenarios; errors must give the line."""
    chance, result = random.Random(seed), Counter[str]()
    files = {path.name: path.read_bytes() for path in CONFIG.glob("*.conf")}
    scenario = b'[phones.alice]\nanswers = 2\n[[do]]\nat = 0\nphone = "alice"\ncall = "1000"\n'
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for _ in range(count):
            for file, text in files.items():
                (folder / file).write_bytes(text)
            file = chance.choice([*files, "scenario.toml"])
            spoiled = spoil(files.get(file, scenario), chance)
            try:
                if file in files:
                    (folder / file).write_bytes(spoiled)
                    Dialplan.parse(read_config(folder).extensions)
                else:
                    parse_scenario(spoiled.decode("utf-8", "replace"))
                result["taken"] += 1
            except ConfigError as refused:
                result["refused"] += "\n" not in str(refused)
    assert result.total() == count, "a refusal of more than one line"
    return result


def fuzz_dialplan(count: int, seed: int) -> Counter[str]:
    """Call dialplans of one application and one function with unsuitable arguments."""
    chance, result = random.Random(seed), Counter[str]()
    originate = Request("POST", "/ari/channels?app=fuzz&endpoint=Local/x@fuzz", [_LOGIN])
    short = [*(word for word in _WORDS if len(word) < 1000), "3", "x", "${A}", "1,2"]
    for asterisk in _exchanges(count, seed):
        words = [chance.choice(short) for _ in range(4)]
        function, application = chance.choice(_FUNCTIONS), chance.choice(_APPLICATIONS)
        name = f"{function}({words[0]},{words[1]})"
        value = f"${{{name}}}" if chance.random() < 0.7 else f"$[{words[0]} + {words[3]}]"
        text = f"[fuzz]\nexten => x,1,Set(A={value})\n same => n,Set({name}={words[2]})\n"
        text += f" same => n,{application}({words[2]},{words[3]},${{A}})\n same => n,Hangup()\n"
        try:
            asterisk.set_dialplan(text.replace("\x00", ""))
        except ConfigError:
            result["refused"] += 1
            continue
        before = len(asterisk.exchange.channels)
        asterisk.request(originate)
        asterisk.advance(asterisk.now + 5)
        result["calls"] += 1
        result["still there after 5 s"] += len(asterisk.exchange.channels) > before
    return result


def fuzz_server(count: int, seed: int) -> Counter[str]:
    """Send random octets to a server, which must still respond to valid requests."""
    chance, result = random.Random(seed), Counter[str]()
    made = Requests(chance)
    with simulator.start(port=0) as running:
        place = urlsplit(running.url)
        for number in range(count):
            with (
                contextlib.suppress(OSError),
                socket.create_connection((place.hostname, place.port), 5) as connection,
            ):
                connection.settimeout(0.02)
                connection.sendall(spoil(made.octets(), chance))
                result["connections"] += 1
                if chance.random() < 0.5:
                    result["answers"] += bool(connection.recv(4096))
            if number % 50 == 49:
                url = f"{running.url}/ari/asterisk/ping"
                answer = requests.get(url, auth=running.credentials, timeout=5)
                result["pings answered"] += answer.status_code == 200
        assert result["pings answered"] == count // 50, result
    return result


class Unbroken(logging.Handler):
    """Context in which an exception that the simulator logs fails the run."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.broken: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Store log records with an exception."""
        if record.exc_info:
            self.broken.append(f"{record.getMessage()}: {record.exc_info[1]!r}"[:500])

    def __enter__(self) -> None:
        logging.getLogger().addHandler(self)

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)
        assert not self.broken, f"{len(self.broken)} broken, the first: {self.broken[0]}"


def _memory() -> float:
    """Return the maximum memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


PARTS = {
    "HTTP requests": fuzz_http,
    "REST over WebSocket": fuzz_messages,
    "WebSocket frames": fuzz_frames,
    "configuration": fuzz_configuration,
    "dialplans": fuzz_dialplan,
    "octets to a server": fuzz_server,
}
SLOW = ("configuration", "dialplans", "octets to a server")  # a tenth of the inputs for these


def run(count: int, seed: int) -> None:
    """Run all kinds of input and print the figures."""
    logging.disable(logging.WARNING)  # thousands of justified complaints
    for name, part in PARTS.items():
        inputs, started = count // 10 if name in SLOW else count, time.perf_counter()
        with Unbroken():
            result = part(inputs, seed)
        figures = ", ".join(f"{n:,} {what}" for what, n in sorted(result.items()))
        spent = time.perf_counter() - started
        print(f"{name}: {inputs:,} inputs in {spent:.1f} s, largest memory {_memory():.0f} MB")
        print(f"    {figures}", flush=True)
