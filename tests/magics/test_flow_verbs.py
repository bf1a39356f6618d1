"""`%ari flows`, `%%ari flow` and `ari.watch`."""

from __future__ import annotations

import re
from typing import Any

import pytest

import ari_notebook
from ari_notebook import UsageProblem
from ari_notebook.views.display import watch
from tests.helpers.waiting import until
from tests.magics.prompt import Prompt


def test_cell_is_a_flow_for_each_call(prompt: Prompt) -> None:
    prompt("%ari connect")
    prompt("heard = []")
    prompt("%%ari flow greet --exten 1000\ncall.answer()\npin = call.digits(2)\nheard.append(pin)")
    prompt("first = %ari call 1000")
    prompt("second = %ari call 1000")
    prompt("first.press('12'); second.press('34')")
    until(lambda: sorted(prompt.names["heard"]) == ["12", "34"])
    assert "pin" not in prompt.names  # each call has its own
    ari = prompt.names["ari"]
    until(lambda: all(run.over.is_set() for run in ari.flows.runs))
    assert list(prompt("%ari flows")["state"]) == ["done", "done"]


def test_failing_flow_cell_shows_its_line(prompt: Prompt) -> None:
    prompt("%ari connect")
    prompt("%%ari flow broken\ncall.answer()\n1 / 0")
    prompt("%ari call 1000")
    ari = prompt.names["ari"]
    until(lambda: ari.flows.runs and ari.flows.runs[-1].over.is_set())
    row = prompt("%ari flows").iloc[-1]
    assert (row["state"], row["line"], row["code"]) == ("failed", 2, "1 / 0")


def test_flow_cell_with_a_wrong_name_is_refused(prompt: Prompt) -> None:
    prompt("%ari connect")
    error = prompt.type("%%ari flow 1st\ncall.answer()").error
    assert "is not a valid name for a flow" in str(error)


def test_watch_publishes_only_what_has_changed(
    prompt: Prompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt("%ari connect")
    published: list[tuple[str, bool]] = []

    def publish(data: dict[str, Any], *_: object, update: bool, **__: object) -> None:
        published.append((data["text/plain"], update))

    monkeypatch.setattr(watch, "publish_display_data", publish)
    monkeypatch.setattr(watch, "get_ipython", lambda: prompt.shell)
    values = iter([1, 1, 2])
    shown = prompt.names["ari"].watch(lambda: next(values, 2), every=0.1)
    until(lambda: len(published) == 2)
    shown.stop()
    until(lambda: not shown.running)
    assert published == [("1", False), ("2", True)]


def test_watch_shows_an_error_and_goes_on(prompt: Prompt, monkeypatch: pytest.MonkeyPatch) -> None:
    prompt("%ari connect")
    texts: list[str] = []
    monkeypatch.setattr(
        watch, "publish_display_data", lambda data, *_, **__: texts.append(data["text/plain"])
    )
    monkeypatch.setattr(watch, "get_ipython", lambda: prompt.shell)
    tries = iter([0, 1])
    shown = prompt.names["ari"].watch(lambda: 1 // next(tries, 1), every=0.1)
    until(lambda: len(texts) == 2)
    shown.stop()
    assert "ZeroDivisionError" in texts[0]
    assert texts[1] == "1"


def test_wallboard_follows_a_call(prompt: Prompt, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines that docs/how-to/analyse-a-day.md has for a live wallboard."""
    prompt("%ari connect --subscribe-all")
    ari = prompt.names["ari"]
    boards: list[str] = []
    monkeypatch.setattr(
        watch, "publish_display_data", lambda data, *_, **__: boards.append(data["text/html"])
    )
    monkeypatch.setattr(watch, "get_ipython", lambda: prompt.shell)
    ari.simulator.set_dialplan("[default]\nexten => 1,1,Answer()\n same => n,Dial(PJSIP/bob,90)\n")
    bob = ari.simulator.phones.add("bob", answer_after=None)

    def counts() -> tuple[int, int]:
        names = re.findall(r"<th>(\w+)</th>", boards[-1])
        row = dict(zip(names, re.findall(r"<td>(.*?)</td>", boards[-1]), strict=False))
        return int(row["waiting"]), int(row["talking"])

    shown = ari.watch(ari.measures.wallboard, every=1)
    assert counts() == (0, 0)
    ari.simulator.call("1")
    until(lambda: counts() == (1, 0))
    bob.answer()
    until(lambda: counts() == (0, 1))
    bob.hangup()
    until(lambda: counts() == (0, 0))
    shown.stop()
    until(lambda: not shown.running)


def test_watch_outside_a_notebook_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "get_ipython", lambda: None)
    with ari_notebook.connect() as ari, pytest.raises(UsageProblem, match="in a notebook"):
        ari.watch(lambda: 1)
