"""Checks of events: the application's name, the event socket and CORS."""

from __future__ import annotations

import secrets
import time
from urllib.parse import quote, urlsplit

import orjson
import websocket

from ari_notebook.client import diagnosis
from ari_notebook.client.address import application_names
from ari_notebook.client.errors import UsageProblem
from ari_notebook.doctor.target import TIMEOUT, Finding, Target

__all__ = ["application", "cross_origin", "event_socket"]

JUPYTER = "http://localhost:8888"  # origin of a local JupyterLab's pages


def application(target: Target) -> Finding:
    """Check that the application's name is valid and free."""
    try:
        names = application_names(target.app)
    except UsageProblem as error:
        return Finding.failed(error.message, error.hint)
    for name in names:
        if target.ask("GET", f"/ari/applications/{quote(name, safe='')}").status == 200:
            return Finding.note(
                f"a program is connected as {name} now; connecting under that name takes its place",
                "Stop that program, or use another name: --app here, and in Stasis(NAME) of"
                " extensions.conf.",
            )
    calls = ", ".join(f"Stasis({name})" for name in names)
    return Finding.ok(f"free to use; channels come by {calls} in extensions.conf")


def event_socket(target: Target) -> Finding:
    """Check that a WebSocket opens and receives an event."""
    # A separate name, so that the doctor takes over no application.
    name = f"ari-notebook-doctor-{secrets.token_hex(4)}"
    address = target.address.events([name], subscribe_all=False)
    options = {"context": target.tls()} if target.address.secure else {}
    try:
        opened = websocket.create_connection(
            address,
            timeout=TIMEOUT,
            header=["Authorization: " + target.credentials.header()],
            sslopt=options,
            suppress_origin=True,
        )
    except websocket.WebSocketBadStatusException as error:
        return _refused(error.status_code, target)
    except (OSError, websocket.WebSocketException) as error:
        return Finding.failed(
            f"the event socket did not open: {error}",
            "Something between here and Asterisk may not let a WebSocket through.",
        )
    try:
        return _listen(target, opened, name)
    finally:
        opened.close(timeout=1)


def _refused(status: int, target: Target) -> Finding:
    if status == 404:
        return Finding.failed(
            "the event socket is not there (404)",
            "On Asterisk's console: `module load res_http_websocket.so` and `module load"
            " res_ari_events.so`; see modules.conf for a noload.",
        )
    if status in (400, 426, 501, 502):
        return Finding.failed(
            f"the WebSocket's upgrade was refused ({status})",
            "A proxy before Asterisk has to pass the headers Upgrade and Connection on to /ari; in"
            " Asterisk res_http_websocket.so has to run (`module show like websocket`).",
        )
    if status == 503:
        return Finding.failed(*diagnosis.overloaded())
    return Finding.failed(
        f"the event socket was refused ({status}), although {target.credentials.user} may use ARI",
        "See Asterisk's log: /var/log/asterisk/messages.log, or its console.",
    )


def _listen(target: Target, opened: websocket.WebSocket, name: str) -> Finding:
    if target.read_only:  # a read-only user cannot send an event
        return Finding.ok("the event socket opens")
    asked = time.perf_counter()
    reply = target.ask("POST", f"/ari/events/user/Examined?application={name}")
    if reply.status >= 300:
        return Finding.failed(
            f"the event socket opens, but Asterisk has no application there ({reply.message})",
            "Something closed it at once: see Asterisk's log.",
        )
    opened.settimeout(TIMEOUT)
    try:
        while True:
            event = orjson.loads(opened.recv())
            if event.get("type") == "ChannelUserevent" and event.get("eventname") == "Examined":
                taken = (time.perf_counter() - asked) * 1000
                return Finding.ok(f"the event socket opens, and an event arrived in {taken:.0f} ms")
    except (OSError, ValueError, websocket.WebSocketException):
        return Finding.failed(
            "the event socket opens, but no event arrives",
            "A proxy before Asterisk may buffer responses (nginx: proxy_buffering); else see "
            "websocket_write_timeout in ari.conf.",
        )


def cross_origin(target: Target) -> Finding:
    """Check whether a web page may use ARI directly (CORS), unlike programs and notebooks."""
    origin = target.origin or JUPYTER
    refused = _blocked_by_browser(origin, target)
    if refused is not None:
        return refused
    headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    reply = target.ask("OPTIONS", "/ari/channels", headers=headers)
    allowed = reply.headers.get("access-control-allow-origin", "")
    if allowed in ("*", origin):
        if origin.startswith("https:") and not target.address.secure:
            return Finding.note(
                f"pages from {origin} may use ARI (CORS), only in browsers on this machine",
                "Chrome and Firefox let a page at https:// use http:// of their own machine; Safari"
                " does not.",
            )
        return Finding.ok(f"pages from {origin} may use ARI (CORS)")
    text = f"pages from {origin} may not use ARI directly (CORS); notebooks and programs may"
    advice = (
        f"For pages only: in ari.conf, [general], set allowed_origins={origin}; then"
        " `module reload res_ari.so`."
    )
    return Finding.failed(text, advice) if target.origin else Finding.ok(text)


def _blocked_by_browser(origin: str, target: Target) -> Finding | None:
    """Return why a browser sends no request at all, whatever Asterisk allows; None: it sends it."""
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or parts.query:
        return Finding.failed(
            f"{origin} is not the origin of a web page",
            "Give scheme, host and port of its address, without a path: https://pages.example.",
        )
    if parts.scheme == "https" and not (target.address.secure or target.address.loopback):
        return Finding.failed(
            f"a browser blocks {target.address.base} in pages from {origin} (mixed content)",
            "A page at https:// can only use https:// and wss://: set tlsenable=yes with a"
            " certificate that the browser trusts in http.conf, or use a TLS proxy; or serve the"
            " page by http://. allowed_origins does not change this.",
        )
    return None
