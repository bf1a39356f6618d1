"""A check beside the exercise turns green while one works, and the map gets its tick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.views.axe import findings
from tests.views.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FITS = "it => it.scrollWidth <= it.clientWidth + 1"
WORK = (
    "phone = %ari call 1000\n%ari wait StasisStart;\n"
    'phone.press("42#")\n%ari wait ChannelDtmfReceived digit=#;\n'
    "phone.hangup()\n%ari wait StasisEnd;"
)


def test_check_turns_green_and_map_gets_a_tick(
    either_lab: tuple[Lab, str], notebook: Callable[..., Any]
) -> None:
    lab, connect = either_lab
    cells = [connect, "%ari check start-here --start", WORK]
    page = notebook(lab, "course.ipynb", *cells)
    check = page.locator(".ari-page").first
    check.get_by_text("all done").first.wait_for()
    assert check.locator("li .up").count() == 4
    # The picture that a saved notebook shows has turned green as well.
    picture = page.locator(".ari-page-picture", has_text="all done")
    picture.first.wait_for(state="attached")
    assert findings(page, ".ari-page") == []
    course = notebook(lab, "map.ipynb", connect, "%ari check").locator(".ari-page")
    course.locator("tr", has_text="00-start-here").get_by_text("✓ done").wait_for()


@pytest.mark.parametrize("theme", ["lab", "dark_lab"])
def test_course_fits_and_axe_finds_nothing(
    theme: str, request: pytest.FixtureRequest, notebook: Callable[..., Any]
) -> None:
    connect = "%load_ext ari_notebook\n%ari connect;"
    cells = [connect, "%ari check start-here --start", "%ari check"]
    page = notebook(request.getfixturevalue(theme), "course-fit.ipynb", *cells)
    check = page.locator(".ari-page").first
    hint = check.locator("summary", has_text="Hint").first
    hint.focus()
    page.keyboard.press("Enter")
    check.get_by_text("Section “A phone to play with”").wait_for()
    page.keyboard.press("Control+b")
    for width in (1280, 640, 360):
        page.set_viewport_size({"width": width, "height": 900})
        for shown in page.locator(".ari-page").all():
            assert shown.evaluate(FITS)
        assert findings(page, ".ari-page") == []
