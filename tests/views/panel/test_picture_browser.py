"""The picture of the panel that a saved notebook has: renewed, and alone in an exported page."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.waiting import until
from tests.views.axe import findings
from tests.views.conftest import watched_page
from tests.views.lab import Kernel, Lab, Notes, new_context, open_notebook, run_done

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PICTURES = Path(__file__).parents[3] / "build" / "pictures"
CELLS = ("%load_ext ari_notebook\n%ari connect;", "%ari panel")


def saved_text(lab: Lab, name: str) -> str:
    """Return the picture's HTML in a notebook's file; empty while that is written."""
    try:
        cells = json.loads((lab.folder / name).read_text())["cells"]
    except ValueError:
        return ""
    html = [out["data"].get("text/html", "") for out in cells[1]["outputs"] if "data" in out]
    return next(("".join(each) for each in html if "ari-snapshot" in "".join(each)), "")


def save_until(page: Any, saved: Callable[[], bool]) -> None:
    """Save the notebook until its file is as expected: the page gets a picture every 10 s."""

    def tried() -> bool:
        page.locator(".jp-Notebook").click(position={"x": 5, "y": 5})
        page.keyboard.press("Control+s")
        page.wait_for_timeout(1000)
        return saved()

    until(tried, 60)
    page.wait_for_function("!document.querySelector('.jp-mod-dirty')")


@pytest.mark.parametrize("mood", ["light", "dark"])
def test_picture_is_renewed_after_reload_and_stands_alone(
    browser: Any, request: pytest.FixtureRequest, mood: str
) -> None:
    lab: Lab = request.getfixturevalue("lab" if mood == "light" else "dark_lab")
    name = f"picture-{mood}.ipynb"
    with watched_page(browser) as (page, notes):
        open_notebook(page, lab, lab.write(name, *CELLS))
        run_done(page, 0)
        run_done(page, 1)
        kernel = Kernel(lab)
        kernel.run("early = ari.call('1000', caller='Early <5551>')")
        page.locator(".ari-panel li.channel", has_text="Early").wait_for()
        save_until(page, lambda: "Early" in saved_text(lab, name))
        page.reload()
        page.locator(".ari-panel li.channel", has_text="Early").wait_for()
        kernel.run("late = ari.call('1000', caller='Late <5552>'); early.hangup()")
        page.locator(".ari-panel li.channel", has_text="Late").wait_for()
        page.wait_for_timeout(11_000)  # by then the page has the next picture
        assert page.locator(".jp-mod-dirty").count() == 0
        save_until(page, lambda: "Late" in saved_text(lab, name))
        assert page.locator(".ari-snapshot").count() == 1
        assert not page.locator(".ari-snapshot").is_visible()
        kernel.close()
        notes.check()
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--log-level=ERROR"]
    theme = [f"--HTMLExporter.theme={mood}"]
    subprocess.run([*command, *theme, str(lab.folder / name)], check=True, timeout=120)
    look_at_exported(browser, (lab.folder / name).with_suffix(".html"), mood)


def look_at_exported(browser: Any, file: Path, mood: str) -> None:
    """Open an exported page in a browser without network."""
    context = new_context(browser, viewport={"width": 1280, "height": 1000}, offline=True)
    page, notes = context.new_page(), Notes()
    page.on("pageerror", lambda error: notes.errors.append(str(error)))
    page.goto(file.as_uri())
    picture = page.locator(".ari-snapshot")
    assert picture.is_visible()
    for words in ("Late", "5552", "Up", "1000@default", "StasisStart", "%ari panel"):
        assert words in picture.inner_text()
    assert picture.locator(".ladder > svg").is_visible()
    for width in (1280, 640, 360):
        page.set_viewport_size({"width": width, "height": 1000})
        inner = "it => it.scrollWidth <= it.clientWidth + 1"
        assert picture.evaluate(inner), width
        assert findings(page, ".ari-snapshot") == [], width
    page.set_viewport_size({"width": 1280, "height": 1000})
    PICTURES.mkdir(parents=True, exist_ok=True)
    picture.screenshot(path=PICTURES / f"panel-exported-{mood}.png")
    assert page.get_by_text("Loading widget").count() == 0
    assert notes.errors == []
    context.close()
