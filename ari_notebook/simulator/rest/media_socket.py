"""The HTTP request that opens a media WebSocket: ``GET /media/<connection id>``.

It is outside ARI and has no users: the id, the channel's variable MEDIA_WEBSOCKET_CONNECTION_ID, is
the only secret, as in Asterisk 22.10.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ari_notebook.simulator.calls.media_channels import WebSocketFarEnd
from ari_notebook.simulator.messages import Request, Response
from ari_notebook.simulator.pbx.exchange import Exchange
from ari_notebook.simulator.wire import websocket_frames
from ari_notebook.simulator.wire.http11 import header, html_error

if TYPE_CHECKING:
    from ari_notebook.simulator.calls.media_session import WebSocketMedia

__all__ = ["is_media_request", "open_media"]

_PROTOCOL = "media"


def is_media_request(exchange: Exchange, request: Request) -> bool:
    """Return whether a request is for a media WebSocket."""
    path = request.target.partition("?")[0]
    return path.startswith(f"{exchange.config.http.prefix}/media/")


def open_media(exchange: Exchange, request: Request) -> WebSocketMedia | Response:
    """Open the media WebSocket of a channel that waits for it, or refuse it."""
    server = exchange.config.server_name
    id = request.target.partition("?")[0].rpartition("/")[2]
    far_end = _waiting(exchange, id)
    if far_end is None:
        return html_error(404, "Not found", "WebSocket instance not found", server=server)
    if header(request.headers, "upgrade").lower() != "websocket":
        return html_error(426, "Upgrade Required", "", server=server)
    key = header(request.headers, "sec-websocket-key")
    offered = header(request.headers, "sec-websocket-protocol").split(",")
    if not key or _PROTOCOL not in [each.strip() for each in offered]:
        return html_error(400, "Bad Request", "", server=server)
    accept = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Accept", websocket_frames.accept_key(key)),
        ("Sec-WebSocket-Protocol", _PROTOCOL),
    ]
    return far_end.connect(accept)


def _waiting(exchange: Exchange, id: str) -> WebSocketFarEnd | None:
    for channel in exchange.channels.values():
        driver = channel.driver
        if isinstance(driver, WebSocketFarEnd) and driver.waits_for(id):
            return driver
    return None
