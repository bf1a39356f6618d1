"""The forms of this package's objects: a card in the notebook, lines in the shell.

The objects themselves know nothing of it; `registering` tells IPython.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ari_notebook.client.rest import Answer
from ari_notebook.following import Gap
from ari_notebook.report import Report
from ari_notebook.requestlog import RequestLog, SentRequest
from ari_notebook.resources import Events, Fields, LiveObject, Resource
from ari_notebook.session import Session
from ari_notebook.status import Status
from ari_notebook.views.cards import Card, card, status_card
from ari_notebook.views.forms import card_html, card_text, cards_html, json_html, table_html
from ari_notebook.views.markup import Markup
from ari_notebook.views.reports import report_html

__all__ = ["card_of", "html_of", "text_of"]

_SHOWN_REQUESTS = 20
_SHOWN_EVENTS = 20


def card_of(thing: LiveObject) -> Card:
    """The card of a live object as it stands now."""
    fields = thing.fields
    followed = bool(thing._kind.table)
    return card(
        thing._kind.model,
        fields,
        id=thing.id,
        gone=followed and not thing.alive and _has_ended(thing),
        read_only=thing._session.read_only,
    )


def _has_ended(thing: LiveObject) -> bool:
    """Whether an object outside the live tables is over: one that was never told of may live."""
    return thing._session.last_words(thing._kind, thing.id) is not None


def _live_object(thing: LiveObject) -> Markup:
    return card_html(card_of(thing))


def _status(status: Status) -> Markup:
    return card_html(status_card(status))


def _session(session: Session) -> Markup:
    return _status(session.status)


def _resource(resource: Resource) -> Markup:
    rows = [
        (name, f"{operation.method} {operation.path}", operation.summary)
        for name, operation in resource.operations.items()
    ]
    return table_html((f"{resource._name}.", "request", ""), rows)


def _events(events: Events) -> Markup:
    frame = events.tail(_SHOWN_EVENTS)
    columns = ["timestamp", "type", "channel_name", "detail"]
    rows = [
        (at.strftime("%H:%M:%S.%f")[:-3] if at == at else "", *map(_text, rest))
        for at, *rest in frame[columns].itertuples(index=False)
    ]
    title = f"{len(events)} events" + (", the last:" if rows else "")
    return table_html((title, "type", "channel", "detail"), rows)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _requests(log: RequestLog) -> Markup:
    rows = [
        (r.method, r.path, "" if r.status is None else r.status, r.message)
        for r in list(log)[-_SHOWN_REQUESTS:]
    ]
    return table_html((f"{len(log)} requests", "path", "status", ""), rows)


def _request(request: SentRequest) -> Markup:
    status = "no answer" if request.status is None else str(request.status)
    facts = [
        ("parameters", ", ".join(f"{k}={v}" for k, v in request.params.items())),
        ("body", "" if request.body is None else str(request.body)),
        ("answer", request.message),
        ("took", "" if request.milliseconds is None else f"{request.milliseconds:.1f} ms"),
        ("curl", request.curl()),
    ]
    kept = tuple(fact for fact in facts if fact[1])
    return card_html(Card(request.method, request.path, status, kept))


def _answer(answer: Answer) -> Markup:
    title = f"{answer.status} {answer.reason}"
    if answer.is_json and answer.content:
        return json_html(answer.json(), title)
    facts = [("type", answer.headers.get("Content-Type", "")), ("bytes", str(len(answer.content)))]
    return card_html(Card("Answer", title, "", tuple(fact for fact in facts if fact[1])))


def _fields(fields: Fields) -> Markup:
    return json_html(fields, str(fields.get("type") or ""))


def _gap(gap: Gap) -> Markup:
    lists = {"vanished": gap.vanished, "appeared": gap.appeared}
    facts = [
        (word, f"{kind}: {', '.join(ids)}")
        for word, changes in lists.items()
        for kind, ids in changes.items()
        if ids
    ]
    facts += [("subscription lost", source) for source in gap.lost_subscriptions]
    return card_html(Card("Gap", f"{gap.seconds:.1f} s without events", gap.reason, tuple(facts)))


def _list(things: list[Any]) -> Markup | None:
    """A list of live objects; nothing for any other list."""
    if not things or not all(isinstance(thing, LiveObject) for thing in things):
        return None
    return cards_html(card_of(thing) for thing in things[:100])


_HTML: dict[type, Callable[[Any], Markup | None]] = {
    LiveObject: _live_object,
    Status: _status,
    Session: _session,
    Resource: _resource,
    Events: _events,
    RequestLog: _requests,
    SentRequest: _request,
    Answer: _answer,
    Fields: _fields,
    Gap: _gap,
    Report: report_html,
    list: _list,
}


def html_of(thing: object) -> Markup | None:
    """The HTML form of an object of this package; None where it has none."""
    for cls in type(thing).__mro__:
        if cls in _HTML:
            return _HTML[cls](thing)
    return None


def text_of(thing: object) -> str:
    """The text form of an object of this package: some lines for what is alive, else its repr."""
    return card_text(card_of(thing)) if isinstance(thing, LiveObject) else repr(thing)
