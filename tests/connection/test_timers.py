"""`ari.after`: functions that are called once, later."""

from __future__ import annotations

import pytest

import ari_notebook
from ari_notebook.sessions.session import Session


def test_after_calls_a_function_with_arguments(ari: Session) -> None:
    phone = ari.call("1000")
    started = ari.wait_for("StasisStart")
    timer = ari.after(0.1, ari.channels[started.channel.id].hangup)
    ended = ari.wait_for("StasisEnd", channel=started.channel.id, timeout=30)
    assert ended.channel.id == started.channel.id
    timer.join(30)
    assert not timer.waiting
    assert repr(timer) == "<timer hangup: called>"
    seen: list[object] = []
    ari.after(0, seen.append, phone).join(30)
    assert seen == [phone]


def test_cancelled_timer_calls_nothing(ari: Session) -> None:
    seen: list[int] = []
    cancelled = ari.after(0.05, seen.append, 1)
    assert cancelled.waiting
    cancelled.cancel()
    cancelled.cancel()
    ari.after(0.1, seen.append, 2).join(30)
    assert seen == [2]
    assert repr(cancelled) == "<timer append: cancelled>"


def test_failing_timer_is_reported_as_a_handler(ari: Session) -> None:
    def breaks() -> None:
        raise LookupError("no such thing")

    ari.after(0, breaks)
    failed = ari.wait_for("HandlerFailed", handler="breaks", timeout=30)
    assert failed["event"] == "timer"
    assert "LookupError" in failed["error"]


def test_timer_of_a_closed_session_calls_nothing(ari: Session) -> None:
    seen: list[int] = []
    timer = ari.after(0.05, seen.append, 1)
    ari.close()
    timer.join(30)
    assert not timer.waiting
    assert seen == []


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_after_with_invalid_time_is_refused(ari: Session, seconds: float) -> None:
    with pytest.raises(ari_notebook.UsageProblem, match="must not be negative"):
        ari.after(seconds, print)


def test_after_with_a_result_instead_of_a_function_is_refused(ari: Session) -> None:
    with pytest.raises(ari_notebook.UsageProblem, match="without parentheses"):
        ari.after(1, None)  # type: ignore[arg-type]
