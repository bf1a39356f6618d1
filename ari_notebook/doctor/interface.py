"""From a web server that is Asterisk's to an ARI that a user may use."""

from __future__ import annotations

import orjson

from ari_notebook.doctor.patient import Finding, Patient, Reply

__all__ = ["access", "interface", "modules", "user"]

_PING = "/ari/asterisk/ping"
_USUAL_PREFIXES = ("", "/asterisk", "/pbx")
# What each serves; without it, its paths are answered 404.
_MODULES = {
    "res_ari_applications": "applications",
    "res_ari_asterisk": "asterisk",
    "res_ari_bridges": "bridges",
    "res_ari_channels": "channels",
    "res_ari_device_states": "deviceStates",
    "res_ari_endpoints": "endpoints",
    "res_ari_events": "events, and the event socket",
    "res_ari_mailboxes": "mailboxes",
    "res_ari_playbacks": "playbacks",
    "res_ari_recordings": "recordings",
    "res_ari_sounds": "sounds",
    "res_stasis": "Stasis itself",
    "res_stasis_answer": "channels.answer",
    "res_stasis_playback": "channels.play",
    "res_stasis_recording": "channels.record",
    "res_stasis_snoop": "channels.snoop",
    "app_stasis": "the dialplan's Stasis()",
}
# Its own room in a package of some distributions, and of no use without voicemail.
_OPTIONAL = {"res_ari_mailboxes"}


def interface(patient: Patient) -> Finding:
    """Is ARI there, at this path?"""
    reply = patient.ask("GET", _PING, signed=False)
    if reply.status != 404:
        return Finding.well(f"ARI is at {patient.address.ari}")
    for prefix in _USUAL_PREFIXES:
        if prefix != patient.prefix and _is_ari(
            patient.ask("GET", _PING, signed=False, prefix=prefix)
        ):
            better = patient.address.base.removesuffix(patient.prefix) + prefix
            return Finding.ill(
                f"no ARI at {patient.address.ari}, but one at {better}/ari",
                f"Type {better}: prefix under [general] in http.conf decides it.",
            )
    return Finding.ill(
        f"Asterisk's web server answers, but there is no ARI at {patient.address.ari}",
        "In ari.conf set enabled=yes under [general]; in modules.conf load res_ari.so (and have no"
        " noload for it); then restart Asterisk. Where http.conf sets a prefix, add it to the URL:"
        " `http show status` on Asterisk's console lists what is served.",
    )


def _is_ari(reply: Reply) -> bool:
    return reply.status in (200, 401) or bool(reply.message)


def user(patient: Patient) -> Finding:
    """Does Asterisk know the user and the password?"""
    name = patient.credentials.user
    reply = patient.ask("GET", _PING)
    if reply.status == 200:
        return Finding.well(f"Asterisk knows {name} and the password")
    if reply.status == 401:
        return Finding.ill(
            f"Asterisk does not know {name}, or not with this password",
            f"In ari.conf there must be a section [{name}] with type=user and password=… (the name"
            " is the section's; with password_format=crypt the password is a hash made with"
            " `ari mkpasswd`); then `module reload res_ari.so`. `ari show users` on Asterisk's"
            " console lists those it knows.",
        )
    if reply.status == 403:
        return Finding.ill(
            f"Asterisk knows {name}, but not from this machine's address",
            f"In ari.conf, section [{name}], see permit, deny and acl (of acl.conf); then"
            " `module reload res_ari.so`.",
        )
    if reply.status == 404:
        return Finding.ill(
            f"ARI knows {name}, but has lost its resources: res_ari was loaded again without them",
            "Restart Asterisk (`core restart now`), or load every module that"
            " `module show like res_ari` shows, one by one.",
        )
    if reply.status == 503:
        return Finding.ill(
            "Asterisk is still starting, or its web server has all its sessions in use",
            "Wait a moment; else raise sessionlimit under [general] in http.conf.",
        )
    return Finding.ill(
        f"ARI answers a simple question with {reply.status} {reply.message}".rstrip(),
        "See Asterisk's log: /var/log/asterisk/messages.log, or its console.",
    )


def access(patient: Patient) -> Finding:
    """May the user change anything?"""
    # A change to what is not there: refused for the user where it is read-only, else 404.
    reply = patient.ask("DELETE", "/ari/bridges/ari-notebook-doctor-no-such-bridge")
    name = patient.credentials.user
    if reply.status == 403:
        patient.read_only = True
        return Finding.note(
            f"{name} may look, but change nothing: calls and playbacks will be refused (403)",
            f"In ari.conf, section [{name}], set read_only=no; then `module reload res_ari.so`.",
        )
    return Finding.well(f"{name} may look and change")


def modules(patient: Patient) -> Finding:
    """Are the modules there that serve the resources?"""
    reply = patient.ask("GET", "/ari/asterisk/modules")
    try:
        listed = orjson.loads(reply.body)
        running = {
            module["name"].removesuffix(".so")
            for module in listed
            if module.get("status") == "Running"
        }
    except (ValueError, TypeError, KeyError, AttributeError):
        return Finding.note(
            f"the list of modules is not to be had ({reply.status} {reply.message})".rstrip(),
            "`module load res_ari_asterisk.so` on Asterisk's console.",
        )
    missing = [name for name in _MODULES if name not in running and name not in _OPTIONAL]
    if not missing:
        return Finding.well("every module that serves a resource of ARI runs")
    without = "; ".join(f"{name}.so ({_MODULES[name]})" for name in missing)
    return Finding.note(
        f"not running: {without}",
        f"On Asterisk's console: `module load {missing[0]}.so`; see modules.conf for a noload, and"
        " whether your distribution puts it into a package of its own.",
    )
