"""A new user's exercise in a real JupyterLab: the first notebook, done wrong, and then right."""

from __future__ import annotations

import re
import shutil
from typing import Any

import pytest

from ari_notebook.course import course_folder
from tests.views.lab import Lab, open_notebook

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WRONG = (
    'phone = %ari call 1000\n%ari wait StasisStart;\nphone.press("24#")\n'
    "%ari wait ChannelDtmfReceived digit=#;"
)
RIGHT = (
    "phone = %ari call 1000\n%ari wait StasisStart;\n"
    'phone.press("42#")\n%ari wait ChannelDtmfReceived digit=#;\n'
    "phone.hangup()\n%ari wait StasisEnd;"
)


def cell(page: Any, text: str) -> Any:
    """The first code cell in whose source this text is."""
    source = page.locator(".cm-content", has_text=text)
    return page.locator(".jp-Notebook .jp-CodeCell").filter(has=source).first


def run(page: Any, text: str, instead: str = "") -> str:
    """Run a cell, with something else written into it where that is given; what it shows."""
    found = cell(page, text)
    before = found.locator(".jp-InputPrompt").inner_text()
    found.locator(".cm-content").click()
    if instead:
        page.keyboard.press("Control+A")
        page.keyboard.insert_text(instead)
        found = page.locator(".jp-Notebook .jp-CodeCell.jp-mod-active")
    prompt = found.locator(".jp-InputPrompt").element_handle()
    output = found.locator(".jp-OutputArea").element_handle()
    page.keyboard.press("Shift+Enter")
    page.wait_for_function(
        "([prompt, before]) => /\\d/.test(prompt.innerText) && prompt.innerText !== before",
        arg=[prompt, before],
        timeout=30_000,
    )
    page.wait_for_timeout(300)  # what was shown comes a moment after the number
    return str(output.inner_text()) if output else ""


def test_wrong_and_then_right(page: Any, lab: Lab) -> None:
    shutil.copy(course_folder() / "00-start-here.ipynb", lab.folder)
    shutil.copytree(course_folder() / "pictures", lab.folder / "pictures")
    open_notebook(page, lab, "00-start-here.ipynb")
    run(page, "%load_ext ari_notebook")
    run(page, "%ari connect")

    assert "0 of 4 steps done" in run(page, "%ari check start-here")
    run(page, "# Your turn.", WRONG)
    wrong = run(page, "%ari check start-here")
    assert "What was pressed is 24#. Call again for another try." in wrong
    assert "1 of 4 steps done" in wrong
    run(page, 'phone.press("24#")', RIGHT)
    right = run(page, "%ari check start-here")
    assert "all done" in right
    assert len(re.findall(r"\bdone\b", right)) == 5

    assert page.locator(".jp-CodeCell .jp-Placeholder").count() == 1  # the solution is collapsed
