"""From an ARI that a user may use to events that arrive."""

from __future__ import annotations

import secrets
import time
from urllib.parse import quote

import orjson
import websocket

from ari_notebook.client.address import application_names
from ari_notebook.client.errors import UsageProblem
from ari_notebook.doctor.patient import TIMEOUT, Finding, Patient

__all__ = ["application", "cross_origin", "event_socket"]

JUPYTER = "http://localhost:8888"  # where a page of a local JupyterLab comes from


def application(patient: Patient) -> Finding:
    """Is the application's name one, and free?"""
    try:
        names = application_names(patient.app)
    except UsageProblem as error:
        return Finding.ill(error.message, error.hint)
    for name in names:
        if patient.ask("GET", f"/ari/applications/{quote(name, safe='')}").status == 200:
            return Finding.note(
                f"a program is connected as {name} now; connecting under that name takes its place",
                "Stop that program, or use another name: --app here, and in Stasis(NAME) of"
                " extensions.conf.",
            )
    calls = ", ".join(f"Stasis({name})" for name in names)
    return Finding.well(f"free to use; channels come by {calls} in extensions.conf")


def event_socket(patient: Patient) -> Finding:
    """Does a WebSocket open, and does an event arrive by it?"""
    # A name of its own: the doctor takes nobody's application away.
    name = f"ari-notebook-doctor-{secrets.token_hex(4)}"
    address = patient.address.events([name], subscribe_all=False)
    options = {"context": patient.tls()} if patient.address.secure else {}
    try:
        opened = websocket.create_connection(
            address,
            timeout=TIMEOUT,
            header=["Authorization: " + patient.credentials.header()],
            sslopt=options,
            suppress_origin=True,
        )
    except websocket.WebSocketBadStatusException as error:
        return _refused(error.status_code, patient)
    except (OSError, websocket.WebSocketException) as error:
        return Finding.ill(
            f"the event socket did not open: {error}",
            "Something between here and Asterisk may not let a WebSocket through.",
        )
    try:
        return _listen(patient, opened, name)
    finally:
        opened.close(timeout=1)


def _refused(status: int, patient: Patient) -> Finding:
    if status == 404:
        return Finding.ill(
            "the event socket is not there (404)",
            "On Asterisk's console: `module load res_http_websocket.so` and `module load"
            " res_ari_events.so`; see modules.conf for a noload.",
        )
    if status in (400, 426, 501, 502):
        return Finding.ill(
            f"the WebSocket's upgrade was refused ({status})",
            "A proxy before Asterisk has to pass the headers Upgrade and Connection on to /ari; in"
            " Asterisk res_http_websocket.so has to run (`module show like websocket`).",
        )
    if status == 503:
        return Finding.ill(
            "Asterisk is still starting, or its web server has all its sessions in use (503)",
            "Wait a moment; else raise sessionlimit under [general] in http.conf.",
        )
    return Finding.ill(
        f"the event socket was refused ({status}), though {patient.credentials.user} may ask",
        "See Asterisk's log: /var/log/asterisk/messages.log, or its console.",
    )


def _listen(patient: Patient, opened: websocket.WebSocket, name: str) -> Finding:
    if patient.read_only:  # who may change nothing can send no event either
        return Finding.well("the event socket opens")
    asked = time.perf_counter()
    reply = patient.ask("POST", f"/ari/events/user/Examined?application={name}")
    if reply.status >= 300:
        return Finding.ill(
            f"the event socket opens, but Asterisk knows no application there ({reply.message})",
            "Something closed it at once: see Asterisk's log.",
        )
    opened.settimeout(TIMEOUT)
    try:
        while True:
            event = orjson.loads(opened.recv())
            if event.get("type") == "ChannelUserevent" and event.get("eventname") == "Examined":
                taken = (time.perf_counter() - asked) * 1000
                return Finding.well(f"the event socket opens, and an event came in {taken:.0f} ms")
    except (OSError, ValueError, websocket.WebSocketException):
        return Finding.ill(
            "the event socket opens, but no event arrives",
            "A proxy that holds answers back until they are whole (nginx: proxy_buffering) may"
            " stand before Asterisk; else see websocket_write_timeout in ari.conf.",
        )


def cross_origin(patient: Patient) -> Finding:
    """May a web page ask ARI directly? Programs and notebooks need no such leave."""
    origin = patient.origin or JUPYTER
    headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    reply = patient.ask("OPTIONS", "/ari/channels", headers=headers)
    allowed = reply.headers.get("access-control-allow-origin", "")
    if allowed in ("*", origin):
        return Finding.well(f"pages from {origin} may ask (CORS)")
    text = f"pages from {origin} may not ask ARI directly (CORS); notebooks and programs may"
    advice = (
        f"Only for pages: in ari.conf, [general], set allowed_origins={origin}; then"
        " `module reload res_ari.so`."
    )
    return Finding.ill(text, advice) if patient.origin else Finding.well(text)
