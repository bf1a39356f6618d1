"""ARI's operations on events, except the WebSocket (`rest.event_socket`)."""

from __future__ import annotations

from typing import Any

from ari_notebook.simulator.messages import AriRefusal, Reply
from ari_notebook.simulator.rest.context import Arguments, AriContext, OperationHandler
from ari_notebook.simulator.rest.operations.applications import topic
from ari_notebook.simulator.stasis.broadcast import CallOffer


def user_event(ari: AriContext, args: Arguments) -> Reply:
    """Publish a user event: ``POST /events/user/{eventName}``."""
    application = args["application"]
    if not application:
        raise AriRefusal(400, "Missing parameter application")
    if not ari.exchange.event_bus.known(application):
        raise AriRefusal(404, "Application not found")
    body = args["variables"]
    given = body.get("variables", {}) if isinstance(body, dict) else {}
    if not isinstance(given, dict):
        raise AriRefusal(500, "Error processing request")
    shown: dict[str, Any] = {}
    missing = "Event source was not found"
    for source in args["source"]:
        scheme, name = topic(ari, source, missing)
        one = name.partition("/")[2] if scheme == "endpoint" else name
        if not one and scheme != "deviceState":  # a single object, never all of a kind
            raise AriRefusal(422, missing)
        if scheme == "channel":
            shown["channel"] = ari.exchange.channels[name].snapshot()
        elif scheme == "bridge":
            shown["bridge"] = ari.exchange.bridges[name].json()
        elif scheme == "endpoint":
            shown["endpoint"] = ari.endpoints.get(*name.split("/", 1))
        else:
            raise AriRefusal(400, "Invalid event source URI scheme")
    event = ari.exchange.event(
        "ChannelUserevent",
        eventname=args["eventName"],
        userevent=given | {"eventname": args["eventName"]},
        **shown,
    )
    ari.exchange.soon(lambda: ari.exchange.event_bus.send(application, event))
    return Reply(204)


def claim(ari: AriContext, args: Arguments) -> Reply:
    """Claim a broadcast channel; the first application receives it: ``POST /events/claim``."""
    id, application = args["channelId"], args["application"]
    if not id:
        raise AriRefusal(400, "channelId parameter is required")
    if not application:
        raise AriRefusal(400, "application parameter is required")
    channel = ari.exchange.channels.get(id)
    broadcast = channel.attached(CallOffer) if channel is not None else None
    if broadcast is None:
        raise AriRefusal(404, "Channel not found or not in broadcast state")
    broadcast.claim(application)
    return Reply(204)


OPERATIONS: dict[str, OperationHandler] = {
    "userEvent": user_event,
    "claimChannel": claim,
}
