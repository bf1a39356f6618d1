"""The panel's main walk, by mouse alone and with the keyboard alone, on both servers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.conftest import RealAsterisk
from tests.helpers.waiting import until
from tests.views.axe import findings
from tests.views.conftest import needs, watched_page
from tests.views.lab import Kernel, Lab, Notes, open_notebook, run_done, running_lab
from tests.views.shown import Shown

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

LOAD = "import time, contextlib, ari_notebook\n%load_ext ari_notebook\n"


@contextmanager
def panel_of(browser: Any, lab: Lab, connect: str) -> Iterator[tuple[Shown, Notes]]:
    with watched_page(browser) as (page, notes):
        name = lab.write("walk.ipynb", LOAD + connect, "%ari panel", "%ari ladder")
        open_notebook(page, lab, name)
        run_done(page, 0)
        run_done(page, 1)
        kernel = Kernel(lab)
        yield Shown(page, kernel), notes
        kernel.close()


BOTH = ["simulator", pytest.param("real", marks=pytest.mark.asterisk)]


def connection_to(server: RealAsterisk) -> tuple[str, dict[str, str]]:
    """Return the line that connects to a server, and the environment it needs."""
    connect = f"%ari connect {server.url} --app hello-world --user {server.user};"
    return connect, {"ARI_PASSWORD": server.password}


@pytest.fixture(scope="module", params=BOTH)
def opened(
    request: pytest.FixtureRequest, browser: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Shown, Notes]]:
    """One notebook with a panel for all tests of a server."""
    needs("jupyterlab")
    if request.param == "simulator":
        with panel_of(browser, request.getfixturevalue("lab"), "%ari connect;") as panel:
            yield panel
        return
    connect, secret = connection_to(request.getfixturevalue("_asterisk_of_the_run"))
    with (
        running_lab(tmp_path_factory.mktemp("asterisk"), secret) as lab,
        panel_of(browser, lab, connect) as panel,
    ):
        yield panel


@pytest.fixture
def shown(opened: tuple[Shown, Notes]) -> Iterator[Shown]:
    """A panel without calls; its page must not log errors."""
    shown, notes = opened
    yield shown
    back = shown.button("Back to live")
    if back.count():  # after a failure
        back.click()
    if shown.button("Ladder", ".inspector").is_visible():
        shown.button("Ladder", ".inspector").click()
    shown.page.evaluate("document.activeElement.blur()")
    shown.end_calls()
    notes.check()


def reach(shown: Shown, name: str, key: str = "Tab") -> None:
    """Walk with one key until the focus is on a control of a name."""
    label = "(it => it.ariaLabel || it.labels?.[0]?.textContent || it.textContent)"
    for _ in range(80):
        if shown.page.evaluate(f"{label}(document.activeElement)").strip() == name:
            return
        shown.page.keyboard.press(key)
    raise AssertionError(f"{key} does not reach {name}")


def enter(shown: Shown) -> None:
    """Put the focus on the panel's first control, as Tab does from the cell above."""
    shown.button("Full screen").focus()


def arrive(shown: Shown, extension: str = "1000", caller: str = "Alice <5551>") -> str:
    """Call an extension and choose the call; returns the id of its channel in the application.

    A Local channel of a real Asterisk has two ends, of which the application gets the other.
    """
    before = set(shown.kernel.ask("list(ari.channels.df.index)"))
    shown.kernel.run(f"phone = ari.call({extension!r}, caller={caller!r})")
    number = caller.partition("<")[2].rstrip(">")
    fresh = "li.channel" + "".join(f':not([data-id="{id}"])' for id in before)
    card = shown.panel.locator(fresh, has_text=number).first
    card.wait_for()
    id = str(card.get_attribute("data-id"))
    shown.choose(id)
    return id


def controls(shown: Shown, playback: str, operation: str) -> None:
    """Wait until the latest control of a playback was this one."""
    path = f"/playbacks/{playback}/control"
    until(lambda: shown.sent("POST", path) == {"operation": operation})


def changes(field: Any, before: str) -> None:
    until(lambda: field.input_value() != before)


def ladder_row(shown: Shown, text: str) -> Any:
    return shown.panel.locator(".ladder .row[data-key]", has_text=text).first


