"""The viewer in the kernel: its messages to a page, and its replies."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ari_notebook
from ari_notebook.sessions.session import Session
from ari_notebook.views.diagrams import moment_in
from ari_notebook.views.diagrams.selection import Selection, Source
from ari_notebook.views.diagrams.viewer import Viewer, viewer
from tests.helpers.waiting import until

Message = dict[str, Any]


class Page:
    """The page of a viewer: received messages, and requests."""

    def __init__(self, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
        self.came: list[Message] = []
        self.viewer: Viewer = viewer(source, Selection(last=1000), "ladder")
        monkeypatch.setattr(
            self.viewer, "send", lambda message: self.came.append(json.loads(json.dumps(message)))
        )

    def ask(self, **message: Any) -> None:
        self.viewer._on_message(None, message, None)

    def wait(self, condition: Callable[[Message], object]) -> Message:
        until(lambda: any(condition(message) for message in self.came), 30)
        return next(message for message in reversed(self.came) if condition(message))

    def reply(self, **message: Any) -> Message:
        self.ask(ticket="t", **message)
        found = self.wait(lambda it: it.get("ticket") == "t")
        self.came.clear()
        return found


@pytest.fixture
def ari() -> Iterator[Session]:
    with ari_notebook.connect() as session:
        session.call("1003", caller="Alice <5551>")
        channel = session.channels[session.wait_for("StasisStart").channel.id]
        channel.answer()
        session.wait_for("ChannelStateChange", channel=channel)
        yield session


@pytest.fixture
def page(ari: Session, monkeypatch: pytest.MonkeyPatch) -> Page:
    return Page(ari, monkeypatch)


def labels(picture: Message) -> list[str]:
    return [step["label"] for step in picture["steps"]]


def test_page_gets_a_picture_and_then_what_is_new(ari: Session, page: Page) -> None:
    page.ask(kind="all")
    first = page.wait(lambda it: it["kind"] == "picture")
    assert first["live"]
    assert "answer" in labels(first)
    assert [lane["name"] for lane in first["lanes"]] == ["program", "Alice <5551>"]
    assert first["tables"]["channels"]["rows"][0][:2] == ["Alice <5551>", "Up"]
    ari.current_channel.hangup()
    page.wait(lambda it: it["kind"] == "picture" and "StasisEnd" in labels(it))


def test_closed_page_receives_no_messages(ari: Session, page: Page) -> None:
    page.ask(kind="all")
    page.wait(lambda it: it["kind"] == "picture")
    page.ask(kind="bye")
    page.came.clear()
    ari.current_channel.hangup()
    ari.wait_for("StasisEnd")
    page.viewer.tick()
    assert page.came == []


def test_seek_shows_the_ladder_and_tables_of_then(ari: Session, page: Page) -> None:
    page.ask(kind="all")
    at = page.wait(lambda it: it["kind"] == "picture")["end"]
    ari.current_channel.hangup()
    page.wait(lambda it: it["kind"] == "picture" and it["tables"]["channels"]["count"] == 0)
    page.ask(kind="seek", at=at)
    then = page.wait(lambda it: it.get("until") == at)
    assert then["tables"]["channels"]["count"] == 1
    assert "hang up" not in labels(then)
    page.ask(kind="seek", at=None)
    page.wait(lambda it: it.get("until", 1) is None and "StasisEnd" in labels(it))


def test_source_of_a_step_and_files_are_answered(page: Page) -> None:
    page.ask(kind="all")
    steps = page.wait(lambda it: it["kind"] == "picture")["steps"]
    request = next(step for step in steps if step["sent"])
    known = page.reply(kind="source", key=request["key"])["value"]
    assert json.loads(known["json"])["status"] == 204
    assert known["curl"].startswith("curl -v")
    event = next(step for step in steps if not step["sent"])
    known = page.reply(kind="source", key=event["key"])["value"]
    assert json.loads(known["json"])["type"] == event["type"]
    for key in ("e999999", "r99", "r0", "x1", "", "e-1"):
        assert page.reply(kind="source", key=key)["value"] == {}
    saved = page.reply(kind="save", ending=".mmd", view="ladder")["value"]
    assert b64decode(saved).startswith(b"sequenceDiagram")


def test_failing_picture_is_reported_on_the_page(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("no picture")

    monkeypatch.setattr(page.viewer, "_message", fail)
    page.viewer.draw()
    assert page.came == [{"kind": "problem", "text": "the viewer failed: no picture"}]


def test_closed_session_and_opened_capture_are_not_live(
    ari: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ari.capture(tmp_path / "call.ari"):
        ari.current_channel.hangup()
        ari.wait_for("StasisEnd")
    opened = ari_notebook.open_capture(tmp_path / "call.ari")
    ari.close()
    for source in (ari, opened):
        shown = Page(source, monkeypatch)
        shown.ask(kind="all")
        picture = shown.wait(lambda it: it["kind"] == "picture")
        assert not picture["live"]
        assert "StasisEnd" in labels(picture)
    assert len(moment_in(opened, -1000).channels) == 1  # as it was when the capture began
    assert len(opened.channels) == 0


@pytest.mark.parametrize("message", [None, [], {"kind": "other"}, {"kind": "seek", "at": "x"}])
def test_strange_messages_of_a_page_do_no_harm(page: Page, message: Any) -> None:
    page.viewer._on_message(None, message, None)
    page.ask(kind="all")
    page.wait(lambda it: it["kind"] == "picture")
