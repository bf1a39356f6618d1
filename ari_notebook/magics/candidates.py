"""What can be typed next behind `%ari`: from the grammar, the declaration, the live tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ari_notebook import sessions
from ari_notebook.client.errors import AriError
from ari_notebook.magics import grammar
from ari_notebook.magics.grammar import VERBS, Verb
from ari_notebook.magics.verbs.reference import declaration
from ari_notebook.spec import Operation, Parameter

if TYPE_CHECKING:
    from ari_notebook.session import Session

__all__ = ["candidates"]

_SCHEMES = ("sound:", "recording:", "digits:", "number:", "characters:", "tone:")
_FIXED = {
    "transport": ("http", "websocket"),
    "direction": ("in", "out", "both", "none"),
    "start": ("start", "stop"),
    "switch": ("on", "off"),
    "terminator": ("none", "any", "*", "#"),
    "reason": ("normal", "busy", "congestion", "no_answer", "timeout", "rejected"),
    "bridge type": ("mixing", "holding", "dtmf_events", "proxy_media", "video_sfu"),
}
_FRESH = 30.0  # seconds that what a server listed is used for
_listed: dict[tuple[str, str], tuple[float, list[dict[str, Any]]]] = {}


def candidates(line: str, names: Mapping[str, Any]) -> list[str]:
    """The words that can stand where the last one, which may be empty, is being typed.

    Args:
        line: what stands behind ``%ari``, up to the cursor.
        names: the notebook's variables, for ``$name``.
    """
    *words, typed = line.split(" ") if line.strip() else [""]
    words = [word for word in words if word]
    session = _session(words, names)
    return sorted({each for each in _all(words, typed, session, names) if each.startswith(typed)})


def _session(words: list[str], names: Mapping[str, Any]) -> Session | None:
    if "--on" in words[:-1]:
        wanted = words[words.index("--on") + 1]
        return next((each for each in sessions.opened() if each.name == wanted), None)
    bound = names.get("ari")
    opened = sessions.opened()
    return bound if bound in opened else (opened[-1] if opened else None)


def _all(
    words: list[str], typed: str, session: Session | None, names: Mapping[str, Any]
) -> Iterable[str]:
    if typed.startswith("$"):
        return [f"${name}" for name in names if not name.startswith("_")]
    if not words:
        return _first(typed)
    if "." in words[0]:
        return _of_operation(words, typed, session)
    try:
        verb, length = grammar.find(words)
    except AriError:
        return _subverbs(words)
    if len(words) == 1 and (subverbs := _subverbs(words)):
        return [*subverbs, *_of_verb(verb, [], typed, session)]
    return _of_verb(verb, words[length:], typed, session)


def _first(typed: str) -> list[str]:
    operations = declaration().names if "." in typed else ()
    resources = [f"{name}." for name in declaration().resources]
    return [*(name.partition(" ")[0] for name in VERBS), *resources, *operations]


def _subverbs(words: list[str]) -> list[str]:
    return [name.split()[1] for name in VERBS if name.startswith(f"{words[0]} ")]


def _of_operation(words: list[str], typed: str, session: Session | None) -> Iterable[str]:
    try:
        operation = declaration().operation(words[0])
    except KeyError:
        return []
    return _fields(operation, words[1:], typed, session)


def _fields(
    operation: Operation, given: list[str], typed: str, session: Session | None
) -> list[str]:
    name, sign, _ = typed.partition("=")
    if not sign:
        used = {word.partition("=")[0] for word in given}
        return [f"{p.name}=" for p in operation.parameters if p.name not in used] + ["--on"]
    for parameter in operation.parameters:
        if parameter.name == name:
            return [f"{name}={value}" for value in _values(parameter, session)]
    return []


_BY_PARAMETER = {
    "channelId": "channel",
    "channel": "channel",
    "caller": "channel",
    "originator": "channel",
    "bridgeId": "bridge",
    "playbackId": "playback",
    "recordingName": "recording",
    "media": "media",
    "app": "application",
    "application": "application",
    "applicationName": "application",
    "endpoint": "endpoint",
    "soundId": "sound",
}


def _values(parameter: Parameter, session: Session | None) -> Iterable[str]:
    if parameter.allowed:
        return [str(value) for value in parameter.allowed]
    if parameter.type == "boolean":
        return ["true", "false"]
    found = list(_kind(_BY_PARAMETER.get(parameter.name, ""), session))
    if parameter.name == "media":
        return [each if ":" in each else f"sound:{each}" for each in found]
    return found


def _of_verb(verb: Verb, given: list[str], typed: str, session: Session | None) -> Iterable[str]:
    options = {each.name: each for each in verb.all_options()}
    if given and given[-1] in options and options[given[-1]].value:
        return _kind(options[given[-1]].kind, session)
    if typed.startswith("--"):
        return [name for name in options if name not in given]
    found: list[str] = []
    places = [word for word in _without_options(given, options) if "=" not in word]
    at = min(len(places), len(verb.arguments) - 1)
    if verb.arguments and (len(places) < len(verb.arguments) or verb.arguments[-1].many):
        found += _kind(verb.arguments[at].kind, session)
    if verb.fields == "event" and places:
        found += _event_fields(places[0])
    elif "." in verb.fields:
        found += _fields(declaration().operation(verb.fields), given, typed, session)
    return [*found, *(name for name in options if name not in given)]


def _without_options(given: list[str], options: Mapping[str, grammar.Option]) -> Iterable[str]:
    skip = False
    for word in given:
        if skip:
            skip = False
        elif word in options:
            skip = bool(options[word].value)
        elif not word.startswith("--"):
            yield word


def _event_fields(type: str) -> list[str]:
    known = declaration()
    if type not in known.events:
        return []
    return [f"{field.name}=" for field in known.fields(type)]


# What each kind of argument may be.


def _kind(kind: str, session: Session | None) -> Iterable[str]:
    if kind in _FIXED:
        return _FIXED[kind]
    maker = _KINDS.get(kind)
    if maker is None or (session is None and kind not in _WITHOUT_SESSION):
        return []
    try:
        return list(maker(session))
    except AriError:
        return []


def _list(session: Session, resource: str) -> list[dict[str, Any]]:
    """What a server lists, asked at most twice a minute: Tab must not wait."""
    key = (session.name, resource)
    at, found = _listed.get(key, (0.0, []))
    if time.monotonic() - at > _FRESH or not at:
        found = session.listed(resource)
        _listed[key] = (time.monotonic(), found)
    return found


def _ids_and_names(table: str) -> Callable[[Any], list[str]]:
    def make(session: Session) -> list[str]:
        rows = dict(getattr(session.tables, table))
        names = [str(row.get("name") or "") for row in rows.values()]
        return [*rows, *(name for name in names if name and " " not in name)]

    return make


def _media(session: Session) -> list[str]:
    sounds = [str(each["id"]) for each in _list(session, "sounds")]
    recordings = [f"recording:{each['name']}" for each in _list(session, "recordings")]
    return [*sounds, *recordings, *_SCHEMES, *(f"sound:{name}" for name in sounds)]


def _extensions(session: Session) -> list[str]:
    if session.simulator is None:
        return []
    plan = session.simulator.run(lambda exchange: exchange.dialplan)
    return [
        exten if context == "default" else f"{exten}@{context}"
        for context in plan.contexts
        for exten in plan.extensions(context)
        if not exten.startswith("_") and len(exten) > 1
    ]


def _endpoints(session: Session) -> list[str]:
    known = [f"{each['technology']}/{each['resource']}" for each in _list(session, "endpoints")]
    local = [f"Local/{e if '@' in e else e + '@default'}" for e in _extensions(session)]
    return [*known, *local]


def _servers(_session: Session | None) -> list[str]:
    from ari_notebook.settings import servers

    return [*servers(), "http://127.0.0.1:8088"]


_WITHOUT_SESSION = {"server", "session", "verb", "docs", "event"}
_KINDS: dict[str, Callable[[Any], Iterable[str]]] = {
    "channel": _ids_and_names("channels"),
    "bridge": _ids_and_names("bridges"),
    "playback": lambda session: list(session.tables.playbacks),
    "recording": lambda session: list(session.tables.recordings),
    "stored": lambda session: [str(each["name"]) for each in _list(session, "recordings")],
    "sound": lambda session: [str(each["id"]) for each in _list(session, "sounds")],
    "media": _media,
    "extension": _extensions,
    "endpoint": _endpoints,
    "application": lambda session: [str(each["name"]) for each in _list(session, "applications")],
    "handler": lambda session: list(session.handlers),
    "event": lambda _session: list(declaration().events),
    "session": lambda _session: sessions.names(),
    "server": _servers,
    "verb": lambda _session: list(VERBS),
    "docs": lambda _session: [*declaration().names, *VERBS],
}
