"""Ladder, timeline and tables in a notebook: by mouse, by keyboard alone, live and back in time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import ari_notebook
from tests.conftest import RealAsterisk
from tests.helpers.waiting import until
from tests.views.axe import findings
from tests.views.conftest import needs, watched_page
from tests.views.lab import Kernel, Lab, Notes, new_context, open_notebook, run_done, running_lab

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PICTURES = Path(__file__).parents[3] / "build" / "pictures"
PICTURES.mkdir(parents=True, exist_ok=True)
CALL = """
import time
phone = ari.call("1003", caller="Alice <5551>")
alice = ari.channels[ari.wait_for("StasisStart").channel.id]
alice.answer()
alice.play("sound:beep")
ari.wait_for("PlaybackFinished")
ari.call("1000", caller="Bob <5552>")
bob = ari.channels[ari.wait_for("StasisStart").channel.id]
sales = ari.bridges.create(type="mixing", name="sales")
sales.add_channel(channel=[alice, bob])
ari.wait_for("ChannelEnteredBridge", channel=bob)
together = time.time()
time.sleep(1.2)
try:
    ari.channels.get("nosuch")
except ari_notebook.NotFound:
    pass
bob.hangup()
ari.wait_for("StasisEnd")
"""
CELLS = (
    "%load_ext ari_notebook\nimport ari_notebook\n%ari connect;",
    "ari.ladder()",
)


TALK = """
phone = ari.call("1000", caller="Talker <5553>")
talker = ari.channels[ari.wait_for("StasisStart").channel.id]
talker.set_channel_var(variable="TALK_DETECT(set)", value="300,256")
phone.talk()
ari.wait_for("ChannelTalkingStarted", channel=talker, timeout=30)
time.sleep(1)
phone.quiet()
ari.wait_for("ChannelTalkingFinished", channel=talker, timeout=30)
time.sleep(1)
phone.talk()
ari.wait_for("ChannelTalkingStarted", channel=talker, timeout=30)
"""


class Viewer:
    """A viewer on a page and the kernel behind it."""

    def __init__(self, page: Any, kernel: Kernel) -> None:
        self.page, self.kernel = page, kernel
        self.root = page.locator(".ari-viewer").first

    def row(self, text: str) -> Any:
        return self.root.locator(".row", has_text=text)

    def see(self, selector: str, text: str = "") -> Any:
        """Wait until an element is visible, and return it."""
        place = self.root.locator(selector)
        found = (place.filter(has_text=text) if text else place).first
        found.wait_for()
        return found

    def gone(self, selector: str, text: str = "") -> None:
        place = self.root.locator(selector)
        found = (place.filter(has_text=text) if text else place).first
        found.wait_for(state="hidden")

    def tab(self, name: str) -> None:
        self.root.get_by_role("tab", name=name, exact=True).click()

    def until(self, script: str) -> None:
        """Wait until JavaScript, given the viewer's root, is true."""
        self.page.wait_for_function(
            f"() => ((it) => {script})(document.querySelector('.ari-viewer'))"
        )


# A Local channel sends nothing while it is quiet, and Asterisk detects silence only in audio.
SILENT = "phone.quiet()\nari.channels.play(phone.id, media='sound:silence/3')"


