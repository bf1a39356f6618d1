"""Why a call failed, or how it ended: one sentence, the evidence, and a call that went well.

Each explanation below is a function of a call's facts that returns a sentence or "". The first
group explains what kept the call from its destination, in the order of time; the second says how
it ended.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ari_notebook.analysis.call_facts import CallFacts, DialAttempt, Fact, collect
from ari_notebook.client.errors import UsageProblem
from ari_notebook.store.calls import CallRecord
from ari_notebook.store.plain_text import printable
from ari_notebook.store.sip import sip_response
from ari_notebook.views.diagrams.selection import Selection, read

if TYPE_CHECKING:
    import pandas as pd

    from ari_notebook.store.event_log import EventLog
    from ari_notebook.store.request_log import SentRequest

__all__ = ["Why", "why"]

_MOST_ROWS = 12  # of evidence shown; `Why.df` has all
_FOLLOWS = 5.0  # seconds within which a program's hangup follows from a failed request
_COMPARED = 50  # earlier calls among which one that went well is looked for
_CLOCK = 0.75  # seconds by which Asterisk's absolute time-out may be late
# What a program or dialplan may say with a cause: names of Q.850 in Asterisk's own words.
_TIMEOUT_STATUS = "NOANSWER"
_FAILED_HTTP = 400


class CallSource(Protocol):
    """A source of calls: a session, a capture, a replay, or a part of a dataset."""

    @property
    def log(self) -> EventLog:
        """The event log."""

    @property
    def requests(self) -> Iterable[SentRequest]:
        """The requests."""

    @property
    def calls(self) -> Iterable[CallRecord]:
        """The calls."""


@dataclass(frozen=True, slots=True)
class Why:
    """The explanation of one call.

    Attributes:
        call: the id of the call's first channel.
        text: one sentence.
        failed: whether the call did not reach its destination, or was ended by a failure.
        evidence: events and requests that support it, in the order of time.
        compared: how it differs from a call to the same extension that went well; "" without one.
        beyond: what ARI does not report about such a call, and where to look: the SIP messages of a
            failed call, the requests of other programs; "" if nothing.
    """

    call: str
    text: str
    failed: bool
    evidence: tuple[Fact, ...]
    compared: str = ""
    beyond: str = ""

    @property
    def df(self) -> pd.DataFrame:
        """The evidence: time, source, channel, text."""
        import pandas as pd  # noqa: PLC0415  takes 0.4 s

        times = [round(fact.at * 1000) for fact in self.evidence]
        return pd.DataFrame(
            {
                "time": pd.to_datetime(pd.array(times, dtype="Int64"), unit="ms", utc=True),
                "source": pd.array([fact.source for fact in self.evidence], dtype="str"),
                "channel": pd.array([fact.channel for fact in self.evidence], dtype="str"),
                "text": pd.array([fact.text for fact in self.evidence], dtype="str"),
            }
        )

    def _rows(self) -> list[tuple[str, str, str, str]]:
        began = self.evidence[0].at if self.evidence else 0.0
        return [
            (f"+{fact.at - began:.3f} s", fact.source, fact.channel, fact.text)
            for fact in self.evidence[-_MOST_ROWS:]
        ]

    def __repr__(self) -> str:
        lines = [self.text, *filter(None, (self.compared, self.beyond))]
        lines += ["  ".join(each for each in row if each) for row in self._rows()]
        return "\n".join(printable(line) for line in lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            "<tr>" + "".join(f"<td><bdi>{html.escape(cell)}</bdi></td>" for cell in row) + "</tr>"
            for row in self._rows()
        )
        more = "".join(
            f"<p>{html.escape(text)}</p>" for text in (self.compared, self.beyond) if text
        )
        return f"<p><strong>{html.escape(self.text)}</strong></p>{more}<table>{rows}</table>"


def why(source: CallSource, call: Any = None) -> Why:
    """Explain how a call ended.

    Args:
        source: a session, capture or replay.
        call: the call's id, one of its channels, or None for the latest call.

    Raises:
        UsageProblem: there is no such call.
    """
    calls = list(source.calls)
    if call is None:
        if not calls:
            raise UsageProblem(
                "there are no calls", "Call one, or open a capture; connect with subscribe_all."
            )
        chosen = calls[-1]
    else:
        id = str(getattr(call, "id", call))
        found = [each for each in calls if any(leg.id == id for leg in each.legs)]
        if not found:
            raise UsageProblem(
                f"no call has a channel {id!r}",
                "ari.calls.df lists the calls; those of other programs need subscribe_all=True.",
            )
        chosen = found[-1]
    facts = _facts(source, chosen)
    text, failed = _explain(facts)
    compared = _compare(source, calls, chosen, facts) if failed else ""
    beyond = _beyond(facts, failed)
    return Why(chosen.first.id, text, failed, tuple(facts.evidence), compared, beyond)


def _beyond(facts: CallFacts, failed: bool) -> str:
    """Return where to look for what ARI does not report."""
    texts = []
    if failed and any(leg.name.startswith("PJSIP/") for leg in facts.call.legs):
        texts.append("SIP messages: pjsip set logger on, on Asterisk's command line, or sngrep")
    if _by_program(facts) and not any(
        each.method == "DELETE" and _ends(facts, each.path) for each in facts.requests
    ):
        texts.append(
            "who requested the hangup, another program or AMI or the command line: the program's"
            " log, or ari set debug all on"
        )
    return f"Not in ARI: {'; '.join(texts)}." if texts else ""


def _facts(source: CallSource, call: CallRecord) -> CallFacts:
    ids = frozenset(leg.id for leg in call.legs)
    selected = read(source.log, Selection(channels=ids))
    return collect(call, (each.event for each in selected.events), list(source.requests))


def _explain(facts: CallFacts) -> tuple[str, bool]:
    """Return the sentence, and whether it reports a failure."""
    causes = [text for explain in _FAILURES for text in explain(facts)]
    if facts.call.end is None and not facts.vanished:
        return _going_on(facts) + (f"; {'; '.join(causes)}" if causes else ""), bool(causes)
    if facts.vanished:
        causes.append("it ended while the connection to Asterisk was lost: its end is unknown")
    end = _ending(facts, bool(causes))
    reached = facts.connected is not None or (bool(facts.entered) and facts.first.up)
    if not causes:
        return end, not reached and not facts.first.up
    return ", then ".join([*_unique(causes), *([end] if end else [])]), True


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


# What kept the call from its destination.


def _missing_extension(facts: CallFacts) -> list[str]:
    if facts.invalid_exten:
        return [f"extension {facts.invalid_exten} does not exist (INVALID_EXTEN)"]
    first = facts.destroyed.get(facts.first.id)
    far = [leg for leg in facts.own if leg.name.endswith(";2")]
    if first is None or not far or facts.steps or facts.first.up:
        return []
    gone = facts.destroyed.get(far[0].id) or {}
    if gone.get("cause") == 0:
        return [f"extension {far[0].exten} does not exist: its channel executed nothing"]
    return []


def _dials(facts: CallFacts) -> list[str]:
    if any(attempt.status == "ANSWER" for attempt in facts.attempts):
        return []
    texts = [text for attempt in facts.attempts if (text := _attempt(facts, attempt))]
    if not facts.attempts and facts.dial_status in ("CHANUNAVAIL", "CONGESTION"):
        data = next((step.data for step in reversed(facts.steps) if step.app == "Dial"), "")
        peers = data.split(",")[0].replace("&", " and ")
        texts.append(
            f"no channel to {peers} could be created (DIALSTATUS={facts.dial_status}):"
            " the endpoint is unknown or has no contact"
        )
    return texts


def _attempt(facts: CallFacts, attempt: DialAttempt) -> str:
    """Return the outcome of one dialled channel, or "" if it continues."""
    if attempt.end is None:
        return ""
    passed = _duration(attempt.end - attempt.begin)
    if attempt.status == "CANCEL":
        if _gave_up(facts) is not None:
            rang = "rang" if attempt.rang is not None else "was dialled"
            return f"the caller hung up while {attempt.peer} {rang}, after {passed}"
        return f"dialling {attempt.peer} was cancelled after {passed}"
    if attempt.sip is not None:
        return f"{sip_response(attempt.sip)} from {attempt.peer} after {passed}"
    if attempt.status == _TIMEOUT_STATUS or not attempt.status:
        return f"no answer from {attempt.peer} in {passed}"
    cause = f", cause {attempt.cause} {attempt.cause_txt}" if attempt.cause else ""
    return f"{attempt.peer} was not reached after {passed} ({attempt.status}{cause})"


def _statuses(facts: CallFacts) -> list[str]:
    return [_status(name, value, app) for _, name, value, app in facts.statuses]


def _status(name: str, value: str, app: str) -> str:
    what, _, data = app.partition("(")
    first = data.rstrip(")").split(",")[0]
    if name == "STASISSTATUS":
        return f"Stasis application {first} was not connected (STASISSTATUS={value})"
    if name in ("PLAYBACKSTATUS", "BACKGROUNDSTATUS"):
        return f"sound {first} could not be played ({name}={value})"
    return f"{what or 'an application'} ended with {name}={value}"


def _media(facts: CallFacts) -> list[str]:
    texts = [f"{media} could not be played" for _, media in facts.playback_failures]
    for _, name, cause in facts.recording_failures:
        texts.append(f"recording {name} failed" + (f": {cause}" if cause else ""))
    return texts


def _refused_requests(facts: CallFacts) -> list[str]:
    """Explain a program's hangup by the request that failed just before."""
    ended = [each for each in facts.requests if each.method == "DELETE" and _ends(facts, each.path)]
    failed = [
        each
        for each in facts.requests
        if each.method != "GET"
        and (each.status is None or each.status >= _FAILED_HTTP)
        and each not in ended
    ]
    texts = []
    for each in failed:
        action = each.path.rstrip("/").rpartition("/")[2]
        code = "no answer" if each.status is None else str(each.status)
        said = f"{code} on {each.method} {action}: {each.message}".rstrip(": ")
        after = [end.at - each.at for end in ended if 0 <= end.at - each.at <= _FOLLOWS]
        texts.append(f"the program hung up {_duration(min(after))} after {said}" if after else said)
    return texts


