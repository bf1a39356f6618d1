"""Cards: the facts about an object, for its text form and its HTML form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ari_notebook.connection.status import counted
from ari_notebook.views.display.actions import next_steps
from ari_notebook.views.display.html import listed

__all__ = ["Card", "ObjectNames", "card", "party", "status_card"]

Row = Mapping[str, Any]
Facts = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Card:
    """The card of an object.

    ``kind`` is ARI's name of its type, ``state`` its state in one word, ``facts`` are labels and
    values, ``steps`` the operations that are possible now.
    """

    kind: str
    title: str
    state: str
    facts: tuple[tuple[str, str], ...]
    steps: tuple[str, ...] = ()


def party(of: object) -> str:
    """Return a caller as ``Alice <5551>``; empty if unknown."""
    if not isinstance(of, Mapping):
        return ""
    name, number = str(of.get("name") or ""), str(of.get("number") or "")
    return f"{name} <{number}>" if name and number else name or number


class ObjectNames(Protocol):
    """Names for ids."""

    def channel(self, id: object) -> str:
        """Return a channel's name."""

    def bridge(self, id: object) -> str:
        """Return a bridge's name."""

    def target(self, uri: object) -> str:
        """Return the name of what ``channel:ID`` or ``bridge:ID`` names."""


def card(
    model: str,
    row: Row,
    *,
    id: str = "",
    gone: bool = False,
    read_only: bool = False,
    names: ObjectNames | None = None,
) -> Card:
    """Return the card of one of ARI's objects.

    Args:
        model: ARI's name of its kind, as ``Channel``.
        row: its fields, as the live tables have them.
        id: its identity, if the fields lack it.
        gone: it no longer exists, and has no actions.
        read_only: whether the session is read-only.
        names: names for the ids of other objects; None: ids.
    """
    make = _FACTS.get(model, _any)
    identity = id or str(row.get("id") or row.get("name") or "")
    title = str(row.get(_HEADLINES.get(model, "")) or "") or identity
    shown = row if names is None else _named(row, names)
    facts = [(label, value) for label, value in make(shown) if value]
    if title != identity:
        facts = [("id", identity), *((la, value) for la, value in facts if value != title)]
    steps = () if gone else tuple(next_steps(model, row, read_only))
    state = _ENDED.get(model, "gone") if gone else str(row.get("state") or "")
    return Card(model, title, state, tuple(facts), steps)


def _named(row: Row, names: ObjectNames) -> Row:
    """Return fields with the names of the objects whose ids they have."""
    named = dict(row)
    if row.get("channels"):
        named["channels"] = [names.channel(id) for id in listed(row["channels"])]
    if row.get("bridge"):
        named["bridge"] = names.bridge(row["bridge"])
    if row.get("target_uri"):
        named["target_uri"] = names.target(row["target_uri"])
    return named


def _channel(row: Row) -> Facts:
    dialplan = row.get("dialplan") or {}
    where = f"{dialplan.get('exten', '')}@{dialplan.get('context', '')}"
    if dialplan.get("priority"):
        where += f", priority {dialplan['priority']}"
    application = row.get("app_name") or ""
    runs = f"{dialplan.get('app_name') or ''}({dialplan.get('app_data') or ''})"
    return [
        ("name", str(row.get("name") or "")),
        ("caller", party(row.get("caller"))),
        ("connected", party(row.get("connected"))),
        ("dialled", where if where != "@" else ""),
        ("application", f"{application} (in Stasis)" if row.get("in_stasis") else ""),
        ("runs", runs if runs != "()" and not row.get("in_stasis") else ""),
        ("bridge", str(row.get("bridge") or "")),
        ("playing", str(row.get("playing") or "")),
        ("recording", str(row.get("recording") or "")),
        ("language", str(row.get("language") or "")),
        ("created", str(row.get("creationtime") or "")),
    ]


def _bridge(row: Row) -> Facts:
    channels = listed(row.get("channels"))
    return [
        ("name", str(row.get("name") or "")),
        ("type", f"{row.get('bridge_type', '')} ({row.get('technology', '')})"),
        ("channels", ", ".join(channels) or "none"),
        ("created", str(row.get("creationtime") or "")),
    ]


def _playback(row: Row) -> Facts:
    return [
        ("media", str(row.get("media_uri") or "")),
        ("next", str(row.get("next_media_uri") or "")),
        ("to", str(row.get("target_uri") or "")),
        ("language", str(row.get("language") or "")),
    ]


def _recording(row: Row) -> Facts:
    seconds = row.get("duration")
    return [
        ("format", str(row.get("format") or "")),
        ("of", str(row.get("target_uri") or "")),
        ("seconds", "" if seconds is None else str(seconds)),
        ("cause", str(row.get("cause") or "")),
    ]


def _endpoint(row: Row) -> Facts:
    return [("channels", ", ".join(listed(row.get("channel_ids"))) or "none")]


def _application(row: Row) -> Facts:
    return [
        (label, ", ".join(listed(row.get(field))) or "none")
        for label, field in (
            ("channels", "channel_ids"),
            ("bridges", "bridge_ids"),
            ("endpoints", "endpoint_ids"),
            ("devices", "device_names"),
        )
    ]


def _any(row: Row) -> Facts:
    """Return the facts of any other object: its plain fields."""
    return [
        (name, str(value))
        for name, value in row.items()
        if name not in ("id", "state") and isinstance(value, str | int | float | bool)
    ]


_FACTS: dict[str, Callable[[Row], Facts]] = {
    "Channel": _channel,
    "Bridge": _bridge,
    "Playback": _playback,
    "LiveRecording": _recording,
    "StoredRecording": _recording,
    "Endpoint": _endpoint,
    "Application": _application,
}

# The field that heads the card of an object whose id says nothing to a person.
_HEADLINES = {"Bridge": "name", "Playback": "media_uri"}

# Objects that end by themselves have ended; any other missing object is an error.
_ENDED = {"Playback": "over", "LiveRecording": "over"}


def status_card(status: Any) -> Card:
    """Return the card of a session's status (`ari_notebook.connection.status.Status`)."""
    refused = " (read-only)" if status.read_only else ""
    facts = [
        ("server", f"{status.asterisk} at {status.url}, as {status.user}{refused}"),
        ("because", status.reason if status.state != "connected" else ""),
        (
            "application",
            ", ".join(status.applications)
            + (" (subscribed to all)" if status.subscribe_all else ""),
        ),
        ("REST over", status.transport),
        (
            "live",
            ", ".join(
                (
                    counted(status.channels, "channel"),
                    counted(status.bridges, "bridge"),
                    counted(status.handlers, "handler"),
                )
            ),
        ),
        (
            "events",
            f"{status.events}, {status.dropped} dropped, {status.malformed} malformed",
        ),
        ("requests", str(status.requests)),
        ("reconnects", str(status.reconnects) if status.reconnects else ""),
        *(("gap", str(gap)) for gap in status.gaps[-3:]),
        *(("problem", problem) for problem in status.problems[-3:]),
    ]
    kept = tuple((label, value) for label, value in facts if value)
    return Card("Session", status.name, status.state, kept)
