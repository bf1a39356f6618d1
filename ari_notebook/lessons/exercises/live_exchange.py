"""Notebook 14: in a busy exchange, find the one call that does not end, and end it."""

from __future__ import annotations

from ari_notebook.lessons.evidence import Evidence, Happening
from ari_notebook.lessons.lesson import Lesson, Verdict
from ari_notebook.store.calls import Ledger

_ENOUGH = 5


def _stuck(seen: Evidence) -> list[str]:
    """Return the channel in the echo test."""
    lines = seen.events("ChannelDialplan")
    return [str(each.get("channel.id")) for each in lines if each.get("dialplan_app") == "Echo"]


LESSON = Lesson(
    "one call too long",
    "While others come and go, one caller stays in the echo test. Find its channel, and hang up "
    "that call and no other.",
    "14-a-live-exchange",
    _stuck,
)


def _own(call: Evidence) -> set[str]:
    """Return all channels of that call: a Local channel has two halves."""
    ledger = Ledger()
    ledger.feed(each.fields for each in call.whole.events("*"))
    calls = [{leg.id for leg in each.legs} for each in ledger]
    return next((each for each in calls if call.subject in each), set())


def _ended(call: Evidence) -> list[Happening]:
    """Return the channels the session has hung up since that call began."""
    began = call.event("ChannelDialplan")
    return call.whole.requests("channels.hangup", after=began) if began else []


@LESSON.step("a caller is in the echo test", "The cell above the exercise lets them call.")
def there(call: Evidence) -> Verdict:
    return call.event("ChannelDialplan")


@LESSON.step("others come and go, none of them yours", "How did this notebook connect?")
def heard(call: Evidence) -> Verdict:
    created = {str(each.get("channel.id")) for each in call.whole.events("ChannelCreated")}
    taken = {str(each.get("channel.id")) for each in call.whole.events("StasisStart")}
    return bool(call.subject) and len(created - taken) >= _ENOUGH


@LESSON.step("you hang that call up", "The table of channels says where each of them is.")
def hung_up(call: Evidence) -> Verdict:
    own = _own(call)
    for each in _ended(call):
        if each.get("channelId") in own:
            return each
    return "You hung up another call." if _ended(call) else None


@LESSON.step("and no other", "One request is enough.")
def no_other(call: Evidence) -> Verdict:
    own = _own(call)
    if any(each.get("channelId") not in own for each in _ended(call)):
        return "Another call was hung up, too. Start the calls again, and check first."
    return bool(_ended(call))