def test_call_is_handled_by_mouse_alone(shown: Shown) -> None:
    for key in "1003":
        shown.button(f"Press {key}").click()
    shown.button("Call").click()
    card = shown.panel.locator("li.channel button.card").first
    card.click()
    id = str(shown.rows.first.get_attribute("data-id"))
    shown.panel.locator("li.channel").first.get_by_role("button", name="Answer").click()
    shown.sent("POST", f"/channels/{id}/answer")
    shown.says("Up", "li.channel .state")
    ladder_row(shown, "answer").wait_for()
    shown.inspect("Hold")
    ladder_row(shown, "/hold").wait_for()
    shown.inspect("Unhold")
    shown.sent("DELETE", f"/channels/{id}/hold")
    shown.button("Press 4").click()
    shown.says("⌨ 4", "li.channel")
    ladder_row(shown, "ChannelDtmfReceived").click()
    shown.says("ChannelDtmfReceived", ".inspector .detail .json")
    shown.button("Close", ".inspector").click()
    shown.button("Variables", ".inspector").click()
    shown.panel.locator(".variables caption").wait_for()
    shown.button("Ladder", ".inspector").click()
    shown.confirm("Hang up", ".inspector")
    shown.sent("DELETE", f"/channels/{id}")
    shown.says("Ended", ".inspector .state")
    assert shown.button("Hang up", ".inspector").count() == 0


def test_call_is_handled_with_the_keyboard_alone(shown: Shown) -> None:
    keys = shown.page.keyboard
    cells = shown.page.locator(".jp-Notebook .jp-CodeCell").count()
    enter(shown)
    for key in "1003":
        keys.press(key)
    reach(shown, "Call")
    keys.press("Enter")
    shown.panel.locator("li.channel").first.wait_for()
    id = str(shown.rows.first.get_attribute("data-id"))
    enter(shown)
    while "card" not in shown.page.evaluate("document.activeElement.className"):
        keys.press("Tab")
    keys.press("Enter")
    shown.panel.locator("button.card[aria-pressed=true]").wait_for()
    keys.press("a")
    shown.sent("POST", f"/channels/{id}/answer")
    shown.says("Up", "li.channel .state")
    for key in "42":
        keys.press(key)
    shown.says("⌨ 42", "li.channel")
    reach(shown, "Play")
    keys.press("Enter")
    shown.sent("POST", f"/channels/{id}/play")
    ladder_row(shown, "PlaybackStarted").wait_for()
    reach(shown, "Requests and events")
    keys.press("Home")
    shown.panel.locator(".inspector .detail .json-name").first.wait_for()
    keys.press("c")
    keys.press("End")
    keys.press("ArrowUp")
    shown.panel.locator(".compared .differs").first.wait_for()
    assert findings(shown.page, ".ari-panel .inspector") == []
    keys.press("Escape")
    shown.panel.locator(".inspector .detail").wait_for(state="hidden")
    for key in ("x", "d", "d", "b", "m", "0", "0"):
        keys.press(key)
    assert shown.page.locator(".jp-Notebook .jp-CodeCell").count() == cells
    assert shown.page.locator(".jp-Dialog").count() == 0
    keys.press("h")
    shown.button("Sure? Hang up", ".inspector").wait_for()
    keys.press("h")
    shown.sent("DELETE", f"/channels/{id}")
    shown.says("Ended", ".inspector .state")


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_playback_is_paused_moved_and_stopped(shown: Shown, way: str) -> None:
    id = arrive(shown)
    shown.panel.get_by_label("What to play").fill("sound:demo-instruct")

    def press(name: str) -> None:
        if way == "mouse":
            shown.inspect(name)
        else:
            reach(shown, name)
            shown.page.keyboard.press("Enter")

    enter(shown)
    press("Play")
    shown.sent("POST", f"/channels/{id}/play")
    shown.says("▶ sound:demo-instruct", "li.channel")
    press("Media")
    playback = shown.kernel.ask("next(iter(ari.playbacks)).id")
    for name, operation in (
        ("Back 3 seconds", "reverse"),
        ("Forward 3 seconds", "forward"),
        ("From the start", "restart"),
    ):
        enter(shown)
        press(name)
        controls(shown, playback, operation)
        shown.says("/control", ".outcome[data-state=done] .line")
    enter(shown)
    press("Pause")
    shown.says("⏸ sound:demo-instruct", "li.channel")
    press("Resume")
    shown.says("▶ sound:demo-instruct", "li.channel")
    press("Stop playback")
    shown.sent("DELETE", f"/playbacks/{playback}")
    shown.says("Nothing is being played.", ".media-part")
    enter(shown)
    press("Ladder")
    ladder_row(shown, "PlaybackFinished").wait_for()


