"""What ARI's applications operations do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from ari_notebook.simulator.applications import ALL, ALL_NAMES, Application, Topic
from ari_notebook.simulator.messages import Refused, Reply

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

Arguments: TypeAlias = Mapping[str, Any]

_BAD_SCHEME = "Invalid event source URI scheme"
_SCHEMES = ("channel", "bridge", "endpoint", "deviceState")


def list_applications(exchange: Exchange, args: Arguments) -> Reply:  # noqa: ARG001
    """``GET /applications``."""
    return Reply(200, exchange.applications.list())


def get(exchange: Exchange, args: Arguments) -> Reply:
    """``GET /applications/{applicationName}``."""
    return Reply(200, exchange.applications.get(args["applicationName"]).json())


def topic(exchange: Exchange, source: str, missing: str = "Event source does not exist") -> Topic:
    """What an event source names.

    Args:
        exchange: where.
        source: such as ``channel:ID``.
        missing: what to say where it is not there; "" where it need not be.

    Raises:
        Refused: 400 for an unknown scheme, 422 for what is not there.
    """
    scheme, colon, name = source.partition(":")
    if not colon or scheme not in _SCHEMES:
        raise Refused(400, _BAD_SCHEME)
    there: dict[str, Callable[[], bool]] = {
        "channel": lambda: name in exchange.channels,
        "bridge": lambda: name in exchange.bridges,
        "endpoint": lambda: exchange.endpoints.exists(name),
        "deviceState": lambda: True,
    }
    if missing and name != ALL and not there[scheme]():
        raise Refused(422, missing)
    return scheme, name


def subscribe(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /applications/{applicationName}/subscription``; earlier sources stay on an error."""
    app = _subscriber(exchange, args)
    for source in args["eventSource"]:
        exchange.applications.subscribe(app.name, topic(exchange, _by_id(exchange, source)))
    return Reply(200, app.json())


def _by_id(exchange: Exchange, source: str) -> str:
    """An event source; a channel may be subscribed to by its name."""
    scheme, _, name = source.partition(":")
    channel = exchange.channel(name) if scheme == "channel" else None
    return source if channel is None else f"channel:{channel.id}"


def unsubscribe(exchange: Exchange, args: Arguments) -> Reply:
    """``DELETE /applications/{applicationName}/subscription``.

    Sources before one that is refused are given back. All of a kind cannot be given back as it was
    asked for: Asterisk fails, and answers what it answers by default. It can by the name that it
    shows.
    """
    app = _subscriber(exchange, args)
    for source in args["eventSource"]:
        scheme, name = topic(exchange, source, missing="")
        found = scheme, ALL if name == ALL_NAMES[scheme] else name
        if found not in app.counts:
            if scheme == "deviceState" and (scheme, ALL) in app.counts:
                continue  # of all devices each is one, which stays
            raise Refused(422, "Event source was not subscribed to")
        if name == ALL and scheme != "deviceState":
            raise Refused(501, "Method not implemented")
        exchange.applications.unsubscribe(app.name, found)
    return Reply(200, app.json())


def _subscriber(exchange: Exchange, args: Arguments) -> Application:
    if not args["eventSource"]:
        raise Refused(400, "Missing parameter eventSource")
    return exchange.applications.get(args["applicationName"])


def event_filter(exchange: Exchange, args: Arguments) -> Reply:
    """``PUT /applications/{applicationName}/eventFilter``: ``{}`` resets, a list sets its half.

    What is disallowed is set first, and stays where what is allowed cannot be read.
    """
    app = exchange.applications.get(args["applicationName"])
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
        raise Refused(400, "Invalid format definition")
    return list(given)


OPERATIONS: dict[str, Callable[[Exchange, Arguments], Reply]] = {
    "list": list_applications,
    "get": get,
    "subscribe": subscribe,
    "unsubscribe": unsubscribe,
    "filter": event_filter,
}
