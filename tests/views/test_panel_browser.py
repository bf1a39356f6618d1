"""The panel as a person meets it: in JupyterLab, in Chromium, with the simulated exchange."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

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
    """One notebook for all: opening it takes longer than all that is tested on it."""
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
    """A panel with nobody on the line; on its page nothing may go wrong."""
    shown, notes = opened
    yield shown
    shown.kernel.run(
        "import contextlib, ari_notebook\n"
        "for channel in list(ari.channels):\n"
        "    with contextlib.suppress(ari_notebook.NotFound):  # it has hung up by itself\n"
        "        ari.channels.hangup(channel.id)\n"
        "for bridge in list(ari.bridges): ari.bridges.destroy(bridge.id)"
    )
    shown.panel.locator("tr.channel, tr.bridge").first.wait_for(state="detached", timeout=5000)
    notes.check()


def test_a_call_shows(shown: Shown) -> None:
    # The event's time and the row's are both this machine's.
    shown.page.evaluate(
        """() => {
            window.shownAt = 0;
            new MutationObserver((_, watch) => {
                if (!document.querySelector(".ari-panel tr.channel")) return;
                window.shownAt = Date.now();
                watch.disconnect();
            }).observe(document.querySelector(".ari-panel"), {childList: true, subtree: true});
        }"""
    )
    shown.call("1000", "Alice <5551>")
    received = shown.kernel.ask("ari.events.df['received'].iloc[-1].timestamp()")
    print(f"shown {shown.page.evaluate('window.shownAt') - received * 1000:.0f} ms after the event")
    row = shown.rows.first.inner_text()
    for words in ("Alice <5551>", "Up", "1000@default"):
        assert words in row
    shown.says("StasisStart", ".feed")


def test_answer_and_ring(shown: Shown) -> None:
    id = shown.call("1003")
    shown.says("Ring", "tr.channel .state")
    shown.inspect("Ring")
    shown.sent("POST", f"/channels/{id}/ring")
    shown.button("Stop ringing", ".inspector").wait_for(timeout=5000)
    shown.inspect("Stop ringing")
    shown.sent("DELETE", f"/channels/{id}/ring")
    shown.inspect("Answer")
    shown.sent("POST", f"/channels/{id}/answer")
    shown.says("Up", "tr.channel .state")


def test_play_a_chosen_sound(shown: Shown) -> None:
    id = shown.call()
    shown.panel.get_by_label("What to play").fill("sound:tt-monkeys")
    shown.inspect("Play")
    assert shown.sent("POST", f"/channels/{id}/play") == {"media": "sound:tt-monkeys"}
    shown.says("sound:tt-monkeys", "tr.channel")


def test_hold_and_mute_are_switches(shown: Shown) -> None:
    id = shown.call()
    for on, off, path in (("Hold", "Unhold", "hold"), ("Mute", "Unmute", "mute")):
        shown.inspect(on)
        shown.sent("POST", f"/channels/{id}/{path}")
        shown.button(off, ".inspector").wait_for(timeout=5000)
        shown.inspect(off)
        shown.sent("DELETE", f"/channels/{id}/{path}")
        shown.button(on, ".inspector").wait_for(timeout=5000)


def test_keys_go_both_ways(shown: Shown) -> None:
    id = shown.call()
    shown.button("Key 5").click()
    assert shown.sent("POST", f"/channels/{id}/dtmf") == {"dtmf": "5"}
    shown.kernel.run("phone.press('42#')")
    shown.says("42#", "tr.channel")


def test_record_and_stop(shown: Shown) -> None:
    id = shown.call()
    shown.inspect("Record")
    name = shown.sent("POST", f"/channels/{id}/record")["name"]
    shown.says(name, "tr.channel")
    shown.inspect("Stop recording")
    shown.sent("POST", f"/recordings/live/{name}/stop")
    shown.says("RecordingFinished", ".feed")


def test_bridges(shown: Shown) -> None:
    id = shown.call()
    shown.button("Create bridge").click()
    assert shown.sent("POST", "/bridges") == {"type": "mixing"}
    shown.says("0 channels", "tr.bridge")
    bridge = shown.kernel.ask("next(iter(ari.bridges.df.index))")
    shown.inspect("Add to bridge")
    assert shown.sent("POST", f"/bridges/{bridge}/addChannel") == {"channel": id}
    shown.says("1 channel", "tr.bridge")
    shown.panel.locator("tr.channel.member").wait_for(timeout=5000)
    shown.inspect("Take out of bridge")
    shown.sent("POST", f"/bridges/{bridge}/removeChannel")
    shown.says("0 channels", "tr.bridge")
    shown.button(f"Destroy bridge {bridge}").click()
    shown.sent("DELETE", f"/bridges/{bridge}")
    shown.panel.locator("tr.bridge").wait_for(state="detached", timeout=5000)


def test_hang_up(shown: Shown) -> None:
    id = shown.call()
    shown.inspect("Hang up")
    shown.sent("DELETE", f"/channels/{id}")
    shown.panel.get_by_text("Nobody is on the line.").wait_for(timeout=5000)


def test_an_error_shows_on_the_row(shown: Shown) -> None:
    shown.call()
    shown.panel.get_by_label("What to play").fill("nonsense:x")
    shown.rows.first.get_by_role("button", name="Play Alice <5551>").click()
    shown.says(re.compile("nonsense|media", re.IGNORECASE), "tr.channel .wrong")
    assert shown.rows.first.bounding_box()["height"] < 40
    whole = shown.panel.get_by_role("alert").filter(has_text="Alice <5551>: media 'nonsense:x'")
    assert "other kinds are" in whole.inner_text()
    shown.panel.get_by_label("What to play").fill("sound:hello-world")
    shown.inspect("Play")
    whole.wait_for(state="detached", timeout=5000)


def test_what_is_focused_and_chosen_stays_so(shown: Shown) -> None:
    """While its row moves into a bridge, and others come and go around it."""
    first = shown.call("1000", "Anna <1>")
    second = shown.call("1000", "Bert <2>")
    focused = "document.activeElement.closest('tr')?.dataset.id + document.activeElement.ariaLabel"
    button = shown.panel.get_by_role("button", name="Play Bert <2>")
    button.focus()
    shown.kernel.run(
        "one, two = ari.bridges.create(name='one'), ari.bridges.create(name='two')\n"
        f"two.add_channel(channel={second!r})"
    )
    shown.panel.locator("tr.member", has_text="Bert").wait_for(timeout=5000)
    shown.panel.get_by_label("Bridge", exact=True).select_option("two")
    button.focus()
    shown.kernel.run(f"one.add_channel(channel={first!r})")
    shown.panel.locator("tr.member", has_text="Anna").wait_for(timeout=5000)
    assert shown.page.evaluate(focused) == second + "Play Bert <2>"
    shown.kernel.run("three = ari.bridges.create(name='three')")
    shown.panel.locator("tr.bridge", has_text="three").wait_for(timeout=5000)
    assert (
        shown.panel.get_by_label("Bridge", exact=True).evaluate(
            "it => it.selectedOptions[0].textContent"
        )
        == "two"
    )
    assert shown.page.evaluate(focused) == second + "Play Bert <2>"


def test_the_keyboard_reaches_everything_in_its_order(shown: Shown) -> None:
    id = shown.call("1000", "Anna <1>")
    shown.button("Create bridge").click()
    shown.panel.locator("tr.bridge").wait_for(timeout=5000)
    shown.panel.get_by_label("Extension").focus()
    label = "it => it.ariaLabel || it.textContent"
    walked = []
    while shown.page.evaluate("!document.activeElement.closest('.feed')"):
        walked.append(shown.page.evaluate(f"({label})(document.activeElement)"))
        shown.page.keyboard.press("Tab")
    reachable = shown.panel.evaluate(
        "it => [...it.querySelectorAll('button, input, select, summary, [tabindex]')]"
        f".filter(n => !n.disabled && n.checkVisibility() && !n.closest('.feed')).map({label})"
    )
    assert walked == reachable
    shown.button("Key 5").focus()
    shown.page.keyboard.press("Enter")
    assert shown.sent("POST", f"/channels/{id}/dtmf") == {"dtmf": "5"}


def test_an_event_unfolds_to_its_json(shown: Shown) -> None:
    id = shown.call()
    channel = shown.kernel.ask(f"ari.channels[{id!r}].name")
    shown.panel.locator(".feed summary", has_text=channel).first.click()
    shown.says(f'"id": "{id}"', ".feed pre")


def test_the_feed_is_filtered_and_paused(shown: Shown) -> None:
    shown.call("1000", "Dora <1>")
    lines, words = shown.panel.locator(".feed li"), shown.panel.get_by_label("Filter events")
    words.fill("no such event")
    lines.first.wait_for(state="detached", timeout=5000)
    words.fill("StasisStart")
    lines.first.wait_for(timeout=5000)
    shown.button("Pause").click()
    before = lines.count()
    shown.call("1000", "Emil <2>")
    assert lines.count() == before
    shown.button("Go on").click()
    lines.nth(before).wait_for(timeout=5000)
    words.fill("")


def test_buttons_work_while_a_cell_runs(shown: Shown) -> None:
    shown.call("1003")
    run_cell(shown.page, 2)
    prompt = shown.page.locator(".jp-Notebook .jp-CodeCell").nth(2).locator(".jp-InputPrompt")
    prompt.filter(has_text="[*]").wait_for(timeout=5000)
    shown.inspect("Answer")
    shown.says("Up", "tr.channel .state")
    assert prompt.inner_text() == "[*]:"


def test_two_views_of_one_session(shown: Shown) -> None:
    run_done(shown.page, 3)
    shown.call()
    for place in (0, 1):
        view = shown.page.locator(".ari-panel").nth(place)
        view.locator("tr.channel").first.wait_for(timeout=5000)


def test_the_telephone(shown: Shown) -> None:
    shown.panel.get_by_label("Caller", exact=True).fill("Carol <5553>")
    shown.button("Call").click()
    shown.says("Carol <5553>", "tr.channel")
    shown.panel.get_by_label("Keys, on the line to 1000").fill("7")
    shown.button("Press").click()
    shown.says("7", "tr.channel")
    shown.button("Put down").click()
    shown.panel.get_by_text("Nobody is on the line.").wait_for(timeout=5000)


def test_the_telephone_answers(shown: Shown) -> None:
    shown.kernel.run(
        "ari.simulator.phones.add('alice', 'Alice <5551>', answer_after=None)\n"
        "called = ari.channels.originate(endpoint='PJSIP/alice', app=ari.apps[0])"
    )
    shown.panel.get_by_role("button", name="Answer the phone").click()
    shown.says("Up", "tr.channel .state")
    shown.says("StasisStart", ".feed")
    shown.panel.get_by_label("has answered").fill("5")
    shown.button("Press").click()
    shown.says("⌨ 5", "tr.channel")
    shown.button("Put down").click()
    shown.panel.get_by_text("Nobody is on the line.").wait_for(timeout=5000)
    shown.kernel.run("ari.simulator.phones['alice'].unregister()")


def test_a_page_that_misses_a_message_asks_for_everything(shown: Shown) -> None:
    shown.kernel.run(
        "shown, lost = ari.panel(), []\n"
        "def losing(message, *more):\n"
        "    lost.append(message); del shown.send\n"
        "shown.send = losing\n"
        "phone = ari.call('1000', caller='Missed <5557>')\n"
        "while not lost: time.sleep(0.01)\n"
        "phone.press('1')"
    )
    shown.says("Missed <5557>", "tr.channel")
    assert "channels" in shown.kernel.ask("list(lost[0])")


def test_a_button_shows_at_once_that_it_was_pressed(shown: Shown) -> None:
    """Also where the answer takes its time."""
    shown.call("1003")
    shown.kernel.run("ari.simulator.faults.delay(0.5)")
    answer = shown.button("Answer", ".inspector")
    answer.evaluate(
        "it => it.addEventListener('click', () => requestAnimationFrame("
        "() => window.busy = it.getAttribute('aria-busy')))"
    )
    answer.click()
    shown.page.wait_for_function("() => window.busy === 'true'")
    shown.says("Up", "tr.channel .state")
    assert answer.get_attribute("aria-busy") is None
    shown.kernel.run("ari.simulator.faults.clear()")


def test_what_is_played_to_the_telephone_is_heard_after_a_click(shown: Shown) -> None:
    def hears(condition: str) -> None:
        shown.page.wait_for_function(f"() => {{ const h = window.heard; return {condition}; }}")

    shown.button("Call").click()
    shown.rows.first.wait_for(timeout=5000)
    shown.kernel.run(
        "channel = ari.channels[next(iter(ari.channels)).id]\n"
        "channel.record(name='said', format='wav'); time.sleep(0.5); ari.recordings.stop('said')\n"
        "tone = channel.play('tone:busy')"
    )
    shown.says("tone:busy", "tr.channel")
    assert shown.page.evaluate("window.heard") == {
        "contexts": 0,
        "tones": [],
        "recordings": 0,
        "spoken": [],
    }
    shown.button("Listen").click()
    hears("h.contexts === 1 && h.tones.includes(480) && h.tones.includes(620)")
    shown.kernel.run("tone.stop(); channel.play('recording:said')")
    hears("h.recordings > 0.2")
    shown.kernel.run("channel.play('sound:hello-world')")
    hears("h.spoken.includes('Hello world')")
    shown.panel.get_by_label("Keys, on the line to").fill("5")
    shown.button("Press").click()
    hears("h.tones.includes(770) && h.tones.includes(1336)")
    shown.button("Put down").click()
    shown.panel.get_by_text("Nobody is on the line.").wait_for(timeout=5000)
    assert shown.page.evaluate("window.heard.contexts") == 1


def test_a_lost_connection_and_its_gap_are_shown(shown: Shown) -> None:
    def says(text: str, within: str) -> None:
        shown.panel.locator(within).filter(has_text=text).wait_for(timeout=20_000)

    gaps = shown.kernel.ask("ari.status.gap_count")
    shown.kernel.run("ari.simulator.faults.refuse(); ari.simulator.faults.drop()")
    says("reconnecting", ".top .state")
    says("Not connected: ", ".banner")
    shown.kernel.run("ari.simulator.faults.clear()")
    says("connected", ".top .state")
    says("Gap: ", ".banner")
    says(f"{gaps + 1} gap", ".counts")
    shown.call("1000", "After <5558>")


def test_a_saved_notebook_shows_its_last_state_without_a_kernel(
    browser: Any, lab: Lab, shown: Shown
) -> None:
    shown.call("1000", "Last <5559>")
    shown.page.locator(".jp-OutputArea", has_text="Last <5559>").first.wait_for()
    time.sleep(11)  # the picture below the panel is made anew every 10 s
    shown.page.locator(".jp-Notebook").click()
    shown.page.keyboard.press("Control+s")
    time.sleep(1)
    saved = (lab.folder / "panel.ipynb").read_text()
    (lab.folder / "saved.ipynb").write_text(saved.replace('"kernelspec"', '"nothing"'))
    with watched_page(browser) as (page, notes):
        page.goto(lab.url("saved.ipynb"))
        page.locator(".ari-snapshot", has_text="Last <5559>").first.wait_for(timeout=30_000)
        assert "%ari panel" in page.locator(".ari-snapshot").first.inner_text()
        notes.check()


def test_a_session_that_was_closed_is_not_lost(browser: Any, lab: Lab) -> None:
    with watched_page(browser) as (page, notes):
        open_notebook(page, lab, lab.write("closed.ipynb", CONNECT, PANEL, "ari.close()"))
        for number in range(3):
            run_done(page, number)
        time.sleep(13)  # a kernel that says nothing for 12 s counts as lost
        panel = page.locator(".ari-panel")
        assert "The session is closed" in panel.locator(".banner").inner_text()
        assert panel.locator(".top .state").inner_text() == "closed"
        notes.check()