def bands_are_right(viewer: Viewer, picture: str, talk: str = TALK) -> None:
    """Talk, silence and talk again are beside each other on one line, in the call's time."""
    viewer.kernel.run(talk, timeout=120)
    viewer.tab("Timeline")
    track = viewer.see(".track", "Talker")
    viewer.until("it.querySelectorAll('.span.talking').length === 2")
    bands = track.locator(".span.talking, .span.silence")
    kinds = [str(band.get_attribute("class")).split()[1] for band in bands.all()]
    assert kinds == ["talking", "silence", "talking"]
    # All at once: the picture follows the time, so everything in it moves.
    *boxes, up = track.evaluate(
        """it => [
            ...it.querySelectorAll(".span.talking, .span.silence"), it.querySelector(".span.up")
        ].map(band => band.getBoundingClientRect().toJSON())"""
    )
    assert len({round(box["y"]) for box in boxes}) == 1
    for one, next_one in pairwise(boxes):
        assert abs(one["right"] - next_one["left"]) < 4
    assert up["left"] - 1 <= boxes[0]["left"]
    assert boxes[-1]["right"] <= up["right"] + 3
    bands.nth(1).hover()
    viewer.see(".under", "silence")
    viewer.root.screenshot(path=PICTURES / f"bands-{picture}.png")
    viewer.kernel.run("talker.hangup(); ari.wait_for('StasisEnd')")


def shown(page: Any, lab: Lab, name: str, connect: str = CELLS[0]) -> Viewer:
    """Open a notebook with a ladder of a call."""
    open_notebook(page, lab, lab.write(name, connect, CELLS[1]))
    run_done(page, 0)
    kernel = Kernel(lab)
    kernel.run(CALL)
    run_done(page, 1)
    viewer = Viewer(page, kernel)
    viewer.see(".row", "StasisStart")
    return viewer


@pytest.fixture(scope="module")
def opened(browser: Any, lab: Lab) -> Iterator[tuple[Viewer, Notes]]:
    with watched_page(browser) as (page, notes):
        viewer = shown(page, lab, "viewer.ipynb")
        yield viewer, notes
        viewer.kernel.close()
        notes.check()


@pytest.fixture
def viewer(opened: tuple[Viewer, Notes]) -> Iterator[Viewer]:
    viewer, notes = opened
    viewer.page.set_viewport_size({"width": 1280, "height": 1100})
    yield viewer
    viewer.page.keyboard.press("Escape")
    viewer.tab("Ladder")
    viewer.root.get_by_label("Search requests").fill("")
    notes.check()


def test_ladder_grows_without_running_its_cell_again(viewer: Viewer) -> None:
    viewer.kernel.run("alice.play('sound:tt-monkeys')")
    row = viewer.see(".row.sent", "sound:tt-monkeys")
    assert "/channels/{id}/play" in row.inner_text()
    viewer.see(".row.came", "PlaybackStarted \u2068sound:tt-monkeys")
    viewer.see(".activation.playing[title='playing sound:tt-monkeys']")


def test_click_shows_json_and_marks_cause_and_effects(viewer: Viewer) -> None:
    viewer.see(".row.came", "ChannelStateChange").click()
    detail = viewer.see(".detail")
    detail.get_by_text('"ChannelStateChange"').wait_for()
    assert detail.locator(".json-name").count() > 10
    assert viewer.see(".row.kin", "POST").inner_text().find("answer") >= 0
    detail.get_by_role("button", name="1. answer").click()
    viewer.see(".row[aria-selected='true']", "answer")
    detail.get_by_role("button", name="Copy as curl").wait_for()
    assert "ChannelStateChange" in viewer.see(".row.kin").inner_text()
    detail.get_by_role("button", name="Close").click()
    viewer.gone(".detail")


def test_hover_marks_effects(viewer: Viewer) -> None:
    viewer.see(".row.sent", "add").hover()
    viewer.until("[...it.querySelectorAll('.row.kin')].length >= 2")
    said = viewer.root.locator(".row.kin").all_inner_texts()
    assert all("ChannelEnteredBridge" in text for text in said)


def test_heads_and_times_stay_in_sight(viewer: Viewer) -> None:
    box = viewer.see(".ladder")
    viewer.page.set_viewport_size({"width": 560, "height": 640})
    before = box.bounding_box()
    box.evaluate("it => { it.scrollTop = 400; it.scrollLeft = 300; }")
    viewer.until("it.querySelector('.ladder').scrollTop > 100")
    corner, head = viewer.see(".corner").bounding_box(), viewer.see(".head").bounding_box()
    assert abs(corner["x"] - before["x"]) < 3
    assert abs(corner["y"] - before["y"]) < 3
    assert abs(head["y"] - before["y"]) < 6
    times = viewer.root.locator(".row .times").nth(6).bounding_box()
    assert abs(times["x"] - before["x"]) < 3


