"""Notebook 09: a lamp that shines while somebody is in the application."""

from __future__ import annotations

from ari_notebook.lessons.evidence import Evidence, Happening
from ari_notebook.lessons.lesson import Lesson, Verdict

_LAMP = "Stasis:lamp"

LESSON = Lesson(
    "a lamp",
    f"The device {_LAMP} is INUSE from when the first caller comes into your application until "
    "the last one has gone, and NOT_INUSE then. Be told of its changes. Try it with two callers, "
    "the first of whom goes first.",
    "09-devices-and-messages",
)


def _set(seen: Evidence, state: str, **more: Happening | None) -> Happening | None:
    return seen.request("device_states.update", deviceName=_LAMP, deviceState=state, **more)


def _together(seen: Evidence) -> tuple[Happening, Happening] | None:
    """When the second of two callers came, and when one of them went."""
    for second in seen.events("StasisStart"):
        gone = seen.events("StasisEnd", before=second)
        if len(seen.events("StasisStart", before=second)) - len(gone) != 1:
            continue
        if not _set(seen, "INUSE", before=second):
            continue  # from before there was a lamp
        if left := seen.event("StasisEnd", after=second):
            return second, left
    return None


def _empty(seen: Evidence) -> Happening | None:
    """When the last caller went, after two had been there together."""
    together = _together(seen)
    if not together:
        return None
    for end in seen.events("StasisEnd", after=together[1]):
        came = len(seen.events("StasisStart", before=end))
        if came == len(seen.events("StasisEnd", before=end)) + 1:
            return end
    return None


@LESSON.step("you are told of the lamp's changes", "Section 1.")
def subscribed(seen: Evidence) -> Verdict:
    asked = seen.requests("applications.subscribe")
    sources = [source for each in asked for source in str(each.get("eventSource")).split(",")]
    if f"deviceState:{_LAMP}" in sources or "deviceState:" in sources:
        return True
    if any(each.startswith("deviceState:") for each in sources):
        return f"You are subscribed to other devices. This one is {_LAMP}."
    return None


@LESSON.step("it shines when the first caller comes", "Section 1; the caller may come before.")
def shines(seen: Evidence) -> Verdict:
    came = seen.event("StasisStart")
    if came and (done := _set(seen, "INUSE", after=came)):
        return done
    if _set(seen, "INUSE"):
        return "It shines already, and nobody has come."
    if came and seen.request("device_states.update", deviceName=_LAMP):
        return "It has another state than INUSE."
    return None


@LESSON.step("it still shines when the first of two has gone", "Two callers at a time.")
def still_shines(seen: Evidence) -> Verdict:
    together = _together(seen)
    if not together:
        return None
    last = _empty(seen)
    if _set(seen, "NOT_INUSE", after=together[1], before=last):
        return "It went out while the other caller was still there."
    return together[1]


@LESSON.step("it goes out when the last one has gone", "Count them, or remember who is there.")
def out(seen: Evidence) -> Verdict:
    last = _empty(seen)
    if last is None:
        return None
    if _set(seen, "NOT_INUSE", after=last):
        return True
    if seen.requests("device_states.update", after=last, worked=None):
        return "The last one has gone, and it was set to something else than NOT_INUSE."
    return None


@LESSON.step("you heard of both changes", "They are events.")
def heard(seen: Evidence) -> Verdict:
    on = seen.event("DeviceStateChanged", device_state__name=_LAMP, device_state__state="INUSE")
    return (
        seen.event(
            "DeviceStateChanged",
            device_state__name=_LAMP,
            device_state__state="NOT_INUSE",
            after=on,
        )
        if on
        else None
    )
