"""What is worth saying of an object: the same facts for its text form and its HTML form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ari_notebook.status import counted
from ari_notebook.views.actions import next_steps
from ari_notebook.views.markup import listed

__all__ = ["Card", "card", "party", "status_card"]

Row = Mapping[str, Any]
Facts = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Card:
    """One object as a person sees it.

    ``kind`` is ARI's name of what it is, ``state`` one word on how it stands, ``facts`` are label
    and value, ``steps`` the operations that can be done now.
    """

    kind: str
    title: str
    state: str
    facts: tuple[tuple[str, str], ...]
    steps: tuple[str, ...] = ()


def party(of: object) -> str:
    """A caller as people write it: ``Alice <5551>``; empty where nothing is known."""
    if not isinstance(of, Mapping):
        return ""
    name, number = str(of.get("name") or ""), str(of.get("number") or "")
    return f"{name} <{number}>" if name and number else name or number


def card(
    model: str, row: Row, *, id: str = "", gone: bool = False, read_only: bool = False
) -> Card:
    """The card of one of ARI's objects.

    Args:
        model: ARI's name of its kind, as ``Channel``.
        row: its fields, as the live tables have them.
        id: its identity, where the fields do not have it.
        gone: it is no more; nothing can be done with it.
        read_only: the session refuses what changes something.
    """
    make = _FACTS.get(model, _any)
    title = id or str(row.get("id") or row.get("name") or "")
    facts = [(label, value) for label, value in make(row) if value]
    steps = () if gone else tuple(next_steps(model, row, read_only))
    state = _ENDED.get(model, "gone") if gone else str(row.get("state") or "")
    return Card(model, title, state, tuple(facts), steps)


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
    """Whatever else there is: its plain fields."""
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

# What has an end of its own is over; anything else that is no more is missed.
_ENDED = {"Playback": "over", "LiveRecording": "over"}


def status_card(status: Any) -> Card:
    """The card of a session's status (`ari_notebook.status.Status`)."""
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
