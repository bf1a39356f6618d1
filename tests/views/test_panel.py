"""The panel's Python half: what it sends, how often, and that nothing stops it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import ari_notebook
from ari_notebook.session import Session
from ari_notebook.views.panel import Panel, panel

Message = dict[str, Any]


@pytest.fixture
def ari() -> Iterator[Session]:
    with ari_notebook.connect() as session:
        yield session


class Page:
    """Stands where the browser is: hears what the widget sends, and says things to it."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.heard: list[tuple[float, Message]] = []
        panel.send = lambda message, buffers=None: self.heard.append((time.monotonic(), message))

    def says(self, **message: Any) -> None:
        self.panel._handle_custom_msg(message, [])

    def hears(self, wanted: Callable[[Message], Any], timeout: float = 5) -> Any:
        """What the first message says for which that is something."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            for _, message in list(self.heard):
                if found := wanted(message):
                    return found
            time.sleep(0.01)
        raise AssertionError(f"not heard: {[message for _, message in self.heard]}")

    def reply(self, ticket: str) -> Message:
        def wanted(message: Message) -> Message | None:
            replies = message.get("replies", ())
            return next((reply for reply in replies if reply["ticket"] == ticket), None)

        return dict(self.hears(wanted))


@pytest.fixture
def page(ari: Session) -> Iterator[Page]:
    made = Panel(ari)
    yield Page(made)
    made.stop()


def test_there_is_one_panel_of_a_session(ari: Session) -> None:
    assert panel(ari) is panel(ari)
    first = panel(ari)
    first.stop()
    assert not first.live
    assert panel(ari) is not first
    panel(ari).stop()


def test_a_call_is_told(ari: Session, page: Page) -> None:
    caller = ari.call("1000", caller="Alice <5551>")
    row = page.hears(lambda said: said.get("channels", {}).get("set", {}).get(caller.id))
    assert (row["caller"], row["exten"]) == ("Alice <5551>", "1000")


def test_messages_are_numbered_without_a_hole(ari: Session, page: Page) -> None:
    page.says(kind="all")
    for _ in range(3):
        ari.call("1000").hangup()
        time.sleep(0.15)
    page.hears(lambda said: said["kind"] == "all")
    numbers = [message["n"] for _, message in page.heard]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_at_most_ten_messages_a_second(ari: Session, page: Page) -> None:
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        ari.events.user_event("noise", application=ari.apps[0])
        time.sleep(0.005)
    times = [at for at, _ in page.heard]
    assert len(times) >= 5
    assert all(sum(start <= at < start + 1 for at in times) <= 10 for start in times)


def test_a_click_is_answered(ari: Session, page: Page) -> None:
    caller = ari.call("1003")
    ari.wait_for("StasisStart")
    page.says(kind="do", ticket="a", on="channels", action="answer", id=caller.id)
    assert page.reply("a") == {"ticket": "a", "error": "", "value": ""}
    assert ari.requests.last.path == f"/channels/{caller.id}/answer"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"on": "channels", "action": "explode"}, "no button does 'explode'"),
        ({"on": "session", "action": "close"}, "no button does 'close'"),
        ({"on": "channels", "action": "play", "arguments": {"url": "x"}}, "play takes no 'url'"),
        ({"on": "channels", "action": "answer", "id": "nobody"}, "404"),
        ({"on": "channels"}, "KeyError"),
        ({"on": "channels", "action": "play", "arguments": 5}, "TypeError"),
    ],
)
def test_what_cannot_be_done_is_said(
    ari: Session, page: Page, asked: dict[str, Any], words: str
) -> None:
    page.says(kind="do", ticket="b", **asked)
    reply = page.reply("b")
    assert words in reply["error"]
    assert "value" not in reply


@pytest.mark.parametrize("said", [None, 5, [], {}, {"kind": "nonsense"}, {"kind": 5}])
def test_nonsense_from_a_page_is_passed_over(page: Page, said: Any) -> None:
    page.panel._handle_custom_msg(said, [])
    assert page.panel.live


def test_a_failure_is_reported_and_the_panel_goes_on(
    ari: Session, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = page.panel._board.changes

    def fail() -> None:
        monkeypatch.setattr(page.panel._board, "changes", changes)
        raise RuntimeError("no such luck")

    monkeypatch.setattr(page.panel._board, "changes", fail)
    problem = "the panel failed: RuntimeError: no such luck"
    assert page.hears(lambda said: said.get("problem")) == problem
    assert list(ari.view_problems) == [problem]
    assert f"problem: {problem}" in str(ari.status)
    caller = ari.call("1000")
    page.hears(lambda said: said["kind"] == "all")  # the page begins anew with everything
    page.hears(lambda said: caller.id in said.get("channels", {}).get("set", {}))


def test_it_ends_with_its_session(ari: Session, page: Page) -> None:
    ari.close()
    page.hears(lambda said: said.get("status", {}).get("state") == "closed")
    page.panel._writer.join(timeout=5)
    assert not page.panel.live
