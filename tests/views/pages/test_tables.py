"""Verbs return DataFrames that a notebook shows as pages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser

import pandas as pd
import pytest

import ari_notebook
from ari_notebook.client.errors import UsageProblem
from ari_notebook.sessions.session import Session
from ari_notebook.views.display.columns import ago, moment, party_of, plain
from ari_notebook.views.display.table import kind_of, table_view
from ari_notebook.views.pages.tables import ShownTable
from tests.helpers.waiting import until
from tests.magics.prompt import Prompt

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\u202e\x1b[31m",
    "x" * 9999,
]


@pytest.fixture(scope="module")
def ari() -> Iterator[Session]:
    """A session with a call in a bridge, to which a key was pressed."""
    with ari_notebook.connect() as session:
        phone = session.call("1000", caller="Alice <5551>")
        event = session.wait_for("StasisStart")
        bridge = session.bridges.create(type="mixing", name="sales")
        bridge.add_channel(channel=event.channel.id)
        phone.press("1")
        session.wait_for("ChannelDtmfReceived")
        yield session


def shown(ari: Session, name: str) -> ShownTable:
    frame = {"events": ari.events, "calls": ari.calls, "requests": ari.requests}.get(name)
    return ShownTable(
        ari.frame(name) if frame is None else frame.df, kind_of(name), ari, ari.ladder
    )


class Cells(HTMLParser):
    """The cells of a table, and its buttons."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.heads: list[str] = []
        self.tags: list[str] = []
        self.asks: list[str] = []
        self.text = ""
        self._in: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._in.append(tag)
        self.asks += [value or "" for name, value in attrs if name == "data-ask"]
        if tag == "th":
            self.heads.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._in.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self._in:
            return
        self.text += data
        if "th" in self._in:
            self.heads[-1] += data


def test_call_without_a_cause_shows_why_it_failed(ari: Session) -> None:
    ari.channels.originate(endpoint="Local/1006@default", app="hello-world")
    until(lambda: "BUSY" in list(ari.calls.df["disposition"]))
    text = Cells(shown(ari, "calls").page_html(live=False)).text
    assert "BUSY from Local/1006@default" in text
    assert "Unknown" not in text


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("channels", ["Alice", "5551", "Up", "1000@default", "sales"]),
        ("bridges", ["sales", "mixing", "Alice"]),
        ("events", ["StasisStart", "ChannelDtmfReceived", "1 (100 ms)", "Alice"]),
        ("calls", ["Alice", "1000", "talking", "⌨ 1"]),
        ("sounds", ["gsm", "en_US"]),
        ("requests", ["POST", "/bridges", "200"]),
    ],
)
def test_table_shows_what_matters(ari: Session, name: str, says: list[str]) -> None:
    read = Cells(shown(ari, name).page_html(live=False))
    assert [text for text in says if text not in read.text] == []
    assert not any(word in read.text for word in ("NaN", "NaT", "<NA>", "None"))
    assert 2 <= len(read.heads) <= 8
    assert "button" not in read.tags


@pytest.mark.parametrize("name", ["channels", "bridges", "events", "calls"])
def test_row_opens_ladder_of_call(ari: Session, name: str) -> None:
    table = shown(ari, name)
    asks = Cells(table.page_html(live=True)).asks
    assert asks
    ladder = table.answer(asks[0]).html
    assert "<svg" in ladder
    assert "Alice" in ladder


def test_page_cannot_ask_for_other_rows(ari: Session) -> None:
    for ask in ("ladder 1.99", "hear sound:hello-world", "", "ladder"):
        with pytest.raises(UsageProblem, match="no such row"):
            shown(ari, "channels").answer(ask)


def test_recording_is_answered_as_audio(ari: Session) -> None:
    bridge = next(iter(ari.bridges))
    bridge.record(name="greeting", format="wav")
    ari.wait_for("RecordingStarted")
    time.sleep(0.3)
    ari.recordings.stop(recordingName="greeting")
    ari.wait_for("RecordingFinished")
    table = shown(ari, "recordings")
    assert table.answer("hear recording:greeting").audio.startswith("UklGR")  # RIFF


def test_shown_table_is_a_dataframe(ari: Session) -> None:
    table = shown(ari, "channels")
    pd.testing.assert_frame_equal(table.df, ari.channels.df)
    assert type(table.df) is pd.DataFrame
    assert type(table[["name"]]) is pd.DataFrame
    assert type(table.copy()) is pd.DataFrame
    assert list(table["caller_name"]) == ["Alice"]


def test_empty_table_says_what_to_type() -> None:
    text = Cells(table_view(pd.DataFrame(), kind_of("channels"), None)).text
    assert "0 channels" in text
    assert "%ari call 1000" in text


def test_long_table_shows_part_and_says_so() -> None:
    events = pd.DataFrame({"type": [f"T{n}" for n in range(120)]})
    text = Cells(table_view(events, kind_of("events"), None)).text
    assert "120 events, the last 50" in text
    assert "T119" in text
    assert "T69" not in text
    assert "the first 50" in Cells(table_view(events, kind_of("others"), None)).text


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["channels", "events", "calls", "bridges", "sounds", "others"])
def test_hostile_texts_are_text(name: str, text: str) -> None:
    columns = ["name", "caller", "caller_name", "detail", "type", "bridge", "text", "called"]
    frame = pd.DataFrame([dict.fromkeys(columns, text)], index=pd.Index([text], name="id"))
    html = table_view(frame, kind_of(name), None)
    assert {"script", "img"}.isdisjoint(Cells(html).tags)
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert len(html) < 10_000


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "now"),
        (0.4, "now"),
        (12.3, "12 s ago"),
        (61, "1 min ago"),
        (7300, "2 h ago"),
        (90_000, "1 day ago"),
        (200_000, "2 days ago"),
    ],
)
def test_ago_in_words(seconds: float, words: str) -> None:
    assert ago(seconds) == words


def test_moment_has_the_time_in_its_tooltip() -> None:
    at = datetime(2026, 11, 28, 16, 23, 41, 250_000, tzinfo=UTC)
    html = str(moment(at, at.timestamp() + 12))
    assert "12 s ago" in html
    assert 'title="2026-11-28 16:23:41.250 UTC"' in html


def test_name_and_number_are_isolated() -> None:
    assert str(party_of("مريم <5553>")).count("<bdi") == 2
    assert str(party_of("5553")).count("<bdi") == 1


def test_missing_values_are_nothing() -> None:
    assert plain(None) == ""
    assert plain((None, "a", ["b"])) == "a, b"


def test_shell_prints_text_and_no_page(prompt: Prompt) -> None:
    prompt("%ari connect")
    prompt("%ari call 1000")
    prompt("%ari wait StasisStart;")
    assert "PJSIP/loopback" in prompt.type("%ari channels").out


@pytest.fixture
def prompt(monkeypatch: pytest.MonkeyPatch) -> Iterator[Prompt]:
    monkeypatch.delenv("ARI_URL", raising=False)
    opened = Prompt()
    yield opened
    opened.close()
