"""A page in Chromium and a real Asterisk, as docs/how-to/in-the-browser.md describes it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.lite import served
from tests.conftest import RealAsterisk
from tests.views.lab import chromium

TOP = Path(__file__).parent.parent.parent
PYODIDE = Path(os.environ.get("PYODIDE_DIR", TOP / ".pyodide")) / "pyodide"
HOW_TO = TOP / "docs" / "how-to" / "in-the-browser.md"

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    pytest.importorskip("playwright.sync_api")
    with chromium() as running:
        yield running


def allow(asterisk: RealAsterisk, origin: str) -> None:
    text = (asterisk.own() / "etc/asterisk/ari.conf").read_text()
    changed = text.replace("enabled = yes", f"enabled = yes\nallowed_origins = {origin}", 1)
    asterisk.write_config("ari.conf", changed)
    asterisk.reload()


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """A page with a Pyodide, if there is one."""
    (tmp_path / "index.html").write_text("<!doctype html><title>A page</title>")
    if PYODIDE.exists():
        (tmp_path / "pyodide").symlink_to(PYODIDE)
    with served(tmp_path) as site:
        shown = browser.new_page()
        shown.set_default_timeout(120_000)
        shown.goto(site.url)
        yield shown
        shown.close()


def credentials(asterisk: RealAsterisk) -> list[str]:
    return [asterisk.url, asterisk.user, asterisk.password]


def test_python_of_an_allowed_origin_makes_a_call(real_asterisk: RealAsterisk, page: Any) -> None:
    if not (PYODIDE / "pyodide.js").exists():
        pytest.skip("no Pyodide: scripts/pyodide installs it")
    (program,) = re.findall(r"```python\n(import asyncio.*?)```", HOW_TO.read_text(), re.DOTALL)
    allow(real_asterisk, page.evaluate("location.origin"))
    try:
        page.add_script_tag(url="pyodide/pyodide.js")
        types = page.evaluate(
            """async ([program, server]) => {
                const pyodide = await loadPyodide();
                pyodide.runPython(program);
                return (await pyodide.globals.get("one_call")(...server)).toJs();
            }""",
            [program, credentials(real_asterisk)],
        )
    finally:
        real_asterisk.restore_files()
    assert types[0] == "opened"
    assert types[-1] == "StasisEnd"
    assert {"StasisStart", "RESTResponse", "PlaybackStarted", "PlaybackFinished"} <= {*types}


FETCH = """([url, user, password, method]) => {
    const key = encodeURIComponent(`${user}:${password}`);
    return fetch(`${url}/ari/channels?api_key=${key}&endpoint=Local/none@none&app=x`, {method})
        .then(answer => String(answer.status), String);
}"""


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_browser_withholds_answers_from_other_origins(
    real_asterisk: RealAsterisk, page: Any, method: str
) -> None:
    server = [*credentials(real_asterisk), method]
    assert "Failed to fetch" in page.evaluate(FETCH, server)
    allow(real_asterisk, page.evaluate("location.origin"))
    try:
        assert page.evaluate(FETCH, server) in ("200", "400", "500")
    finally:
        real_asterisk.restore_files()


def test_event_socket_opens_from_every_origin(real_asterisk: RealAsterisk, page: Any) -> None:
    opened = page.evaluate(
        """([url, user, password]) => new Promise(done => {
            const key = encodeURIComponent(`${user}:${password}`);
            const address = url.replace("http", "ws");
            const socket = new WebSocket(`${address}/ari/events?app=elsewhere&api_key=${key}`);
            socket.onopen = () => (done(true), socket.close());
            socket.onerror = () => done(false);
        })""",
        credentials(real_asterisk),
    )
    assert opened
