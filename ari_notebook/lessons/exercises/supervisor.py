"""Notebook 10: a supervisor hears a call, and is heard by one side of it."""

from __future__ import annotations

from ari_notebook.lessons.evidence import Evidence, Happening
from ari_notebook.lessons.lesson import Lesson, Verdict

_SNOOP = "channels.snoop_channel"


def _snoops(seen: Evidence) -> list[str]:
    """What listened or whispered: each is an attempt, also of several at one caller."""
    starts = seen.events("StasisStart")
    names = [(str(each.get("channel.name")), str(each.get("channel.id"))) for each in starts]
    found = [id for name, id in names if name.startswith("Snoop/")]
    return found or [""]  # two callers in a bridge are a beginning


LESSON = Lesson(
    "supervision",
    "An agent and a customer talk in a bridge. A supervisor, a third caller, hears both and is "
    "heard by the agent alone; the bridge of the two has only them in it. Then the supervisor "
    "leaves, and the two go on talking.",
    "10-snoop-and-external-media",
    _snoops,
)


def _start(snoop: Evidence) -> Happening | None:
    return snoop.event("StasisStart", channel__id=snoop.subject)


def _agent(snoop: Evidence) -> str:
    """The channel that is snooped on: its id is in the name, Snoop/ID-NUMBER."""
    start = _start(snoop)
    return str(start.get("channel.name"))[len("Snoop/") :].rpartition("-")[0] if start else ""


def _asked(snoop: Evidence) -> Happening | None:
    """The request that made it."""
    asked = snoop.whole.requests(_SNOOP, before=_start(snoop), channelId=_agent(snoop))
    return asked[-1] if asked else None


def _with(seen: Evidence, channel: str) -> list[tuple[Happening, set[str]]]:
    """Each moment in which a channel was in a bridge with others, and who these were."""
    entered = seen.whole.events("ChannelEnteredBridge")
    members = [(event, set(event.get("bridge.channels", ()))) for event in entered]
    return [
        (event, there - {channel})
        for event, there in members
        if channel in there and len(there) > 1
    ]


def _booth(snoop: Evidence) -> Happening | None:
    """When it was in a bridge with somebody, and with neither of the two who talk."""
    talk = _with(snoop, _agent(snoop))
    pair = {_agent(snoop)} | (talk[0][1] if talk else set())
    apart = (event for event, others in _with(snoop, snoop.subject) if not others & pair)
    return next(apart, None)


@LESSON.step("two callers are in a bridge", "Section 1.")
def together(snoop: Evidence) -> Verdict:
    if not snoop.subject:
        entered = snoop.whole.events("ChannelEnteredBridge")
        return any(len(event.get("bridge.channels", ())) > 1 for event in entered)
    return bool(_with(snoop, _agent(snoop)))


@LESSON.step("the agent's channel is listened to, both sides of it", "Section 2.")
def both_sides(snoop: Evidence) -> Verdict:
    asked = _asked(snoop)
    if asked and asked.get("spy") == "both":
        return asked
    if asked and asked.get("spy") in ("in", "out"):
        return "Only one of the two is heard."
    return "Nobody hears anything." if asked else None


@LESSON.step("the agent alone can be told something", "Section 3.")
def in_one_ear(snoop: Evidence) -> Verdict:
    asked = _asked(snoop)
    if asked and asked.get("whisper") == "out":
        return asked
    if asked and asked.get("whisper") in ("in", "both"):
        return "The customer would hear it, too."
    # One channel may listen, and another one whisper.
    return snoop.whole.request(_SNOOP, channelId=_agent(snoop), whisper="out")


@LESSON.step("a third caller is in a bridge with what listens", "A snoop channel is a channel.")
def in_the_booth(snoop: Evidence) -> Verdict:
    if booth := _booth(snoop):
        return booth
    if _with(snoop, snoop.subject):
        return "What listens is in the same bridge as those who talk: they would hear themselves."
    return None


@LESSON.step("what listened is gone, and the two still talk", "Nobody else hangs up.")
def gone(snoop: Evidence) -> Verdict:
    booth, agent = _booth(snoop), _agent(snoop)
    left = booth and snoop.event("StasisEnd", after=booth, channel__id=snoop.subject)
    if not left:
        return None
    if snoop.whole.event("ChannelLeftBridge", before=left, channel__id=agent):
        return "The agent had left the bridge before."
    return left
