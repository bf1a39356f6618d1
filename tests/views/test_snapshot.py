"""The panel without a panel, and the forms of this package's objects."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest

import ari_notebook
from ari_notebook.session import Session
from ari_notebook.views.display import html_of, text_of
from ari_notebook.views.markup import element, join, listed, style_sheet
from ari_notebook.views.pretty import pretty
from ari_notebook.views.registering import SHOWN
from ari_notebook.views.snapshot import board_html, board_text


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


def test_nobody_on_the_line(ari: Session) -> None:
    text = board_text(ari)
    assert text.startswith("exchange, connected: 0 channels, 0 bridges at 20")
    assert "\n" not in text
    assert "<table" not in board_html(ari)


def test_one_channel_in_both_forms(ari: Session, id: str) -> None:
    ari.channels[id].play("sound:hello-world")
    ari.wait_for("PlaybackStarted")
    text, html = board_text(ari), board_html(ari)
    assert "1 channel, 0 bridges" in text
    for words in ("Up", "1000@default", "playing sound:hello-world"):
        assert words in text
        assert words in html
    assert "Alice <5551>" in text
    assert "Alice &lt;5551&gt;" in html
    assert "%ari panel" in html


def test_a_bridge_is_called_by_its_name(ari: Session, id: str) -> None:
    bridge = ari.bridges.create(name="sales")
    assert "sales" not in board_text(ari)
    bridge.add_channel(channel=id)
    ari.wait_for("ChannelEnteredBridge")
    assert "1000@default  sales" in board_text(ari)
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


def test_the_shell_has_lines_for_what_lives(ari: Session, id: str) -> None:
    said = text_of(ari.channels[id])
    assert "Alice <5551>" in said
    assert text_of(5) == "5"


def test_a_problem_of_the_panel_is_on_the_sessions_card(ari: Session) -> None:
    ari.view_problems.append("the panel failed: <b>")
    try:
        assert "the panel failed: &lt;b&gt;" in str(html_of(ari))
    finally:
        ari.view_problems.clear()


def test_deep_json_is_a_note() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert pretty(deep) == "(nested too deeply to be shown; the event log has it as it came)"
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
def test_what_is_no_list_lists_nothing(value: object, made: list[str]) -> None:
    assert listed(value) == made