def test_variables_are_folded_and_a_chip_shows_and_hides_them(viewer: Viewer) -> None:
    fold = viewer.see(".row.fold", "variable")
    assert viewer.row("ChannelVarset").count() == 0
    fold.click()
    viewer.see(".row", "ChannelVarset")
    viewer.see(".row.fold", "▾").click()
    viewer.gone(".row", "ChannelVarset")
    chip = viewer.see(".chip[data-kind='variables']")
    for mode in ("shown", "hidden", "folded"):
        chip.click()
        viewer.see(f".chip[data-kind='variables'][data-mode='{mode}']")
        hidden = viewer.root.locator(".row.fold", has_text="variables").count() == 0
        assert hidden == (mode != "folded")
        assert (viewer.row("ChannelVarset").count() > 0) == (mode == "shown")


def test_search_and_errors_lead_to_rows(viewer: Viewer) -> None:
    search = viewer.root.get_by_label("Search requests")
    search.fill("enteredbridge")
    viewer.see(".found-count", "2 found")
    search.press("Enter")
    viewer.see(".row.found[aria-selected='true']", "ChannelEnteredBridge")
    viewer.see(".errors summary", "1 error").click()
    viewer.see(".errors .drop button", "404").click()
    viewer.see(".row.failed[aria-selected='true']", "404")


def test_keyboard_alone_and_no_key_reaches_jupyterlab(viewer: Viewer) -> None:
    page = viewer.page
    cells = page.locator(".jp-Notebook .jp-CodeCell").count()
    viewer.root.get_by_role("tab", name="Ladder").focus()
    for _ in range(40):  # chips and buttons lie between
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('role') === 'listbox'"):
            break
    page.keyboard.press("Home")
    viewer.see(".row[aria-selected='true']", "StasisStart")
    page.keyboard.press("ArrowDown")
    viewer.see(".row[aria-selected='true']", "answer")
    viewer.see(".detail .json", '"request"')
    page.keyboard.press("e")
    viewer.see(".row.failed[aria-selected='true']", "404")
    for key in ("x", "d", "d", "m", "b", "0", "0", "a"):
        page.keyboard.press(key)
    assert page.locator(".jp-Notebook .jp-CodeCell").count() == cells
    assert page.locator(".jp-Dialog").count() == 0
    page.keyboard.press("t")
    viewer.see(".timeline")
    viewer.until("it.querySelector('.plot') === document.activeElement")
    page.keyboard.press("l")
    viewer.until("it.querySelector('.list') === document.activeElement")
    page.keyboard.press("/")
    page.keyboard.type("hang up")
    page.keyboard.press("Enter")
    viewer.see(".row[aria-selected='true']", "hang up")
    page.keyboard.press("Escape")
    viewer.gone(".detail")


def test_timeline_says_what_was_and_shares_the_selection(viewer: Viewer) -> None:
    viewer.see(".row", "ChannelEnteredBridge").click()
    viewer.tab("Timeline")
    viewer.see(".mark")
    plot = viewer.see(".plot")
    viewer.see(".now-line", "now")
    box = plot.bounding_box()
    assert box["width"] > 0.5 * viewer.root.bounding_box()["width"]
    viewer.see(".span.up", "Up").hover()
    viewer.see(".under", "Alice <5551>")
    plot.focus()
    before = viewer.see(".detail .facts").inner_text()
    viewer.page.keyboard.press("Home")
    viewer.page.keyboard.press("ArrowRight")
    viewer.page.keyboard.press("Enter")
    viewer.until(f"it.querySelector('.detail .facts').textContent !== {json.dumps(before)}")
    chosen = viewer.see(".detail .facts").inner_text()
    viewer.page.keyboard.press("+")
    viewer.until("it.querySelectorAll('.tick').length > 0")
    viewer.page.keyboard.press("0")  # everything, for the tests after it
    viewer.tab("Table")
    viewer.see("tr[aria-selected='true']")
    assert chosen[:12] in viewer.see("tr[aria-selected='true']").inner_text()


