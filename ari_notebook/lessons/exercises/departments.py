"""Notebook 11: two applications that are offered the same calls."""

from __future__ import annotations

from collections.abc import Callable

from ari_notebook.lessons.evidence import Evidence, Happening
from ari_notebook.lessons.lesson import Lesson, Verdict

_SALES, _SUPPORT = "sales", "support"
_ARGUMENT = "handed-over"

LESSON = Lesson(
    "two departments",
    "A call to 1007 from a number that begins with 5 is claimed by sales, any other by support. "
    "The application that has it answers it. If a caller of sales presses 1, the call is handed "
    f"over to support, with the argument {_ARGUMENT}. Try it with one caller of each kind; the "
    "first presses 1.",
    "11-broadcast-and-claim",
)


def _for_sales(offer: Happening) -> bool:
    return str(offer.get("caller")).startswith("5")


def _offered(seen: Evidence, wanted: Callable[[Happening], bool]) -> list[Evidence]:
    """Return the events of each matching offered call, newest first."""
    offers = [each for each in seen.events("CallBroadcast") if wanted(each)]
    ids = dict.fromkeys(str(each.get("channel.id")) for each in reversed(offers))
    return [seen.about(id) for id in ids]


def _claim(call: Evidence, application: str) -> Happening | None:
    return call.request("events.claim_channel", application=application)


def _claimed(seen: Evidence, wanted: Callable[[Happening], bool], mine: str, other: str) -> Verdict:
    calls = _offered(seen, wanted)
    if done := next((found for call in calls if (found := _claim(call, mine))), None):
        return done
    if any(_claim(call, other) for call in calls):
        return f"{other} claimed it."
    if calls:
        return "The offer ended, or will end, without a claim."
    return None


@LESSON.step("sales claims a call from a number that begins with 5", "Section 1.")
def claimed_by_sales(seen: Evidence) -> Verdict:
    return _claimed(seen, _for_sales, _SALES, _SUPPORT)


@LESSON.step("support claims a call from another number", "Try another caller.")
def claimed_by_support(seen: Evidence) -> Verdict:
    return _claimed(seen, lambda offer: not _for_sales(offer), _SUPPORT, _SALES)


@LESSON.step("both are answered, once they are claimed", "Section 1.")
def answered(seen: Evidence) -> Verdict:
    pairs = [
        (call, _claim(call, _SALES) or _claim(call, _SUPPORT))
        for call in _offered(seen, lambda _: True)
    ]
    claims = [(call, claim) for call, claim in pairs if claim]
    done = [claim for call, claim in claims if call.request("channels.answer", after=claim)]
    if {claim.get("application") for claim in done} >= {_SALES, _SUPPORT}:
        return True
    if any(call.request("channels.answer", before=claim, worked=False) for call, claim in claims):
        return "An answer was requested before the claim: the call belonged to no application yet."
    return None


@LESSON.step("the caller of sales presses 1", "The phone that called can press keys.")
def pressed(seen: Evidence) -> Verdict:
    return next((key for call in _offered(seen, _for_sales) if (key := _key(call))), None)


@LESSON.step("and is handed over to support", "Section 5.")
def handed_over(seen: Evidence) -> Verdict:
    hint: str | None = None
    for call in _offered(seen, _for_sales):
        key = _key(call)
        there = key and call.event("StasisStart", after=key, application=_SUPPORT)
        if there and _ARGUMENT in there.get("args", ()):
            return there
        if there:
            hint = hint or f"It is in support, without the argument {_ARGUMENT}."
        elif key and call.event("StasisEnd", after=key):
            hint = hint or "The call ended instead."
    return hint


def _key(call: Evidence) -> Happening | None:
    claim = _claim(call, _SALES)
    return claim and call.event("ChannelDtmfReceived", after=claim, digit="1", application=_SALES)
