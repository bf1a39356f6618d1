"""Time travel in the panel: by mouse and with the keyboard, on a session and on a capture."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.helpers.waiting import until
from tests.views.axe import findings
from tests.views.conftest import watched_page
from tests.views.lab import Kernel, Lab, Notes, open_notebook, run_done
from tests.views.shown import REQUESTS, Shown

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CONNECT = "import time, ari_notebook\n%load_ext ari_notebook\n%ari connect;"
# Alice is in a bridge and presses 4; at `mark` both are there, afterwards only Alice, who waits.
STORY = """
import os, tempfile
path = os.path.join(tempfile.mkdtemp(), "recorded.jsonl")
with ari.capture(path):
    ari.events.user_event("begin", application=ari.apps[0]); time.sleep(1.1)
    phone = ari.call("1000", caller="Alice <5551>"); ari.wait_for("StasisStart")
    alice = phone.id
    sales = ari.bridges.create(name="sales"); sales.add_channel(channel=alice)
    bob = ari.call("1000", caller="Bob <5552>"); ari.wait_for("StasisStart", channel=bob.id)
    phone.press("4"); ari.wait_for("ChannelDtmfReceived")
    ari.channels.set_channel_var(alice, variable="COLOUR", value="red")
    time.sleep(0.6); mark = time.time(); time.sleep(0.6)
    bob.hangup(); sales.destroy()
    while len(ari.channels) > 1 or len(ari.bridges): time.sleep(0.02)
