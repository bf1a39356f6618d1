"""What ARI's events operations do, but for the WebSocket itself (`simulator.sockets`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from ari_notebook.simulator.messages import Refused, Reply
from ari_notebook.simulator.rest.applications import topic

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

Arguments: TypeAlias = Mapping[str, Any]


def user_event(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /events/user/{eventName}``."""
    application = args["application"]
    if not application:
        raise Refused(400, "Missing parameter application")
    if not exchange.applications.known(application):
        raise Refused(404, "Application not found")
    body = args["variables"]
    given = body.get("variables", {}) if isinstance(body, dict) else {}
    if not isinstance(given, dict):
        raise Refused(500, "Error processing request")
    shown: dict[str, Any] = {}
    missing = "Event source was not found"
    for source in args["source"]:
        scheme, name = topic(exchange, source, missing)
        one = name.partition("/")[2] if scheme == "endpoint" else name
        if not one and scheme != "deviceState":  # it is about one, never about all
            raise Refused(422, missing)
        if scheme == "channel":
            shown["channel"] = exchange.channels[name].json()
        elif scheme == "bridge":
            shown["bridge"] = exchange.bridges[name].json()
        elif scheme == "endpoint":
            shown["endpoint"] = exchange.endpoints.get(*name.split("/", 1))
        else:
            raise Refused(400, "Invalid event source URI scheme")
    event = exchange.event(
        "ChannelUserevent",
        eventname=args["eventName"],
        userevent=given | {"eventname": args["eventName"]},
        **shown,
    )
    exchange.soon(lambda: exchange.applications.send(application, event))
    return Reply(204)


def claim(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /events/claim``: the first application to ask gets a broadcast channel."""
    id, application = args["channelId"], args["application"]
    if not id:
        raise Refused(400, "channelId parameter is required")
    if not application:
        raise Refused(400, "application parameter is required")
    broadcast = exchange.broadcasts.get(id)
    if broadcast is None:
        raise Refused(404, "Channel not found or not in broadcast state")
    broadcast.claim(application)
    return Reply(204)


OPERATIONS: dict[str, Callable[[Exchange, Arguments], Reply]] = {
    "userEvent": user_event,
    "claimChannel": claim,
}
