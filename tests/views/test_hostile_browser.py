"""Texts from outside are data: what a server could say, in every form in which it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.views.conftest import watched_page
from tests.views.lab import Kernel, Lab, open_notebook, run_done

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HOSTILE = [
    "<script>window.struck=1</script>",
    "<img src=x onerror=window.struck=1>",
    '"><svg onload=window.struck=1>',
    "' onmouseover='window.struck=1",
    "</td></tr></table></text></svg><h1>huge",
    "javascript:window.struck=1",
    "{{constructor.constructor('window.struck=1')()}}",
    "%0a</style></title><script>window.struck=1</script>",
    "\uffff\ufffe nothing \U000e0001\u200b",
    "\u202e backwards \u0007 \u0000",
    "\ufdfd" * 500,
    "x" * 100_000,
    "\u0041" + "\u0301" * 3000,
]
# What a server would send, with one text wherever it can say one; `send` hands on its frames.
PREPARE = """
import json, time
def send(type, **fields):
    now = "2026-01-01T00:00:00.000+0000"
    frame = {"type": type, "application": "hello-world", "timestamp": now, **fields}
    ari._follower._on_batch([json.dumps(frame).encode()], time.time())
def tell(id, hostile):
    spoken = {"id": id, "name": hostile, "state": "Up", "creationtime": hostile,
        "language": hostile, "caller": {"name": hostile, "number": hostile},
        "connected": {"name": hostile, "number": ""}, "accountcode": hostile,
        "protocol_id": hostile, "channelvars": {hostile: hostile},
        "dialplan": {"context": hostile, "exten": hostile, "priority": 1, "app_name": hostile,
            "app_data": hostile}}
    bridge = {"id": "b" + hostile, "name": hostile, "technology": hostile, "bridge_type": hostile,
        "bridge_class": "stasis", "creator": hostile, "channels": [id], "video_mode": "none",
        "creationtime": hostile}
    playback = {"id": "p" + id, "media_uri": hostile, "target_uri": "channel:" + id,
        "language": "en", "state": "playing"}
    recording = {"name": hostile, "format": hostile, "state": "recording",
        "target_uri": "bridge:" + bridge["id"]}
    send("StasisStart", args=[hostile], channel=spoken)
    send("BridgeCreated", bridge=bridge)
    send("ChannelEnteredBridge", bridge=bridge, channel=spoken)
    send("PlaybackStarted", playback=playback)
    send("RecordingStarted", recording=recording)
    send("ChannelVarset", variable=hostile, value=hostile, channel=spoken)
    send("EndpointStateChange", endpoint={"technology": "PJSIP", "resource": hostile,
        "state": hostile, "channel_ids": []})
    send("DeviceStateChanged", device_state={"name": hostile, "state": hostile})
    send("ChannelUserevent", eventname=id + hostile, userevent={hostile: hostile}, channel=spoken)
"""
ASK = f"""
for _text in {HOSTILE!r}:
    for _ask in (lambda: ari.channels[_text].play(_text), lambda: ari.device_states.get(_text)):
        try:
            _ask()
        except ari_notebook.AriError:
            pass
"""
FORMS = "display(ari, ari.events, ari.requests, ari.channels['hostile-0'], ari.events[-1])"


def heights(within: Any, parts: str) -> list[float]:
    script = "(it, parts) => [...it.querySelectorAll(parts)].map(n => n.offsetHeight)"
    found: list[float] = within.evaluate(script, parts)
    return found


def contained(within: Any, parts: str) -> None:
    """Nothing reaches beyond what it is in."""
    script = """(it, parts) => [...it.querySelectorAll(parts)].map(
        n => [n.getBoundingClientRect().right - it.getBoundingClientRect().right, n.textContent]
    ).filter(([beyond]) => beyond > 1).map(([beyond, text]) => [beyond, text.slice(0, 50)])"""
    assert within.evaluate(script, parts) == []


@pytest.fixture(scope="module", params=["lab", "dark_lab"])
def told(browser: Any, request: pytest.FixtureRequest) -> Iterator[tuple[Any, Kernel]]:
    """A page with a panel to which everything was told, light or dark, and its kernel."""
    lab: Lab = request.getfixturevalue(request.param)
    with watched_page(browser) as (page, notes):
        cells = ["%load_ext ari_notebook\n%ari connect;\nimport ari_notebook", "%ari panel"]
        cells += ["ari.ladder(last=500)", "ari.timeline()", FORMS]
        open_notebook(page, lab, lab.write("hostile.ipynb", *cells))
        run_done(page, 0)
        run_done(page, 1)
        kernel = Kernel(lab)
        kernel.run(PREPARE)
        for number, text in enumerate(HOSTILE):
            kernel.run(f"tell('hostile-{number}', {text!r})")
            # Where more comes at once than anybody reads, the feed leaves some out.
            page.wait_for_timeout(250)
        yield page, kernel
        kernel.close()
        assert page.evaluate("window.struck") is None
        notes.check()


def test_hostile_texts_are_text_on_the_panel(told: Any) -> None:
    page, _ = told
    panel = page.locator(".ari-panel").first
    panel.locator("tr.channel").nth(len(HOSTILE) // 2).wait_for(timeout=5000)
    panel.locator("details", has_text="Endpoints").first.evaluate("it => it.open = true")
    for number in range(len(HOSTILE)):
        panel.get_by_label("Filter events").fill(f"hostile-{number}")
        panel.locator(".feed summary", has_text=f"hostile-{number}").first.click()
        panel.locator(".feed details[open] pre").first.wait_for()
        assert max(heights(panel, ".feed summary")) < 40
    assert len(heights(panel, "tr.bridge")) > 5
    assert max(heights(panel, "tr.channel, tr.bridge")) < 40
    panel.locator("tr.channel").first.hover()
    assert panel.locator("script, img, svg, h1, iframe, a, style").count() == 0
    contained(panel, ":scope > *")


def test_hostile_texts_are_text_in_pictures_and_cards(told: Any) -> None:
    page, kernel = told
    kernel.run(ASK)
    for cell in (2, 3, 4):
        run_done(page, cell)
    drawings = page.locator("svg.ari-drawing")
    assert drawings.count() == 2
    for drawing in drawings.all():
        assert drawing.locator("script, image, foreignObject, a, h1, animate, set").count() == 0
        allowed = {"style", "title", "g", "line", "rect", "polygon", "circle", "text"}
        names = drawing.evaluate("it => [...it.querySelectorAll('*')].map(n => n.localName)")
        assert set(names) <= allowed
        attributes = drawing.evaluate(
            "it => [...it.querySelectorAll('*')].flatMap(n => n.getAttributeNames())"
        )
        assert [name for name in attributes if name.startswith(("on", "href", "style"))] == []
        contained(drawing, "rect, text")
    output = page.locator(".jp-Notebook .jp-CodeCell").nth(4).locator(".jp-OutputArea")
    assert output.locator(".ari").count() >= 4
    assert output.locator("script, img, h1, iframe").count() == 0


def test_a_frame_of_broken_unicode_does_no_harm(told: Any) -> None:
    """Half a surrogate pair is no text, so the frame is no event: the feed says so."""
    page, kernel = told
    kernel.run("tell('broken', '\\ud83d'); tell('after', 'After <5558>')")
    panel = page.locator(".ari-panel").first
    panel.get_by_label("Filter events").fill("")
    panel.locator(".feed", has_text="malformed").wait_for(timeout=5000)
    panel.get_by_label("Filter channels").fill("after")
    panel.locator("tr.channel", has_text="After <5558>").first.wait_for(timeout=5000)
