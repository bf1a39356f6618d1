"""External media: ``POST /channels/externalMedia``, on the technologies of `media_channels`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ari_notebook.simulator.calls.dial import call_program, set_variables
from ari_notebook.simulator.calls.media_channels import FORMATS, INCOMING
from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.messages import AriRefusal
from ari_notebook.simulator.pbx.channel import LONGEST_ID
from ari_notebook.simulator.pbx.exchange import Exchange
from ari_notebook.simulator.stasis.control import stasis
from ari_notebook.simulator.utf8 import octets

__all__ = ["open_channel"]

DIRECTIONS = ("in", "out", "both")

# A name or an IPv4 address, or an IPv6 address in brackets; and a port.
_HOST_AND_PORT = re.compile(r"(\[[^\]]*\]|[^:\[\]]*):[^:]*")
_BROKEN = "An internal error prevented this request from being handled"


def open_channel(
    exchange: Exchange,
    args: Mapping[str, Any],
    given: Mapping[str, str],
    reported: Sequence[str],
) -> dict[str, Any]:
    """Create the channel of ``POST /channels/externalMedia``.

    Args:
        exchange: the exchange.
        args: ARI's parameters.
        given: variables set by the request.
        reported: names of the variables that events include.

    Returns:
        ARI's channel object for the response, with its variables.

    Raises:
        AriRefusal: 400 for missing or conflicting parameters, 501 for an unknown encapsulation, 500
            for an unusable format, address or id.
    """
    values = {**args}
    for name, usual in (
        ("encapsulation", "rtp"),
        ("transport", "udp"),
        ("connection_type", "client"),
    ):
        values[name] = values[name] or usual
    _check(exchange, values)
    host, format, id = values["external_host"], values["format"], values["channelId"] or ""
    if (
        format.lower() not in FORMATS
        or len(octets(id)) > LONGEST_ID
        or exchange.channel(id, named=False)
    ):
        raise AriRefusal(500, _BROKEN)
    if values["transport"].lower() == "websocket":
        if (host or INCOMING) != INCOMING and values["connection_type"] == "server":
            raise AriRefusal(500, _BROKEN)
        technology, address = "websocket", host or INCOMING
    elif values["encapsulation"].lower() == "audiosocket":
        technology, address = "audiosocket", f"{host}/{values['data']}"
    else:
        technology, address = "unicastrtp", host
    if technology not in exchange.technologies:  # Asterisk before its channel technology
        raise AriRefusal(501, "The encapsulation and/or transport is not supported")
    options = f"c({format}){values.get('transport_data') or ''}"
    made = exchange.technologies[technology].request(f"{address}/{options}", (id or None, None))
    if made is None:
        raise AriRefusal(500, _BROKEN)
    channel = made[0]
    if technology == "websocket":
        channel.parties.dialed = address
    channel.create()
    channel.run_application("AppDial2", "(Outgoing Line)")
    app: str = values["app"]
    set_variables(channel, given)
    exchange.event_bus.subscribe(app, channel.topic)
    channel.reported_variables += reported
    words = values["data"].split(",") if values["data"] else []

    def then() -> Program:
        channel.run_application("Stasis", ",".join([app, *words]))
        try:
            yield from stasis(channel, app, words)
        finally:
            channel.dialplan.application = ("AppDial2", "(Outgoing Line)")

    shown = {**channel.json(), "channelvars": dict(channel.variables)}
    channel.run(call_program(channel, 30, then))
    return shown


def _check(exchange: Exchange, values: Mapping[str, Any]) -> None:
    """Raise Asterisk's errors, in its order and words."""
    encapsulation, transport = values["encapsulation"], values["transport"]
    connection, host = values["connection_type"], values["external_host"] or ""
    if not values["app"]:
        raise AriRefusal(400, "app cannot be empty")
    if transport == "websocket" and encapsulation != "none":
        raise AriRefusal(400, "encapsulation must be 'none' for websocket transport")
    for each, needed in (("rtp", "udp"), ("audiosocket", "tcp")):
        if encapsulation == each and transport != needed:
            raise AriRefusal(400, f"transport must be '{needed}' for {each} encapsulation")
    if connection == "server" and transport != "websocket":
        message = "'server' connection_type can only be used with the websocket transport"
        raise AriRefusal(400, message)
    if not host and connection == "client":
        message = "external_host is required for all but websocket server connections"
        raise AriRefusal(400, message)
    if transport == "websocket":
        if connection == "client" and host not in exchange.config.websocket_clients:
            message = "external_host must be a valid websocket_client connection id."
            raise AriRefusal(400, message)
    elif not _HOST_AND_PORT.fullmatch(host):
        message = "external_host must be <host>:<port> for all transports other than websocket"
        raise AriRefusal(400, message)
    if not values["format"]:
        raise AriRefusal(400, "format cannot be empty")
    if values["direction"] and values["direction"] not in DIRECTIONS:
        raise AriRefusal(400, "Invalid direction specified")
    # From here on upper case is accepted too, unlike above.
    match encapsulation.lower(), transport.lower():
        case ("rtp", "udp") | ("none", "websocket"):
            return
        case "audiosocket", "tcp":
            if not values["data"]:
                raise AriRefusal(400, "data can not be empty")
        case _:
            raise AriRefusal(501, "The encapsulation and/or transport is not supported")
