"""Notebook 08: watch a call of another application, and raise an alarm."""

from __future__ import annotations

from ari_notebook.lessons.evidence import Evidence, Happening
from ari_notebook.lessons.lesson import Lesson, Verdict

_NAME = "emergency"


def _watched(seen: Evidence) -> list[str]:
    """Return the channels that the application was subscribed to."""
    asked = seen.requests("applications.subscribe")
    sources = [source for each in asked for source in str(each.get("eventSource")).split(",")]
    return [id for kind, _, id in (each.partition(":") for each in sources) if kind == "channel"]


LESSON = Lesson(
    "a watcher",
    "Subscribe to the channel of a caller at 1002, and filter ChannelVarset out. When 9 is "
    "pressed on that phone, send your application a user event emergency, with the channel's id "
    "in its variable who. Then unsubscribe.",
    "08-variables-and-subscriptions",
    _watched,
)


def _kept_away(filters: list[Happening]) -> bool:
    """Return whether the filters, set one after the other, block ChannelVarset."""
    force: dict[str, set[str]] = {"allowed": set(), "disallowed": set()}
    for each in filters:
        given = {kind: each.fields[kind] for kind in force if kind in each.fields}
        for kind in given or force:  # an omitted list remains; an empty filter removes both
            force[kind] = {str(entry["type"]) for entry in given.get(kind, ())}
    if "ChannelVarset" in force["disallowed"]:
        return True
    return bool(force["allowed"]) and "ChannelVarset" not in force["allowed"]


def _subscribed(channel: Evidence) -> Happening | None:
    return channel.request("applications.subscribe")


@LESSON.step("you are subscribed to a call that is not yours", "Section 4.")
def subscribed(channel: Evidence) -> Verdict:
    if channel.event("StasisStart"):
        return "That call is in your application and needs no subscription. Watch another one."
    return _subscribed(channel)


@LESSON.step("ChannelVarset is filtered out", "Section 5.")
def filtered(channel: Evidence) -> Verdict:
    filters = channel.whole.requests("applications.filter", before=_pressed(channel))
    if not filters:
        return None
    if not _kept_away(filters):
        return "The filter at the time of the key does not block it."
    return True


@LESSON.step("you receive the key 9", "The phone that called can press keys.")
def pressed(channel: Evidence) -> Verdict:
    if _subscribed(channel) and not _pressed(channel) and channel.event("ChannelDtmfReceived"):
        return "Another key was pressed."
    return _pressed(channel)


@LESSON.step("your application receives an emergency", "Section 3.")
def emergency_sent(channel: Evidence) -> Verdict:
    key = _pressed(channel)
    if not key:
        return None
    events = channel.whole.events("ChannelUserevent", after=key)
    mine = [each for each in events if each.get("eventname") == _NAME]
    if not mine:
        return "The event has another name." if events else None
    right = [each for each in mine if each.get("userevent.who") == channel.subject]
    return right[0] if right else "It arrived, but its variable who is not the channel's id."


@LESSON.step("you are no longer subscribed", "After the alarm.")
def unsubscribed(channel: Evidence) -> Verdict:
    key = _pressed(channel)
    done = channel.request("applications.unsubscribe", after=_subscribed(channel))
    if done and (not key or done.order < key.order):
        return "You unsubscribed before the alarm."
    return done


def _pressed(channel: Evidence) -> Happening | None:
    return channel.event("ChannelDtmfReceived", digit="9", after=_subscribed(channel))
