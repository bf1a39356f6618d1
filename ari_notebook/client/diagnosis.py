"""Diagnoses of connection problems, with the setting to change and its file.

One text for each fault: a failed connection raises it as an error, `ari-notebook doctor` prints it.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "Diagnosis",
    "lost_resources",
    "no_answer",
    "no_ari",
    "no_http",
    "no_listener",
    "no_tls",
    "not_asterisk",
    "not_permitted",
    "overloaded",
    "read_only",
    "unknown_host",
    "unknown_user",
    "untrusted_certificate",
    "unusable_proxy",
]


class Diagnosis(NamedTuple):
    """A fault in one line, and the advice on it, which names the file to change."""

    text: str
    advice: str


def unknown_host(host: str, reason: str = "") -> Diagnosis:
    """Diagnose a host name without an address."""
    return Diagnosis(
        f"cannot resolve host {host}: the name has no address{f' ({reason})' if reason else ''}",
        "Correct the name in the URL, or use the IP address of the machine Asterisk runs on.",
    )


def no_listener(place: str, reason: str = "", *, secure: bool = False) -> Diagnosis:
    """Diagnose a refused connection.

    Args:
        place: host and port.
        reason: reason from the operating system.
        secure: whether TLS was requested, which has a separate port.
    """
    needed = "tlsbindaddr" if secure else "bindaddr and bindport"
    setting = "enabled=yes and tlsenable=yes" if secure else "enabled=yes"
    return Diagnosis(
        f"nothing listens on {place}{f': {reason}' if reason else ''}",
        f"Start Asterisk, with {setting} in http.conf under [general], and use its {needed}"
        " (127.0.0.1 is reached from its own machine only); after a change type"
        " `module reload http` on its console; `http show status` there shows where it listens.",
    )


def unusable_proxy(proxy: str, host: str, reason: str) -> Diagnosis:
    """Diagnose a proxy that does not forward requests.

    Args:
        proxy: URL of the proxy.
        host: host and port of the server.
        reason: the proxy's response, or why it cannot be reached.
    """
    return Diagnosis(
        f"the proxy {proxy} does not lead to {host}: {reason}",
        f"HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names it; NO_PROXY={host.rpartition(':')[0] or host}"
        " bypasses it.",
    )


def no_answer(place: str) -> Diagnosis:
    """Diagnose a connection neither accepted nor refused in time."""
    return Diagnosis(
        f"{place} does not answer",
        "Check the host and the port, that the machine is up, and that no firewall drops TCP to"
        " this port.",
    )


def no_tls(place: str, reason: str = "") -> Diagnosis:
    """Diagnose a server that does not speak TLS."""
    return Diagnosis(
        f"TLS with {place} failed: the server does not speak TLS{f' ({reason})' if reason else ''}",
        "Type http:// instead, or the port of tlsbindaddr in http.conf, usually 8089.",
    )


def untrusted_certificate(place: str, reason: str) -> Diagnosis:
    """Diagnose a rejected server certificate.

    Args:
        place: host and port.
        reason: reason from OpenSSL.
    """
    if "match" in reason:
        advice = (
            "Use the name that the certificate is for (check the host name in the certificate), or"
            " name one for this host in tlscertfile of http.conf."
        )
    elif "expired" in reason:
        advice = "Renew the file that tlscertfile in http.conf names."
    else:
        advice = (
            "Give the file of the CA that signed it: verify=PATH in ari_notebook.connect, --ca PATH"
            " for the doctor; or name a certificate of a known CA in tlscertfile of http.conf."
        )
    text = f"TLS with {place} failed: the certificate is not trusted: {reason}"
    return Diagnosis(text, advice)


def no_http(place: str) -> Diagnosis:
    """Diagnose a server that does not speak HTTP."""
    return Diagnosis(
        f"{place} accepts connections, but does not speak HTTP",
        "Use the port of bindport in http.conf, usually 8088: SIP's is 5060, AMI's 5038.",
    )


def not_asterisk(place: str) -> Diagnosis:
    """Diagnose a web server other than Asterisk's."""
    return Diagnosis(
        f"the server at {place} is not Asterisk",
        "Check host and port: http.conf's bindaddr and bindport, usually 8088. A proxy in front of"
        " Asterisk must pass /ari on.",
    )


def no_ari(place: str) -> Diagnosis:
    """Diagnose an Asterisk web server without ARI."""
    return Diagnosis(
        f"{place} answers, but has no ARI",
        "Set enabled=yes in ari.conf under [general]; in modules.conf load res_ari.so (and have no"
        " noload for it); then restart Asterisk. Where http.conf sets a prefix, add it to the URL:"
        " `http show status` on Asterisk's console lists what is served.",
    )


def lost_resources(place: str) -> Diagnosis:
    """Diagnose a res_ari that was reloaded without the modules of its resources."""
    return Diagnosis(
        f"ARI at {place} has no resources: res_ari was reloaded without them",
        "Restart Asterisk (`core restart now`), or load every module that"
        " `module show like res_ari` shows, one by one.",
    )


def unknown_user(name: str = "USER") -> Diagnosis:
    """Diagnose a rejected user or password."""
    return Diagnosis(
        f"Asterisk rejects user {name} or the password",
        f"Check the password, and the section [{name}] with type=user in ari.conf (the name is the"
        " section's; with password_format=crypt the password is a hash made with `ari mkpasswd`);"
        " then `module reload res_ari.so`. `ari show users` on Asterisk's console lists those it"
        " knows.",
    )


def not_permitted(name: str = "USER") -> Diagnosis:
    """Diagnose a user rejected because of the client's address."""
    return Diagnosis(
        f"Asterisk rejects user {name} from this host's address",
        f"In ari.conf, section [{name}], see permit, deny and acl (of acl.conf); then"
        " `module reload res_ari.so`.",
    )


def read_only(name: str = "USER") -> Diagnosis:
    """Diagnose a user limited to GET requests."""
    return Diagnosis(
        f"{name} is read-only: calls and playbacks will be refused (403)",
        f"In ari.conf, section [{name}], set read_only=no; then `module reload res_ari.so`.",
    )


def overloaded() -> Diagnosis:
    """Diagnose a 503 from Asterisk's web server."""
    return Diagnosis(
        "Asterisk is still starting, or its web server has reached its session limit",
        "Wait a moment; else raise sessionlimit under [general] in http.conf.",
    )
