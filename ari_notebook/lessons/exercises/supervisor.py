"""Notebook 10: a supervisor monitors a call, and speaks to one party."""

from __future__ import annotations

from ari_notebook.lessons.evidence import Evidence, Happening
from ari_notebook.lessons.lesson import Lesson, Verdict

_SNOOP = "channels.snoop_channel"


def _snoops(seen: Evidence) -> list[str]:
    """Return the snoop channels: each is an attempt, even if several are on one channel."""
    starts = seen.events("StasisStart")
    names = [(str(each.get("channel.name")), str(each.get("channel.id"))) for each in starts]
    found = [id for name, id in names if name.startswith("Snoop/")]
    return found or [""]  # two callers in a bridge start an attempt


LESSON = Lesson(
    "supervision",
    "An agent and a customer talk in a bridge. A supervisor, a third caller, can listen to both "
    "and speak to the agent only; the bridge of the two contains no other channel. Then the "
    "supervisor leaves, and the two continue to talk.",
    "10-snoop-and-external-media",
    _snoops,
)


def _start(snoop: Evidence) -> Happening | None:
    return snoop.event("StasisStart", channel__id=snoop.subject)


def _agent(snoop: Evidence) -> str:
    """Return the snooped channel, whose id is in the name: Snoop/ID-NUMBER."""
    start = _start(snoop)
    return str(start.get("channel.name"))[len("Snoop/") :].rpartition("-")[0] if start else ""


def _asked(snoop: Evidence) -> Happening | None:
    """Return the request that created a snoop channel."""
    asked = snoop.whole.requests(_SNOOP, before=_start(snoop), channelId=_agent(snoop))
    return asked[-1] if asked else None


def _with(seen: Evidence, channel: str) -> list[tuple[Happening, set[str]]]:
    """Return each time at which a channel was bridged with others, and the others."""
    entered = seen.whole.events("ChannelEnteredBridge")
    members = [(event, set(event.get("bridge.channels", ()))) for event in entered]
    return [
        (event, there - {channel})
        for event, there in members
        if channel in there and len(there) > 1
    ]


def _booth(snoop: Evidence) -> Happening | None:
    """Return when a snoop channel was bridged with a channel other than the two that talk."""
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
        return "Only one direction is spied on."
    return "No direction is spied on." if asked else None


@LESSON.step("only the agent can be spoken to", "Section 3.")
def in_one_ear(snoop: Evidence) -> Verdict:
    asked = _asked(snoop)
    if asked and asked.get("whisper") == "out":
        return asked
    if asked and asked.get("whisper") in ("in", "both"):
        return "The customer would hear the supervisor, too."
    # One channel may listen, and another one whisper.
    return snoop.whole.request(_SNOOP, channelId=_agent(snoop), whisper="out")


@LESSON.step(
    "a third caller is in a bridge with the snoop channel", "A snoop channel is a channel."
)
def in_the_booth(snoop: Evidence) -> Verdict:
    if booth := _booth(snoop):
        return booth
    if _with(snoop, snoop.subject):
        return "The snoop channel is in the bridge of the two: they would hear themselves."
    return None


@LESSON.step("the snoop channel has ended, and the two still talk", "No other channel hangs up.")
def gone(snoop: Evidence) -> Verdict:
    booth, agent = _booth(snoop), _agent(snoop)
    left = booth and snoop.event("StasisEnd", after=booth, channel__id=snoop.subject)
    if not left:
        return None
    if snoop.whole.event("ChannelLeftBridge", before=left, channel__id=agent):
        return "The agent had left the bridge before."
    return left
