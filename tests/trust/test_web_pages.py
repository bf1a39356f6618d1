"""A web page from elsewhere cannot use a simulator of this machine, nor read a served capture."""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import requests

import ari_notebook
from ari_notebook import simulator
from ari_notebook.captures.replay.server import ServedCapture
from ari_notebook.simulator.config.settings import User, read_config
from ari_notebook.simulator.server.origin import is_local, refusal
from tests.demonstration import FOLDER
from tests.simulator.raw import request, send

ENDLESS = 'REGEX("^(a+)+$" ' + "a" * 40 + "!)"
TOP = Path(__file__).parent.parent.parent


def test_embedded_simulators_have_passwords_of_their_own(tmp_path: Path) -> None:
    with simulator.start() as one, simulator.start() as another:
        passwords = {one.password, another.password, one.password_of("observer")}
        assert len(passwords) == 3
        assert all(len(each) == 22 for each in passwords)  # 128 bits
        for shown in (repr(one), str(vars(one)), repr(one.exchange.config)):
            assert one.password not in shown
    assert "secret" not in repr(User("name", "secret"))
    with ari_notebook.connect() as ari, ari.capture(tmp_path / "day.jsonl"):
        ari.call("1000")
        ari.wait_for("StasisStart")
    with ServedCapture(tmp_path / "day.jsonl") as served:
        assert len(served.password) == 22
        assert served.password not in repr(served)


def test_no_file_of_ours_has_a_password_or_opens_every_origin() -> None:
    files = [*FOLDER.iterdir(), *(TOP / "binder").iterdir(), TOP / "README.md"]
    files += [*(TOP / "docs").rglob("*.md"), *(TOP / "notebooks").glob("*.ipynb")]
    for file in files:
        text = file.read_text()
        assert not re.search(r"allowed_origins *= *\*", text), file
        assert not re.search(r"(?i)password *[=:] *[\"'`]?asterisk\b(?!-)", text), file
        assert "asterisk:asterisk" not in text, file
    assert all(len(user.password) == 22 for user in read_config().ari.users.values())


@pytest.mark.parametrize(
    ("site", "allowed", "refused"),
    [
        ("cross-site", (), True),
        ("Cross-Site", ("http://page.example",), True),
        ("same-site", (), True),  # another port of this machine
        ("cross-site", ("*",), False),
        ("same-origin", (), False),
        ("none", (), False),  # the address bar
    ],
)
def test_images_and_links_of_web_pages_are_refused(
    site: str, allowed: tuple[str, ...], refused: bool
) -> None:
    headers = [("Host", "127.0.0.1:8088"), ("Sec-Fetch-Site", site)]
    assert (refusal(headers, allowed, local=True) is not None) == refused


@pytest.mark.parametrize(
    ("host", "origin", "allowed", "refused"),
    [
        ("127.0.0.1:8088", "", (), False),
        ("localhost:8088", "", (), False),
        ("[::1]:8088", "", (), False),
        ("", "", (), False),
        ("127.0.0.1:8088", "http://127.0.0.1:8088", (), False),  # as websocket-client sends it
        ("127.0.0.1:8088", "http://page.example", ("http://page.example",), False),
        ("127.0.0.1:8088", "http://page.example", ("*",), False),
        ("127.0.0.1:8088", "http://page.example", (), True),
        ("127.0.0.1:8088", "http://127.0.0.1:9999", (), True),
        ("127.0.0.1:8088", "null", (), True),
        ("rebound.example:8088", "", (), True),
        ("rebound.example:8088", "http://rebound.example:8088", ("*",), True),
        ("127.0.0.1.example:8088", "", (), True),
        ("[::1", "", (), True),
        ("LocalHost:8088", "", (), False),
        ("localhost.:8088", "", (), False),
        ("evil.localhost:8088", "http://evil.localhost:8088", (), False),  # is loopback by RFC 6761
        ("[::ffff:127.0.0.1]:8088", "", (), False),
        ("127.1:8088", "", (), True),
        ("2130706433:8088", "", (), True),
        ("0.0.0.0:8088", "", (), True),
        ("user@127.0.0.1:8088@evil.example", "", (), True),
        ("127.0.0.1:8088", "HTTP://EVIL.EXAMPLE", (), True),
        ("127.0.0.1:8088", "http://127.0.0.1:8088.evil.example", (), True),
        ("127.0.0.1:8088", "http://x@127.0.0.1:8088", (), True),
    ],
)
def test_host_and_origin_of_web_pages_are_refused(
    host: str, origin: str, allowed: tuple[str, ...], refused: bool
) -> None:
    headers = [("Host", host), ("Origin", origin)]
    assert (refusal(headers, allowed, local=True) is not None) == refused