def _ends(facts: CallFacts, path: str) -> bool:
    return any(path.endswith(f"/channels/{leg.id}") for leg in facts.call.legs)


_FAILURES: tuple[Callable[[CallFacts], list[str]], ...] = (
    _missing_extension,
    _statuses,
    _dials,
    _media,
    _refused_requests,
)


# How it ended.


def _going_on(facts: CallFacts) -> str:
    ringing = [each.peer for each in facts.attempts if each.end is None]
    inside = [app for _, app, id in facts.entered if id not in facts.left]
    if inside:
        return f"the call goes on, in Stasis application {inside[-1]}"
    if facts.connected is not None:
        return "the call goes on: its channels are connected"
    if ringing:
        return f"the call goes on: {' and '.join(ringing)} not answered yet"
    return "the call goes on" + (f", at {facts.last_place}" if facts.last_place else "")


def _gave_up(facts: CallFacts) -> float | None:
    """Return when the caller hung up before an answer; None otherwise."""
    own = {leg.id for leg in facts.own}
    times = [at for at, id, by, state in facts.hangups if id in own and by == "party"]
    return min(times) if times and not facts.first.up else None


def _ending(facts: CallFacts, explained: bool) -> str:
    """Return who or what ended the call; "" where the explanation has said so."""
    if facts.first.up and (text := _absolute_timeout(facts)):
        return text
    last = facts.steps[-1] if facts.steps else None
    text = ""
    if _by_program(facts):
        reason = _reason(facts)
        text = "" if explained and not reason else f"a program hung up{reason}"
        if (
            explained
            and facts.requests
            and any("the program hung up" in t for t in _refused_requests(facts))
        ):
            text = ""
    elif last is not None and last.app in ("Busy", "Congestion", "Hangup") and _at_end(facts, last):
        data = f"{last.app}({last.data})"
        text = (
            ""
            if explained and last.app == "Hangup"
            else f"the dialplan hung up with {data} at {last.place}"
        )
    elif _fell_off(facts, last):
        text = f"{_extension(facts)} has no priority {_priority(facts)}"
        if last is None:
            text += " that Asterisk can execute"
    elif _gave_up(facts) is not None:
        text = "" if explained else "the caller hung up before an answer"
    else:
        text = "" if explained and not facts.first.up else _party(facts)
    if explained:
        return text
    return f"{_talk(facts)}{text}" if text else _talk(facts).rstrip(", ") or "the call ended"