def test_border_resizes_the_json_by_mouse_and_by_keys(viewer: Viewer) -> None:
    viewer.see(".row", "ChannelEnteredBridge").click()
    detail, border = viewer.see(".detail"), viewer.see(".border")
    width = detail.bounding_box()["width"]
    place = border.bounding_box()
    mouse = viewer.page.mouse
    mouse.move(place["x"] + 4, place["y"] + 40)
    mouse.down()
    mouse.move(place["x"] - 116, place["y"] + 40, steps=4)
    mouse.up()
    assert abs(detail.bounding_box()["width"] - width - 120) < 4
    border.focus()
    viewer.page.keyboard.press("ArrowRight")
    viewer.page.keyboard.press("ArrowRight")
    assert abs(detail.bounding_box()["width"] - width - 72) < 4
    assert border.get_attribute("aria-orientation") == "vertical"
    viewer.page.set_viewport_size({"width": 700, "height": 1100})
    viewer.until("it.querySelector('.border').getAttribute('aria-orientation') === 'horizontal'")
    height = detail.bounding_box()["height"]
    viewer.page.keyboard.press("ArrowUp")
    assert abs(detail.bounding_box()["height"] - height - 24) < 4


def test_two_steps_are_compared_by_mouse_and_by_keys(viewer: Viewer) -> None:
    entered = viewer.root.locator(".row.came", has_text="ChannelEnteredBridge")
    entered.nth(0).click()
    viewer.see(".detail .json", '"ChannelEnteredBridge"')
    compare = viewer.root.get_by_role("button", name="Compare", exact=True)
    compare.click()
    viewer.see(".differences", "Choose the step to compare it with.")
    entered.nth(1).click()
    viewer.see(".differences", "differ, +")
    assert viewer.see(".compared thead").inner_text().count("ChannelEnteredBridge") == 2
    number = viewer.see(".compared .differs", '"5551"')
    assert number.locator("td").all_inner_texts() == [
        '      "number": "5551"',
        "≠",
        '      "number": "5552"',
    ]
    assert number.locator("strong").all_inner_texts() == ["1", "2"]
    viewer.page.emulate_media(forced_colors="active")  # where a reader's colours replace ours
    viewer.until(
        "[it.querySelector('.compared td'), it.querySelector('.compared td strong')]"
        ".map(node => getComputedStyle(node).color).every((colour, _, all) => colour === all[0])"
    )
    viewer.page.emulate_media(forced_colors="none")
    fold = viewer.see(".compared .link", "equal lines")
    lines = viewer.root.locator(".compared tbody tr").count()
    fold.click()
    viewer.until(f"it.querySelectorAll('.compared tbody tr').length > {lines}")
    assert findings(viewer.page, ".ari-viewer") == []
    left, right = (viewer.root.locator(".compared th").nth(n).bounding_box() for n in (0, 1))
    assert left["y"] == right["y"]
    assert right["x"] > left["x"] + left["width"]
    compare.click()
    viewer.gone(".compared")
    viewer.see(".row[aria-selected='true']", "ChannelEnteredBridge")
    viewer.page.keyboard.press("Home")
    viewer.see(".detail .json", '"StasisStart"')
    viewer.page.keyboard.press("c")
    viewer.page.keyboard.press("ArrowDown")
    viewer.see(".compared th", "answer")
    assert viewer.root.locator(".compared td", has_text='"type"').count() >= 1
    viewer.page.keyboard.press("Escape")
    viewer.gone(".detail")
    viewer.row("StasisStart").first.click()
    viewer.gone(".compared")


