"""Checks of the network: URL, name, port, TLS and web server."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time

from ari_notebook.client import diagnosis
from ari_notebook.client.address import Address
from ari_notebook.client.errors import UsageProblem
from ari_notebook.doctor.target import TIMEOUT, Finding, Target

__all__ = ["certificate", "name", "port", "url", "web_server"]

_DAY = 86_400.0
_RELOAD = "then `module reload http` on Asterisk's console"


def url(target: Target) -> Finding:
    """Check that the URL is valid."""
    try:
        target.address = Address.parse(target.url)
    except UsageProblem as error:
        return Finding.failed(error.message, error.hint)
    return Finding.ok(f"{target.address.base}, with ARI at {target.address.ari}")


def name(target: Target) -> Finding:
    """Check that the host's name has an address."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except OSError as error:
        reason = error.strerror or str(error)
        return Finding.failed(*diagnosis.unknown_host(target.host, reason))
    addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
    return Finding.ok(f"{target.host} is {', '.join(addresses)}")


def port(target: Target) -> Finding:
    """Check that the port accepts connections."""
    try:
        socket.create_connection((target.host, target.port), timeout=TIMEOUT).close()
    except TimeoutError:
        return Finding.failed(*diagnosis.no_answer(target.place))
    except OSError as error:
        reason = error.strerror or str(error)
        secure = target.address.secure
        return Finding.failed(*diagnosis.no_listener(target.place, reason, secure=secure))
    return Finding.ok(f"{target.place} accepts connections")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(socket.gethostbyname(host)).is_loopback
    except (OSError, ValueError):
        return False


def certificate(target: Target) -> Finding:
    """Check the server's certificate, if the URL is https."""
    if not target.address.secure:
        if _is_here(target.host):
            return Finding.ok("not needed on this machine: plain HTTP")
        return Finding.note(
            "plain HTTP: everyone on the network path can read the password and every event",
            "In http.conf set tlsenable=yes, tlsbindaddr, tlscertfile and tlsprivatekey, or put a "
            "web server with TLS before Asterisk; then type https:// here.",
        )
    try:
        with target.connect() as connection:
            shown = connection.getpeercert()  # type: ignore[attr-defined]
    except ssl.SSLCertVerificationError as error:
        found = diagnosis.untrusted_certificate(target.place, error.verify_message)
        return Finding.failed(*found)
    except (ssl.SSLError, TimeoutError) as error:  # a server without TLS may wait for more data
        reason = getattr(error, "reason", "") or str(error)
        return Finding.failed(*diagnosis.no_tls(target.place, reason))
    except FileNotFoundError:
        return Finding.failed(f"no such file: {target.ca}", "Give the CA's PEM file with --ca.")
    except OSError as error:
        return Finding.failed(
            f"the TLS handshake broke off: {error.strerror or error}",
            "See tlscertfile and tlsprivatekey in http.conf: both must exist, belong together, and"
            " be readable by Asterisk.",
        )
    left = (ssl.cert_time_to_seconds(shown["notAfter"]) - time.time()) / _DAY
    if left < 14:
        return Finding.note(
            f"the certificate is good for {left:.0f} days only",
            f"Renew the file that tlscertfile in http.conf names, {_RELOAD}.",
        )
    return Finding.ok(f"the certificate is {target.host}'s, for {left:.0f} days more")


def web_server(target: Target) -> Finding:
    """Check that the server is Asterisk's web server."""
    try:
        reply = target.ask("GET", "/ari/asterisk/ping", signed=False)
    except http.client.RemoteDisconnected:
        return _no_web_server(target, "")
    except http.client.BadStatusLine as error:
        return _no_web_server(target, str(error))  # the line instead of a status line
    except (http.client.HTTPException, OSError):
        return _no_web_server(target, "")
    server = reply.headers.get("server", "")
    if "Asterisk" in server:
        return Finding.ok(f"{server} answers")
    if reply.status == 401 or "ari" in reply.headers.get("www-authenticate", "").lower():
        return Finding.ok(f"a web server responds with the name {server or 'nothing'}")
    if reply.message:
        return Finding.ok("a web server without a name responds like ARI")
    target.other_server = server or "a web server without a name"
    return Finding.note(
        f"a web server other than Asterisk's responds: {server or 'no name'}",
        "Check the port: http.conf's bindport, usually 8088. A proxy before Asterisk has to pass"
        " /ari on to it.",
    )


def _no_web_server(target: Target, said: str) -> Finding:
    said = said.strip().strip("'\"")
    if said.startswith("Asterisk Call Manager"):
        return Finding.failed(
            f"{target.place} is the Asterisk Manager Interface, not its web server",
            "AMI is bindport in manager.conf; ARI is bindport in http.conf, usually 8088.",
        )
    if said and said.isprintable():
        return Finding.failed(
            f"{target.place} does not speak HTTP; it sends {said[:60]!r}",
            "Use the port of bindport in http.conf, usually 8088.",
        )
    if not target.address.secure and _speaks_tls(target):
        return Finding.failed(f"{target.place} speaks TLS", "Type https:// instead of http://.")
    return Finding.failed(*diagnosis.no_http(target.place))


def _speaks_tls(target: Target) -> bool:
    careless = ssl.create_default_context()
    careless.check_hostname = False
    careless.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((target.host, target.port), timeout=TIMEOUT) as plain,
            careless.wrap_socket(plain),
        ):
            return True
    except OSError:
        return False
