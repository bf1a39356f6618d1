"""Notebook 10: a supervisor hears a call, and is heard by one side of it."""

from __future__ import annotations

from ari_notebook.lessons.evidence import Evidence, Happening
from ari_notebook.lessons.lesson import Lesson, Verdict


def _snooped_on(seen: Evidence) -> list[str]:
    return [str(each.get("channelId")) for each in seen.requests("channels.snoop_channel")]


LESSON = Lesson(
    "supervision",
    "An agent and a customer talk in a bridge. A supervisor, a third caller, hears both and is "
    "heard by the agent alone; the bridge of the two has only them in it. Then the supervisor "
    "leaves, and the two go on talking.",
    "10-snoop-and-external-media",
    _snooped_on,
)


def _snoop(agent: Evidence) -> tuple[Happening, str] | None:
    """When a channel came that listens to the agent, and its id."""
    for start in agent.whole.events("StasisStart"):
        channel = start.fields["channel"]
        if str(channel["name"]).startswith(f"Snoop/{agent.subject}-"):
            return start, str(channel["id"])
    return None


def _members(seen: Evidence, channel: str) -> tuple[Happening, set[str]] | None:
    """When a channel was in a bridge with others, and who else was there."""
    for event in seen.whole.events("ChannelEnteredBridge"):
        members = set(event.get("bridge.channels", ()))
        if channel in members and len(members) > 1:
            return event, members - {channel}
    return None


@LESSON.step("two callers are in a bridge", "Section 1.")
def together(agent: Evidence) -> Verdict:
    found = _members(agent, agent.subject)
    return found and found[0]


@LESSON.step("the agent's channel is listened to, both sides of it", "Section 2.")
def both_sides(agent: Evidence) -> Verdict:
    asked = agent.requests("channels.snoop_channel")
    if done := next((each for each in asked if each.get("spy") == "both"), None):
        return done
    if any(each.get("spy") in ("in", "out") for each in asked):
        return "Only one of the two is heard."
    return "Nobody hears anything." if asked else None


@LESSON.step("the agent alone can be told something", "Section 3.")
def in_one_ear(agent: Evidence) -> Verdict:
    asked = agent.requests("channels.snoop_channel")
    if done := next((each for each in asked if each.get("whisper") == "out"), None):
        return done
    if any(each.get("whisper") in ("in", "both") for each in asked):
        return "The customer would hear it, too."
    return None


@LESSON.step("a third caller is in a bridge with what listens", "A snoop channel is a channel.")
def in_the_booth(agent: Evidence) -> Verdict:
    snoop, pair = _snoop(agent), _members(agent, agent.subject)
    if not snoop or not pair:
        return None
    booth = _members(agent, snoop[1])
    if not booth:
        return None
    if booth[1] & (pair[1] | {agent.subject}):
        return "What listens is in the same bridge as those who talk: they would hear themselves."
    return booth[0]


@LESSON.step("what listened is gone, and the two still talk", "Nobody else hangs up.")
def gone(agent: Evidence) -> Verdict:
    snoop = _snoop(agent)
    left = snoop and agent.whole.event("StasisEnd", after=snoop[0], channel__id=snoop[1])
    if not left:
        return None
    if agent.event("ChannelLeftBridge", before=left, channel__id=agent.subject):
        return "The agent had left the bridge before."
    return left