def test_recording_is_kept_and_has_a_waveform(shown: Shown) -> None:
    id = arrive(shown)
    # The other end of a Local channel sends nothing by itself.
    shown.kernel.run(
        f"if phone.id != {id!r}: ari.channels.play(phone.id, media='sound:tt-monkeys')"
    )
    shown.inspect("Record")
    shown.says("● panel-", "li.channel")
    shown.button("Media", ".inspector").click()
    time.sleep(1)  # what is recorded has a length
    shown.inspect("Stop and keep")
    load = shown.panel.locator(".recordings li button").last
    load.click()
    shown.panel.locator(".recordings .wave:not([hidden])").first.wait_for()
    shown.page.wait_for_function("() => document.querySelector('.recordings audio').duration > 0.5")
    shown.button("Ladder", ".inspector").click()


def test_originate_form_by_keyboard_calls(shown: Shown) -> None:
    keys = shown.page.keyboard
    enter(shown)
    reach(shown, "Originate…")
    keys.press("Enter")
    form = shown.panel.locator(".originate")
    form.locator(".request", has_text="POST /channels").wait_for()
    assert shown.page.evaluate("document.activeElement.closest('.originate') !== null")
    keys.press("Control+a")
    keys.type("Local/1002@default")
    reach(shown, "Caller ID")
    keys.type("Carla <5557>")
    form.locator(".request", has_text="Carla <5557>").wait_for()
    assert findings(shown.page, ".ari-panel .originate") == []
    keys.press("Enter")
    until(lambda: shown.sent("POST", "/channels")["endpoint"] == "Local/1002@default")
    assert shown.sent("POST", "/channels")["callerId"] == "Carla <5557>"
    shown.panel.locator(".inspector .state", has_text="Up").wait_for()
    shown.says("1002", ".inspector .ladder")


def test_originate_form_by_mouse_calls(shown: Shown) -> None:
    shown.button("Originate…").click()
    form = shown.panel.locator(".originate")
    form.locator(".request", has_text="POST /channels").wait_for()
    form.get_by_label("Endpoint").fill("Local/1000@default")
    form.get_by_role("button", name="Originate", exact=True).click()
    until(lambda: shown.sent("POST", "/channels")["endpoint"] == "Local/1000@default")
    shown.panel.locator(".inspector .state", has_text="Up").wait_for()


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_earlier_moment_is_shown(shown: Shown, way: str) -> None:
    arrive(shown, "1000", "Early <5551>")
    shown.kernel.run("time.sleep(2.2); phone.hangup()")  # the slider moves by seconds
    shown.page.mouse.move(0, 0)
    shown.page.evaluate("document.activeElement.blur()")
    shown.panel.get_by_text("No active calls.").wait_for()
    clock = shown.panel.get_by_label("Time of day in UTC")
    slider = shown.panel.get_by_label("Moment that is shown")
    for _ in range(60):
        before = clock.input_value()
        if way == "mouse":
            shown.button("Event before").click()
        else:
            slider.press("ArrowLeft")
        changes(clock, before)
        shown.says("read-only", ".scrubber")
        if shown.rows.count():
            break
    assert "Early" in shown.rows.first.inner_text()
    assert shown.button("Hang up", ".inspector").count() == 0
    if way == "mouse":
        shown.button("Back to live").click()
    else:
        slider.press("End")
    shown.button("Live").wait_for()
    shown.panel.get_by_text("No active calls.").wait_for()


def test_transfer_shows_its_request_and_its_result(shown: Shown) -> None:
    """Asterisk transfers only between channels of one technology, and says so otherwise."""
    id = arrive(shown)
    shown.panel.get_by_label("Transfer to").fill("IAX2/elsewhere")
    shown.inspect("Transfer")
    shown.says(f"/channels/{id}/redirect", ".outcome[data-state=failed] .line")
    words = shown.panel.locator(".outcome .words")
    assert words.inner_text() != ""
    shown.panel.evaluate("it => (it.style.width = '640px')")
    try:
        assert words.evaluate("it => it.scrollHeight > it.clientHeight")
        assert findings(shown.page, ".ari-panel .inspector") == []
        words.focus()
        shown.page.keyboard.press("End")
        shown.page.wait_for_function("document.activeElement.scrollTop > 0")
    finally:
        shown.panel.evaluate("it => (it.style.width = '')")


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_call_is_transferred_to_an_extension(shown: Shown, way: str) -> None:
    id = arrive(shown)
    to = shown.panel.get_by_label("Transfer to")
    to.fill("1002")
    if way == "mouse":
        shown.inspect("Transfer")
    else:
        to.focus()
        reach(shown, "Transfer")
        shown.page.keyboard.press("Enter")
    place = {"context": "default", "extension": "1002", "priority": "1"}
    until(lambda: shown.sent("POST", f"/channels/{id}/continue") == place)
    shown.says(f"/channels/{id}/continue", ".outcome[data-state=done] .line")
    there = f"[c.dialplan['exten'] for c in ari.channels.list() if c.id == {id!r}]"
    until(lambda: shown.kernel.ask(there) == ["1002"])
    shown.kernel.run(f"ari.channels.hangup({id!r})")
    shown.kernel.run("with contextlib.suppress(ari_notebook.AriError): phone.hangup()")


