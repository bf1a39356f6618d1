"""Notebook 09: a lamp that shines while a caller is in the application."""

from __future__ import annotations

from dataclasses import dataclass

from ari_notebook.lessons.evidence import Evidence, Happening
from ari_notebook.lessons.lesson import Lesson, Verdict

_LAMP = "Stasis:lamp"


def _comings_and_goings(seen: Evidence) -> list[tuple[Happening, int]]:
    """Yield each arrival and departure, with the number of callers after it."""
    here: set[str] = set()
    found = []
    for each in seen.whole.events(["StasisStart", "StasisEnd"]):
        (here.add if each.name == "StasisStart" else here.discard)(str(each.get("channel.id")))
        found.append((each, len(here)))
    return found


def _first_callers(seen: Evidence) -> list[str]:
    """Return the callers who entered the empty application: each starts an attempt."""
    firsts = [
        str(each.get("channel.id"))
        for each, there in _comings_and_goings(seen)
        if each.name == "StasisStart" and there == 1
    ]
    return firsts or [""]  # requests before the first caller are an attempt, too


@dataclass
class _Visit:
    """The time from the first caller until the next caller after the last one left."""

    came: Happening | None = None
    left: Happening | None = None  # when one of two left
    last: Happening | None = None
    over: Happening | None = None


def _visit(seen: Evidence) -> _Visit:
    visit, two = _Visit(), False
    for each, there in _comings_and_goings(seen):
        if visit.came is None:
            if each.get("channel.id") == seen.subject:
                visit.came = each
        elif visit.last is None:
            two = two or there > 1
            visit.left = visit.left or (each if two and each.name == "StasisEnd" else None)
            visit.last = each if there == 0 else None
        else:
            visit.over = each
            break
    return visit


LESSON = Lesson(
    "a lamp",
    f"The device {_LAMP} is INUSE from when the first caller comes into your application until "
    "the last one has gone, and NOT_INUSE then. Subscribe to its changes. Try it with two callers; "
    "the first one leaves first.",
    "09-devices-and-messages",
    _first_callers,
)


def _set(seen: Evidence, state: str, **more: Happening | None) -> Happening | None:
    return seen.whole.request("device_states.update", deviceName=_LAMP, deviceState=state, **more)


def _changed(seen: Evidence, state: str, **more: Happening | None) -> Happening | None:
    return seen.whole.event(
        "DeviceStateChanged", device_state__name=_LAMP, device_state__state=state, **more
    )


@LESSON.step("you are subscribed to the lamp's changes", "Section 1.")
def subscribed(seen: Evidence) -> Verdict:
    asked = seen.whole.requests("applications.subscribe")
    sources = [source for each in asked for source in str(each.get("eventSource")).split(",")]
    if f"deviceState:{_LAMP}" in sources or "deviceState:" in sources:
        return True
    if any(each.startswith("deviceState:") for each in sources):
        return f"You are subscribed to other devices. This one is {_LAMP}."
    return None


@LESSON.step("it shines when the first caller comes", "Section 1; the caller may come before.")
def shines(seen: Evidence) -> Verdict:
    visit = _visit(seen)
    if visit.came:
        if done := _set(seen, "INUSE", after=visit.came, before=visit.last):
            return done
        asked = seen.whole.request(
            "device_states.update",
            after=visit.came,
            before=visit.last,
            worked=None,
            deviceName=_LAMP,
        )
        if asked:
            return "It has another state than INUSE."
    if _set(seen, "INUSE", before=visit.came):
        return "It was on before the first caller."
    return None


@LESSON.step("it still shines when the first of two has left", "Two callers at a time.")
def still_shines(seen: Evidence) -> Verdict:
    visit = _visit(seen)
    if visit.left is None or not _set(seen, "INUSE", after=visit.came, before=visit.left):
        return None
    if _set(seen, "NOT_INUSE", after=visit.left, before=visit.last):
        return "It went out while the other caller was still there."
    return visit.left


@LESSON.step("it goes out when the last one has left", "Count them, or store the channels.")
def out(seen: Evidence) -> Verdict:
    visit = _visit(seen)
    if visit.last is None:
        return None
    if done := _set(seen, "NOT_INUSE", after=visit.last, before=visit.over):
        return done
    asked = seen.whole.request(
        "device_states.update", after=visit.last, before=visit.over, worked=None, deviceName=_LAMP
    )
    return "The last one has left, and it was set to another state." if asked else None


@LESSON.step("you received both changes", "Asterisk publishes them as events.")
def heard(seen: Evidence) -> Verdict:
    visit = _visit(seen)
    if visit.last is None or not _changed(seen, "INUSE", before=visit.last):
        return None
    return _changed(seen, "NOT_INUSE", after=visit.last)