def _talk(facts: CallFacts) -> str:
    first = facts.first
    if not first.up:
        return ""
    end = facts.call.end or first.end
    if first.answered is None or end is None:
        return "answered, then "
    waited, talked = first.answered - first.begin, end - first.answered
    return f"answered after {_duration(waited)}, ended {_duration(talked)} later: "


def _party(facts: CallFacts) -> str:
    by = facts.call.row()["hangup_by"]
    words = {
        "caller": "the caller hung up",
        "called": "the called party hung up",
        "program": "a program hung up",
        "dialplan": "the dialplan ended",
    }
    return words.get(by, "") or _last_cause(facts)


def _last_cause(facts: CallFacts) -> str:
    event = facts.destroyed.get(facts.first.id) or {}
    cause = event.get("cause")
    return f"cause {cause} {event.get('cause_txt', '')}".strip() if cause is not None else ""


def _by_program(facts: CallFacts) -> bool:
    own = {leg.id for leg in facts.own}
    asked = [by for _, id, by, _ in facts.hangups if id in own]
    return asked[:1] == ["program"]


def _reason(facts: CallFacts) -> str:
    for request in reversed(facts.requests):
        if request.method == "DELETE" and _ends(facts, request.path):
            given = request.params.get("reason") or request.params.get("reason_code")
            return f" with reason {given}" if given else ""
    return ""


