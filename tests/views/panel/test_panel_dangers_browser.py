"""Protection from mistakes at the panel: keys, targets and moving rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.views.conftest import watched_page
from tests.views.lab import Kernel, Lab, Notes, open_notebook, run_done
from tests.views.shown import Shown

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CONNECT = "import time\n%load_ext ari_notebook\n%ari connect;"
# Ten calls a second, each of which lasts about two.
TRAFFIC = "ari.simulator.traffic(600, extensions=['1000'], mean_duration=2)"
# The ids of the calls that have been under a point, looked at in every frame for some seconds.
UNDER = """([x, y, milliseconds]) => new Promise((done) => {
    const ids = new Set(), end = performance.now() + milliseconds;
    const look = () => {
        const row = document.elementFromPoint(x, y)?.closest(".scroll [data-id]");
        ids.add(row ? row.dataset.id : "none");
        if (performance.now() < end) requestAnimationFrame(look);
        else done([...ids]);
    };
    look();
})"""


@pytest.fixture(scope="module")
def opened(browser: Any, lab: Lab) -> Iterator[tuple[Shown, Notes]]:
    """One notebook with a panel for all."""
    with watched_page(browser) as (page, notes):
        cells = [CONNECT, "%ari panel", "1 + 1"]
        open_notebook(page, lab, lab.write("dangers.ipynb", *cells))
        run_done(page, 0)
        run_done(page, 1)
        kernel = Kernel(lab)
        yield Shown(page, kernel), notes
        kernel.close()


@pytest.fixture
def shown(opened: tuple[Shown, Notes]) -> Iterator[Shown]:
    """A panel without calls; no error may occur on its page."""
    shown, notes = opened
    shown.page.mouse.move(0, 0)
    yield shown
    shown.end_calls()
    notes.check()


def test_keys_on_a_button_do_not_reach_jupyterlab(shown: Shown) -> None:
    cells = shown.page.locator(".jp-Notebook .jp-CodeCell")
    before = cells.count()
    shown.button("Create bridge").focus()
    for key in ("x", "m", "d", "d", "b", "y", "0", "0"):
        shown.page.keyboard.press(key)
    shown.page.wait_for_timeout(500)
    assert shown.page.locator(".jp-Dialog").count() == 0
    assert cells.count() == before
    assert shown.panel.is_visible()


def test_ctrl_s_on_a_button_still_saves(shown: Shown) -> None:
    shown.button("Create bridge").focus()
    with shown.page.expect_request(lambda request: request.method == "PUT"):
        shown.page.keyboard.press("Control+s")


def test_without_a_choice_no_button_hangs_up_a_call(shown: Shown) -> None:
    shown.kernel.run(TRAFFIC)
    shown.panel.locator(".scroll [data-id]").nth(3).wait_for()
    assert shown.panel.get_by_role("button", name="Hang up", exact=True).count() == 0
    assert shown.panel.get_by_role("button", name="Hang up Alice").count() == 0


def test_choice_stays_while_calls_come_and_when_it_ends(shown: Shown) -> None:
    id = shown.call("1000", "Chosen <77>")
    shown.kernel.run(TRAFFIC)
    titles = shown.page.evaluate(
        """() => new Promise((done) => {
            const titles = new Set(), end = performance.now() + 4000;
            const look = () => {
                titles.add(document.querySelector(".inspector h3 .name").textContent);
                if (performance.now() < end) requestAnimationFrame(look);
                else done([...titles]);
            };
            look();
        })"""
    )
    assert titles == ["Chosen"]
    shown.kernel.run(f"ari.channels.hangup({id!r})")
    shown.says("hung up by a program", ".inspector h3")
    assert shown.panel.locator(".inspector").get_by_role("button", name="Hang up").count() == 0


def test_row_under_the_pointer_stays_while_calls_come_and_go(shown: Shown) -> None:
    shown.kernel.run(TRAFFIC)
    row = shown.panel.locator(".scroll [data-id]").nth(2)
    row.wait_for()
    row.scroll_into_view_if_needed()
    box = row.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    shown.page.mouse.move(x, y)
    shown.page.wait_for_timeout(300)
    under = shown.page.evaluate(UNDER, [x, y, 5000])
    assert len(under) == 1
    assert under != ["none"]


def test_ended_call_stays_two_seconds_with_its_cause(shown: Shown) -> None:
    id = shown.call("1000", "Gone <78>")
    shown.page.mouse.move(0, 0)
    shown.panel.evaluate("it => document.activeElement.blur()")
    shown.page.evaluate(
        """(id) => {
            window.over = [];
            const look = () => {
                const row = document.querySelector(`.ari-panel .scroll [data-id="${id}"]`);
                if (!row) return;
                if (row.classList.contains("over")) window.over.push([Date.now(), row.textContent]);
                requestAnimationFrame(look);
            };
            look();
        }""",
        id,
    )
    ended = shown.kernel.ask("__import__('time').time()")
    shown.kernel.run(f"ari.channels.hangup({id!r})")
    shown.panel.locator(f'.scroll [data-id="{id}"]').wait_for(state="detached")
    (_, text), *_, (last, _) = shown.page.evaluate("window.over")
    assert "Ended" in text
    assert "hung up by a program" in text
    assert last - ended * 1000 >= 1900  # from its end: a busy page begins to draw it later


def test_hang_up_asks_before_it_does(shown: Shown) -> None:
    id = shown.call()
    shown.button("Hang up", ".inspector").click()
    shown.button("Sure? Hang up", ".inspector").wait_for()
    shown.page.mouse.move(0, 0)  # who turns away has not confirmed it
    shown.button("Hang up", ".inspector").wait_for()
    assert shown.kernel.ask(f"{id!r} in ari.channels")
    shown.confirm("Hang up", ".inspector")
    shown.sent("DELETE", f"/channels/{id}")


def test_one_keypad_presses_keys_and_shows_them(shown: Shown) -> None:
    pads = shown.panel.locator(".pad")
    assert pads.count() == 1
    assert pads.locator("button").all_inner_texts() == list("123456789*0#")
    shown.panel.get_by_label("Extension").fill("1000")
    shown.button("Call").click()
    shown.says("1000", ".telephone .display")
    before = shown.kernel.ask("ari.log.count")
    for key in "5#":
        shown.button(f"Press {key}").click()
    shown.says("pressed 5#", ".telephone .pressed")
    shown.kernel.run(
        "import time\n"
        f"while (events := ari.log.since({before})) is not None and sum(\n"
        "    e['type'] == 'ChannelDtmfReceived' for e in events) < 2: time.sleep(0.05)"
    )
    keys = f"[e['digit'] for e in ari.log.since({before}) if e['type'] == 'ChannelDtmfReceived']"
    assert shown.kernel.ask(keys) == ["5", "#"]
    sent = "[r.path for r in ari.requests if r.path.endswith('/dtmf')]"
    assert shown.kernel.ask(sent) == []


def test_restarted_kernel_is_said_within_a_second(browser: Any, lab: Lab) -> None:
    with watched_page(browser) as (page, _):
        open_notebook(page, lab, lab.write("restarted.ipynb", CONNECT, "%ari panel"))
        run_done(page, 0)
        run_done(page, 1)
        panel = page.locator(".ari-panel").first
        panel.locator(".top .state", has_text="connected").wait_for()
        page.evaluate(
            """() => {
                window.restarting = window.said = 0;
                const look = () => {
                    const bar = document.querySelector("#jp-main-statusbar").textContent;
                    if (/Restarting/.test(bar)) window.restarting ||= performance.now();
                    const words = document.querySelector(".ari-panel .banner").textContent;
                    if (/restarted/.test(words)) window.said = performance.now();
                    else requestAnimationFrame(look);
                };
                look();
            }"""
        )
        page.get_by_role("button", name="Restart the kernel").first.click()
        page.locator(".jp-Dialog .jp-mod-accept").click()
        page.wait_for_function("() => window.said > 0")
        print(f"said {page.evaluate('window.said - window.restarting'):.0f} ms after the restart")
        assert page.evaluate("window.said - window.restarting") < 1000
        assert panel.locator(".top .state").inner_text() == "not live"
        assert panel.evaluate("it => it.querySelector('.panes').inert")


def test_telephone_survives_a_reload_of_the_page(browser: Any, lab: Lab) -> None:
    with watched_page(browser) as (page, notes):
        open_notebook(page, lab, lab.write("reloaded.ipynb", CONNECT, "%ari panel"))
        run_done(page, 0)
        run_done(page, 1)
        kernel = Kernel(lab)
        shown = Shown(page, kernel)
        shown.button("Call").click()
        shown.says("1000", ".telephone .display")
        page.keyboard.press("Control+s")
        page.wait_for_timeout(1500)
        page.reload()
        shown.panel.locator(".telephone .display", has_text="1000").wait_for()
        shown.confirm("Hang up your telephone")
        shown.says("on the hook", ".telephone .display")
        kernel.close()
        notes.check()


def test_call_is_handled_with_the_keyboard_alone(shown: Shown) -> None:
    keys = shown.page.keyboard
    shown.panel.get_by_label("Extension").fill("")
    shown.button("Create bridge").focus()
    for key in "1003":
        keys.press(key)
    assert shown.panel.get_by_label("Extension").input_value() == "1003"
    shown.button("Call").focus()
    keys.press("Enter")
    card = shown.panel.locator("li.channel button.card")
    card.first.wait_for()
    shown.button("Originate…").focus()
    keys.press("Tab")  # into the list, which is one stop
    keys.press("Tab")
    assert shown.page.evaluate("document.activeElement.className") == "card"
    keys.press("Enter")
    shown.panel.locator("button.card[aria-pressed=true]").wait_for()
    keys.press("a")
    shown.says("Up", "li.channel .state")
    for key in "42":
        keys.press(key)
    shown.says("⌨ 42", "li.channel")
    keys.press("?")
    shown.panel.locator(".keys").wait_for()
    keys.press("?")
    keys.press("h")
    assert shown.rows.count() == 1
    keys.press("h")
    shown.says("hung up by a program", ".inspector h3")
