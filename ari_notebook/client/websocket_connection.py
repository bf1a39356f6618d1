"""Opening a WebSocket at Asterisk: handshake, TLS, proxies, and each failure as an error."""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import urlsplit

import orjson
import websocket

from ari_notebook.client import diagnosis
from ari_notebook.client.address import Address
from ari_notebook.client.credentials import Credentials, unsigned
from ari_notebook.client.errors import AriError, NotSent, error_for
from ari_notebook.client.sockets import open_socket, proxy_of, shown

__all__ = ["HANDSHAKE_SECONDS", "open_websocket"]

HANDSHAKE_SECONDS = 10.0


def open_websocket(
    address: Address,
    url: str,
    credentials: Credentials,
    context: ssl.SSLContext | None,
    subprotocols: tuple[str, ...] = (),
) -> websocket.WebSocket:
    """Open a WebSocket.

    Args:
        address: address of Asterisk.
        url: URL of the socket, below that address.
        credentials: the ARI user; sent as a header, never in the URL.
        context: TLS context, with `sockets.with_deadlines`; None: no TLS.
        subprotocols: names of subprotocols to offer.

    Raises:
        AriError: it could not be opened.
    """
    host = address.base.split("//", 1)[1]
    asked = f"GET {urlsplit(url).path.removeprefix('/ari')}"
    failure: BaseException
    # Raised after the block: no traceback may hold the frame with the header.
    sock: Any = None
    proxy = proxy_of(address)
    try:
        sock = open_socket(address, context, proxy, HANDSHAKE_SECONDS)
        ws = websocket.create_connection(
            url,
            timeout=HANDSHAKE_SECONDS,
            header=["Authorization: " + credentials.header()],
            socket=sock,
            skip_utf8_validation=True,
            suppress_origin=True,
            subprotocols=list(subprotocols) or None,
            redirect_limit=0,  # a redirect would forward the password
        )
    except AriError as error:
        failure = error
    except TimeoutError:
        failure = NotSent(f"{host} opened no WebSocket in {HANDSHAKE_SECONDS:g} s")
    except websocket.WebSocketTimeoutException:
        failure = NotSent(f"{host} opened no WebSocket in {HANDSHAKE_SECONDS:g} s")
    except websocket.WebSocketBadStatusException as error:
        failure = (
            error_for(error.status_code, _refusal(error), asked)
            if (error.status_code or 0) >= 400
            else NotSent(f"the server at {host} does not accept WebSockets")
        )
    except websocket.WebSocketException as error:
        failure = NotSent(f"no WebSocket could be opened at {host}: {error}")
    except ssl.SSLError as error:
        failure = NotSent(f"TLS with {host} failed: {error.reason or error}")
    except OSError as error:
        reason = error.strerror or str(error)
        failure = NotSent(
            *diagnosis.unusable_proxy(shown(proxy), host, reason)
            if proxy
            else diagnosis.no_listener(host, reason, secure=address.secure)
        )
    except Exception as error:  # noqa: BLE001 - the response may be anything
        failure = NotSent(f"no WebSocket could be opened at {host}: {error}")
    except BaseException as error:  # noqa: BLE001 - an interrupt; it is raised below
        failure = unsigned(error)
    else:
        sock.limit(None)
        sock.settimeout(HANDSHAKE_SECONDS)
        if ws.getstatus() == 101:
            return ws
        ws.shutdown()
        failure = NotSent(
            f"{host} does not accept the WebSocket, but redirects it ({ws.getstatus()})"
        )
    if sock is not None:
        sock.close()
    raise failure


def _refusal(error: websocket.WebSocketBadStatusException) -> str:
    """Return Asterisk's message in a refused handshake."""
    try:
        body = orjson.loads(error.resp_body or b"")
    except orjson.JSONDecodeError:
        return "the event socket was refused"
    words = body.get("message") if isinstance(body, dict) else None
    return str(words or "the event socket was refused")
