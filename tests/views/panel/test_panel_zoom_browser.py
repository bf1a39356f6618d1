"""The panel and the tables at a zoom of 200 %: half as many pixels, each twice as large."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.views.axe import findings
from tests.views.conftest import watched_page
from tests.views.lab import Kernel, Lab, open_notebook, run_done
from tests.views.shown import Shown

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WAIT = 30_000
CELLS = (
    "import time\n%load_ext ari_notebook\n%ari connect;",
    "%ari panel",
    "%ari channels",
    "%ari check",
)
CALLS = """
phone = ari.call("1000", caller="Alice Wonderland <5551>"); ari.wait_for("StasisStart")
sales = ari.bridges.create(name="sales department"); sales.add_channel(channel=phone.id)
bob = ari.call("1000", caller="Bob <5552>"); ari.wait_for("StasisStart", channel=bob.id)
maryam = ari.call("1003", caller="Maryam <5553>"); ari.wait_for("StasisStart", channel=maryam.id)
"""
# Of screens of 1920 x 1080, 1280 x 1024 and 1366 x 768 pixels.
SIZES = [(960, 540), (640, 512), (683, 384)]
# What the pointer cannot reach although it was scrolled into view, and texts that are cut.
FAULTS = """it => {
    const named = (node) => node.ariaLabel || node.textContent || node.className;
    const faults = [];
    const page = document.documentElement;
    if (page.scrollWidth > page.clientWidth) faults.push("the page is too wide");
    for (const node of it.querySelectorAll("button, input, select, summary")) {
        // Chromium does not scroll to where a sticky box will be: check() looks at that one.
        if (!node.checkVisibility() || node.closest(".lines, .cards, .outcome")) continue;
        node.scrollIntoView({block: "nearest"});
        const box = node.getBoundingClientRect();
        const by = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        if (!node.contains(by)) faults.push(`${by?.className} covers ${named(node)}`);
        if (node.localName === "button" && node.scrollWidth > node.clientWidth + 1)
            faults.push(`cut: ${named(node)}`);
    }
    for (const node of it.querySelectorAll(".card .number"))
        if (node.scrollWidth > node.clientWidth + 1) faults.push(`cut: ${named(node)}`);
    return faults;
}"""


@pytest.fixture(scope="module")
def shown(browser: Any, lab: Lab) -> Iterator[Shown]:
    """A notebook with a panel in which a call is chosen, and tables; its sidebar closed."""
    small = {"viewport": {"width": 640, "height": 512}, "device_scale_factor": 2}
    with watched_page(browser, **small) as (page, notes):
        open_notebook(page, lab, lab.write("zoom.ipynb", *CELLS))
        page.keyboard.press("Control+b")
        run_done(page, 0)
        run_done(page, 1)
        kernel = Kernel(lab)
        kernel.run(CALLS)
        yield Shown(page, kernel)
        kernel.close()
        notes.check()


def check(panel: Any) -> None:
    """Look at each pane; where they are beside each other, at once."""
    tabs = panel.locator(".panes-bar button:visible").all()
    for tab in tabs or [None]:
        if tab is not None:
            tab.click()
        assert panel.evaluate(FAULTS) == []
        assert findings(panel.page, ".ari-panel") == []
    card = panel.locator("li.channel button.card", has_text="Bob")
    if tabs:
        tabs[0].click()
    if tabs or card.get_attribute("aria-pressed") == "false":
        card.click(position={"x": 20, "y": 12}, timeout=WAIT)
    panel.locator(".inspector h3", has_text="Bob").wait_for(timeout=WAIT)
    panel.locator(".inspector").get_by_role("button", name="Play", exact=True).click()
    result = panel.locator(".outcome[data-state=done]")
    result.wait_for(timeout=WAIT)
    below = "it => it.getBoundingClientRect().bottom - it.parentNode.getBoundingClientRect().bottom"
    assert result.evaluate(below) <= 1  # in sight, wherever its pane is scrolled


@pytest.mark.parametrize("size", SIZES)
def test_panel_in_a_cell_at_200_percent(shown: Shown, size: tuple[int, int]) -> None:
    shown.page.set_viewport_size({"width": size[0], "height": size[1]})
    check(shown.panel)


@pytest.mark.parametrize("size", SIZES)
def test_panel_on_the_whole_screen_at_200_percent(shown: Shown, size: tuple[int, int]) -> None:
    shown.page.set_viewport_size({"width": size[0], "height": size[1]})
    shown.button("Full screen").click()
    whole = "document.fullscreenElement?.offsetHeight === innerHeight"
    shown.page.wait_for_function(whole, timeout=WAIT)
    try:
        check(shown.panel)
    finally:
        shown.page.evaluate("document.exitFullscreen()")
        shown.page.wait_for_function("!document.fullscreenElement", timeout=WAIT)


@pytest.mark.parametrize("cell", [2, 3])
def test_tables_at_200_percent(shown: Shown, cell: int) -> None:
    shown.page.set_viewport_size({"width": 640, "height": 512})
    run_done(shown.page, cell)
    output = shown.page.locator(".jp-Notebook .jp-CodeCell").nth(cell).locator(".jp-OutputArea")
    output.locator(".ari-page tbody tr").nth(1).wait_for(timeout=WAIT)
    assert output.evaluate(FAULTS) == []
    askew = """it => [...it.querySelectorAll("td[data-label]:has(> .s)")].filter(cell => {
        const [words, chip] = [document.createRange(), cell.querySelector(".s")];
        words.selectNodeContents(chip);
        const line = cell.getBoundingClientRect(), box = words.getBoundingClientRect();
        return Math.abs(line.top + line.height / 2 - box.top - box.height / 2) > 2;
    }).map(cell => cell.textContent)"""
    assert output.evaluate(askew) == []
    widths = "it => new Set([...it.querySelectorAll('tbody tr:first-child > td')].filter("
    widths += "cell => cell.offsetWidth).map(cell => cell.offsetWidth)).size"
    assert output.evaluate(widths) == 1