def test_call_is_transferred_to_an_endpoint_of_its_technology(shown: Shown) -> None:
    id = arrive(shown)
    local = shown.kernel.ask(f"ari.channels[{id!r}].name").startswith("Local/")
    endpoint = "Local/1002@default" if local else "PJSIP/alice"
    shown.panel.get_by_label("Transfer to").fill(endpoint)
    shown.inspect("Transfer")
    until(lambda: shown.sent("POST", f"/channels/{id}/redirect") == {"endpoint": endpoint})
    shown.says(f"/channels/{id}/redirect", ".outcome[data-state=done] .line")


def test_log_has_kinds_search_and_the_chosen_call(shown: Shown) -> None:
    id = arrive(shown, "1000", "Dora <771>")
    arrive(shown, "1000", "Emil <772>")
    shown.choose(id)
    shown.kernel.run(f"ari.channels.set_channel_var({id!r}, variable='COLOUR', value='red')")
    lines, chips = shown.panel.locator(".log .lines"), shown.panel.locator(".log .chips")
    lines.get_by_text("Emil").first.wait_for()
    assert "ChannelVarset" not in lines.inner_text()
    chips.get_by_role("button", name="Variables").click()
    lines.locator("li", has_text="ChannelVarset").first.wait_for()
    chips.get_by_role("button", name="Calls").focus()
    shown.page.keyboard.press("Enter")
    lines.get_by_text("StasisStart").first.wait_for(state="detached")
    shown.page.keyboard.press("Enter")
    lines.get_by_text("StasisStart").first.wait_for()
    chips.get_by_role("button", name="chosen call").click()
    lines.get_by_text("Emil").first.wait_for(state="detached")
    assert "Dora" in lines.inner_text()
    chips.get_by_role("button", name="chosen call").click()
    shown.panel.get_by_label("Filter events").fill("dora")  # callers are found by name
    lines.get_by_text("Emil").first.wait_for(state="detached")
    lines.locator("summary", has_text="StasisStart").first.click()
    lines.locator("pre .name, pre span").first.wait_for()
    shown.panel.get_by_label("Filter events").fill("")
    chips.get_by_role("button", name="Variables").click()


def test_tiles_count_calls_answers_and_errors(shown: Shown) -> None:
    def figure(label: str) -> str:
        tile = shown.panel.locator(".tile", has_text=label).locator(".figure")
        return str(tile.inner_text())

    errors = int(figure("Errors"))
    arrive(shown)
    channels = shown.kernel.ask("len(ari.channels)")
    until(lambda: figure("Calls now") == str(channels))
    assert int(figure("Per minute")) > 0
    assert figure("Answered").endswith("%")
    shown.kernel.run("with contextlib.suppress(ari_notebook.NotFound): ari.channels.get('nosuch')")
    until(lambda: int(figure("Errors")) == errors + 1)


@pytest.mark.parametrize(
    ("border", "pane", "side", "key"),
    [
        ("Width of the calls", ".pane.calls", "width", "ArrowRight"),
        ("Width of the telephone", ".pane.telephone", "width", "ArrowLeft"),
        ("Height of the log", ".pane.log", "height", "ArrowUp"),
    ],
)
def test_panes_are_resized(shown: Shown, border: str, pane: str, side: str, key: str) -> None:
    shown.page.set_viewport_size({"width": 1500, "height": 1100})  # the telephone beside the call
    node, size = shown.panel.get_by_label(border), shown.panel.locator(pane)
    before = size.bounding_box()[side]
    box = node.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    way = 1 if key == "ArrowRight" else -1
    shown.page.mouse.move(x, y)
    shown.page.mouse.down()
    shown.page.mouse.move(
        x + way * 30 * (side == "width"), y + way * 30 * (side == "height"), steps=4
    )
    shown.page.mouse.up()
    assert abs(size.bounding_box()[side] - before - 30) < 3
    node.focus()
    shown.page.keyboard.press(key)
    assert abs(size.bounding_box()[side] - before - 46) < 3
    for _ in range(3):
        shown.page.keyboard.press(
            {"ArrowRight": "ArrowLeft", "ArrowLeft": "ArrowRight", "ArrowUp": "ArrowDown"}[key]
        )
    shown.page.set_viewport_size({"width": 1280, "height": 1100})


