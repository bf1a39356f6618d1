"""The site that scripts/lite builds, in Chromium: the first notebook, sound, and a reload."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.lite import Site, open_first, ring, served
from tests.views.lab import chromium

TOP = Path(__file__).parent.parent.parent
PYODIDE = Path(os.environ.get("PYODIDE_DIR", TOP / ".pyodide")) / "pyodide"
OWN_MEGABYTES = 15
WORK = "# What the learner wrote"
# Counts tones as they begin; the real parts play them.
TONES = """
window.tones = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) {
    window.tones.push(this.frequency.value);
    return start.apply(this, when);
};
"""
ELSEWHERE = re.compile(r"^(?:https?|wss?)://(?!127\.0\.0\.1:).*")

# In order, and in one page: its kernel takes long to start. Nightly, for the minutes that it takes.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.nightly,
    pytest.mark.timeout(1800),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site in the folder LITE_SITE, or a new one with the Pyodide of scripts/pyodide."""
    given = os.environ.get("LITE_SITE")
    folder = Path(given) if given else tmp_path_factory.mktemp("lite") / "site"
    if not given:
        if not (PYODIDE / "pyodide.mjs").exists():
            pytest.skip("no Pyodide: scripts/pyodide installs it")
        if importlib.util.find_spec("jupyterlite_core") is None:
            pytest.skip("no JupyterLite: pip install -e '.[lite]', or set LITE_SITE")
        build = str(TOP / "scripts" / "lite")
        command = [sys.executable, build, str(folder), "--pyodide", str(PYODIDE)]
        subprocess.run(command, check=True, cwd=TOP)
    with served(folder) as running:
        yield running


@pytest.fixture(scope="module")
def page(site: Site) -> Iterator[Any]:
    """The first notebook. A site with a Pyodide of its own requests nothing from elsewhere."""
    pytest.importorskip("playwright.sync_api")
    left: list[str] = []
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        shown = context.new_page()
        shown.add_init_script(TONES)
        shown.on("request", lambda made: left.extend(ELSEWHERE.findall(made.url)))
        open_first(shown, site)
        yield shown
        context.close()
    if any("/static/pyodide/" in path for path in site.sizes):
        assert left == []


def test_click_on_answer_answers_the_first_call(page: Any) -> None:
    ring(page)
    demo = page.locator(".ari-page").first
    demo.get_by_role("button", name="Answer").click()
    demo.get_by_role("heading", name="You are on the line").wait_for()
    demo.get_by_role("button", name="key 1", exact=True).click()
    demo.locator(".event", has_text="ChannelDtmfReceived").wait_for()
    demo.get_by_role("button", name="Hang up").click()
    demo.get_by_role("heading", name="The call is over").wait_for()


def run_all(page: Any) -> None:
    """Run all cells of the notebook, and wait for the last one."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    last = page.locator(".jp-Notebook .jp-CodeCell").last
    last.locator(".jp-InputPrompt", has_text=re.compile(r"\[\d+\]")).wait_for()


def add_cell(page: Any, code: str) -> None:
    """Write a cell below the last one, and run it."""
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    before = cells.count()
    cells.last.locator(".cm-content").click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    cells.nth(before).locator(".cm-content").click()
    page.keyboard.insert_text(code)
    page.keyboard.press("Shift+Enter")


def test_first_notebook_runs_from_top_to_bottom(page: Any) -> None:
    run_all(page)
    errors = page.locator("[data-mime-type='application/vnd.jupyter.error']")
    assert errors.all_inner_texts() == []
    assert page.locator(".ari-panel").count() == 1


def test_panel_calls_and_plays_a_tone_after_a_click(page: Any) -> None:
    add_cell(page, "%ari connect\n%ari panel")
    panel = page.locator(".ari-panel").last
    panel.get_by_role("button", name="Call", exact=True).click()
    panel.locator("li.channel").first.wait_for()
    add_cell(page, "next(iter(ari.channels)).play('tone:busy')")
    panel.get_by_text("tone:busy").first.wait_for()
    assert page.evaluate("window.tones") == []
    panel.get_by_role("button", name="Listen", exact=True).click()
    page.wait_for_function("() => window.tones.includes(480) && window.tones.includes(620)")


def test_reload_keeps_the_learners_work(page: Any) -> None:
    first = page.locator(".jp-Notebook .jp-CodeCell").first  # the others may not be drawn yet
    first.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(f"\n{WORK}")
    page.keyboard.press("Control+s")
    page.locator(".jp-NotebookCheckpoint", has_text=re.compile("now|second")).wait_for()
    page.reload()
    first.filter(has_text=WORK).wait_for()


def test_own_files_of_the_page_are_small(page: Any, site: Site) -> None:
    assert site.loaded / 1e6 < OWN_MEGABYTES
