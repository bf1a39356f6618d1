"""The simulator as somebody meets it who should not be there.

More of it, each where its module is tested: limits of lines, headers, bodies and frames in
tests/simulator/test_http11.py and test_frames.py; of connections and silence in test_shell.py; the
loopback in test_cli.py; users, hashes and addresses in test_auth.py and test_pipeline.py; names of
recordings in test_stored.py.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from ari_notebook import simulator
from ari_notebook.simulator.config import Http, read_config
from ari_notebook.simulator.exchange import Exchange
from ari_notebook.simulator.messages import Request, Response
from ari_notebook.simulator.rest.auth import matches
from benchmarks.fuzz_simulator import Unbroken
from tests.simulator.raw import basic, request, send

LOGIN = tuple(basic("asterisk", "asterisk").split(": ", 1))
TRICKS = [
    "../outside", "..%2Foutside", "%2e%2e%2foutside", "..%5coutside", "%2Foutside", "//outside",
    "a/../../outside", "a%2F..%2F..%2Foutside", "outside%00.wav", "..%252foutside",
    "%c0%ae%c0%ae/outside", "x" * 300, "x/" * 1500 + "x", "ok.wav/x",
]  # fmt: skip


def test_it_listens_on_the_loopback_unless_it_is_told_otherwise(tmp_path: Path) -> None:
    assert Http().address == Http().tls_address == "127.0.0.1"
    (tmp_path / "http.conf").write_text("[general]\nenabled = yes\n")
    assert read_config(tmp_path).http.address == "127.0.0.1"
    with simulator.start() as running:
        assert running.url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("path", ["/ari/channels", "/ari/nothing", "/ari/events?app=x"])
@pytest.mark.parametrize(
    "login",
    [
        "X: no login at all",
        basic("asterisk", "wrong"),
        basic("nobody", "asterisk"),
        basic("", ""),
        "Authorization: Basic ====",
        "Authorization: Bearer asterisk",
    ],
)
def test_nothing_is_told_without_the_password(exchange_server: Any, path: str, login: str) -> None:
    """And a wrong password is answered as an unknown user is."""
    octets = request(exchange_server, "GET", path, login, "Upgrade: websocket", auth=False)
    answer, _ = send(exchange_server.url, octets)
    assert answer.startswith("HTTP/1.1 401 Unauthorized"), answer


def test_a_password_is_compared_in_a_time_that_does_not_tell_how_much_of_it_is_right() -> None:
    """Of passwords this long an early end would take a thousandth of the time."""
    kept = "x" * 2_000_000
    near, far = kept[:-1] + "y", "y" + kept[1:]

    def spent(given: str) -> float:
        began = time.perf_counter()
        assert not matches(given, kept, "plain")
        return time.perf_counter() - began

    times = {given: min(spent(given) for _ in range(15)) for given in (near, far)}
    assert 1 / 3 < times[near] / times[far] < 3


@pytest.fixture
def guarded(tmp_path: Path) -> tuple[Exchange, Path]:
    """An exchange whose recordings lie beside a file that is nobody's business."""
    spool = tmp_path / "spool"
    spool.mkdir()
    for name in ("outside", "outside.wav"):
        (tmp_path / name).write_bytes(b"top secret")
    exchange = Exchange(read_config(), start=0.0, seed=1)
    exchange.media.stored.directory = spool
    return exchange, tmp_path


@pytest.mark.parametrize("trick", TRICKS)
def test_no_name_leads_to_a_file_outside(guarded: tuple[Exchange, Path], trick: str) -> None:
    exchange, outside = guarded
    before = {path: path.read_bytes() for path in outside.iterdir() if path.is_file()}

    def ask(method: str, target: str) -> Response:
        answer = exchange.request(Request(method, f"/ari{target}", [LOGIN]))
        assert isinstance(answer, Response)
        assert b"top secret" not in answer.body, (target, answer)
        return answer

    ask("POST", "/channels?channelId=c&endpoint=Local/1002@default&app=x&extension=1002")
    exchange.advance(1.0)
    for target in (f"/recordings/stored/{trick}", f"/recordings/stored/{trick}/file"):
        answer = ask("GET", target)  # two slashes lead to the list, which is empty
        assert answer.status in (400, 403, 404) or answer.body == b"[]", target
        assert ask("DELETE", target).status in (400, 403, 404, 405), target
    ask("GET", f"/sounds/{trick}")
    ask("POST", f"/recordings/stored/{trick}/copy?destinationRecordingName=copy")
    ask("POST", "/channels/c/record?name=ok&format=wav&maxDurationSeconds=1")
    exchange.advance(3.0)
    with Unbroken():
        ask("POST", f"/recordings/stored/ok/copy?destinationRecordingName={trick}")
    ask("POST", f"/channels/c/record?name={trick}&format=wav&ifExists=overwrite")
    ask("POST", f"/channels/c/record?name=ok&format=wav/{trick}&ifExists=overwrite")
    ask("POST", f"/channels/c/play?media=sound:{trick}")
    ask("POST", f"/channels/c/play?media=recording:{trick}")
    exchange.advance(5.0)
    ask("DELETE", "/channels/c")
    exchange.advance(6.0)
    assert {path: path.read_bytes() for path in outside.iterdir() if path.is_file()} == before


def test_an_origin_that_is_not_allowed(tmp_path: Path) -> None:
    """A page from elsewhere gets no leave to read answers; sockets ask for the password alone.

    The next test holds that against a real Asterisk.
    """
    for file in (Path(simulator.__file__).parent.parent / "config").glob("*.conf"):
        text = file.read_text()
        if file.name == "ari.conf":
            text = text.replace("allowed_origins = *", "allowed_origins = http://a.example")
        (tmp_path / file.name).write_text(text)
    with simulator.start(tmp_path) as running:
        check_origins(running)


def test_an_origin_that_is_not_allowed_on_a_real_one(real_asterisk: Any) -> None:
    path = real_asterisk.own() / "etc/asterisk/ari.conf"
    text = path.read_text()
    assert "allowed_origins = *" in text
    real_asterisk.write_config(
        "ari.conf", text.replace("allowed_origins = *", "allowed_origins = http://a.example")
    )
    real_asterisk.reload()
    try:
        check_origins(real_asterisk)
    finally:
        real_asterisk.restore_files()


def check_origins(server: Any) -> None:
    def answer(path: str, origin: str, *headers: str) -> str:
        octets = request(server, "GET", path, f"Origin: {origin}", *headers)
        return send(server.url, octets)[0].split("\r\n\r\n")[0]

    assert "Access-Control-Allow-Origin: http://a.example" in answer(
        "/ari/asterisk/ping", "http://a.example"
    )
    assert "Access-Control" not in answer("/ari/asterisk/ping", "http://evil.example")
    upgrade = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
    for origin in ("http://a.example", "http://evil.example"):
        key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
        told = answer("/ari/events?app=x", origin, *upgrade, key)
        assert told.startswith("HTTP/1.1 101"), told
        assert "Access-Control" not in told
