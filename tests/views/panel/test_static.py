"""The panel without widgets, and the representations of this package's objects."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest

import ari_notebook
from ari_notebook.sessions.session import Session
from ari_notebook.views.display.formatters import html_of, text_of
from ari_notebook.views.display.html import element, join, listed, pretty, style_sheet
from ari_notebook.views.display.ipython import SHOWN
from ari_notebook.views.panel.picture import panel_picture
from ari_notebook.views.panel.state import PanelState
from ari_notebook.views.panel.static import snapshot_text


@pytest.fixture(scope="module")
def ari() -> Iterator[Session]:
    with ari_notebook.connect(name="exchange") as session:
        yield session


@pytest.fixture
def id(ari: Session) -> Iterator[str]:
    phone = ari.call("1000", caller="Alice <5551>")
    id = str(ari.wait_for("StasisStart").channel.id)
    yield id
    phone.hangup()
    ari.wait_for("StasisEnd")


def picture(ari: Session, chosen: str = "", ladder: str = "") -> str:
    return str(panel_picture(PanelState(ari).whole(), chosen=chosen, ladder=ladder, name="p"))


def test_panel_without_calls(ari: Session) -> None:
    text = snapshot_text(ari)
    assert text.startswith("exchange, connected: 0 channels, 0 bridges at 20")
    assert "\n" not in text
    assert "No active calls." in picture(ari)


def test_one_channel_in_both_forms(ari: Session, id: str) -> None:
    ari.channels[id].play("sound:hello-world")
    ari.wait_for("PlaybackStarted")
    text, html = snapshot_text(ari), picture(ari, id, str(ari.ladder(id).svg))
    assert "1 channel, 0 bridges" in text
    for words in ("Up", "1000@default", "sound:hello-world"):
        assert words in text
        assert words in html
    assert "Alice <5551>" in text
    assert '<bdi class="name">Alice</bdi><bdi class="number">5551</bdi>' in html
    assert "%ari panel" in html
    assert "▶ sound:hello-world" in html
    assert "ari-drawing" in html
    assert 'data-picture="p"' in html
    assert "<button" not in html
    assert "/*" not in html


def test_bridge_is_shown_by_name(ari: Session, id: str) -> None:
    bridge = ari.bridges.create(name="sales")
    assert "sales" not in snapshot_text(ari)
    bridge.add_channel(channel=id)
    ari.wait_for("ChannelEnteredBridge")
    assert "1000@default  sales" in snapshot_text(ari)
    assert "mixing · 1 channel" in picture(ari, str(bridge.id))
    assert '<li class="channel member"' in picture(ari)
    bridge.destroy()


def test_every_class_that_is_registered_is_there_and_has_a_form(ari: Session, id: str) -> None:
    for module, names in SHOWN.items():
        for name in names:
            assert hasattr(importlib.import_module(module), name)
    ping = ari.request("GET", "/asterisk/ping")
    made = [ari, ari.status, ari.channels, ari.channels[id], ari.events]
    made += [ari.requests, ari.requests.last, ping]
    for thing in made:
        html = html_of(thing)
        assert html, thing
        assert html.startswith("<style>")
    assert html_of([ari.channels[id]])
    assert html_of([1, 2]) is None
    assert html_of(5) is None


def test_shell_has_lines_for_what_lives(ari: Session, id: str) -> None:
    said = text_of(ari.channels[id])
    assert "Alice <5551>" in said
    assert text_of(5) == "5"


def test_problem_of_the_panel_is_on_the_sessions_card(ari: Session) -> None:
    ari.view_problems.append("the panel failed: <b>")
    try:
        assert "the panel failed: &lt;b&gt;" in str(html_of(ari))
    finally:
        ari.view_problems.clear()


def test_deep_json_is_a_note() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert pretty(deep) == "(nested too deeply to be shown; the event log has it unchanged)"
    assert pretty({"a": "é"}, 1) == '{\n "a": "é"\n}'


def test_markup_escapes_all_but_itself() -> None:
    inner = element("b", "<&>")
    assert str(element("p", inner, "<", None, class_="a", hidden=True, id=None)) == (
        '<p class="a" hidden><b>&lt;&amp;&gt;</b>&lt;</p>'
    )
    assert str(join("a", None, inner)) == "a<b>&lt;&amp;&gt;</b>"
    assert str(style_sheet("p{}")) == "<style>p{}</style>"


@pytest.mark.parametrize(
    ("value", "made"), [(["a", 5], ["a", "5"]), ((), []), (None, []), (True, []), ("abc", [])]
)
def test_value_other_than_list_lists_nothing(value: object, made: list[str]) -> None:
    assert listed(value) == made


def test_picture_of_more_calls_than_it_shows_counts_the_rest(ari: Session, id: str) -> None:
    state = PanelState(ari).whole()
    row = state["channels"]["set"][id]
    state["channels"]["set"] = {f"c{number}": row for number in range(60)}
    html = str(panel_picture(state))
    assert html.count('<li class="channel"') == 50
    assert "… 10 more channels" in html
    state["events"] = [[0, "no time", "Other", "", "<b>", ""]]
    assert "&lt;b&gt;" in str(panel_picture(state))


def test_picture_of_a_session_without_events() -> None:
    with ari_notebook.connect() as quiet:
        assert "No active calls." in picture(quiet)
        assert len(quiet.log.received(0, 1)) == 0
