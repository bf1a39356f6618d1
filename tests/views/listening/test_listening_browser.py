"""`%ari listen` in a real JupyterLab: samples arrive, are played and drawn, after a click only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.helpers.waiting import until
from tests.views.axe import findings
from tests.views.conftest import watched_page
from tests.views.lab import Lab, open_notebook, run_done

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

# An echo that sends a tone around: both directions of it are heard.
CALL = """
from ari_notebook import Sound
channel = ari.channels.originate(endpoint="Local/1001@default/n", app=ari.apps[0], formats="slin")
ari.wait_for("StasisStart", channel=channel.id)
stream = channel.audio(8000).open()
tone = stream.play(Sound.tone(1000, 120, level=-12));
"""
COUNT = """() => {
  window.made = 0;
  window.AudioContext = class extends AudioContext {
    constructor(...all) { super(...all); window.made += 1; }
  };
}"""
# The row of the spectrogram with the most light, from the top, of its newest columns.
BRIGHTEST = """node => {
  const {width, height} = node, pen = node.getContext("2d");
  const rows = [...Array(height).keys()].map(row =>
    pen.getImageData(width - 20, row, 20, 1).data.reduce((sum, each) => sum + each, 0));
  return rows.indexOf(Math.max(...rows));
}"""


def test_call_is_heard_and_drawn_after_a_click(
    either_lab: tuple[Lab, str], notebook: Callable[..., Any], tmp_path: Any
) -> None:
    lab, connect = either_lab
    page = notebook(lab, "listen.ipynb", connect + CALL, "%ari listen $channel --hear in")
    page.evaluate(COUNT)
    listener = page.locator(".ari-listener")
    button = listener.locator("button")
    assert page.evaluate("window.made") == 0

    def number(name: str) -> int:
        return int(listener.get_attribute(f"data-{name}") or 0)

    button.click()
    until(lambda: number("received") > 8000)
    until(lambda: number("played") > 8000)
    assert page.evaluate("window.made") == 1
    until(lambda: "dBFS" in listener.locator(".level").inner_text())
    until(lambda: -20 < listener.locator("meter").evaluate("it => it.value") < -5)
    # 1,000 Hz is a quarter of the height above the lower edge: line 32 of 128.
    until(lambda: abs(listener.locator("canvas").evaluate(BRIGHTEST) - (127 - 32)) <= 1)
    assert findings(page, ".ari-listening") == []
    page.screenshot(path=tmp_path / "listening.png")
    button.click()
    until(lambda: button.inner_text() == "Listen")
    before = number("received")
    button.click()  # and again
    until(lambda: 0 < number("received") != before)
    assert button.inner_text() == "Stop listening"
    button.click()


def test_listener_costs_at_most_16_kilobytes_a_second(lab: Lab, browser: Any) -> None:
    received: list[int] = []
    with watched_page(browser) as (page, notes):
        page.on("websocket", lambda ws: ws.on("framereceived", lambda it: received.append(len(it))))
        connect = "%load_ext ari_notebook\n%ari connect;"
        open_notebook(page, lab, lab.write("cost.ipynb", connect + CALL, "%ari listen"))
        run_done(page, 0)
        run_done(page, 1)
        listener = page.locator(".ari-listener")
        listener.locator("button").click()

        def seconds() -> float:
            return int(listener.get_attribute("data-received") or 0) / 8000

        until(lambda: seconds() > 1)
        begin, octets = seconds(), sum(received)
        until(lambda: seconds() > begin + 5)
        a_second = (sum(received) - octets) / (seconds() - begin)
        assert 8000 <= a_second < 16_000
        notes.check()


def test_panel_plays_the_chosen_call(
    either_lab: tuple[Lab, str], notebook: Callable[..., Any], tmp_path: Any
) -> None:
    lab, connect = either_lab
    page = notebook(lab, "panel-listen.ipynb", connect + CALL, "%ari panel")
    panel = page.locator(".ari-panel").first
    row = panel.locator("li.channel:not(.over)").first
    row.locator("button[aria-pressed=false]").first.click()
    panel.locator("button[data-part='media']").click()
    listener = panel.locator(".ari-listener")
    listener.locator("button").click()
    until(lambda: int(listener.get_attribute("data-received") or 0) > 8000)
    until(lambda: "dBFS" in listener.locator(".level").inner_text())
    assert panel.get_attribute("data-kernel") == "there"
    page.screenshot(path=tmp_path / "panel-listening.png")
    listener.locator("button").click()
    until(lambda: listener.locator("button").inner_text() == "Listen")