"""


@pytest.fixture(scope="module")
def opened(browser: Any, lab: Lab) -> Iterator[tuple[Shown, Notes]]:
    """One notebook after the story."""
    with watched_page(browser) as (page, notes):
        cells = [CONNECT, "%ari panel", "ari_notebook.open_capture(path).panel()"]
        open_notebook(page, lab, lab.write("past.ipynb", *cells))
        run_done(page, 0)
        run_done(page, 1)
        kernel = Kernel(lab)
        kernel.run(STORY)
        yield Shown(page, kernel), notes
        kernel.close()


@pytest.fixture
def shown(opened: tuple[Shown, Notes]) -> Iterator[Shown]:
    """The panel, live."""
    shown, notes = opened
    yield shown
    shown.page.mouse.move(0, 0)
    back = shown.button("Back to live")
    if back.count():
        back.click()
    shown.button("Live").wait_for()
    notes.check()


def go(shown: Shown, moment: str = "mark") -> None:
    """Type a moment, as its time of day."""
    at = datetime.fromtimestamp(shown.kernel.ask(moment), UTC)
    time = shown.panel.get_by_label("Time of day in UTC")
    time.fill(at.strftime("%H:%M:%S.%f")[:-3])
    time.press("Enter")
    shown.panel.locator("xpath=self::*[@data-past='yes']").wait_for()


def test_a_typed_moment_shows_cards_counters_log_and_ladder(shown: Shown) -> None:
    shown.choose(shown.kernel.ask("alice"))
    rows = shown.panel.locator(".inspector .row[data-key]")
    rows.first.wait_for()
    go(shown)
    assert sorted(shown.rows.locator(".name").all_inner_texts()) == ["Alice", "Bob"]
    shown.says("sales", "li.bridge")
    shown.says("⌨ 4", "li.member")
    assert shown.panel.locator(".tile .figure").first.inner_text() == "2"
    log = shown.panel.locator(".log .lines")
    assert "ChannelDtmfReceived" in log.inner_text()
    assert "ChannelLeftBridge" not in log.inner_text()
    rows.filter(has_text="ChannelDtmfReceived").first.wait_for()
    left = rows.filter(has_text="ChannelLeftBridge").first
    left.wait_for(state="detached")
    shown.says("read-only", ".scrubber")
    shown.button("Variables", ".inspector").click()
    shown.says("COLOUR", ".variables")
    shown.button("Ladder", ".inspector").click()
    shown.button("Back to live").click()
    shown.rows.nth(1).wait_for(state="detached")
    left.wait_for()


def test_the_past_has_no_buttons_that_act_and_no_keys(shown: Shown) -> None:
    before = len(shown.kernel.ask(REQUESTS))
    go(shown)
    for name in ("Hang up", "Play", "Hold", "Create bridge", "Add to bridge", "Transfer"):
        where = shown.panel.locator(".calls, .inspector")
        assert where.get_by_role("button", name=name, exact=True).count() == 0, name
    assert shown.panel.locator(".telephone").evaluate("it => it.inert")
    shown.panel.locator("li.channel button.card").first.focus()
    for key in ("h", "h", "a", "5"):
        shown.page.keyboard.press(key)
    one, other = (shown.rows.nth(place).bounding_box() for place in (0, 1))
    shown.page.mouse.move(one["x"] + 20, one["y"] + 8)
    shown.page.mouse.down()
    shown.page.mouse.move(other["x"] + 40, other["y"] + 10, steps=5)
    shown.page.mouse.up()
    assert len(shown.kernel.ask(REQUESTS)) == before
    assert findings(shown.page, ".ari-panel") == []


def test_the_slider_is_dragged_and_moved_by_keys(shown: Shown) -> None:
    slider = shown.panel.get_by_label("Moment that is shown")
    box = slider.bounding_box()
    y = box["y"] + box["height"] / 2
    shown.page.mouse.move(box["x"] + box["width"] - 8, y)
    shown.page.mouse.down()
    shown.page.mouse.move(box["x"] + 4, y, steps=8)
    shown.says("There were no calls.", ".empty")
    shown.page.mouse.move(box["x"] + box["width"] + 20, y, steps=8)
    shown.page.mouse.up()
    shown.button("Live").wait_for()
    shown.rows.first.wait_for()
    slider.focus()
    shown.page.keyboard.press("Home")
    shown.says("There were no calls.", ".empty")
    assert "UTC" in slider.get_attribute("aria-valuetext")
    shown.page.keyboard.press("End")
    shown.button("Live").wait_for()


def test_events_are_stepped_through(shown: Shown) -> None:
    go(shown)
    lines = shown.panel.locator(".log .lines")
    lines.filter(has_not_text="ChannelHangupRequest").wait_for()
    shown.button("Event after").click()
    lines.filter(has_text="ChannelHangupRequest").wait_for()
    time = shown.panel.get_by_label("Time of day in UTC")
    until(lambda: len(time.input_value()) == len("16:23:41.123456"))
    assert time.evaluate("it => it.scrollWidth <= it.clientWidth")
    shown.button("Event before").click()
    lines.filter(has_not_text="ChannelHangupRequest").wait_for()


def test_no_moment_is_said_and_nothing_moves(shown: Shown) -> None:
    time = shown.panel.get_by_label("Time of day in UTC")
    time.fill("noon")  # which may scroll the page
    place = shown.panel.locator(".panes").bounding_box()
    time.press("Enter")
    shown.says("not a time: 'noon'", ".scrubber .wrong")
    assert shown.panel.locator(".panes").bounding_box() == place
    time.fill("")
    time.press("Enter")
    shown.panel.locator(".scrubber .wrong:empty").wait_for(state="attached")


def test_a_capture_is_travelled_in_too(shown: Shown) -> None:
    run_done(shown.page, 2)
    capture = Shown(shown.page, shown.kernel)
    panel = shown.page.locator(".ari-panel").nth(1)
    panel.locator("li.channel", has_text="Alice").wait_for()
    assert panel.locator("li.channel").count() == 1
    panel.get_by_role("button", name="End", exact=True).wait_for()
    clock = panel.locator("li.channel .time").inner_text()
    at = datetime.fromtimestamp(capture.kernel.ask("mark"), UTC).strftime("%H:%M:%S.%f")[:-3]
    panel.get_by_label("Time of day in UTC").fill(at)
    panel.get_by_label("Time of day in UTC").press("Enter")
    panel.locator("li.channel", has_text="Bob").wait_for()
    panel.get_by_role("button", name="To the end").click()
    panel.locator("li.channel", has_text="Bob").wait_for(state="detached")
    assert panel.locator("li.channel .time").inner_text() == clock  # a recording's clock is stopped
