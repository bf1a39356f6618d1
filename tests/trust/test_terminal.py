"""Texts of callers and servers are shown in a terminal without escape sequences."""

from __future__ import annotations

import logging
import re
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ari_notebook.client.errors import AriError, NotFound, NotSent
from ari_notebook.connection.notices import Notices
from ari_notebook.sessions.command_line import main
from ari_notebook.store.plain_text import clean, printable
from ari_notebook.store.request_log import SentRequest
from tests.magics.prompt import Prompt

HOSTILE = "\x1b]0;owned\x07\x1b[31mEvil\x9b2J\u202e\u2066\u200e\u200b\ud800"
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u202a-\u202e\u2066\ud800-\udfff]")


def test_clean_texts_keep_words_and_lines() -> None:
    assert printable("Zoë\t1\n2 \U0001f600") == "Zoë\t1\n2 \U0001f600"
    assert not STEERING.search(printable(HOSTILE))
    assert "Evil" in printable(HOSTILE)
    assert clean("x" * 400) == "x" * 299 + "…"
    assert clean(None) == ""


@pytest.fixture(scope="module")
def prompt() -> Iterator[Prompt]:
    """Return a prompt wide enough for every column."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "300")
        yield from _prompt()


def _prompt() -> Iterator[Prompt]:
    opened = Prompt()
    opened("%ari connect --subscribe-all")
    opened("import pandas; pandas.set_option('display.max_columns', None)")
    session = opened.names["ari"]
    hostile = HOSTILE.encode("utf-8", "replace").decode()
    session.call("1000", caller=f"{hostile} <5551>")
    session.wait_for("StasisStart")
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "typed",
    [
        *(f"%ari {verb}" for verb in ("channels", "events", "calls", "endpoints", "status")),
        *(f"ari.{name}.df" for name in ("channels", "events", "calls", "requests")),
        "ari.events.tail()",
        "ari.channels.df['caller_name']",
        "ari.requests",
        "ari.channels",
        "list(ari.channels)",
        "ari.drift",
        "ari.status",
        "ari",
        "ari.events.last('StasisStart')",
        "{'caller': ari.channels.df}",
    ],
)
def test_output_has_no_terminal_control_characters(prompt: Prompt, typed: str) -> None:
    shown = prompt.type(typed).out
    assert shown.strip()
    assert not STEERING.search(re.sub("\x1b\\[[0-9;]*m", "", shown)), shown


@pytest.fixture(scope="module")
def hostile_ids(prompt: Prompt) -> str:
    """Ids, names, variables and events of hostile texts; the text, as JSON can carry it."""
    text = HOSTILE.encode("utf-8", "replace").decode()
    ari = prompt.names["ari"]
    app = ari.apps[0]
    ari.channels.originate(
        "Local/1002@default", app=app, channelId=f"c{text}", variables={f"V{text}": text}
    )
    ari.wait_for("StasisStart")
    ari.bridges.create(type="mixing", name=text, bridgeId=f"b{text}")
    ari.device_states.update(f"Stasis:{text}", "INUSE")
    ari.channels.play(f"c{text}", "tone:ring", playbackId=f"p{text}")
    ari.channels.record(f"c{text}", f"r{text}", "wav")
    ari.events.user_event(text, application=app, variables={text: text})
    ari.wait_for("ChannelUserevent")
    with pytest.raises(AriError):
        ari.channels.hangup(f"none{text}")
    return text


@pytest.mark.parametrize(
    "typed",
    [
        *(f"%ari {verb}" for verb in ("channels", "bridges", "events", "calls", "devices")),
        *(f"ari.{name}.df" for name in ("channels", "bridges", "playbacks", "recordings")),
        *(f"list(ari.{name})" for name in ("channels", "bridges", "playbacks", "device_states")),
        "ari.device_states.df",
        "ari.channels.df.T",
        "ari.channels.df.iloc[-1]",
        "ari.events[-1]",
        "ari.requests.last",
        "ari.requests.df",
        "print(list(ari.channels)[-1])",
        "ari.ladder()",
        "%ari curl",
    ],
)
def test_hostile_ids_steer_nothing(prompt: Prompt, hostile_ids: str, typed: str) -> None:
    shown = prompt.type(typed).out
    assert not STEERING.search(re.sub("\x1b\\[[0-9;]*m", "", shown)), shown


@pytest.mark.parametrize(
    "line",
    [
        "%ari chan{}", "%ari hangup {}", "%ari channels --{}=1", "%ari connect http://x{}",
        "%ari wait {}", "%ari play {}", "%ari off {}", "%ari capture start /none/x{}",
        "%ari docs {}", "%ari bridge create --name={}", "ari.find_channel({!r})",
        "ari.request('GET', '/x' + {!r})", "ari.operation({!r})", "getattr(ari, {!r})",
    ],
)  # fmt: skip
def test_line_of_control_characters_is_echoed_without_them(
    prompt: Prompt, hostile_ids: str, line: str
) -> None:
    shown = prompt.type(line.format(hostile_ids)).out
    plain = re.sub("\x1b\\[[0-9;]*m", "", shown)
    assert not STEERING.search(plain), shown


def test_hostile_caller_is_there_to_be_shown(prompt: Prompt) -> None:
    assert "\x1b" in prompt.names["ari"].channels.df["caller_name"].iloc[0]
    assert "Evil" in prompt.type("%ari channels").out


@pytest.mark.parametrize("kind", [AriError, NotFound, NotSent])
def test_error_texts_are_printable(kind: type[AriError]) -> None:
    error = kind(HOSTILE, HOSTILE, request=HOSTILE)
    assert not STEERING.search(str(error))
    assert error.message == HOSTILE


def test_notices_and_requests_are_printable(caplog: pytest.LogCaptureFixture) -> None:
    said: list[str] = []
    notices = Notices()
    notices.add_listener(said.append)
    with caplog.at_level(logging.INFO):
        notices.publish(HOSTILE, detail=HOSTILE)
    assert len(said) == 1
    assert not STEERING.search(said[0])
    assert not STEERING.search(caplog.text)
    sent: Any = SentRequest.__new__(SentRequest)
    fields = {"status": 404, "message": HOSTILE, "method": "GET", "path": HOSTILE}
    for name, value in fields.items():
        object.__setattr__(sent, name, value)
    assert not STEERING.search(str(sent))


def test_doctor_prints_nothing_that_steers(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARI_PASSWORD", "x")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        head = f"HTTP/1.1 200 {HOSTILE[:-1]}\r\nServer: {HOSTILE[:-1]}\r\nContent-Length: 0\r\n\r\n"
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(head.encode())

    threading.Thread(target=serve, daemon=True).start()
    main(["doctor", f"http://127.0.0.1:{listener.getsockname()[1]}"])
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    assert not STEERING.search(capsys.readouterr().out)
