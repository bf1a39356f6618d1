"""The demonstration in JupyterLab: a telephone rings in the page, on both servers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.views.axe import findings
from tests.views.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FITS = "it => it.scrollWidth <= it.clientWidth + 1"


def says(demo: Any, headline: str) -> None:
    demo.get_by_role("heading", name=headline).wait_for()


def test_visitor_answers_presses_and_hangs_up(
    either_lab: tuple[Lab, str], notebook: Callable[..., Any]
) -> None:
    lab, connect = either_lab
    page = notebook(lab, "demo.ipynb", connect, "%ari demo")
    page.evaluate("() => { speechSynthesis.speak = said => { window.spoken = said.text } }")
    demo = page.locator(".ari-page")
    if "http" in connect:  # a real Asterisk has no phone that rings here, and the page says so
        demo.get_by_text("A real Asterisk has no telephone in this page").wait_for()
        demo.get_by_role("button", name="Call 1000").click()
    else:
        says(demo, "Your telephone rings")
        assert findings(page, ".ari-page") == []
        demo.get_by_role("button", name="Answer").click()
    says(demo, "You are on the line")
    page.wait_for_function("window.spoken === 'hello world'")
    demo.locator(".wave rect").first.wait_for()
    arrows = demo.locator(".ari-drawing polygon").count()
    demo.get_by_role("button", name="key 1", exact=True).click()
    demo.locator(".event", has_text="ChannelDtmfReceived").wait_for()
    page.wait_for_function(
        "before => document.querySelectorAll('.ari-page .ari-drawing polygon').length > before",
        arg=arrows,
    )
    assert demo.locator(".phone .screen").inner_text() == "pressed: 1"
    assert findings(page, ".ari-page") == []
    demo.get_by_role("button", name="Hang up").click()
    says(demo, "The call is over")
    assert demo.get_by_role("button", name=re.compile("again")).is_enabled()


def test_keyboard_alone_makes_the_call(lab: Lab, notebook: Callable[..., Any]) -> None:
    page = notebook(lab, "demo-keys.ipynb", "%load_ext ari_notebook\n%ari demo")
    demo = page.locator(".ari-page")
    says(demo, "Your telephone rings")
    demo.locator("h2").focus()
    page.keyboard.press("Tab")  # keys cannot be pressed before the answer
    assert page.evaluate("document.activeElement.textContent") == "Answer"
    page.keyboard.press("Enter")
    says(demo, "You are on the line")
    demo.get_by_role("button", name="key 1", exact=True).focus()
    page.keyboard.press("Enter")
    demo.locator(".event", has_text='"1"').wait_for()
    assert page.evaluate("document.activeElement.textContent") == "1"  # focus stays
    assert page.locator(".jp-CodeCell").count() == 2  # and no key was JupyterLab's


def test_program_is_inserted_as_a_cell(lab: Lab, notebook: Callable[..., Any]) -> None:
    page = notebook(lab, "demo-cell.ipynb", "%load_ext ari_notebook\n%ari demo")
    demo = page.locator(".ari-page")
    says(demo, "Your telephone rings")
    demo.get_by_text("The program", exact=True).click()
    demo.get_by_role("button", name="Insert as a cell").click()
    page.locator(".cm-content", has_text="def answered(channel)").wait_for()


@pytest.mark.parametrize("theme", ["lab", "dark_lab"])
@pytest.mark.parametrize("width", [1280, 640, 360])
def test_demo_fits_and_axe_finds_nothing(
    theme: str, width: int, request: pytest.FixtureRequest, notebook: Callable[..., Any]
) -> None:
    lab = request.getfixturevalue(theme)
    page = notebook(lab, f"demo-{width}.ipynb", "%load_ext ari_notebook\n%ari demo")
    page.keyboard.press("Control+b")
    page.set_viewport_size({"width": width, "height": 900})
    demo = page.locator(".ari-page")
    demo.get_by_role("button", name="Answer").click()
    says(demo, "You are on the line")
    demo.locator(".wave rect").first.wait_for()
    assert demo.evaluate(FITS)
    assert findings(page, ".ari-page") == []
