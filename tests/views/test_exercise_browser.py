"""The exercise of the first notebook in a real JupyterLab, done wrong and then right."""

from __future__ import annotations

import re
import shutil
from typing import Any

import pytest

from ari_notebook.lessons.course import course_folder
from tests.helpers.waiting import until
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


CHECK = re.compile(r"^%ari check start-here$")  # not the cell that begins the exercise


def cell(page: Any, text: str | re.Pattern[str]) -> Any:
    """Return the first code cell in whose source this text is."""
    source = page.locator(".cm-content", has_text=text)
    return page.locator(".jp-Notebook .jp-CodeCell").filter(has=source).first


def run(page: Any, text: str | re.Pattern[str], instead: str = "") -> str:
    """Run a cell, with another source if given; return its output."""
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
    )
    page.wait_for_timeout(300)  # what was shown comes a moment after the number
    return str(output.inner_text()) if output else ""


def check(page: Any, words: str) -> str:
    """Run the check until it says so: events of keys and hang-ups come in their own time."""
    said = [""]

    def says() -> bool:
        said[0] = run(page, CHECK)
        return words in said[0]

    until(says, 30, lambda: said[0])
    return said[0]


def test_wrong_and_then_right(page: Any, lab: Lab) -> None:
    shutil.copy(course_folder() / "00-start-here.ipynb", lab.folder)
    shutil.copytree(course_folder() / "pictures", lab.folder / "pictures")
    open_notebook(page, lab, "00-start-here.ipynb")
    run(page, "%load_ext ari_notebook")
    run(page, "%ari connect")

    check(page, "not tried yet")
    run(page, "%ari check start-here --start")
    run(page, "# Your turn.", WRONG)
    wrong = check(page, "The keys were 24#. Call again for another try.")
    assert "1 of 4 steps done" in wrong
    run(page, 'phone.press("24#")', RIGHT)
    right = check(page, "all done")
    assert len(re.findall(r"\bdone\b", right)) == 5

    assert page.locator(".jp-CodeCell .jp-Placeholder").count() == 1  # the solution is collapsed