def test_host_is_free_where_other_machines_may_ask() -> None:
    assert not any(map(is_local, ("0.0.0.0", "", "pbx.example")))
    assert refusal([("Host", "pbx.example:8088")], (), local=False) is None


def test_request_of_a_page_is_refused_before_the_password_is_looked_at() -> None:
    with simulator.start() as running:
        for wrong in ("Origin: https://evil.example", "Host: rebound.example"):
            octets = request(running, "GET", "/ari/channels", wrong)
            if wrong.startswith("Host"):
                octets = octets.replace(b"Host: localhost:1\r\n", b"")
            answer, _ = send(running.url, octets)
            assert answer.startswith("HTTP/1.1 403 Forbidden"), answer
            assert "Access-Control" not in answer


def test_expression_without_end_is_answered_at_once() -> None:
    with simulator.start() as running:
        base, auth = f"{running.url}/ari", running.credentials
        made = requests.post(
            f"{base}/channels",
            params={"endpoint": "Local/1002@default", "extension": "1002"},
            auth=auth,
            timeout=5,
        ).json()
        began = time.monotonic()
        answer = requests.get(
            f"{base}/channels/{made['id']}/variable",
            params={"variable": ENDLESS},
            auth=auth,
            timeout=10,
        )
        assert answer.json() == {"value": "0"}
        assert time.monotonic() - began < 5


PAGE = """<!doctype html><title>evil</title><script>
async function tried(url, options) {
  try {
    const answer = await fetch(url, options);
    return answer.type + " " + answer.status + " " + await answer.text();
  } catch (error) { return "failed"; }
}
function socket(url) {
  return new Promise(done => {
    const opened = new WebSocket(url);
    opened.onopen = () => done("opened");
    opened.onerror = () => done("failed");
  });
}
</script>"""


@contextmanager
def page_server() -> Iterator[str]:
    """Serve `PAGE` on another origin than the simulator's."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(PAGE.encode())

        def log_message(self, *_: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.browser
def test_page_in_chromium_neither_reads_nor_acts(browser: Any) -> None:
    """Even with the password the page can do nothing."""
    with simulator.start() as running, page_server() as url:
        page = browser.new_page()
        page.goto(url)
        base = f"{running.url}/ari"
        for password in ("asterisk", running.password):
            key = f"api_key=asterisk:{quote(password)}"
            read = page.evaluate(f"tried('{base}/channels?{key}')")
            assert read == "failed"
            made = f"{base}/channels?endpoint=Local/1002@default&extension=1002&{key}"
            plain = "{method: 'POST', mode: 'no-cors', headers: {'Content-Type': 'text/plain'}}"
            page.evaluate(f"tried('{made}', {plain})")
            listening = base.replace("http", "ws", 1) + f"/events?app=evil&{key}"
            assert page.evaluate(f"socket('{listening}')") == "failed"
        link = f"{base}/channels?api_key=asterisk:{quote(running.password)}"
        with page.expect_navigation():
            page.evaluate(f"location.href = '{link}'")
        assert "is not in allowed_origins" in page.content()
        page.goto(url)
        rebound = running.url.replace("127.0.0.1", "rebound.example")
        assert urlsplit(rebound).hostname == "rebound.example"
        page.goto(f"{rebound}/ari/channels?api_key=asterisk:{quote(running.password)}")
        assert "is not this machine" in page.content()
        assert running.run(lambda asterisk: list(asterisk.exchange.channels)) == []
        assert running.run(lambda asterisk: asterisk.exchange.event_bus.names()) == []
        page.close()


@pytest.fixture
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    arguments = [
        "--no-sandbox",
        "--disable-background-networking",
        "--host-resolver-rules=MAP rebound.example 127.0.0.1",
    ]
    with sync_api.sync_playwright() as play:
        started = play.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        yield started
        started.close()
