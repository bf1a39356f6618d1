"""Hostile texts of a server in every representation remain text."""

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
    "漢字" * 200,
    "שלום مرحبا " * 50,
    "x" * 100_000,
    "\u0041" + "\u0301" * 3000,
]
# What a server would send, with one text wherever it can say one; `send` hands on its frames.
PREPARE = """
import json, time
def send(type, **fields):
    now = "2026-01-01T00:00:00.000+0000"
    frame = {"type": type, "application": "hello-world", "timestamp": now, **fields}
    ari.synchronizer._on_batch([json.dumps(frame).encode()], time.time())
def send_hostile(id, hostile):
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
STILL = "from IPython.display import HTML\nHTML(ari.{}._repr_html_())"  # as a saved notebook has it
FORMS = "display(ari, ari.events, ari.requests, ari.channels['hostile-0'], ari.events[-1])"


def heights(within: Any, parts: str) -> list[float]:
    script = "(it, parts) => [...it.querySelectorAll(parts)].map(n => n.offsetHeight)"
    found: list[float] = within.evaluate(script, parts)
    return found


# The boxes of a drawing that do not clip their text, or reach beyond it.
UNCLIPPED = """it => [...it.querySelectorAll("svg")].filter(box =>
    getComputedStyle(box).overflow !== "hidden"
    || box.x.baseVal.value + box.width.baseVal.value > it.width.baseVal.value
    || box.x.baseVal.value < 0).map(box => box.textContent)"""


def contained(within: Any, parts: str) -> None:
    """Assert that no element extends beyond its container."""
    script = """(it, parts) => [...it.querySelectorAll(parts)].map(
        n => [n.getBoundingClientRect().right - it.getBoundingClientRect().right, n]
    ).filter(([beyond]) => beyond > 1).map(
        ([beyond, n]) => [beyond, n.parentNode.className, n.className, n.textContent.slice(0, 40)]
    )"""
    assert within.evaluate(script, parts) == []


@pytest.fixture(scope="module", params=["lab", "dark_lab"])
def published(browser: Any, request: pytest.FixtureRequest) -> Iterator[tuple[Any, Kernel]]:
    """A page with a panel and hostile events, light or dark, and its kernel."""
    lab: Lab = request.getfixturevalue(request.param)
    with watched_page(browser) as (page, notes):
        cells = ["%load_ext ari_notebook\n%ari connect;\nimport ari_notebook", "%ari panel"]
        cells += [STILL.format("ladder(last=500)"), STILL.format("timeline()"), FORMS]
        cells += ["ari.ladder(last=500, fold=())"]
        open_notebook(page, lab, lab.write("hostile.ipynb", *cells))
        run_done(page, 0)
        run_done(page, 1)
        kernel = Kernel(lab)
        kernel.run(PREPARE)
        for number, text in enumerate(HOSTILE):
            kernel.run(f"send_hostile('hostile-{number}', {text!r})")
            # Where more comes at once than anybody reads, the feed leaves some out.
            page.wait_for_timeout(250)
        yield page, kernel
        kernel.close()
        assert page.evaluate("window.struck") is None
        notes.check()


def test_hostile_texts_are_text_on_the_panel(published: Any) -> None:
    page, _ = published
    panel = page.locator(".ari-panel").first
    panel.locator("li.channel").nth(2).wait_for()
    panel.locator("details.part").first.evaluate("it => it.open = true")
    for number in range(len(HOSTILE)):
        panel.get_by_label("Filter events").fill(f"hostile-{number}")
        panel.locator(".log summary", has_text=f"hostile-{number}").first.click()
        panel.locator(".log details[open] pre").first.wait_for()
        assert max(heights(panel, ".log summary")) < 40
    scroll = panel.locator(".calls .scroll")
    seen = 0
    for _ in range(8):  # only the cards in sight are in the page
        assert max(heights(panel, "li.channel")) < 70
        contained(panel, ".body > *, .pane, .cards > li, .card > *")
        seen = max(seen, len(heights(panel, "li.bridge")))
        scroll.evaluate("it => it.scrollBy(0, it.clientHeight)")
        page.wait_for_timeout(200)
    assert seen > 1
    scroll.evaluate("it => it.scrollTo(0, 0)")
    page.wait_for_timeout(200)
    panel.locator("li.channel").first.hover()
    assert panel.locator("script, img, svg, h1, iframe, a, style").count() == 0
    contained(panel, ".body > *, .pane, .cards > li, .card > *, .titled > *")
    panel.get_by_label("Filter events").fill("")
    panel.locator("li.channel button.card").nth(2).click()
    panel.locator(".ladder .row[data-key]").first.click()
    panel.locator(".inspector .detail .json-name").first.wait_for()
    assert set(heights(panel, ".ladder .row")) == {28}
    contained(panel, ".inspector .main, .inspector .stage, .inspector .detail")
    panel.get_by_role("button", name="Variables", exact=True).first.click()
    panel.locator(".variables th").first.wait_for()
    contained(panel, ".body > *, .pane, .variables")
    assert panel.locator("script, img, h1, iframe, a").count() == 0


def test_hostile_texts_are_text_in_the_past_and_in_forms(published: Any) -> None:
    page, _ = published
    panel = page.locator(".ari-panel").first
    panel.get_by_role("button", name="Event before").click()
    panel.get_by_text("read-only").first.wait_for()
    panel.locator("li.channel button.card").first.click()
    for part in ("Ladder", "Variables", "Media"):
        panel.locator(".tabs").get_by_role("button", name=part, exact=True).click()
        page.wait_for_timeout(700)
        contained(panel, ".ari-panel > .body > *, .pane, .cards > li, .card > *, .sheet > *")
        assert panel.locator("script, img, h1, iframe, a, style").count() == 0
    panel.get_by_role("button", name="Back to live").click()
    panel.get_by_role("button", name="Originate…").click()
    for text in HOSTILE[:12]:
        panel.locator(".originate textarea").fill(f"{text}={text}")
        panel.locator(".originate input").first.fill(text)
        page.wait_for_timeout(400)
        contained(panel, ".originate, .originate > *")
    assert panel.locator(".originate").locator("script, img, svg, h1, a, style").count() == 0
    page.keyboard.press("Escape")


def test_hostile_texts_are_text_in_pictures_and_cards(published: Any) -> None:
    page, kernel = published
    kernel.run(ASK)
    for cell in (2, 3, 4):
        run_done(page, cell)
    drawings = page.locator("svg.ari-drawing:not(.ari-panel *)")
    drawings.nth(2).wait_for(state="attached")  # a cell's output follows its number
    assert drawings.count() == 3  # the ladder's heads are a drawing of their own
    for drawing in drawings.all():
        assert drawing.locator("script, image, foreignObject, a, h1, animate, set").count() == 0
        allowed = {
            "style",
            "title",
            "g",
            "line",
            "rect",
            "polygon",
            "circle",
            "text",
            "svg",
            "tspan",
        }
        names = drawing.evaluate("it => [...it.querySelectorAll('*')].map(n => n.localName)")
        assert set(names) <= allowed
        attributes = drawing.evaluate(
            "it => [...it.querySelectorAll('*')].flatMap(n => n.getAttributeNames())"
        )
        assert [name for name in attributes if name.startswith(("on", "href", "style"))] == []
        contained(drawing, "rect, g > text")
        assert drawing.evaluate(UNCLIPPED) == []
    output = page.locator(".jp-Notebook .jp-CodeCell").nth(4).locator(".jp-OutputArea")
    assert output.locator(".ari").count() >= 4
    assert output.locator("script, img, h1, iframe").count() == 0


def test_hostile_texts_are_text_in_the_viewer(published: Any) -> None:
    page, _ = published
    run_done(page, 5)
    viewer = page.locator(".ari-viewer:not(.ari-panel *)").first
    viewer.locator(".row").nth(len(HOSTILE)).wait_for()
    for tab in ("Ladder", "Timeline", "Table", "Channels"):
        viewer.get_by_role("tab", name=tab, exact=True).click()
        viewer.locator(f"[aria-selected='true']:text-is('{tab}')").wait_for()
        assert viewer.locator("script, img, svg, h1, iframe, a, style").count() == 0
        contained(viewer, ".stage, .detail, .top, .chips")
    viewer.get_by_role("tab", name="Timeline", exact=True).click()
    assert set(heights(viewer, ".span")) <= {17, 9}
    viewer.get_by_role("tab", name="Ladder", exact=True).click()
    assert set(heights(viewer, ".row")) == {28}
    assert max(heights(viewer, ".head")) == 38
    for row in (0, len(HOSTILE), 3 * len(HOSTILE)):
        viewer.locator(".row[data-key]").nth(row).click()
        viewer.locator(".detail .json-name").first.wait_for()
        contained(viewer, ".detail, .detail *")
    viewer.get_by_role("button", name="Compare", exact=True).click()
    viewer.locator(".row[data-key]").nth(0).click()
    viewer.locator(".compared .differs").first.wait_for()
    assert viewer.locator("script, img, svg, h1, iframe, a, style").count() == 0
    contained(viewer, ".detail, .detail *")


def test_frame_of_broken_unicode_does_no_harm(published: Any) -> None:
    """Half a surrogate pair is not text, so the frame is malformed: the feed shows that."""
    page, kernel = published
    kernel.run("send_hostile('broken', '\\ud83d'); send_hostile('after', 'After <5558>')")
    panel = page.locator(".ari-panel").first
    panel.get_by_label("Filter events").fill("")
    panel.locator(".log", has_text="malformed").wait_for()
    panel.get_by_label("Filter channels").fill("after")
    panel.locator("li.channel", has_text="After <5558>").first.wait_for()
