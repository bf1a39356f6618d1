"""Checks of ARI: its path, the user and the modules."""

from __future__ import annotations

import orjson

from ari_notebook.client import diagnosis
from ari_notebook.doctor.target import Finding, HttpReply, Target

__all__ = ["access", "interface", "modules", "user"]

_PING = "/ari/asterisk/ping"
_USUAL_PREFIXES = ("", "/asterisk", "/pbx")
# Module → its resources; without it, their paths are answered with 404.
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
# In a separate package of some distributions, and only useful without app_voicemail.
_OPTIONAL = {"res_ari_mailboxes"}


def interface(target: Target) -> Finding:
    """Check that ARI is served at the path."""
    reply = target.ask("GET", _PING, signed=False)
    if reply.status != 404:
        return Finding.ok(f"ARI is at {target.address.ari}")
    for prefix in _USUAL_PREFIXES:
        if prefix != target.prefix and _is_ari(
            target.ask("GET", _PING, signed=False, prefix=prefix)
        ):
            better = target.address.base.removesuffix(target.prefix) + prefix
            return Finding.failed(
                f"no ARI at {target.address.ari}, but at {better}/ari",
                f"Type {better}: prefix under [general] in http.conf decides it.",
            )
    if target.other_server:
        return Finding.failed(
            f"{target.other_server} answers at {target.place}, and there is no ARI",
            diagnosis.not_asterisk(target.place).advice,
        )
    return Finding.failed(
        f"Asterisk's web server answers, but there is no ARI at {target.address.ari}",
        diagnosis.no_ari(target.place).advice,
    )


def _is_ari(reply: HttpReply) -> bool:
    return reply.status in (200, 401) or bool(reply.message)


def user(target: Target) -> Finding:
    """Check that Asterisk accepts the user and the password."""
    name = target.credentials.user
    reply = target.ask("GET", _PING)
    if reply.status == 200:
        return Finding.ok(f"Asterisk accepts {name} and the password")
    if reply.status == 401 and not target.has_password:
        return Finding.failed(
            f"no password for {name} was given",
            "Set ARI_PASSWORD, or run the doctor in a terminal, which prompts for the password.",
        )
    if reply.status == 401:
        return Finding.failed(*diagnosis.unknown_user(name))
    if reply.status == 403:
        return Finding.failed(*diagnosis.not_permitted(name))
    if reply.status == 404:
        return Finding.failed(*diagnosis.lost_resources(target.place))
    if reply.status == 503:
        return Finding.failed(*diagnosis.overloaded())
    return Finding.failed(
        f"ARI responds to a simple request with {reply.status} {reply.message}".rstrip(),
        "See Asterisk's log: /var/log/asterisk/messages.log, or its console.",
    )


def access(target: Target) -> Finding:
    """Check that the user may change objects."""
    # A change to a missing object: refused for a read-only user, otherwise 404.
    reply = target.ask("DELETE", "/ari/bridges/ari-notebook-doctor-no-such-bridge")
    name = target.credentials.user
    if reply.status == 403:
        target.read_only = True
        return Finding.note(*diagnosis.read_only(name))
    return Finding.ok(f"{name} may read and change")


def modules(target: Target) -> Finding:
    """Check that the modules of the resources run."""
    reply = target.ask("GET", "/ari/asterisk/modules")
    try:
        listed = orjson.loads(reply.body)
        running = {
            module["name"].removesuffix(".so")
            for module in listed
            if module.get("status") == "Running"
        }
    except (ValueError, TypeError, KeyError, AttributeError):
        return Finding.note(
            f"the list of modules is not available ({reply.status} {reply.message})".rstrip(),
            "`module load res_ari_asterisk.so` on Asterisk's console.",
        )
    missing = [name for name in _MODULES if name not in running and name not in _OPTIONAL]
    if not missing:
        return Finding.ok("every module that serves a resource of ARI runs")
    without = "; ".join(f"{name}.so ({_MODULES[name]})" for name in missing)
    return Finding.note(
        f"not running: {without}",
        f"On Asterisk's console: `module load {missing[0]}.so`; see modules.conf for a noload, and"
        " whether your distribution puts it into a package of its own.",
    )
