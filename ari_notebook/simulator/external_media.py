"""External media: channels whose sound goes to and comes from another program.

The simulator has the whole of ARI's side. No packet leaves it: the other program would hear
nothing, and its sound is not heard.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ari_notebook.simulator.channels import LONGEST_ID, Channel
from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialing import call_program, set_variables
from ari_notebook.simulator.messages import Refused
from ari_notebook.simulator.snoop import NoFarEnd
from ari_notebook.simulator.stasis import stasis

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange
    from ari_notebook.simulator.rest.variables import Given

__all__ = ["open_channel"]

FORMATS = frozenset(
    [
        "alaw",
        "ulaw",
        "gsm",
        "g722",
        "g726",
        "g726aal2",
        "adpcm",
        "slin",
        "slin12",
        "slin16",
        "slin24",
        "slin32",
        "slin44",
        "slin48",
        "slin96",
        "slin192",
        "lpc10",
        "g729",
        "speex",
        "speex16",
        "speex32",
        "ilbc",
        "g719",
        "g723",
        "siren7",
        "siren14",
        "opus",
        "codec2",
        "silk8",
        "silk12",
        "silk16",
        "silk24",
        "none",
        "testlaw",
    ]
)
DIRECTIONS = ("in", "out", "both")
FRAME_SIZES = {"slin": 320, "slin16": 640, "slin24": 960, "slin32": 1280, "slin48": 1920}

# A name or an IPv4 address, or an IPv6 address in brackets; and a port.
_HOST_AND_PORT = re.compile(r"(\[[^\]]*\]|[^:\[\]]*):[^:]*")
_BROKEN = "An internal error prevented this request from being handled"


class _Answers(NoFarEnd):
    """A driver whose other end answers at once."""

    def call(self, channel: Channel) -> None:
        """The other program is there already."""
        channel.exchange.soon(lambda: channel.control_frame("ANSWER"))


def open_channel(
    exchange: Exchange, args: Mapping[str, Any], variables: Sequence[Given]
) -> dict[str, Any]:
    """Make the channel that ``POST /channels/externalMedia`` asks for.

    Args:
        exchange: where.
        args: ARI's parameters.
        variables: those that the request gives it.

    Returns:
        ARI's object of it as the answer shows it, with its variables.

    Raises:
        Refused: 400 for what is missing or does not go together, 501 for an encapsulation that
            there is not, 500 for a format, an address or an id that cannot be used.
    """
    values = {**args}
    for name, usual in (
        ("encapsulation", "rtp"),
        ("transport", "udp"),
        ("connection_type", "client"),
    ):
        values[name] = values[name] or usual
    given = {each.name: each.value for each in variables}
    _check(exchange, values)
    host, format, id = values["external_host"], values["format"], values["channelId"] or ""
    if (
        format.lower() not in FORMATS
        or len(id.encode()) > LONGEST_ID
        or exchange.channel(id, named=False)
    ):
        raise Refused(500, _BROKEN)
    tag = f"0x7f{exchange.random.getrandbits(40):010x}"
    if values["transport"].lower() == "websocket":
        if (host or "INCOMING") != "INCOMING" and values["connection_type"] == "server":
            raise Refused(500, _BROKEN)
        own = {
            "MEDIA_WEBSOCKET_CONNECTION_ID": exchange.uuid(),
            "MEDIA_WEBSOCKET_OPTIMAL_FRAME_SIZE": str(FRAME_SIZES.get(format, 160)),
        }
        name, dialed = f"WebSocket/{host or 'INCOMING'}/{tag}", f"{host or 'INCOMING'}/c({format})"
        driver = NoFarEnd()
    else:
        if not _is_numeric(host):
            raise Refused(500, _BROKEN)
        if values["encapsulation"].lower() == "audiosocket":  # nobody listens at the other end
            raise Refused(500, _BROKEN)
        own = {
            "UNICASTRTP_LOCAL_PORT": str(exchange.random.randrange(10000, 20000, 2)),
            "UNICASTRTP_LOCAL_ADDRESS": "::1" if host.startswith("[") else "127.0.0.1",
        }
        name, dialed = f"UnicastRTP/{host}-{tag}", f"{host}/c({format})"
        driver = _Answers()
    channel = Channel(
        exchange,
        id or exchange.channel_id(),
        name,
        driver,
        name.rpartition("-")[0] or name,
        dialed=dialed,
        outgoing=True,
        appl=("AppDial2", "(Outgoing Line)"),
        variables={**_plain(given), **own},
    )
    app: str = values["app"]
    channel.create()
    set_variables(channel, {name: given[name] for name in given.keys() - _plain(given).keys()})
    exchange.applications.subscribe(app, ("channel", channel.id))
    channel.reported += [each.name for each in variables if each.report_events]
    words = values["data"].split(",") if values["data"] else []

    def then() -> Program:
        channel.run_application("Stasis", ",".join([app, *words]))
        try:
            yield from stasis(channel, app, words)
        finally:
            channel.appl = ("AppDial2", "(Outgoing Line)")

    shown = {**channel.json(), "channelvars": dict(channel.variables)}
    channel.run(call_program(channel, 30, then))
    return shown


def _plain(given: Mapping[str, str]) -> dict[str, str]:
    """Those that are variables, not functions."""
    return {name: value for name, value in given.items() if not name.endswith(")")}


def _check(exchange: Exchange, values: Mapping[str, Any]) -> None:
    """Refuse what Asterisk refuses, in its order and words."""
    encapsulation, transport = values["encapsulation"], values["transport"]
    connection, host = values["connection_type"], values["external_host"] or ""
    if not values["app"]:
        raise Refused(400, "app cannot be empty")
    if transport == "websocket" and encapsulation != "none":
        raise Refused(400, "encapsulation must be 'none' for websocket transport")
    for each, needed in (("rtp", "udp"), ("audiosocket", "tcp")):
        if encapsulation == each and transport != needed:
            raise Refused(400, f"transport must be '{needed}' for {each} encapsulation")
    if connection == "server" and transport != "websocket":
        message = "'server' connection_type can only be used with the websocket transport"
        raise Refused(400, message)
    if not host and connection == "client":
        message = "external_host is required for all but websocket server connections"
        raise Refused(400, message)
    if transport == "websocket":
        if connection == "client" and host not in exchange.config.websocket_clients:
            message = "external_host must be a valid websocket_client connection id."
            raise Refused(400, message)
    elif not _HOST_AND_PORT.fullmatch(host):
        message = "external_host must be <host>:<port> for all transports other than websocket"
        raise Refused(400, message)
    if not values["format"]:
        raise Refused(400, "format cannot be empty")
    if values["direction"] and values["direction"] not in DIRECTIONS:
        raise Refused(400, "Invalid direction specified")
    # Here, and not before, a name in capital letters is as good.
    match encapsulation.lower(), transport.lower():
        case ("rtp", "udp") | ("none", "websocket"):
            return
        case "audiosocket", "tcp":
            if not values["data"]:
                raise Refused(400, "data can not be empty")
        case _:
            raise Refused(501, "The encapsulation and/or transport is not supported")


def _is_numeric(host: str) -> bool:
    """Whether it is an address and a port; Asterisk looks no name up here."""
    address, _, port = host.rpartition(":")
    try:
        ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return False
    return port.isdigit()
