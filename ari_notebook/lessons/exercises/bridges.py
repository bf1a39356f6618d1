"""Notebook 05: a queue with one agent, who gets the caller who has waited longest."""

from __future__ import annotations

from typing import Any

from ari_notebook.lessons.evidence import Evidence, Happening
from ari_notebook.lessons.lesson import Lesson, Verdict, bridges_used, channels_made

_TYPE = "bridge.bridge_type"


def _talks(seen: Evidence) -> list[str]:
    """Return the attempts: bridges for talking, and any bridge after the newest of them."""
    used = list(dict.fromkeys(bridges_used(seen)))
    entered = seen.events("ChannelEnteredBridge")
    mixing = {str(e.get("bridge.id")) for e in entered if e.get(_TYPE) == "mixing"}
    return [id for id in used if id in mixing or id == used[-1]]


LESSON = Lesson(
    "a queue with one agent",
    "Two callers wait in one holding bridge. Call an agent; connect the caller who has waited "
    "longest, and let the other one wait. When one of the two hangs up, hang up the other, and "
    "destroy their bridge.",
    "05-bridges",
    _talks,
    kind="bridge",
)


def _entered(seen: Evidence, **more: Any) -> list[str]:
    """Return the channels that entered bridges, in that order."""
    return [str(e.get("channel.id")) for e in seen.events("ChannelEnteredBridge", **more)]


def _queue(talk: Evidence) -> tuple[list[str], Happening | None]:
    """Return the channels that wait together in a holding bridge, and since when."""
    inside: dict[str, list[str]] = {}
    # The latest queue before the talk: earlier ones are earlier attempts.
    begun = talk.event("ChannelEnteredBridge", bridge__bridge_type="mixing")
    found: tuple[list[str], Happening | None] = ([], None)
    seen = talk.whole if begun else talk
    for each in seen.events(["ChannelEnteredBridge", "ChannelLeftBridge"], before=begun):
        if each.get(_TYPE) != "holding":
            continue
        waiting = inside.setdefault(str(each.get("bridge.id")), [])
        who = str(each.get("channel.id"))
        if each.name == "ChannelLeftBridge":
            waiting.remove(who) if who in waiting else None
        elif who not in waiting:
            waiting.append(who)
            if len(waiting) > 1:
                found = (list(waiting), each)
    return found


def _pair(talk: Evidence) -> tuple[str, str] | None:
    """Return the caller and the agent who are in the bridge."""
    made = channels_made(talk.whole)
    inside = _entered(talk, bridge__bridge_type="mixing")
    callers = [id for id in inside if id not in made]
    agents = [id for id in inside if id in made]
    return (callers[0], agents[0]) if callers and agents else None


@LESSON.step("two callers wait in one holding bridge", "Section 2.")
def waiting(talk: Evidence) -> Verdict:
    queue, _ = _queue(talk)
    if not queue and _entered(talk.whole, bridge__bridge_type="holding"):
        return "There was never more than one caller in the same holding bridge."
    return bool(queue)


@LESSON.step("an agent is called, and answers", "Section 4 calls one.")
def called(talk: Evidence) -> Verdict:
    made = channels_made(talk.whole)
    return any(talk.whole.about(id).event("StasisStart") for id in made)


@LESSON.step("the caller who has waited longest is connected", "Which caller entered first?")
def first_come(talk: Evidence) -> Verdict:
    queue, _ = _queue(talk)
    pair = _pair(talk)
    if not pair or not queue:
        return None
    if pair[0] not in queue:
        return "The connected caller did not wait in the queue."
    return pair[0] == queue[0] or "Another caller has waited longer."


@LESSON.step("the other one keeps waiting", "Only one caller leaves the holding bridge.")
def still_waiting(talk: Evidence) -> Verdict:
    queue, since = _queue(talk)
    pair = _pair(talk)
    if not pair or not queue:
        return None
    end = talk.event("BridgeDestroyed")
    for id in queue:
        if id != pair[0] and talk.whole.about(id).event(
            "ChannelLeftBridge", after=since, before=end
        ):
            return "The other caller left the queue, too."
    return True


@LESSON.step("one of the two hangs up, and you hang up the other", "Which event reports that?")
def both_gone(talk: Evidence) -> Verdict:
    pair = _pair(talk)
    if not pair:
        return None
    sides = [talk.whole.about(id) for id in pair]
    ends = [side.event("StasisEnd") for side in sides]
    if not any(ends):
        return None
    if not all(ends):
        return "One party has left, and the other one is still in the bridge."
    return any(side.request("channels.hangup") for side in sides)


@LESSON.step("their bridge is destroyed", "Only your program destroys it.")
def destroyed(talk: Evidence) -> Verdict:
    return talk.event("BridgeDestroyed") if _pair(talk) else None
