"""Pictures of the panel and the ladder, light and dark, in `build/pictures`.

They are for inspection, and are the source of those in `docs/pictures`. The test asserts that each
contains the expected elements.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.views.conftest import watched_page
from tests.views.lab import Kernel, Lab, open_notebook, run_done

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PICTURES = Path(__file__).parents[3] / "build" / "pictures"
PREPARE = """
def arrives(extension, caller):
    global phone
    phone = ari.call(extension, caller=caller)
    return ari.channels[ari.wait_for("StasisStart").channel.id]
"""
BRIDGED = """
bob, alice = arrives("1000", "Bob Builder <5552>"), arrives("1000", "Alice Liddell <5551>")
sales = ari.bridges.create(type="mixing", name="sales")
sales.add_channel(channel=[bob, alice])
carol = arrives("1003", "Carol Dean <5553>")
sales.play("sound:hello-world")
"""
# The lowest contrast of a text that can be acted on or read, and which it is (WCAG 2: 4.5).
CONTRAST = """(root) => {
    const parse = (text) => {
        const found = text.match(/[\\d.]+/g).map(Number);
        const whole = text.startsWith("color(") ? 255 : 1; // color(srgb 1 1 1 / 0.5), rgb(9 9 9)
        return [...found.slice(0, 3).map((x) => x * whole), found[3] ?? 1];
    };
    const over = ([r, g, b, a], [R, G, B]) =>
        [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a)];
    const surface = (node) => {
        if (!node) return [255, 255, 255];
        const own = parse(getComputedStyle(node).backgroundColor);
        return own[3] === 1 ? own : over(own, surface(node.parentElement));
    };
    const light = (color) => color.slice(0, 3)
        .map(x => x / 255).map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)
        .reduce((sum, x, place) => sum + x * [0.2126, 0.7152, 0.0722][place], 0);
    let worst = [21, ""];
    for (const node of root.querySelectorAll("*")) {
        const text = [...node.childNodes].filter(n => n.nodeType === 3).map(n => n.data).join("");
        if (!text.trim() || node.closest(":disabled, [hidden], .unseen")) continue;
        const under = surface(node);
        const above = over(parse(getComputedStyle(node).color), under);
        const [low, high] = [light(under), light(above)].sort((a, b) => a - b);
        const ratio = (high + 0.05) / (low + 0.05);
        if (ratio < worst[0]) worst = [ratio, `${node.className} ${text}`];
    }
    return worst;
}"""
CALL = """
import contextlib, time, ari_notebook
for id in list(ari.channels):
    with contextlib.suppress(ari_notebook.NotFound):  # it has hung up by itself
        ari.channels.hangup(id)
sales.destroy()
time.sleep(0.5)
ari.events.clear()
caller = arrives("1003", "Alice Liddell <5551>")
line = phone
caller.ring()
time.sleep(0.6)
caller.answer()
caller.play("sound:hello-world")
ari.wait_for("PlaybackFinished")
line.press("4")
ari.wait_for("ChannelDtmfReceived")
caller.record(name="order", format="wav")
time.sleep(0.8)
ari.recordings.stop("order")
bob = arrives("1000", "Bob Builder <5552>")
sales = ari.bridges.create(type="mixing", name="sales")
sales.add_channel(channel=[caller, bob])
time.sleep(1.4)
caller.continue_in_dialplan()
ari.wait_for("StasisEnd")
time.sleep(0.5)
bob.hangup()
ari.wait_for("StasisEnd")
"""


@pytest.mark.parametrize("mood", ["light", "dark"])
def test_pictures(browser: Any, request: pytest.FixtureRequest, mood: str) -> None:
    lab: Lab = request.getfixturevalue("lab" if mood == "light" else "dark_lab")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with watched_page(browser) as (page, notes):
        cells = ["%load_ext ari_notebook\n%ari connect;", "%ari panel"]
        cells += ["ari.ladder(caller)", "ari.timeline()"]
        open_notebook(page, lab, lab.write("pictures.ipynb", *cells))
        run_done(page, 0)
        run_done(page, 1)
        kernel = Kernel(lab)
        kernel.run(PREPARE + BRIDGED)
        panel = page.locator(".ari-panel").first
        panel.locator("li.bridge", has_text="▶ sound:hello-world").wait_for()
        panel.locator(".log", has_text="PlaybackStarted").wait_for()
        assert panel.locator("li.channel").count() == 3
        assert panel.locator("li.channel.member").count() == 2
        page.set_viewport_size({"width": 1500, "height": 1100})  # the telephone beside the call
        panel.locator("li.channel button.card", has_text="Alice Liddell").click()
        panel.locator(".ladder .row", has_text="StasisStart").first.wait_for()
        page.mouse.move(0, 0)
        contrast, text = panel.evaluate(CONTRAST)
        assert contrast >= 4.5, text
        panel.screenshot(path=PICTURES / f"panel-{mood}.png")
        page.set_viewport_size({"width": 1280, "height": 1100})

        kernel.run(CALL)
        page.set_viewport_size({"width": 1500, "height": 1600})
        run_done(page, 2)
        run_done(page, 3)
        ladder, timeline = page.locator(".ari-viewer:not(.ari-panel *)").all()
        for words in ("/channels/{id}/answer", "PlaybackFinished", "ChannelEnteredBridge"):
            ladder.locator(".row", has_text=words).first.wait_for()
        assert ladder.locator(".badge").count() > 6
        timeline.locator(".span.bridge").first.wait_for()
        ladder.screenshot(path=PICTURES / f"ladder-{mood}.png")
        timeline.screenshot(path=PICTURES / f"timeline-{mood}.png")
        kernel.close()
        notes.check()
