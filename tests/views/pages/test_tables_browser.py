"""Tables in a real JupyterLab: rows open, by mouse and by keyboard, on both exchanges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.views.axe import findings
from tests.views.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CALL = """
phone = %ari call 1000 --caller "Alice <5551>"
%ari wait StasisStart;
%ari bridge create --name sales;
%ari bridge add;
phone.press("1")
%ari wait ChannelDtmfReceived;
"""
VERBS = ("channels", "bridges", "events", "calls", "sounds hello", "requests")
HOSTILE = "<img src=x onerror=window.struck=1>\u202e" + "\ufdfd" * 30
FITS = "it => it.scrollWidth <= it.clientWidth + 1"


def output(page: Any, number: int) -> Any:
    return page.locator(".jp-Notebook .jp-CodeCell").nth(number).locator(".ari-page")


def test_rows_open_ladders(either_lab: tuple[Lab, str], notebook: Callable[..., Any]) -> None:
    lab, connect = either_lab
    page = notebook(lab, "rows.ipynb", connect + CALL, *(f"%ari {verb}" for verb in VERBS))
    for number in (1, 2, 3, 4):
        table = output(page, number)
        table.locator("tr[data-opens] button").first.click()
        table.locator(".opened .ari-drawing").wait_for()
        assert "Alice" in table.locator(".opened").inner_text()
    said = output(page, 1).inner_text()
    assert "Alice 5551" in said
    assert "sales" in said
    assert "NaN" not in page.locator(".jp-Notebook").inner_text()
    assert findings(page, ".ari-page") == []


def test_keyboard_alone_opens_and_closes_a_row(lab: Lab, notebook: Callable[..., Any]) -> None:
    connect = "%load_ext ari_notebook\n%ari connect;"
    page = notebook(lab, "keys.ipynb", connect + CALL, "%ari channels")
    table = output(page, 1)
    cells = page.locator(".jp-CodeCell").count()
    button = table.locator("tr[data-opens] button").first
    table.locator(".scroll").first.focus()
    page.keyboard.press("Tab")
    assert button.evaluate("it => it === document.activeElement")
    page.keyboard.press("Enter")
    table.locator(".opened .ari-drawing").wait_for()
    page.keyboard.press("x")  # in JupyterLab this deletes the cell
    page.keyboard.press("Enter")
    table.locator(".opened").wait_for(state="detached")
    assert page.locator(".jp-CodeCell").count() == cells


def test_time_ago_ticks(lab: Lab, notebook: Callable[..., Any]) -> None:
    connect = "%load_ext ari_notebook\n%ari connect;"
    page = notebook(lab, "ticks.ipynb", connect + CALL, "%ari channels")
    moment = output(page, 1).locator("time").first
    before = moment.inner_text()
    page.wait_for_function(
        "([it, before]) => it.innerText !== before && /ago$/.test(it.innerText)",
        arg=[moment.element_handle(), before],
    )
    assert "UTC" in moment.get_attribute("title")


@pytest.mark.parametrize("theme", ["lab", "dark_lab"])
@pytest.mark.parametrize("width", [1280, 640, 360])
def test_tables_fit_and_axe_finds_nothing(
    theme: str, width: int, request: pytest.FixtureRequest, notebook: Callable[..., Any]
) -> None:
    """640 px is 1,280 at 200 % zoom."""
    connect = "%load_ext ari_notebook\n%ari connect;"
    hostile = f"\nari.call('1000', caller={HOSTILE + ' <5551>'!r});\n%ari wait StasisStart;"
    cells = [connect + CALL + hostile, *(f"%ari {verb}" for verb in VERBS)]
    page = notebook(request.getfixturevalue(theme), f"fit{width}.ipynb", *cells)
    page.keyboard.press("Control+b")
    page.set_viewport_size({"width": width, "height": 900})
    for number in range(1, len(VERBS) + 1):
        table = output(page, number)
        table.scroll_into_view_if_needed()
        assert table.evaluate(FITS), VERBS[number - 1]
    assert findings(page, ".ari-page") == []
    assert page.evaluate("window.struck") is None
    assert page.locator(".ari-page img, .ari-page script").count() == 0


def test_sound_button_says_what_is_heard(lab: Lab, notebook: Callable[..., Any]) -> None:
    connect = "%load_ext ari_notebook\n%ari connect;"
    page = notebook(lab, "sounds.ipynb", connect, "%ari sounds hello-world")
    button = output(page, 1).get_by_role("button", name="hear hello-world")
    page.evaluate("() => { speechSynthesis.speak = said => { window.spoken = said.text } }")
    button.click()
    page.wait_for_function("window.spoken === 'hello world'")
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    assert button.get_attribute("aria-pressed") == "false"


def test_saved_notebook_shows_a_picture(lab: Lab, notebook: Callable[..., Any]) -> None:
    connect = "%load_ext ari_notebook\n%ari connect;"
    page = notebook(lab, "saved.ipynb", connect + CALL, "%ari channels")
    picture = page.locator(".ari-page-picture")
    assert picture.count() == 1
    assert not picture.is_visible()
    page.locator(".ari-page").evaluate("it => it.remove()")  # as where no kernel is
    assert picture.is_visible()
    assert "Alice 5551" in picture.inner_text()
    assert picture.locator("button").count() == 0
    assert findings(page, ".ari-page-picture") == []
