"""Representations of this package's objects: a card in the notebook, lines in the shell.

The objects do not depend on it; `registering` registers the formatters with IPython.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ari_notebook.audio.sound import Sound
from ari_notebook.client.rest import RestResponse
from ari_notebook.connection.connection import Connection
from ari_notebook.connection.gaps import Gap
from ari_notebook.connection.json_object import JsonObject
from ari_notebook.connection.resources import LiveObject, LoggedEvents, Resource, last_seen
from ari_notebook.connection.status import Status
from ari_notebook.lessons.report import Report
from ari_notebook.store.request_log import RequestLog, SentRequest
from ari_notebook.views.display.cards import Card, card, status_card
from ari_notebook.views.display.html import Markup
from ari_notebook.views.display.names import Names
from ari_notebook.views.display.render import (
    card_html,
    card_text,
    cards_html,
    json_html,
    report_html,
    table_html,
)
from ari_notebook.views.display.sound import sound_html

__all__ = ["card_of", "html_of", "text_of"]

_SHOWN_REQUESTS = 20
_SHOWN_EVENTS = 20
_NAMED = {"channels", "bridge", "target_uri"}  # fields with ids of other objects


def card_of(thing: LiveObject) -> Card:
    """Return the card of a live object in its current state."""
    fields = thing.fields
    followed = bool(thing._type.table)
    return card(
        thing._type.model,
        fields,
        id=thing.id,
        gone=followed and not thing.alive and _has_ended(thing),
        read_only=thing._session.read_only,
        names=Names(thing._session) if _NAMED.intersection(fields) else None,
    )


def _has_ended(thing: LiveObject) -> bool:
    """Return whether an object outside the live tables has ended; without events it may exist."""
    return last_seen(thing._session.log, thing._type, thing.id) is not None


def _live_object(thing: LiveObject) -> Markup:
    return card_html(card_of(thing))


def _status(status: Status) -> Markup:
    return card_html(status_card(status))


def _connection(connection: Connection) -> Markup:
    return _status(connection.status)


def _resource(resource: Resource) -> Markup:
    rows = [
        (name, f"{operation.method} {operation.path}", operation.summary)
        for name, operation in resource.operations.items()
    ]
    return table_html((f"{resource._name}.", "request", "what it does"), rows)


def _events(events: LoggedEvents) -> Markup:
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
        (r.method, r.shown.path, "" if r.status is None else r.status, r.message)
        for r in list(log)[-_SHOWN_REQUESTS:]
    ]
    return table_html((f"{len(log)} requests", "path", "status", "message"), rows)


def _request(request: SentRequest) -> Markup:
    request = request.shown
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


def _answer(answer: RestResponse) -> Markup:
    title = f"{answer.status} {answer.reason}"
    if answer.is_json and answer.content:
        return json_html(answer.json(), title)
    facts = [("type", answer.headers.get("Content-Type", "")), ("bytes", str(len(answer.content)))]
    return card_html(Card("Answer", title, "", tuple(fact for fact in facts if fact[1])))


def _fields(fields: JsonObject) -> Markup:
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
    """Return the HTML of a list of live objects; None for any other list."""
    if not things or not all(isinstance(thing, LiveObject) for thing in things):
        return None
    return cards_html(card_of(thing) for thing in things[:100])


_HTML: dict[type, Callable[[Any], Markup | None]] = {
    LiveObject: _live_object,
    Status: _status,
    Connection: _connection,
    Resource: _resource,
    LoggedEvents: _events,
    RequestLog: _requests,
    SentRequest: _request,
    RestResponse: _answer,
    JsonObject: _fields,
    Gap: _gap,
    Sound: sound_html,
    Report: report_html,
    list: _list,
}


def html_of(thing: object) -> Markup | None:
    """Return the HTML form of an object of this package, or None."""
    for cls in type(thing).__mro__:
        if cls in _HTML:
            return _HTML[cls](thing)
    return None


def text_of(thing: object) -> str:
    """Return the text form of an object of this package: lines for a live object, else its repr."""
    return card_text(card_of(thing)) if isinstance(thing, LiveObject) else repr(thing)
