"""The panel in JupyterLab and Chromium with the simulator."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.helpers.waiting import until
from tests.views.axe import findings
from tests.views.conftest import watched_page
from tests.views.lab import Kernel, Lab, Notes, open_notebook, run_cell, run_done
from tests.views.shown import Shown

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CONNECT = "import time\n%load_ext ari_notebook\n%ari connect;"
PANEL = "%ari panel"

# Counts what would be heard, as it happens; the real parts do their work.
EARS = """
window.heard = {contexts: 0, tones: [], recordings: 0, spoken: []};
window.AudioContext = class extends AudioContext {
    constructor() { super(); window.heard.contexts += 1; }
};
const tone = OscillatorNode.prototype.start, file = AudioBufferSourceNode.prototype.start;
OscillatorNode.prototype.start = function (...when) {
    window.heard.tones.push(this.frequency.value);
    return tone.apply(this, when);
};
AudioBufferSourceNode.prototype.start = function (...when) {
    window.heard.recordings += this.buffer.duration;
    return file.apply(this, when);
};
const speak = speechSynthesis.speak.bind(speechSynthesis);
speechSynthesis.speak = (said) => { window.heard.spoken.push(said.text); speak(said); };
"""


@pytest.fixture(scope="module")
def opened(browser: Any, lab: Lab) -> Iterator[tuple[Shown, Notes]]:
    """One notebook for all tests, because opening it takes longer than the tests."""
    with watched_page(browser) as (page, notes):
        page.add_init_script(EARS)
        name = lab.write("panel.ipynb", CONNECT, PANEL, "import time; time.sleep(4)", PANEL)
        open_notebook(page, lab, name)
        run_done(page, 0)
        run_done(page, 1)
        kernel = Kernel(lab)
        yield Shown(page, kernel), notes
        kernel.close()


@pytest.fixture
def shown(opened: tuple[Shown, Notes]) -> Iterator[Shown]:
    """A panel without calls; its page must not log errors."""
    shown, notes = opened
    yield shown
    shown.end_calls()
    notes.check()


def test_call_is_shown(shown: Shown) -> None:
    # The event's time and the row's are both this machine's.
    shown.page.evaluate(
        """() => {
            window.shownAt = 0;
            new MutationObserver((_, watch) => {
                if (!document.querySelector(".ari-panel li.channel")) return;
                window.shownAt = Date.now();
                watch.disconnect();
            }).observe(document.querySelector(".ari-panel"), {childList: true, subtree: true});
        }"""
    )
    shown.call("1000", "Alice <5551>")
    received = shown.kernel.ask("ari.events.df['received'].iloc[-1].timestamp()")
    print(f"shown {shown.page.evaluate('window.shownAt') - received * 1000:.0f} ms after the event")
    row = shown.rows.first.inner_text()
    for words in ("Alice", "5551", "Up", "1000@default"):
        assert words in row
    shown.says("StasisStart", ".log")


def test_answer_and_ring(shown: Shown) -> None:
    id = shown.call("1003")
    shown.says("Ring", "li.channel .state")
    shown.inspect("Ring")
    shown.sent("POST", f"/channels/{id}/ring")
    shown.button("Stop ringing", ".inspector").wait_for()
    shown.inspect("Stop ringing")
    shown.sent("DELETE", f"/channels/{id}/ring")
    shown.inspect("Answer")
    shown.sent("POST", f"/channels/{id}/answer")
    shown.says("Up", "li.channel .state")


def test_play_a_chosen_sound(shown: Shown) -> None:
    id = shown.call()
    shown.panel.get_by_label("What to play").fill("sound:tt-monkeys")
    shown.inspect("Play")
    shown.sent("POST", f"/channels/{id}/play", {"media": "sound:tt-monkeys"})
    shown.says("sound:tt-monkeys", "li.channel")


def test_hold_and_mute_are_switches(shown: Shown) -> None:
    id = shown.call()
    for on, off, path in (("Hold", "Unhold", "hold"), ("Mute", "Unmute", "mute")):
        shown.inspect(on)
        shown.sent("POST", f"/channels/{id}/{path}")
        shown.button(off, ".inspector").wait_for()
        shown.inspect(off)
        shown.sent("DELETE", f"/channels/{id}/{path}")
        shown.button(on, ".inspector").wait_for()


def test_keys_go_both_ways(shown: Shown) -> None:
    id = shown.call()
    shown.panel.get_by_label("Tones to send").fill("5")
    shown.inspect("Send tones")
    shown.sent("POST", f"/channels/{id}/dtmf", {"dtmf": "5"})
    shown.kernel.run("phone.press('42#')")
    shown.says("42#", "li.channel")


def test_record_and_stop(shown: Shown) -> None:
    id = shown.call()
    shown.inspect("Record")
    name = shown.sent("POST", f"/channels/{id}/record")["name"]
    shown.says(name, "li.channel")
    shown.inspect("Stop recording")
    shown.sent("POST", f"/recordings/live/{name}/stop")
    shown.says("RecordingFinished", ".log")


def test_bridge_buttons_send_their_requests(shown: Shown) -> None:
    id = shown.call()
    shown.button("Create bridge").click()
    shown.sent("POST", "/bridges", {"type": "mixing"})
    shown.says("0 channels", "li.bridge")
    bridge = shown.kernel.ask("next(iter(ari.bridges.df.index))")
    shown.inspect("Add to bridge")
    shown.sent("POST", f"/bridges/{bridge}/addChannel", {"channel": id})
    shown.says("1 channel", "li.bridge")
    shown.panel.locator("li.channel.member").wait_for()
    shown.inspect("Take out of bridge")
    shown.sent("POST", f"/bridges/{bridge}/removeChannel")
    shown.says("0 channels", "li.bridge")
    shown.choose(bridge)
    shown.confirm("Destroy", ".inspector")
    shown.sent("DELETE", f"/bridges/{bridge}")
    shown.page.mouse.move(0, 0)
    shown.panel.locator("li.bridge").wait_for(state="detached")


def test_bridge_gets_a_name_and_music(shown: Shown) -> None:
    id = shown.call()
    shown.panel.get_by_label("Name of the bridge").fill("sales")
    shown.button("Create bridge").click()
    until(lambda: shown.sent("POST", "/bridges") == {"type": "mixing", "name": "sales"})
    shown.says("sales", "li.bridge")
    until(lambda: shown.panel.get_by_label("Name of the bridge").input_value() == "")
    bridge = shown.kernel.ask("next(iter(ari.bridges.df.index))")
    shown.inspect("Add to bridge")
    shown.sent("POST", f"/bridges/{bridge}/addChannel")
    shown.choose(bridge)
    shown.inspect("Music")
    shown.sent("POST", f"/bridges/{bridge}/moh")
    shown.says("music", "li.bridge")
    shown.inspect("Stop music")
    shown.sent("DELETE", f"/bridges/{bridge}/moh")
    shown.choose(id)


def test_mute_has_a_direction(shown: Shown) -> None:
    id = shown.call()
    side = shown.panel.get_by_label("Direction to mute")
    side.select_option("from the caller")
    shown.inspect("Mute")
    shown.sent("POST", f"/channels/{id}/mute", {"direction": "in"})
    shown.button("Unmute", ".inspector").wait_for()
    side.wait_for(state="hidden")
    shown.inspect("Unmute")
    shown.sent("DELETE", f"/channels/{id}/mute", {"direction": "both"})
    side.wait_for()
    side.select_option("both ways")


def test_hang_up_ends_the_call(shown: Shown) -> None:
    id = shown.call()
    shown.confirm("Hang up", ".inspector")
    shown.sent("DELETE", f"/channels/{id}")
    shown.panel.get_by_text("No active calls.").wait_for()


def test_error_shows_once_in_full_and_moves_nothing(shown: Shown) -> None:
    shown.call()
    sound = shown.panel.get_by_label("What to play")
    sound.fill("nonsense:x")
    before = sound.bounding_box()
    shown.inspect("Play")
    shown.says("Asterisk cannot play", ".outcome[data-state=failed]")
    assert "other kinds are" in shown.panel.locator(".outcome[data-state]").inner_text()
    assert shown.panel.get_by_text("Asterisk cannot play").count() == 1
    assert sound.bounding_box() == before
    sound.fill("sound:hello-world")
    shown.inspect("Play")
    shown.says("→ 201", ".outcome[data-state=done]")
    assert sound.bounding_box() == before


def test_every_action_shows_its_request_to_copy(shown: Shown) -> None:
    id = shown.call()
    shown.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    shown.inspect("Hold")
    shown.says(f"POST /channels/{id}/hold", ".outcome .line")
    for form, text in (
        ("Python", f"ari.channels.hold('{id}')"),
        ("%ari", f"%ari post /channels/{id}/hold"),
        ("curl", "curl -v -u"),
    ):
        outcome = shown.panel.locator(".outcome[data-state]")
        outcome.get_by_role("button", name=f"Copy as {form}").click()
        outcome.get_by_text("copied").first.wait_for()
        copied = shown.page.evaluate("navigator.clipboard.readText()")
        assert text in copied
    shown.kernel.run(f"ari.channels.unhold({id!r})")


def test_chosen_calls_ladder_grows(shown: Shown) -> None:
    shown.call()
    rows = shown.panel.locator(".ladder .row[data-key]")
    rows.first.wait_for()
    shown.inspect("Hold")
    rows.filter(has_text="hold").first.wait_for()
    shown.button("Variables", ".inspector").click()
    shown.kernel.run("ari.channels.set_channel_var(phone.id, variable='COLOUR', value='red')")
    shown.says("COLOUR", ".variables")
    shown.button("Ladder", ".inspector").click()


def test_ladder_grows_soon_after_a_slow_answer(shown: Shown) -> None:
    """As of a busy kernel: the page once paused for four times as long."""
    shown.kernel.run(
        "panel = ari.panel(); quick = panel._details\n"
        "def slow(asked):\n"
        "    panel._details = quick; time.sleep(10); return quick(asked)\n"
        "panel._details = slow"
    )
    shown.call()
    rows = shown.panel.locator(".ladder .row[data-key]")
    rows.filter(has_text="StasisStart").first.wait_for()
    shown.inspect("Hold")
    rows.filter(has_text="hold").first.wait_for(timeout=30_000)  # less than the pause was


def test_step_of_the_ladder_shows_its_effects_and_its_json(shown: Shown) -> None:
    """By mouse, by touch, and with the keyboard alone."""
    shown.call()
    shown.inspect("Play")
    step = shown.panel.locator(".ladder .row.sent", has_text="/play").first
    step.hover()
    effect = shown.panel.locator(".ladder .row.kin", has_text="PlaybackStarted")
    effect.wait_for()
    detail = shown.panel.locator(".inspector .detail")
    step.click()
    detail.get_by_text("Caused").wait_for()
    detail.locator(".json-name", has_text="message").wait_for()
    detail.get_by_role("button", name="PlaybackStarted").click()
    detail.locator(".json-string", has_text="PlaybackStarted").wait_for()
    detail.get_by_role("button", name="Close").click()
    assert not detail.is_visible()
    keys = shown.page.keyboard
    assert shown.page.evaluate("document.activeElement.getAttribute('role')") == "listbox"
    keys.press("End")
    detail.wait_for()
    keys.press("Escape")  # closes the step and keeps the call
    detail.wait_for(state="hidden")
    assert shown.panel.locator("button.card[aria-pressed=true]").count() == 1
    step.dispatch_event("pointerdown", {"pointerType": "touch"})
    step.dispatch_event("click")
    detail.locator(".json-name").first.wait_for()
    assert findings(shown.page, ".ari-panel .inspector") == []


def test_playback_is_paused_moved_and_stopped_with_its_progress(shown: Shown) -> None:
    id = shown.call()
    shown.panel.get_by_label("What to play").fill("sound:demo-instruct")
    shown.inspect("Play")
    shown.button("Media", ".inspector").click()
    shown.says("of 1:13", ".playing .time")
    playback = shown.kernel.ask("next(iter(ari.playbacks)).id")
    for button, operation in (
        ("Forward 3 seconds", "forward"),
        ("Back 3 seconds", "reverse"),
        ("From the start", "restart"),
        ("Pause", "pause"),
        ("Resume", "unpause"),
    ):
        shown.inspect(button)
        shown.says("/control", ".outcome[data-state=done] .line")
        shown.sent("POST", f"/playbacks/{playback}/control", {"operation": operation})
    shown.says("▶ sound:demo-instruct", f'li[data-id="{id}"]')
    shown.inspect("Stop playback")
    shown.sent("DELETE", f"/playbacks/{playback}")
    shown.says("Nothing is being played.", ".media-part")
    shown.kernel.run("ari.channels.play(phone.id, media='tone:ring')")
    shown.says("without an end", ".playing .time")
    shown.button("Ladder", ".inspector").click()


def test_bridge_plays_and_records_with_the_same_controls(shown: Shown) -> None:
    shown.call()
    shown.kernel.run(
        "hall = ari.bridges.create(name='hall'); hall.add_channel(channel=phone.id)\n"
        "hall.record(name='hall-talk', format='wav', ifExists='overwrite')\n"
        "hall.play('sound:demo-instruct')"
    )
    shown.choose(shown.kernel.ask("hall.id"))
    shown.button("Media", ".inspector").click()
    shown.says("of 1:13", ".playing .time")
    shown.inspect("Pause")
    shown.says("⏸ sound:demo-instruct", ".playing .media")
    shown.says("hall-talk is being recorded", ".media-part")
    shown.inspect("Stop and keep")
    shown.sent("POST", "/recordings/live/hall-talk/stop")
    shown.button("Load hall-talk", ".inspector").click()
    wave = shown.panel.locator(".recordings .wave")
    wave.wait_for()
    sound = shown.panel.locator(".recordings audio")
    shown.page.wait_for_function("() => document.querySelector('.recordings audio').duration > 0")
    assert shown.panel.get_by_label("Level of hall-talk").is_visible()
    wave.click()
    assert sound.evaluate("it => it.currentTime") > 0
    assert findings(shown.page, ".ari-panel .inspector") == []
    shown.button("Ladder", ".inspector").click()


def test_originate_form_shows_its_request_and_sends_it(shown: Shown) -> None:
    shown.button("Originate…").click()
    form = shown.panel.locator(".originate")
    form.get_by_label("Caller ID").fill("Carla <5557>")
    form.get_by_label("Variables").fill("COLOUR=red\nSIZE=a=b")
    request = form.locator(".request")
    request.filter(has_text="'SIZE': 'a=b'").wait_for()
    assert "app='hello-world'" in request.inner_text()
    assert "timeout=30" in request.inner_text()
    form.get_by_label("Answered, into the").select_option("exten")
    form.get_by_label("Priority").fill("first")
    shown.says("priority", ".originate .wrong")
    form.get_by_label("Priority").fill("1")
    form.locator(".wrong:empty").wait_for(state="attached")
    request.filter(has_text="extension='1000'").wait_for()
    form.get_by_label("Answered, into the").select_option("app")
    assert findings(shown.page, ".ari-panel .originate") == []
    form.get_by_label("Endpoint").press("Escape")
    assert form.count() == 0
    shown.page.keyboard.press("Enter")  # the focus is on the button again
    form.get_by_label("Endpoint").press("Enter")
    sent = shown.sent("POST", "/channels")
    assert sent == {
        "endpoint": "Local/1000@default",
        "app": "hello-world",
        "callerId": "Carla <5557>",
        "timeout": "30",
    }
    shown.panel.locator(".inspector .state", has_text="Up").wait_for()


def test_request_becomes_a_new_cell(browser: Any, lab: Lab) -> None:
    """In a notebook of which every cell was run: of another JupyterLab asks whether it is safe."""
    with watched_page(browser) as (page, notes):
        open_notebook(page, lab, lab.write("cell.ipynb", CONNECT, PANEL))
        for number in range(2):
            run_done(page, number)
        kernel = Kernel(lab)
        shown = Shown(page, kernel)
        id = shown.call()
        shown.inspect("Hold")
        shown.says(f"POST /channels/{id}/hold", ".outcome .line")
        shown.button("new cell", ".outcome").click()
        cells = page.locator(".jp-Notebook .jp-CodeCell")
        cells.filter(has_text=f"ari.channels.hold('{id}')").first.wait_for()
        kernel.close()
        notes.check()


def test_new_panel_counts_the_minute_before_it(browser: Any, lab: Lab) -> None:
    with watched_page(browser) as (page, notes):
        call = "ari.call('1000'); ari.wait_for('StasisStart');"
        open_notebook(page, lab, lab.write("minute.ipynb", CONNECT, call, PANEL))
        for number in range(3):
            run_done(page, number)
        tile = page.locator(".ari-panel .tile", has_text="Per minute").locator(".figure")
        until(lambda: tile.inner_text() == "1")
        notes.check()


def test_caller_is_dragged_onto_another_and_onto_a_bridge(shown: Shown) -> None:
    first = shown.call("1000", "Anna <1>")
    second = shown.call("1000", "Bert <2>")
    third = shown.call("1000", "Cleo <3>")

    def drag(id: str, onto: Any) -> None:
        one = shown.panel.locator(f'li[data-id="{id}"] .name').bounding_box()
        shown.page.mouse.move(one["x"] + 5, one["y"] + 5)
        shown.page.mouse.down()
        box = onto.bounding_box()
        shown.page.mouse.move(box["x"] + 40, box["y"] + 10, steps=5)
        shown.page.mouse.up()
        shown.page.mouse.move(0, 0)

    drag(first, shown.panel.locator(f'li[data-id="{second}"]'))
    shown.says("2 channels", "li.bridge")
    bridge = shown.kernel.ask("next(iter(ari.bridges.df.index))")
    shown.panel.locator(f'li.member[data-id="{first}"]').wait_for()
    drag(third, shown.panel.locator("li.bridge"))
    shown.sent("POST", f"/bridges/{bridge}/addChannel", {"channel": third})
    shown.says("3 channels", "li.bridge")


def test_actions_are_exported_as_a_running_program(shown: Shown) -> None:
    shown.panel.get_by_label("Extension").fill("1000")
    shown.button("Call").click()
    shown.rows.first.wait_for()
    shown.choose(str(shown.rows.first.get_attribute("data-id")))
    shown.inspect("Hold")
    shown.says("/hold", ".outcome .line")
    shown.button("Export what I did").click()
    program = shown.panel.locator(".program pre").inner_text()
    shown.button("Flow", ".program").click()
    shown.says("a flow is for one call", ".program p")  # the tests before had others
    assert not shown.button("Download", ".program").is_visible()
    shown.button("Close").click()
    assert "ari.call('1000', caller='Alice <5551>')" in program
    assert ".channel\n" in program
    compile(program, "panel.py", "exec")
    shown.confirm("Hang up your telephone")


@pytest.mark.parametrize("width", [360, 760, 1200])
def test_axe_finds_nothing_and_nothing_sticks_out(shown: Shown, width: int) -> None:
    shown.call("1000", "مريم بنت عبد الرحمن <5553>")
    shown.kernel.run(
        "sales = ari.bridges.create(name='sales'); sales.add_channel(channel=phone.id)"
    )
    shown.says("1 channel", "li.bridge")
    shown.panel.evaluate("(it, width) => (it.style.width = `${width}px`)", width)
    try:
        if width == 360:
            assert not shown.panel.locator(".pane.calls").is_visible()  # the chosen call is shown
            shown.panel.locator(".panes-bar").get_by_role("button", name="Telephone").click()
            shown.button("Press 5").wait_for()
            shown.panel.locator(".panes-bar").get_by_role("button", name="Calls").click()
            shown.panel.locator(".pane.calls").wait_for()
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


def test_empty_panel_calls_and_makes_traffic(shown: Shown) -> None:
    shown.button("Call 1000").click()
    shown.says("1000@default", "li.channel")
    shown.confirm("Hang up your telephone")
    shown.panel.get_by_text("No active calls.").wait_for()
    shown.button("Traffic of 100 calls a minute").click()
    shown.rows.nth(1).wait_for()
    shown.panel.locator(".lab summary").click()
    shown.button("Clear", ".lab").click()
    shown.says("done", ".outcome")
    shown.panel.locator(".lab summary").click()


def test_focus_and_selection_survive_updates(shown: Shown) -> None:
    """The row moves into a bridge, and other rows appear and disappear around it."""
    first = shown.call("1000", "Anna <1>")
    second = shown.call("1000", "Bert <2>")
    focused = "document.activeElement.closest('li')?.dataset.id"
    button = shown.panel.locator(f'li[data-id="{second}"] button.card')
    button.focus()
    shown.kernel.run(
        "one, two = ari.bridges.create(name='one'), ari.bridges.create(name='two')\n"
        f"two.add_channel(channel={second!r})"
    )
    bridges = shown.panel.locator("li.bridge", has_text="1 channel")
    bridges.filter(has_text="two").wait_for()
    shown.panel.get_by_label("Bridge", exact=True).select_option("two")
    button.focus()
    shown.kernel.run(f"one.add_channel(channel={first!r})")
    bridges.filter(has_text="one").wait_for()
    assert shown.page.evaluate(focused) == second
    shown.kernel.run("three = ari.bridges.create(name='three')")
    shown.panel.locator("li.bridge", has_text="three").wait_for()
    assert (
        shown.panel.get_by_label("Bridge", exact=True).evaluate(
            "it => it.selectedOptions[0].textContent"
        )
        == "two"
    )
    assert shown.page.evaluate(focused) == second
    shown.page.mouse.move(0, 0)
    button.blur()  # the order was held, with the calls above their bridges
    for name in ("Anna", "Bert"):
        shown.panel.locator("li.member", has_text=name).wait_for()


def test_keyboard_reaches_everything_in_its_order(shown: Shown) -> None:
    id = shown.call("1000", "Anna <1>")
    shown.button("Create bridge").click()
    shown.panel.locator("li.bridge").wait_for()
    shown.button("Full screen").focus()
    label = "it => it.ariaLabel || it.title || it.textContent"
    walked = []
    while shown.page.evaluate("!document.activeElement.closest('.log')"):
        walked.append(shown.page.evaluate(f"({label})(document.activeElement)"))
        shown.page.keyboard.press("Tab")
    reachable = shown.panel.evaluate(
        "it => [...it.querySelectorAll('button, input, select, summary, [tabindex]')]"
        ".filter(n => !n.disabled && n.tabIndex >= 0 && n.checkVisibility() && !n.closest('.log'))"
        f".map({label})"
    )
    assert walked == reachable
    shown.button("Send tones").focus()
    shown.page.keyboard.press("Enter")
    shown.sent("POST", f"/channels/{id}/dtmf", {"dtmf": "5"})


def test_event_unfolds_to_its_json(shown: Shown) -> None:
    id = shown.call()
    channel = shown.kernel.ask(f"ari.channels[{id!r}].name")
    shown.panel.locator(".log summary", has_text=channel).first.click()
    shown.says(f'"id": "{id}"', ".log pre")


def test_log_is_one_tab_stop_and_arrows_move_in_it(shown: Shown) -> None:
    shown.call()
    lines = shown.panel.locator(".log .lines > li")
    lines.nth(3).wait_for()
    shown.button("Pause").click()
    reachable = "it => [...it.querySelectorAll('summary')].filter(n => n.tabIndex >= 0).length"
    assert shown.panel.locator(".log .lines").evaluate(reachable) == 1
    shown.panel.get_by_role("region", name="Lines of the log").focus()
    for key in ("Tab", "ArrowDown", "ArrowDown", "ArrowUp", "Enter"):
        shown.page.keyboard.press(key)
    assert (
        shown.page.evaluate(
            "[...document.querySelectorAll('.log .lines > li')]"
            ".indexOf(document.activeElement.closest('li'))"
        )
        == 1
    )
    lines.nth(1).locator("pre span").first.wait_for()
    shown.page.keyboard.press("Enter")
    shown.button("Resume").click()


def test_feed_is_filtered_and_paused(shown: Shown) -> None:
    shown.call("1000", "Dora <1>")
    lines, words = shown.panel.locator(".log li"), shown.panel.get_by_label("Filter events")
    words.fill("no such event")
    lines.first.wait_for(state="detached")
    words.fill("StasisStart")
    lines.first.wait_for()
    shown.button("Pause").click()
    before = lines.count()
    shown.call("1000", "Emil <2>")
    assert lines.count() == before
    shown.button("Resume").click()
    lines.nth(before).wait_for()
    words.fill("")


def test_buttons_work_while_a_cell_runs(shown: Shown) -> None:
    shown.call("1003")
    run_cell(shown.page, 2)
    prompt = shown.page.locator(".jp-Notebook .jp-CodeCell").nth(2).locator(".jp-InputPrompt")
    prompt.filter(has_text="[*]").wait_for()
    shown.inspect("Answer")
    shown.says("Up", "li.channel .state")
    assert prompt.inner_text() == "[*]:"


def test_two_views_of_one_session(shown: Shown) -> None:
    run_done(shown.page, 3)
    shown.call()
    for place in (0, 1):
        view = shown.page.locator(".ari-panel").nth(place)
        view.locator("li.channel").first.wait_for()


def test_telephone_dials_presses_and_hangs_up(shown: Shown) -> None:
    shown.panel.get_by_label("Caller", exact=True).fill("Carol <5553>")
    shown.button("Call").click()
    shown.says("Carol", "li.channel")
    shown.button("Press 7").click()
    shown.says("7", "li.channel")
    shown.confirm("Hang up your telephone")
    shown.panel.get_by_text("No active calls.").wait_for()


def test_telephone_answers(shown: Shown) -> None:
    shown.kernel.run(
        "ari.simulator.phones.add('alice', 'Alice <5551>', answer_after=None)\n"
        "called = ari.channels.originate(endpoint='PJSIP/alice', app=ari.apps[0])"
    )
    shown.says("PJSIP/alice rings", ".bells")
    shown.panel.get_by_role("button", name="Answer the phone").click()
    shown.says("Up", "li.channel .state")
    shown.says("StasisStart", ".log")
    shown.button("Press 5").click()
    shown.says("⌨ 5", "li.channel")
    shown.confirm("Hang up your telephone")
    shown.panel.get_by_text("No active calls.").wait_for()
    shown.kernel.run("ari.simulator.phones['alice'].unregister()")


def test_page_that_misses_a_message_asks_for_everything(shown: Shown) -> None:
    shown.kernel.run(
        "shown, lost = ari.panel(), []\n"
        "def losing(message, *more):\n"
        "    lost.append(message); del shown.send\n"
        "shown.send = losing\n"
        "phone = ari.call('1000', caller='Missed <5557>')\n"
        "while not lost: time.sleep(0.01)\n"
        "phone.press('1')"
    )
    shown.says("Missed", "li.channel")
    assert "channels" in shown.kernel.ask("list(lost[0])")


def test_button_shows_at_once_that_it_was_pressed(shown: Shown) -> None:
    """Also if the response is slow."""
    shown.call("1003")
    shown.kernel.run("ari.simulator.faults.delay(0.5)")
    answer = shown.button("Answer", ".inspector")
    answer.evaluate(
        "it => it.addEventListener('click', () => requestAnimationFrame("
        "() => window.busy = it.getAttribute('aria-busy')))"
    )
    answer.click()
    shown.page.wait_for_function("() => window.busy === 'true'")
    shown.says("Up", "li.channel .state")
    shown.panel.locator(".inspector [aria-busy]").first.wait_for(state="detached")
    shown.kernel.run("ari.simulator.faults.clear()")


def test_telephone_plays_audio_after_a_click(shown: Shown) -> None:
    def receives(condition: str) -> None:
        shown.page.wait_for_function(f"() => {{ const h = window.heard; return {condition}; }}")

    shown.button("Call").click()
    shown.rows.first.wait_for()
    # So long that a page which is late begins to play it before it is over.
    shown.kernel.run(
        "channel = ari.channels[next(iter(ari.channels)).id]\n"
        "channel.record(name='said', format='wav'); time.sleep(3); ari.recordings.stop('said')\n"
        "tone = channel.play('tone:busy')"
    )
    shown.says("tone:busy", "li.channel")
    assert shown.page.evaluate("window.heard") == {
        "contexts": 0,
        "tones": [],
        "recordings": 0,
        "spoken": [],
    }
    shown.button("Listen").click()
    receives("h.contexts === 1 && h.tones.includes(480) && h.tones.includes(620)")
    shown.kernel.run("tone.stop(); channel.play('recording:said')")
    receives("h.recordings > 0.2")
    shown.kernel.run("channel.play('sound:hello-world')")
    receives("h.spoken.includes('Hello world')")
    shown.button("Press 5").click()
    receives("h.tones.includes(770) && h.tones.includes(1336)")
    shown.confirm("Hang up your telephone")
    shown.panel.get_by_text("No active calls.").wait_for()
    assert shown.page.evaluate("window.heard.contexts") == 1


def test_lost_connection_and_its_gap_are_shown(shown: Shown) -> None:
    def says(text: str, within: str) -> None:
        shown.panel.locator(within).filter(has_text=text).wait_for()

    gaps = shown.kernel.ask("ari.status.gap_count")
    shown.kernel.run("ari.simulator.faults.refuse(); ari.simulator.faults.drop()")
    says("reconnecting", ".top .state")
    says("Not connected: ", ".banner")
    shown.kernel.run("ari.simulator.faults.clear()")
    says("connected", ".top .state")
    says("Gap: ", ".banner")
    where = shown.panel.locator(".where", has_text=f"{gaps + 1} gap")
    where.wait_for(state="attached")
    shown.call("1000", "After <5558>")


def test_traffic_lab_switches_faults(shown: Shown) -> None:
    lab = shown.panel.locator(".lab")
    lab.locator("summary").click()
    shown.kernel.run(
        "def failing(number):\n"
        "    failed = 0\n"
        "    for _ in range(number):\n"
        "        try: ari.asterisk.ping()\n"
        "        except ari_notebook.AriError: failed += 1\n"
        "    return failed\n"
        "import ari_notebook"
    )
    assert shown.kernel.ask("failing(20)") == 0
    fails = lab.get_by_label("Answer every 5th with 500")
    fails.focus()
    shown.page.keyboard.press("Space")
    shown.says("→ done", ".outcome")
    assert shown.kernel.ask("failing(60)") > 0
    delays = lab.get_by_label("Delay answers by 1 s")
    delays.check()
    timed = "[time.monotonic(), failing(1), time.monotonic()]"
    until(lambda: (took := shown.kernel.ask(timed))[2] - took[0] >= 1)
    lab.get_by_role("button", name="Clear").click()
    until(lambda: shown.kernel.ask("failing(20)") == 0)
    assert not fails.is_checked()
    assert not delays.is_checked()
    gaps = shown.kernel.ask("ari.status.gap_count")
    lab.get_by_role("button", name="Cut connections").click()
    where = shown.panel.locator(".where", has_text=f"{gaps + 1} gap")
    where.wait_for(state="attached")
    shown.says("Gap: ", ".banner")
    shown.panel.locator(".banner", has_text="Gap: ").wait_for()
    lab.get_by_label("Refuse connections").check()
    lab.get_by_role("button", name="Cut connections").click()
    shown.says("Not connected: ", ".banner")
    shown.says("reconnecting", ".top .state")
    until(lambda: shown.kernel.ask("ari.status.state") == "reconnecting")
    lab.get_by_label("Refuse connections").uncheck()
    shown.says("connected", ".top .state[data-state=connected]")
    until(lambda: shown.kernel.ask("failing(1)") == 0)
    lab.get_by_role("button", name="Restart Asterisk").click()
    shown.says("reconnecting", ".top .state")
    shown.says("connected", ".top .state[data-state=connected]")
    lab.get_by_role("button", name="Clear").click()
    lab.locator("summary").click()


def test_saved_notebook_shows_its_last_state_without_a_kernel(
    browser: Any, lab: Lab, shown: Shown
) -> None:
    shown.call("1000", "Last <5559>")
    shown.panel.locator("li.channel", has_text="Last").first.wait_for()
    time.sleep(11)  # a page gets a picture to save every 10 s
    shown.page.locator(".jp-Notebook").click()
    shown.page.keyboard.press("Control+s")
    time.sleep(1)
    saved = (lab.folder / "panel.ipynb").read_text()
    (lab.folder / "saved.ipynb").write_text(saved.replace('"kernelspec"', '"nothing"'))
    with watched_page(browser) as (page, notes):
        page.goto(lab.url("saved.ipynb"))
        page.locator(".ari-snapshot li.channel", has_text="Last").first.wait_for()
        assert "%ari panel" in page.locator(".ari-snapshot").first.inner_text()
        notes.check()


def test_session_that_was_closed_is_not_lost(browser: Any, lab: Lab) -> None:
    with watched_page(browser) as (page, notes):
        open_notebook(page, lab, lab.write("closed.ipynb", CONNECT, PANEL, "ari.close()"))
        for number in range(3):
            run_done(page, number)
        time.sleep(13)  # a kernel that says nothing for 12 s counts as lost
        panel = page.locator(".ari-panel")
        assert "The session is closed" in panel.locator(".banner").inner_text()
        assert panel.locator(".top .state").inner_text() == "closed"
        notes.check()
