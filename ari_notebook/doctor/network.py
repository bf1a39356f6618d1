"""From the URL to a web server that is Asterisk's."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time

from ari_notebook.client.address import Address
from ari_notebook.client.errors import UsageProblem
from ari_notebook.doctor.patient import TIMEOUT, Finding, Patient

__all__ = ["certificate", "name", "port", "url", "web_server"]

_DAY = 86_400.0
_RELOAD = "then `module reload http` on Asterisk's console"


def url(patient: Patient) -> Finding:
    """Is the URL one?"""
    try:
        patient.address = Address.parse(patient.url)
    except UsageProblem as error:
        return Finding.ill(error.message, error.hint)
    return Finding.well(f"{patient.address.base}, with ARI at {patient.address.ari}")


def name(patient: Patient) -> Finding:
    """Has the host's name an address?"""
    try:
        found = socket.getaddrinfo(patient.host, patient.port, type=socket.SOCK_STREAM)
    except OSError as error:
        return Finding.ill(
            f"{patient.host} has no address: {error.strerror or error}",
            "Correct the name in the URL, or use the IP address of the machine Asterisk runs on.",
        )
    addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
    return Finding.well(f"{patient.host} is {', '.join(addresses)}")


def port(patient: Patient) -> Finding:
    """Does anything listen?"""
    try:
        socket.create_connection((patient.host, patient.port), timeout=TIMEOUT).close()
    except TimeoutError:
        return Finding.ill(
            f"no answer from {patient.place} in {TIMEOUT:g} s",
            "Check that the machine is up and that no firewall drops TCP to this port.",
        )
    except OSError as error:
        setting = "tlsenable=yes and tlsbindaddr" if patient.address.secure else "enabled=yes,"
        setting += "" if patient.address.secure else " bindaddr and bindport"
        elsewhere = (
            ""
            if _is_here(patient.host)
            else " With bindaddr=127.0.0.1 it answers its own machine only."
        )
        return Finding.ill(
            f"nothing listens on {patient.place}: {error.strerror or error}",
            f"Start Asterisk; in http.conf under [general] set {setting}, {_RELOAD};"
            f" `http show status` there tells where it listens.{elsewhere}",
        )
    return Finding.well(f"{patient.place} takes connections")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(socket.gethostbyname(host)).is_loopback
    except (OSError, ValueError):
        return False


def certificate(patient: Patient) -> Finding:
    """Does the server prove who it is, where the URL asks for TLS?"""
    if not patient.address.secure:
        if _is_here(patient.host):
            return Finding.well("not needed on this machine: plain HTTP")
        return Finding.note(
            "plain HTTP: whoever is on the way reads the password and every event",
            "In http.conf set tlsenable=yes, tlsbindaddr, tlscertfile and tlsprivatekey, or let a"
            " web server with TLS stand before Asterisk; then type https:// here.",
        )
    try:
        with patient.connect() as connection:
            shown = connection.getpeercert()  # type: ignore[attr-defined]
    except ssl.SSLCertVerificationError as error:
        return Finding.ill(
            f"the certificate is not to be trusted: {error.verify_message}",
            _certificate_advice(patient, error.verify_message),
        )
    except (ssl.SSLError, TimeoutError) as error:  # a plain server may wait for more
        return Finding.ill(
            f"no TLS is spoken on {patient.place}: {getattr(error, 'reason', '') or error}",
            "Type http:// instead, or the port of tlsbindaddr in http.conf, usually 8089.",
        )
    except FileNotFoundError:
        return Finding.ill(f"there is no file {patient.ca}", "Give the CA's PEM file with --ca.")
    except OSError as error:
        return Finding.ill(
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
    return Finding.well(f"the certificate is {patient.host}'s, for {left:.0f} days more")


def _certificate_advice(patient: Patient, words: str) -> str:
    if "mismatch" in words or "match" in words:
        return (
            "Use the host name that the certificate names, or have one made for"
            f" {patient.host} and name it in tlscertfile of http.conf."
        )
    if "expired" in words:
        return "Renew the file that tlscertfile in http.conf names."
    return (
        "Give the file of the authority that signed it: --ca FILE here, verify=FILE in"
        " ari_notebook.connect; or name a certificate of a known one in tlscertfile of http.conf."
    )


def web_server(patient: Patient) -> Finding:
    """Is what listens a web server, and Asterisk's?"""
    try:
        reply = patient.ask("GET", "/ari/asterisk/ping", signed=False)
    except http.client.RemoteDisconnected:
        return _no_web_server(patient, "")
    except http.client.BadStatusLine as error:
        return _no_web_server(patient, str(error))  # the line that was no status
    except (http.client.HTTPException, OSError):
        return _no_web_server(patient, "")
    server = reply.headers.get("server", "")
    if "Asterisk" in server:
        return Finding.well(f"{server} answers")
    if reply.status == 401 or "ari" in reply.headers.get("www-authenticate", "").lower():
        return Finding.well(f"a web server answers that calls itself {server or 'nothing'}")
    if reply.message:
        return Finding.well("a web server without a name answers as ARI does")
    return Finding.note(
        f"a web server answers that does not say it is Asterisk's: {server or 'it gives no name'}",
        "Check the port: http.conf's bindport, usually 8088. A proxy before Asterisk has to pass"
        " /ari on to it.",
    )


def _no_web_server(patient: Patient, said: str) -> Finding:
    said = said.strip().strip("'\"")
    if said.startswith("Asterisk Call Manager"):
        return Finding.ill(
            f"{patient.place} is the Asterisk Manager Interface, not its web server",
            "AMI is bindport in manager.conf; ARI is bindport in http.conf, usually 8088.",
        )
    if said and said.isprintable():
        return Finding.ill(
            f"{patient.place} speaks no HTTP; it says {said[:60]!r}",
            "Use the port of bindport in http.conf, usually 8088.",
        )
    if not patient.address.secure and _speaks_tls(patient):
        return Finding.ill(f"{patient.place} speaks TLS", "Type https:// in the place of http://.")
    return Finding.ill(
        f"{patient.place} takes connections, but answers no HTTP",
        "Use the port of bindport in http.conf, usually 8088: SIP's is 5060, AMI's 5038.",
    )


def _speaks_tls(patient: Patient) -> bool:
    careless = ssl.create_default_context()
    careless.check_hostname = False
    careless.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((patient.host, patient.port), timeout=TIMEOUT) as plain,
            careless.wrap_socket(plain),
        ):
            return True
    except OSError:
        return False
