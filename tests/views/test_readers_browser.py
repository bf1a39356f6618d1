"""Panel and ladder in separate views of a notebook, with the settings of different readers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.views.axe import findings
from tests.views.conftest import watched_page
from tests.views.lab import Kernel, Lab, open_notebook, run_done

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PICTURES = Path(__file__).parents[2] / "build" / "pictures"
CELLS = ("%load_ext ari_notebook\n%ari connect;", "%ari panel", "ari.ladder()")
CALLS = """
ari.call("1003", caller="\ufdfd漢字 مريم e\u0301 <5551>"); ari.wait_for("StasisStart")
ari.call("1000", caller="Bob <5552>"); bob = ari.wait_for("StasisStart").channel.id
ari.channels[bob].play("sound:tt-monkeys"); ari.wait_for("PlaybackStarted")
"""
OURS = ".ari-panel, .ari-viewer:not(.ari-panel *)"
READERS: dict[str, dict[str, Any]] = {
    "forced": {"forced_colors": "active", "color_scheme": "dark", "reduced_motion": "reduce"},
    "contrast": {"contrast": "more"},
    "plain": {"reduced_motion": "reduce"},
}
MOVING = """roots => document.getAnimations().filter(it => it.playState === "running"
    && it.effect?.target?.closest?.(roots)).length"""
# Views that are wider than their place, and what in them is.
FITS = """roots => [...document.querySelectorAll(roots)].filter(it => it.offsetParent)
    .filter(it => it.scrollWidth > it.clientWidth + 1).map(it => [it.className, it.clientWidth,
        ...[...it.querySelectorAll("*")].filter(n => n.getBoundingClientRect().right
            > it.getBoundingClientRect().right).map(n => `${n.tagName}.${n.className}`)])"""


@pytest.fixture(scope="module")
def page(browser: Any, lab: Lab) -> Iterator[Any]:
    """A notebook with a panel in which a call is chosen, and a ladder; its sidebar closed."""
    with watched_page(browser) as (page, notes):
        open_notebook(page, lab, lab.write("readers.ipynb", *CELLS))
        run_done(page, 0)
        kernel = Kernel(lab)
        kernel.run(CALLS)
        run_done(page, 1)
        run_done(page, 2)
        page.keyboard.press("Control+b")
        page.locator(".ari-panel li.channel button.card", has_text="Bob").click()
        page.locator(".ari-viewer:not(.ari-panel *) .row.sent").first.click()
        yield page
        kernel.close()
        notes.check()


@pytest.mark.parametrize("reader", READERS)
def test_axe_finds_nothing_and_nothing_moves(page: Any, reader: str) -> None:
    page.emulate_media(**READERS[reader])
    page.set_viewport_size({"width": 1280, "height": 1100})
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name in (".ari-panel", ".ari-viewer:not(.ari-panel *)"):
        shown = page.locator(name).first
        shown.scroll_into_view_if_needed()
        shown.screenshot(path=PICTURES / f"{name[1:11]}-{reader}.png")
    assert findings(page, OURS) == []
    if reader != "contrast":
        assert page.evaluate(MOVING, OURS) == 0
    page.emulate_media(forced_colors="none", color_scheme="light", contrast="no-preference")


@pytest.mark.parametrize("width", [640, 360])
def test_views_fit_at_200_percent_and_on_a_telephone(page: Any, width: int) -> None:
    """At 200 % a page of 1,280 pixels is 640 wide for its style sheets."""
    page.set_viewport_size({"width": width, "height": 800})
    page.wait_for_function(f"innerWidth === {width}")
    for pane in ("Calls", "Call", "Telephone", "Log"):
        tab = page.locator(".ari-panel .panes-bar").get_by_role("button", name=pane, exact=True)
        if tab.is_visible():
            tab.click()
            page.locator(".ari-panel .panes > section:visible").nth(1).wait_for(state="detached")
        assert page.evaluate(FITS, OURS) == [], pane
        assert findings(page, ".ari-panel") == [], pane
        page.locator(".ari-panel").screenshot(path=PICTURES / f"panel-{width}-{pane}.png")
    viewer = page.locator(".ari-viewer:not(.ari-panel *)")
    for tab in ("Timeline", "Table", "Channels", "Ladder"):
        viewer.get_by_role("tab", name=tab, exact=True).click()
        viewer.locator(f".tabs [aria-selected='true']:text-is('{tab}')").wait_for()
        assert page.evaluate(FITS, OURS) == [], tab
        assert findings(page, ".ari-viewer:not(.ari-panel *)") == [], tab
        viewer.screenshot(path=PICTURES / f"viewer-{width}-{tab}.png")


def test_panel_fills_a_view_of_its_own_and_the_screen(page: Any) -> None:
    page.set_viewport_size({"width": 1500, "height": 1000})
    panel = page.locator(".ari-panel").first
    panel.locator(".top").click(button="right")
    page.get_by_text("Create New View for Cell Output").click()
    view = page.locator(".jp-LinkedOutputView .ari-panel")
    view.locator("li.channel", has_text="Bob").wait_for()
    around = page.locator(".jp-LinkedOutputView").bounding_box()
    page.wait_for_function(
        "high => Math.abs(document.querySelector('.jp-LinkedOutputView .ari-panel').offsetHeight"
        " - Math.max(360, high)) < 40",
        arg=around["height"],
    )
    box = view.bounding_box()
    assert box["x"] + box["width"] <= around["x"] + around["width"] + 1
    assert findings(page, ".jp-LinkedOutputView .ari-panel") == []
    view.screenshot(path=PICTURES / "panel-own-view.png")
    page.set_viewport_size({"width": 1920, "height": 1080})
    view.get_by_role("button", name="Full screen", exact=True).click()
    page.wait_for_function("document.fullscreenElement?.offsetHeight === innerHeight")
    assert findings(page, ".jp-LinkedOutputView .ari-panel") == []
    page.screenshot(path=PICTURES / "panel-projector.png")
    page.evaluate("document.exitFullscreen()")
