"""Every representation escapes text from outside."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_notebook.client.errors import Conflict, NotFound
from ari_notebook.views import error_html, error_text
from ari_notebook.views.display.cards import Card, card, party
from ari_notebook.views.display.html import clean, element
from ari_notebook.views.display.render import card_html, card_text, json_html, table_html

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</td></table><h1>",
    "javascript:alert(1)",
    "&lt;script&gt;",
    "]]><!--",
    "\ud800 half a pair",
    "\u202e backwards \x1b[31m red \x00",
    "x" * 100_000,
]
ALLOWED = {
    *("style", "div", "section", "span", "dl", "dt", "dd", "code", "table", "thead", "tbody"),
    *("tr", "th", "td", "details", "summary", "pre"),
}


class Reader(HTMLParser):
    """Parses HTML like a page: its elements, attributes and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data if self.open[-1:] != ["style"] else ""


def read(html: str) -> Reader:
    reader = Reader(html)
    assert reader.open == []
    assert set(reader.tags) <= ALLOWED
    assert reader.attributes <= {"class", "scope", "open"}
    html.encode()
    return reader


def channel(text: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": text,
        "name": text,
        "state": "Up",
        "caller": {"name": text, "number": text},
        "connected": {"name": text, "number": ""},
        "dialplan": {"context": text, "exten": text, "priority": 1, "app_name": "Stasis"},
        "in_stasis": True,
        "app_name": text,
        "bridge": text,
        "playing": text,
        **fields,
    }


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_channel_is_text(text: str) -> None:
    shown = read(card_html(card("Channel", channel(text))))
    assert clean(text) in shown.text
    assert len(shown.text) < 5000


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("model", ["Bridge", "Playback", "LiveRecording", "Endpoint", "Sound"])
def test_hostile_fields_of_everything_else_are_text(model: str, text: str) -> None:
    row = {"id": text, "name": text, "media_uri": text, "format": text, "state": text}
    row |= {"channels": [text], "channel_ids": [text], "text": text}  # type: ignore[dict-item]
    assert clean(text) in read(card_html(card(model, row))).text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_tables_json_and_errors_are_text(text: str) -> None:
    read(table_html((text, "b"), [(text, text)]))
    read(json_html({text: [text]}, text))
    shown = read(error_html(Conflict(text, text, request=text, status=409)))
    assert "409" in shown.text


@given(st.text())
def test_any_text_stays_text(text: str) -> None:
    html = element("td", text, class_=text)
    reader = Reader(html)
    assert reader.tags == ["td"]
    assert reader.attributes == {"class"}
    assert reader.text.replace("\r", "\n") == clean(text).replace("\r", "\n")


@pytest.mark.parametrize("text", HOSTILE)
def test_shell_gets_no_control_characters(text: str) -> None:
    for line in card_text(card("Channel", channel(text))).split("\n"):
        assert line.isprintable()
        assert len(line) < 700
        line.encode()


def test_channel_says_what_can_be_done_next() -> None:
    text = card_text(card("Channel", channel("Alice", bridge="")))
    assert "application  Alice (in Stasis)" in text
    assert "play" in text
    assert "record" in text
    assert "answer" not in text.split("next")[1]


def test_actions_of_a_ringing_channel_and_one_outside_stasis() -> None:
    assert "answer" in card("Channel", channel("x", state="Ring")).steps
    assert card("Channel", channel("x", in_stasis=False)).steps == ("hangup",)


def test_read_only_or_ended_object_has_no_actions() -> None:
    assert card("Channel", channel("x"), read_only=True).steps == ()
    gone = card("Channel", channel("x"), gone=True)
    assert gone.steps == ()
    assert gone.state == "gone"
    assert card("Playback", {"id": "p"}, gone=True).state == "over"


class Called:
    """Has a name for every id."""

    def channel(self, id: object) -> str:
        return f"caller of {id}"

    def bridge(self, id: object) -> str:
        return f"room of {id}"

    def target(self, uri: object) -> str:
        return f"where {uri} leads"


def test_card_of_bridge_lists_its_callers_under_its_name() -> None:
    row = {"id": "0a1b", "name": "sales", "bridge_type": "mixing", "channels": ["1.1", "1.2"]}
    made = card("Bridge", row, names=Called())
    assert made.title == "sales"
    assert ("id", "0a1b") in made.facts
    assert ("channels", "caller of 1.1, caller of 1.2") in made.facts
    assert ("name", "sales") not in made.facts
    assert card("Bridge", {"id": "0a1b", "name": ""}, names=Called()).title == "0a1b"


def test_card_of_playback_is_headed_by_its_media() -> None:
    row = {"id": "0a1b", "media_uri": "sound:hello", "target_uri": "channel:1.1"}
    made = card("Playback", row, names=Called())
    assert made.title == "sound:hello"
    assert made.facts == (("id", "0a1b"), ("to", "where channel:1.1 leads"))


def test_both_forms_say_the_same() -> None:
    shown = Card("Bridge", "b1", "", (("type", "mixing"), ("channels", "1, 2")), ("play",))
    text, html = card_text(shown), read(card_html(shown)).text
    for word in ("Bridge", "b1", "type", "mixing", "channels", "1, 2", "next", "play"):
        assert word in text
        assert word in html


def test_state_is_a_word() -> None:
    assert "Ring" in read(card_html(card("Channel", channel("x", state="Ring")))).text


def test_long_json_is_cut_and_says_so() -> None:
    assert "more lines" in read(json_html(list(range(5000)))).text


def test_error_says_what_to_do_about_it() -> None:
    error = NotFound("Channel not found", "It hung up.", request="GET /channels/1", status=404)
    assert error_text(error) == "NotFound: 404 Channel not found (GET /channels/1)\n  It hung up."


@pytest.mark.parametrize(
    ("of", "shown"),
    [
        ({"name": "Alice", "number": "5551"}, "Alice <5551>"),
        ({"name": "Alice", "number": ""}, "Alice"),
        ({"name": "", "number": "5551"}, "5551"),
        (None, ""),
    ],
)
def test_parties_are_shown_by_name_and_number(of: Any, shown: str) -> None:
    assert party(of) == shown


def test_accents_without_end_are_cut() -> None:
    """Languages use up to four per letter; thousands would cover the page around it."""
    assert clean("a" + "\u0301" * 3000 + "b", 5000) == "a" + "\u0301" * 4 + "b"
    assert clean("Vi\u1ec7t e\u0302\u0323") == "Vi\u1ec7t e\u0302\u0323"
