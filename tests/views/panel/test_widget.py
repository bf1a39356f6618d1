"""The panel's widget in Python: its messages, their rate, and failures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import ari_notebook
from ari_notebook.sessions.session import Session
from ari_notebook.views.panel.widget import Panel, panel

Message = dict[str, Any]


@pytest.fixture
def ari() -> Iterator[Session]:
    with ari_notebook.connect() as session:
        yield session


class Page:
    """Takes the place of the browser: receives the widget's messages, and sends some."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.heard: list[tuple[float, Message]] = []
        panel.send = lambda message, buffers=None: self.heard.append((time.monotonic(), message))

    def says(self, **message: Any) -> None:
        self.panel._handle_custom_msg(message, [])

    def receives(self, wanted: Callable[[Message], Any], timeout: float = 5) -> Any:
        """Return the first true result of a function of a message."""
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

        return dict(self.receives(wanted))


@pytest.fixture
def page(ari: Session) -> Iterator[Page]:
    made = Panel(ari, ari)
    yield Page(made)
    made.stop()


def test_session_has_one_panel(ari: Session) -> None:
    assert panel(ari, ari) is panel(ari, ari)
    first = panel(ari, ari)
    first.stop()
    assert not first.live
    assert panel(ari, ari) is not first
    panel(ari, ari).stop()


def test_call_is_sent_to_the_page(ari: Session, page: Page) -> None:
    caller = ari.call("1000", caller="Alice <5551>")
    row = page.receives(lambda said: said.get("channels", {}).get("set", {}).get(caller.id))
    assert (row["caller"], row["exten"]) == ("Alice <5551>", "1000")


def test_messages_are_numbered_without_a_hole(ari: Session, page: Page) -> None:
    page.says(kind="all")
    for _ in range(3):
        ari.call("1000").hangup()
        time.sleep(0.15)
    page.receives(lambda said: said["kind"] == "all")
    numbers = [message["n"] for _, message in page.heard]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_at_most_ten_messages_a_second(ari: Session, page: Page) -> None:
    end = time.monotonic() + 1.5
    while time.monotonic() < end or len(page.heard) < 5:
        ari.events.user_event("noise", application=ari.apps[0])
        time.sleep(0.005)
    times = [at for at, _ in page.heard]
    assert all(sum(start <= at < start + 1 for at in times) <= 10 for start in times)


def test_click_is_answered(ari: Session, page: Page) -> None:
    caller = ari.call("1003")
    ari.wait_for("StasisStart")
    page.says(kind="do", ticket="a", on="channels", action="answer", id=caller.id)
    assert page.reply("a") == {
        "ticket": "a",
        "error": "",
        "value": "",
        "sent": [ari.requests.count - 1],
    }
    sent = ari.requests.last
    assert sent is not None
    assert sent.path == f"/channels/{caller.id}/answer"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"on": "channels", "action": "explode"}, "unknown action 'explode'"),
        ({"on": "session", "action": "close"}, "unknown action 'close'"),
        ({"on": "channels", "action": "play", "arguments": {"url": "x"}}, "play takes no 'url'"),
        ({"on": "channels", "action": "answer", "id": "nosuch"}, "404"),
        ({"on": "channels"}, "KeyError"),
        ({"on": "channels", "action": "play", "arguments": 5}, "TypeError"),
    ],
)
def test_failed_action_is_reported_to_the_page(
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


def test_failure_is_reported_and_the_panel_goes_on(
    ari: Session, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = page.panel._panel_state.changes

    def fail() -> None:
        monkeypatch.setattr(page.panel._panel_state, "changes", changes)
        raise RuntimeError("no such luck")

    monkeypatch.setattr(page.panel._panel_state, "changes", fail)
    problem = "the panel failed: RuntimeError: no such luck"
    assert page.receives(lambda said: said.get("problem")) == problem
    assert list(ari.view_problems) == [problem]
    assert f"problem: {problem}" in str(ari.status)
    caller = ari.call("1000")
    page.receives(lambda said: said["kind"] == "all")  # the page starts again with everything
    page.receives(lambda said: caller.id in said.get("channels", {}).get("set", {}))


def test_panel_ends_with_its_session(ari: Session, page: Page) -> None:
    ari.close()
    page.receives(lambda said: said.get("status", {}).get("state") == "closed")
    page.panel._writer.join(timeout=5)
    assert not page.panel.live


def test_actions_are_exported_as_program_and_flow(ari: Session, page: Page) -> None:
    page.says(kind="program", ticket="none")
    exported = page.reply("none")["value"]
    assert exported["flow"] == ""
    assert "these actions are about 0 calls" in exported["why"]
    caller = ari.call("1003")
    ari.wait_for("StasisStart")
    page.says(kind="do", ticket="done", on="channels", action="answer", id=caller.id)
    page.reply("done")
    page.says(kind="program", ticket="one")
    exported = page.reply("one")["value"]
    assert exported["why"] == ""
    assert "call.answer()" in exported["flow"]
    assert "ari.channels.answer(call1.id)" in exported["program"]