def test_touch_chooses_a_step_and_unfolds(viewer: Viewer, browser: Any, tmp_path: Path) -> None:
    viewer.kernel.run(f"ari.ladder().save({str(tmp_path / 'touch.html')!r})")
    context = new_context(browser, viewport={"width": 390, "height": 800}, has_touch=True)
    page = context.new_page()
    page.goto((tmp_path / "touch.html").as_uri())
    page.locator(".row.fold", has_text="variable").first.tap()
    page.locator(".row", has_text="ChannelVarset").first.tap()
    page.locator(".detail .json", has_text="ChannelVarset").wait_for()
    page.get_by_role("tab", name="Timeline").tap()
    before = page.locator(".detail .facts").inner_text()
    box = page.locator(".plot").bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] - 20, box["y"] + 40)
    until(lambda: page.locator(".detail .facts").inner_text() != before)
    context.close()


def test_timeline_has_bands_of_talk_and_silence(viewer: Viewer) -> None:
    bands_are_right(viewer, "simulator")


def test_slider_shows_ladder_and_tables_of_an_earlier_moment(viewer: Viewer) -> None:
    slider = viewer.root.get_by_label("Moment that is shown")
    viewer.tab("Channels")
    viewer.see(".moment caption", "1 channel at")
    together = viewer.kernel.ask("together")
    begin, end = viewer.kernel.ask(
        "[ari.log.received(0, 1)[0], ari.log.received(ari.log.count - 1, ari.log.count)[0]]"
    )
    place = int(1000 * (together + 0.3 - begin) / (end - begin))
    slider.fill(str(place))
    viewer.see(".moment caption", "2 channels at")
    assert "sales" in viewer.see(".moment td", "sales").inner_text()
    viewer.tab("Ladder")
    viewer.gone(".row", "hang up")
    viewer.see(".row", "ChannelEnteredBridge")
    slider.focus()
    viewer.page.keyboard.press("Home")
    viewer.gone(".row", "ChannelEnteredBridge")
    viewer.root.get_by_role("button", name="Live").click()
    viewer.see(".row", "hang up")


@pytest.mark.parametrize(
    ("label", "begin"),
    [("SVG", b"<?xml"), ("PNG", b"\x89PNG"), ("One HTML file", b"<!DOCTYPE"), ("Mermaid", b"seq")],
)
def test_picture_is_saved_from_the_page(viewer: Viewer, label: str, begin: bytes) -> None:
    viewer.see(".menu summary", "Save as").click()
    with viewer.page.expect_download() as download:
        viewer.root.get_by_role("button", name=label, exact=True).click()
    assert Path(download.value.path()).read_bytes().startswith(begin)


@pytest.mark.parametrize("mood", ["light", "dark"])
def test_axe_finds_nothing_in_a_notebook_and_full_screen(
    browser: Any, request: pytest.FixtureRequest, mood: str
) -> None:
    lab: Lab = request.getfixturevalue("lab" if mood == "light" else "dark_lab")
    with watched_page(browser) as (page, notes):
        viewer = shown(page, lab, f"viewer-{mood}.ipynb")
        viewer.see(".row", "hang up").click()
        viewer.see(".detail .json", '"request"')
        page.set_viewport_size({"width": 1500, "height": 1000})
        for tab in ("Ladder", "Timeline", "Table", "Channels"):
            viewer.tab(tab)
            viewer.see(f".tabs [aria-selected='true']:text-is('{tab}')")
            assert findings(page, ".ari-viewer") == []
            viewer.root.screenshot(path=PICTURES / f"viewer-{tab.lower()}-{mood}.png")
        page.set_viewport_size({"width": 1920, "height": 1080})
        viewer.tab("Ladder")
        viewer.root.get_by_role("button", name="Full screen").click()
        page.wait_for_function("document.fullscreenElement !== null")
        assert findings(page, ".ari-viewer") == []
        page.screenshot(path=PICTURES / f"viewer-projector-{mood}.png")
        viewer.kernel.close()
        notes.check()


