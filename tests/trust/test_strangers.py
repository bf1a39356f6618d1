"""The simulator towards unauthorised clients.

More of it, each where its module is tested: in tests/simulator/, limits of lines, headers,
bodies and frames in wire/; of connections and silence in server/test_server.py; the loopback in
test_cli.py; users, hashes and addresses in rest/test_auth.py and rest/test_pipeline.py; names of
recordings in media/test_stored_recordings.py.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from ari_notebook import simulator
from ari_notebook.simulator import SimulatedAsterisk
from ari_notebook.simulator.config.settings import HttpSettings, read_config
from ari_notebook.simulator.messages import Request, Response
from ari_notebook.simulator.rest.auth import matches
from benchmarks.fuzz_simulator import Unbroken
from tests.conftest import RealAsterisk
from tests.demonstration import ari_conf, copy_demonstration, demonstration
from tests.helpers.servers import Server
from tests.simulator.raw import basic, request, send

LOGIN = ("Authorization", basic("asterisk", "asterisk").removeprefix("Authorization: "))
TRICKS = [
    "../outside", "..%2Foutside", "%2e%2e%2foutside", "..%5coutside", "%2Foutside", "//outside",
    "a/../../outside", "a%2F..%2F..%2Foutside", "outside%00.wav", "..%252foutside",
    "%c0%ae%c0%ae/outside", "x" * 300, "x/" * 1500 + "x", "ok.wav/x",
]  # fmt: skip


def test_default_host_is_loopback(tmp_path: Path) -> None:
    assert HttpSettings().address == HttpSettings().tls_address == "127.0.0.1"
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
        basic("nosuch", "asterisk"),
        basic("", ""),
        "Authorization: Basic ====",
        "Authorization: Bearer asterisk",
    ],
)
def test_responses_without_the_password_have_no_data(
    exchange_server: Server, path: str, login: str
) -> None:
    """A wrong password gets the same response as an unknown user."""
    octets = request(exchange_server, "GET", path, login, "Upgrade: websocket", auth=False)
    answer, _ = send(exchange_server.url, octets)
    assert answer.startswith("HTTP/1.1 401 Unauthorized"), answer


def test_password_is_compared_in_constant_time() -> None:
    """With passwords this long an early return would take a thousandth of the time."""
    kept = "x" * 2_000_000
    near, far = kept[:-1] + "y", "y" + kept[1:]

    def spent(given: str) -> float:
        began = time.perf_counter()
        assert not matches(given, kept, "plain")
        return time.perf_counter() - began

    times = {given: min(spent(given) for _ in range(15)) for given in (near, far)}
    assert 1 / 3 < times[near] / times[far] < 3


@pytest.fixture
def guarded(tmp_path: Path) -> tuple[SimulatedAsterisk, Path]:
    """An exchange whose recordings lie beside a private file."""
    spool = tmp_path / "spool"
    spool.mkdir()
    for name in ("outside", "outside.wav"):
        (tmp_path / name).write_bytes(b"top secret")
    asterisk = SimulatedAsterisk(demonstration(), start=0.0, seed=1)
    asterisk.ari.media.stored.directory = spool
    return asterisk, tmp_path


@pytest.mark.parametrize("trick", TRICKS)
def test_no_name_leads_to_a_file_outside(
    guarded: tuple[SimulatedAsterisk, Path], trick: str
) -> None:
    asterisk, outside = guarded
    before = {path: path.read_bytes() for path in outside.iterdir() if path.is_file()}

    def ask(method: str, target: str) -> Response:
        answer = asterisk.request(Request(method, f"/ari{target}", [LOGIN]))
        assert isinstance(answer, Response)
        assert b"top secret" not in answer.body, (target, answer)
        return answer

    ask("POST", "/channels?channelId=c&endpoint=Local/1002@default&app=x&extension=1002")
    asterisk.advance(1.0)
    for target in (f"/recordings/stored/{trick}", f"/recordings/stored/{trick}/file"):
        answer = ask("GET", target)  # two slashes lead to the list, which is empty
        assert answer.status in (400, 403, 404) or answer.body == b"[]", target
        assert ask("DELETE", target).status in (400, 403, 404, 405), target
    ask("GET", f"/sounds/{trick}")
    ask("POST", f"/recordings/stored/{trick}/copy?destinationRecordingName=copy")
    ask("POST", "/channels/c/record?name=ok&format=wav&maxDurationSeconds=1")
    asterisk.advance(3.0)
    with Unbroken():
        ask("POST", f"/recordings/stored/ok/copy?destinationRecordingName={trick}")
    ask("POST", f"/channels/c/record?name={trick}&format=wav&ifExists=overwrite")
    ask("POST", f"/channels/c/record?name=ok&format=wav/{trick}&ifExists=overwrite")
    ask("POST", f"/channels/c/play?media=sound:{trick}")
    ask("POST", f"/channels/c/play?media=recording:{trick}")
    asterisk.advance(5.0)
    ask("DELETE", "/channels/c")
    asterisk.advance(6.0)
    assert {path: path.read_bytes() for path in outside.iterdir() if path.is_file()} == before


def _with_origin(text: str) -> str:
    return text.replace("enabled = yes", "enabled = yes\nallowed_origins = http://a.example", 1)


def test_cors_headers_are_for_allowed_origins(tmp_path: Path) -> None:
    """A page from elsewhere gets no leave to read answers; sockets ask for the password alone.

    The next test holds that against a real Asterisk.
    """
    copy_demonstration(tmp_path)
    (tmp_path / "ari.conf").write_text(_with_origin(ari_conf()))
    with simulator.start(tmp_path, check_origin=False) as running:
        check_origins(running)


def test_cors_headers_on_a_real_asterisk(real_asterisk: RealAsterisk) -> None:
    text = (real_asterisk.own() / "etc/asterisk/ari.conf").read_text()
    real_asterisk.write_config("ari.conf", _with_origin(text))
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
        published = answer("/ari/events?app=x", origin, *upgrade, key)
        assert published.startswith("HTTP/1.1 101"), published
        assert "Access-Control" not in published
