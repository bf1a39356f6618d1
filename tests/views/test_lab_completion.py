"""Tab completion in a code cell of a real JupyterLab."""

from __future__ import annotations

from typing import Any

import pytest

from tests.views.lab import Lab, open_notebook, run_done

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_tab(page: Any, lab: Lab) -> None:
    open_notebook(page, lab, lab.write("tab.ipynb", "%load_ext ari_notebook\n%ari connect;", ""))
    run_done(page, 0)
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(1).locator(".cm-content")
    offered = page.locator(".jp-Completer:visible .jp-Completer-match")

    def tab(typed: str) -> set[str]:
        cell.click()
        page.keyboard.press("Control+A")
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
        offered.first.wait_for()
        return {text.strip() for text in offered.all_inner_texts()}

    assert {"play", "playback", "playbacks"} <= tab("%ari pl")
    page.keyboard.press("Escape")
    assert {"channels.answer", "channels.hangup"} <= tab("%ari channels.")
    page.keyboard.press("Escape")
    assert tab("%ari play sound:hello-") == {"sound:hello-world"}
    page.keyboard.press("Enter")
    cell.get_by_text("%ari play sound:hello-world", exact=True).wait_for()