def test_file_for_a_ticket_stands_alone(viewer: Viewer, browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "call.html"
    viewer.kernel.run(f"ari.ladder().save({str(file)!r})")
    with watched_page(browser) as (page, notes):
        page.goto(file.as_uri())
        page.locator(".row", has_text="hang up").first.click()
        page.locator(".detail .json", has_text='"request"').wait_for()
        page.get_by_role("tab", name="Timeline").click()
        page.locator(".span", has_text="Up").first.wait_for()
        assert findings(page, "body") == []
        page.set_viewport_size({"width": 360, "height": 740})
        for tab in ("Timeline", "Ladder", "Table"):
            page.get_by_role("tab", name=tab, exact=True).click()
            page.locator(f"[aria-selected='true']:text-is('{tab}')").wait_for()
            assert findings(page, "body") == []
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
            page.screenshot(path=PICTURES / f"viewer-{tab.lower()}-narrow.png")
        notes.left = [url for url in notes.left if not url.startswith("file:")]
        notes.check()


def test_chosen_step_stays_while_newer_ones_come(viewer: Viewer) -> None:
    """The last of the tests that share a page, because it fills the log."""
    viewer.see(".row", "StasisStart").click()
    viewer.see(".detail .json", '"StasisStart"')
    viewer.kernel.run(
        "for number in range(120): ari.events.user_event(f'n{number}', application=ari.apps[0])",
        timeout=60,
    )
    viewer.see(".note", "newer ones wait")
    viewer.see(".row[aria-selected='true']", "StasisStart")
    viewer.page.keyboard.press("Escape")
    viewer.see(".row", "send user event")
    viewer.gone(".row", "StasisStart")


def test_timeline_begins_after_a_long_quiet_time(browser: Any, tmp_path: Path) -> None:
    with ari_notebook.connect() as ari:
        for begin in (1_795_900_000.0, 1_795_903_600.0):
            for after, type in ((0, "StasisStart"), (5, "StasisEnd")):
                channel = {"id": f"c{begin}", "name": f"PJSIP/{begin:.0f}", "state": "Up"}
                stamp = datetime.fromtimestamp(begin + after, UTC).isoformat()
                event = {"type": type, "timestamp": stamp, "args": [], "channel": channel}
                ari.log.append([json.dumps(event).encode()], begin + after)
        ari.timeline().save(tmp_path / "calls.html")
    with watched_page(browser) as (page, _):
        page.goto((tmp_path / "calls.html").as_uri())
        page.locator(".tick", has_text="22:06:4").first.wait_for()
        assert page.locator(".span").count() == 1
        page.get_by_role("button", name="Show all").click()
        page.locator(".tick", has_text="21:30:00").wait_for()
        assert page.locator(".span").count() == 2


def test_viewer_on_asterisk(browser: Any, real_asterisk: RealAsterisk, tmp_path: Path) -> None:
    needs("jupyterlab")
    secret = {"ARI_PASSWORD": real_asterisk.password}
    connect = f"%load_ext ari_notebook\nimport ari_notebook\n%ari connect {real_asterisk.url}"
    connect += f" --app hello-world --user {real_asterisk.user};"
    with running_lab(tmp_path, secret) as lab, watched_page(browser) as (page, notes):
        viewer = shown(page, lab, "asterisk.ipynb", connect)
        viewer.kernel.run("alice.hangup(); ari.wait_for('StasisEnd')")
        viewer.see(".row.sent", "hang up").click()
        viewer.see(".detail .json", '"request"')
        viewer.see(".row.kin", "StasisEnd")
        viewer.tab("Timeline")
        viewer.see(".span.bridge", "sales")
        bands_are_right(viewer, "asterisk", TALK.replace("phone.quiet()", SILENT))
        viewer.kernel.close()
        notes.check()
