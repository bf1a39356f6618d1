"""The reference in a real JupyterLab: links, search and lines to try, by keyboard too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.views.axe import findings
from tests.views.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FITS = "it => it.scrollWidth <= it.clientWidth + 1"


def titled(page: Any, title: str) -> Any:
    found = page.locator(".ari-page").last
    found.get_by_role("heading", name=title, exact=True).first.wait_for()
    return found


def test_links_lead_on_and_back(lab: Lab, notebook: Callable[..., Any]) -> None:
    page = notebook(lab, "docs.ipynb", "%load_ext ari_notebook\n%ari docs channels.play")
    shown = titled(page, "channels.play")
    link = shown.get_by_role("link", name="Playback", exact=True)
    link.focus()
    page.keyboard.press("Enter")
    titled(page, "Playback")
    shown.get_by_role("button", name="Back").click()
    titled(page, "channels.play")
    shown.get_by_role("button", name="insert %ari channels.play").click()
    page.locator(".cm-content", has_text="channelId=$channel").wait_for()


def test_search_finds_verbs_and_operations(lab: Lab, notebook: Callable[..., Any]) -> None:
    page = notebook(lab, "help.ipynb", "%load_ext ari_notebook\n%ari help")
    shown = titled(page, "The verbs of %ari")
    shown.get_by_role("searchbox").fill("hang up")
    shown.get_by_text("found").wait_for()
    visible = shown.locator("li:visible").all_inner_texts()
    assert any(text.startswith("hangup") for text in visible)
    assert len(visible) < 12
    shown.get_by_role("link", name="all of the reference").click()
    titled(page, "Asterisk REST Interface")
    shown.get_by_role("searchbox").fill("snoop")
    shown.get_by_role("link", name="channels.snoop_channel", exact=True).click()
    titled(page, "channels.snoop_channel")


@pytest.mark.parametrize("theme", ["lab", "dark_lab"])
@pytest.mark.parametrize("width", [1280, 360])
def test_reference_fits_and_axe_finds_nothing(
    theme: str, width: int, request: pytest.FixtureRequest, notebook: Callable[..., Any]
) -> None:
    cells = ["%load_ext ari_notebook", "%ari docs channels.originate", "%ari help play"]
    cells += ["%ari docs StasisStart", "%ari help"]
    page = notebook(request.getfixturevalue(theme), f"docs-{width}.ipynb", *cells)
    page.keyboard.press("Control+b")
    page.set_viewport_size({"width": width, "height": 900})
    for shown in page.locator(".ari-page").all():
        shown.scroll_into_view_if_needed()
        assert shown.evaluate(FITS)
    assert findings(page, ".ari-page") == []