def _at_end(facts: CallFacts, last: Any) -> bool:
    return bool(facts.last_place == last.place)


def _fell_off(facts: CallFacts, last: Any) -> bool:
    """Return whether the caller's channel ended at a priority that it never executed."""
    own = {leg.id for leg in facts.own}
    asked = {by for _, id, by, _ in facts.hangups if id in own}
    place = facts.last_place
    if "party" in asked or "program" in asked or not place or place.endswith(",None"):
        return False
    if last is None:
        return not (facts.entered or facts.attempts or facts.first.up or _missing_extension(facts))
    exten, _, priority = last.place.rpartition(",")
    here, _, number = place.rpartition(",")
    return here == exten and number.isdigit() and priority.isdigit() and int(number) > int(priority)


def _extension(facts: CallFacts) -> str:
    return f"extension {facts.last_place.rpartition(',')[0]}"


def _priority(facts: CallFacts) -> str:
    return facts.last_place.rpartition(",")[2]


def _absolute_timeout(facts: CallFacts) -> str:
    """Explain an end at the time that TIMEOUT(absolute) allowed."""
    own = {leg.id for leg in facts.own}
    ends = [at for at, id, by, _ in facts.hangups if id in own and by == "dialplan"]
    for step in facts.steps:
        name, _, value = step.data.partition("=")
        if step.app == "Set" and name == "TIMEOUT(absolute)" and _number(value) is not None:
            limit = _number(value) or 0.0
            if limit > 0 and any(0 <= at - step.at - limit <= _CLOCK for at in ends):
                return f"the absolute timeout of {limit:g} s expired that the dialplan set"
    return ""


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _duration(seconds: float) -> str:
    if seconds < 0.9995:
        return f"{max(0.0, seconds) * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f}".rstrip("0").rstrip(".") + " s"
    return f"{seconds / 60:.0f} min"


# The call that went well.


def _compare(
    source: CallSource, calls: list[CallRecord], chosen: CallRecord, facts: CallFacts
) -> str:
    """Return where an earlier or later call to the same extension went another way."""
    called = chosen.row()["called"]
    if not called:
        return ""
    near = [each for each in calls if each is not chosen and each.row()["called"] == called]
    for other in sorted(near, key=lambda each: abs(each.first.begin - chosen.first.begin))[
        :_COMPARED
    ]:
        if other.end is None or not other.first.up:
            continue
        theirs = _facts(source, other)
        if _explain(theirs)[1]:
            continue
        here, there = _trail(facts), _trail(theirs)
        for mine, his in zip(here, there, strict=False):
            if mine != his:
                return (
                    f"The call {other.first.id}, which went well, had {his} where this had {mine}."
                )
        if len(there) > len(here):
            return f"The call {other.first.id}, which went well, went on with {there[len(here)]}."
        return f"The call {other.first.id} to the same extension went well."
    return ""


def _trail(facts: CallFacts) -> list[str]:
    """Return a call's path without what differs from call to call."""
    trail = [f"{step.app}({step.data}) at {step.place}" for step in facts.steps]
    trail += [f"{each.peer} {each.status or 'dialled'}" for each in facts.attempts]
    trail += [f"StasisStart of {app}" for _, app, _ in facts.entered]
    return trail
