"""What was done with a call, exported as a program and as a flow that run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TOP
from tests.views.axe import findings
from tests.views.conftest import needs
from tests.views.lab import running_lab
from tests.views.panel.test_panel_walk_browser import BOTH, connection_to, panel_of
from tests.views.shown import Shown

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SENT = """
for each in ari.requests:
    print(each.method, *each.path.split("/")[3:4])
"""
DONE = ["POST answer", "POST play", "DELETE"]


def hastened(text: str) -> str:
    """Return a text with short pauses, in which the flow still waits for the telephone."""
    text = re.sub(r"time\.sleep\([\d.]+\)", "time.sleep(0.2)", text)
    return re.sub(r"call\.sleep\([\d.]+\)", "call.sleep(3)", text)


def runs(text: str, folder: Path, secret: dict[str, str]) -> list[str]:
    """Run an exported text and return the requests that it sent."""
    here = {name: value for name, value in os.environ.items() if not name.startswith("ARI_")}
    file = folder / "exported.py"
    file.write_text(f"{hastened(text)}\n{SENT}\n")
    done = subprocess.run(
        [sys.executable, str(file)],
        env={**here, **secret, "PYTHONPATH": str(TOP)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def handle(shown: Shown) -> None:
    """Call from the telephone, answer, play to the end, take a key, and hang up."""
    shown.panel.get_by_label("Extension").fill("1003")
    shown.button("Call").click()
    shown.rows.first.wait_for()
    shown.choose(str(shown.rows.first.get_attribute("data-id")))
    shown.inspect("Answer")
    shown.says("Up", "li.channel .state")
    shown.panel.get_by_label("What to play").fill("sound:beep")
    shown.inspect("Play")
    shown.says("PlaybackFinished", ".log")
    shown.button("Press 4").click()
    shown.says("⌨ 4", "li.channel")
    shown.confirm("Hang up", ".inspector")
    shown.panel.get_by_text("No active calls.").wait_for()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("server", BOTH)
def test_exported_program_and_flow_run(
    server: str, request: pytest.FixtureRequest, browser: Any, tmp_path: Path
) -> None:
    needs("jupyterlab")
    connect, secret = "%ari connect;", dict[str, str]()
    if server == "real":
        connect, secret = connection_to(request.getfixturevalue("real_asterisk"))
    with running_lab(tmp_path, secret) as lab, panel_of(browser, lab, connect) as (shown, notes):
        handle(shown)
        shown.button("Export what I did").click()
        code = shown.panel.locator("section.program pre")
        code.wait_for()
        program = code.inner_text()
        assert shown.page.evaluate("document.activeElement.textContent") == "Program"
        shown.page.keyboard.press("Tab")
        shown.page.keyboard.press("Enter")
        shown.says("@ari.flow(exten='1003')", "section.program pre")
        flow = code.inner_text()
        assert findings(shown.page, ".ari-panel section.program") == []
        shown.page.keyboard.press("Escape")
        shown.panel.locator("section.program").wait_for(state="detached")
        assert shown.page.evaluate("document.activeElement.textContent") == "Export what I did"
        shown.kernel.run("ari.close()")  # one session has the application at a time
        notes.check()
    for step in ("call.answer()", "call.say('sound:beep')", "phone1.press('4')", "call.hangup()"):
        assert step in flow
    for text in (program, flow):
        sent = runs(text, tmp_path, secret)
        assert [line for line in sent if line.startswith(("POST", "DELETE"))] == DONE, text