def test_caller_is_dragged_onto_another(shown: Shown) -> None:
    ids = [arrive(shown, "1000", caller) for caller in ("Anna <51>", "Bert <52>")]
    one, other = (shown.panel.locator(f'li[data-id="{id}"] .name').bounding_box() for id in ids)
    shown.page.mouse.move(one["x"] + 5, one["y"] + 5)
    shown.page.mouse.down()
    shown.page.mouse.move(other["x"] + 40, other["y"] + 10, steps=5)
    shown.page.mouse.up()
    shown.page.mouse.move(0, 0)
    shown.says("2 channels", "li.bridge")
    shown.panel.locator(f'li.member[data-id="{ids[1]}"]').wait_for()


@pytest.mark.parametrize("width", [360, 640, 1200])
def test_axe_finds_nothing_and_nothing_sticks_out(shown: Shown, width: int) -> None:
    """640 pixels are a page of 1,280 at 200 % zoom."""
    arrive(shown, "1000", "مريم بنت عبد الرحمن <5553>")
    ladder_row(shown, "StasisStart").click()
    shown.panel.evaluate("(it, width) => (it.style.width = `${width}px`)", width)
    try:
        shown.page.wait_for_timeout(300)
        assert findings(shown.page, ".ari-panel") == []
        beyond = shown.panel.evaluate(
            """it => [...it.querySelectorAll(".top > *, .tile, .pane, .pane > *, .titled > *")]
                .filter(node => node.checkVisibility() &&
                    node.getBoundingClientRect().right > it.getBoundingClientRect().right + 1)
                .map(node => node.className)"""
        )
        assert beyond == []
    finally:
        shown.panel.evaluate("it => (it.style.width = '')")


def test_every_button_sends_its_request(shown: Shown) -> None:
    shown.kernel.run("phone = ari.call('1003', caller='Alice <5551>')")
    shown.rows.first.wait_for()
    id = str(shown.rows.first.get_attribute("data-id"))
    assert "5551" in shown.rows.first.inner_text()
    shown.choose(id)
    shown.inspect("Ring")
    shown.sent("POST", f"/channels/{id}/ring")
    shown.inspect("Answer")
    shown.sent("POST", f"/channels/{id}/answer")
    shown.says("Up", "li.channel .state")
    for on, off, path in (("Hold", "Unhold", "hold"), ("Mute", "Unmute", "mute")):
        shown.inspect(on)
        shown.sent("POST", f"/channels/{id}/{path}")
        shown.inspect(off)
        shown.sent("DELETE", f"/channels/{id}/{path}")
    shown.inspect("Send tones")
    shown.sent("POST", f"/channels/{id}/dtmf")
    shown.inspect("Record")
    name = shown.sent("POST", f"/channels/{id}/record")["name"]
    shown.says(f"● {name}", "li.channel")
    shown.inspect("Stop recording")
    shown.sent("POST", f"/recordings/live/{name}/stop")
    shown.panel.get_by_label("What to play").fill("sound:demo-instruct")  # it lasts
    shown.inspect("Play")
    shown.sent("POST", f"/channels/{id}/play")
    shown.says("▶ sound:demo-instruct", "li.channel")
    shown.kernel.run("for each in list(ari.playbacks): each.stop()")
    shown.button("Create bridge").click()
    shown.sent("POST", "/bridges")
    shown.says("0 channels", "li.bridge")
    bridge = shown.kernel.ask("next(iter(ari.bridges.df.index))")
    shown.inspect("Add to bridge")
    shown.sent("POST", f"/bridges/{bridge}/addChannel")
    shown.says("1 channel", "li.bridge")
    shown.choose(bridge)
    shown.inspect("Play")
    shown.sent("POST", f"/bridges/{bridge}/play")
    shown.says("▶ sound:demo-instruct", "li.bridge")
    shown.choose(id)
    shown.inspect("Take out of bridge")
    shown.sent("POST", f"/bridges/{bridge}/removeChannel")
    shown.choose(bridge)
    shown.confirm("Destroy", ".inspector")
    shown.sent("DELETE", f"/bridges/{bridge}")
    shown.choose(id)
    shown.confirm("Hang up", ".inspector")
    shown.sent("DELETE", f"/channels/{id}")
    run_done(shown.page, 2)
    sent = shown.page.locator(".ari-viewer .row.sent", has_text="/channels/{id}/answer")
    sent.first.wait_for()
