"""ARI's operations on applications."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ari_notebook.simulator.messages import AriRefusal, Reply
from ari_notebook.simulator.pbx.event_bus import ALL_NAMES, StasisApplication
from ari_notebook.simulator.rest.context import Arguments, AriContext, OperationHandler
from ari_notebook.simulator.topics import ALL, Topic

_BAD_SCHEME = "Invalid event source URI scheme"
_SCHEMES = ("channel", "bridge", "endpoint", "deviceState")


def list_applications(ari: AriContext, args: Arguments) -> Reply:  # noqa: ARG001
    """List the applications: ``GET /applications``."""
    return Reply(200, ari.exchange.event_bus.list())


def get(ari: AriContext, args: Arguments) -> Reply:
    """Return one application: ``GET /applications/{applicationName}``."""
    return Reply(200, ari.exchange.event_bus.get(args["applicationName"]).json())


def topic(ari: AriContext, source: str, missing: str = "Event source does not exist") -> Topic:
    """Return the topic of an event source.

    Args:
        ari: context of the operation.
        source: such as ``channel:ID``.
        missing: error message if the source does not exist; "": it need not exist.

    Raises:
        AriRefusal: 400 for an unknown scheme, 422 for a missing source.
    """
    scheme, colon, name = source.partition(":")
    if not colon or scheme not in _SCHEMES:
        raise AriRefusal(400, _BAD_SCHEME)
    there: dict[str, Callable[[], bool]] = {
        "channel": lambda: name in ari.exchange.channels,
        "bridge": lambda: name in ari.exchange.bridges,
        "endpoint": lambda: ari.endpoints.exists(name),
        "deviceState": lambda: True,
    }
    if missing and name != ALL and not there[scheme]():
        raise AriRefusal(422, missing)
    return Topic(scheme, name)


def subscribe(ari: AriContext, args: Arguments) -> Reply:
    """Subscribe an application; after an error, earlier sources stay.

    ``POST /applications/{applicationName}/subscription``.
    """
    app = _subscriber(ari, args)
    for source in args["eventSource"]:
        scheme, _, name = source.partition(":")
        channel = ari.exchange.channel(name) if scheme == "channel" else None  # by name, too
        found = topic(ari, source) if channel is None else channel.topic
        ari.exchange.event_bus.subscribe(app.name, found)
    return Reply(200, app.json())


def unsubscribe(ari: AriContext, args: Arguments) -> Reply:
    """Unsubscribe an application: ``DELETE /applications/{applicationName}/subscription``.

    Sources before a refused one are unsubscribed. A subscription to all of a kind cannot be removed
    by the URI it was made with: Asterisk answers its default error. It can by the name that ARI
    shows.
    """
    app = _subscriber(ari, args)
    for source in args["eventSource"]:
        scheme, name = topic(ari, source, missing="")
        found = _subscribed(app, Topic(scheme, ALL if name == ALL_NAMES[scheme] else name))
        if found not in app.counts:
            if scheme == "deviceState" and Topic(scheme, ALL) in app.counts:
                continue  # of all devices, each counts as one, and stays
            raise AriRefusal(422, "Event source was not subscribed to")
        if name == ALL and scheme != "deviceState":
            raise AriRefusal(501, "Method not implemented")
        ari.exchange.event_bus.unsubscribe(app.name, found)
    return Reply(200, app.json())


def _subscribed(app: StasisApplication, topic: Topic) -> Topic:
    """Return the topic of a subscription.

    Asterisk finds subscriptions by id, whatever their kind (``res/stasis/app.c``).
    """
    alike = [Topic(kind, topic.id) for kind in ("channel", "bridge", "endpoint")]
    if topic.id == ALL or topic.kind == "deviceState" or topic in app.counts:
        return topic
    return next((each for each in alike if each in app.counts), topic)


def _subscriber(ari: AriContext, args: Arguments) -> StasisApplication:
    if not args["eventSource"]:
        raise AriRefusal(400, "Missing parameter eventSource")
    return ari.exchange.event_bus.get(args["applicationName"])


def event_filter(ari: AriContext, args: Arguments) -> Reply:
    """Replace the event filter: ``PUT /applications/{applicationName}/eventFilter``.

    ``{}`` resets it, a list sets its half. The disallowed types are set first, and stay set if the
    allowed ones are invalid.
    """
    app = ari.exchange.event_bus.get(args["applicationName"])
    body = args["filter"] or {"allowed": [], "disallowed": []}
    if "disallowed" in body:
        app.disallowed = _filters(body["disallowed"])
    if "allowed" in body:
        app.allowed = _filters(body["allowed"])
    return Reply(200, app.json())


def _filters(given: Any) -> list[dict[str, str]]:
    good = isinstance(given, list) and all(
        isinstance(each, dict) and isinstance(each.get("type"), str) and each["type"]
        for each in given
    )
    if not good:
        raise AriRefusal(400, "Invalid format definition")
    return list(given)


OPERATIONS: dict[str, OperationHandler] = {
    "list": list_applications,
    "get": get,
    "subscribe": subscribe,
    "unsubscribe": unsubscribe,
    "filter": event_filter,
}
