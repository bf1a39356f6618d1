"""The columns of this package's tables, as HTML cells.

Each table shows at most eight. A row is a mapping of its DataFrame's columns, without pandas'
missing values; ``id`` is its index.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ari_notebook.views.display.html import Markup, clean, element, join, listed
from ari_notebook.views.display.names import Names

__all__ = ["COLUMNS", "Column", "ago", "caller", "chip", "moment", "party_of", "plain"]

Row = Mapping[str, Any]

_GOOD = frozenset({"Up", "ANSWERED", "answered", "online", "playing", "connected", "NOT_INUSE"})
_BAD = frozenset({"failed", "FAILED", "BUSY", "busy", "CONGESTION", "offline", "closed", "gone"})
_PARTY = re.compile(r"(.*?)\s*<([^<>]*)>", re.DOTALL)
_TEXT = 120  # characters of a text in a cell


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, and a function for a row's cell."""

    head: str
    cell: Callable[[Row, Names, float], object]


def ago(seconds: float) -> str:
    """Return a past duration in a few words: ``12 s ago``."""
    if seconds < 1:
        return "now"
    if seconds < 60:
        return f"{seconds:.0f} s ago"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min ago"
    if seconds < 86_400:
        return f"{seconds // 3600:.0f} h ago"
    days = int(seconds // 86_400)
    return f"{days} day{'' if days == 1 else 's'} ago"


def moment(value: object, now: float) -> Markup | None:
    """Return a time as the duration since then; the tooltip has the time."""
    if not isinstance(value, datetime):
        return None
    at = value.astimezone(UTC)
    return element(
        "time",
        ago(now - at.timestamp()),
        datetime=at.isoformat(timespec="milliseconds"),
        title=at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + " UTC",
        data_ago=True,
    )


def chip(text: object) -> Markup | None:
    """Return a state as a word in a frame."""
    word = clean(text, _TEXT)
    if not word:
        return None
    mood = " up" if word in _GOOD else " bad" if word in _BAD else ""
    return element("span", word, class_=f"s{mood}")


def caller(name: object, number: object) -> Markup | None:
    """Return a caller's name and number, each with its own text direction."""
    parts = [
        element("bdi", clean(text, _TEXT), class_=kind)
        for text, kind in ((name, None), (number, "k"))
        if text
    ]
    return join(*(part for pair in parts for part in (pair, Markup(" ")))) if parts else None


def party_of(text: object) -> Markup | None:
    """Return a caller written as ``Alice <5551>``."""
    found = _PARTY.fullmatch(str(text or ""))
    return caller(*found.groups()) if found else caller(text, None)


def plain(value: object) -> str:
    """Return any value in a few characters; empty if missing."""
    if isinstance(value, list | tuple):
        return ", ".join(filter(None, map(plain, value)))
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={plain(each)}" for key, each in value.items())
    if isinstance(value, float):
        return f"{value:.1f}"
    return "" if value is None else clean(value, _TEXT)


def _text(name: str) -> Callable[[Row, Names, float], object]:
    return lambda row, names, now: plain(row.get(name))


def _chip(name: str) -> Callable[[Row, Names, float], object]:
    return lambda row, names, now: chip(row.get(name))


def _moment(name: str) -> Callable[[Row, Names, float], object]:
    return lambda row, names, now: moment(row.get(name), now)


def _seconds(value: object) -> str:
    if not isinstance(value, int | float):
        return ""
    minutes, seconds = divmod(float(value), 60)
    return f"{int(minutes)}:{int(seconds):02}" if minutes else f"{seconds:.1f} s"


def _dialled(row: Row, names: Names, now: float) -> object:
    return "@".join(filter(None, (plain(row.get("exten")), plain(row.get("context")))))


def _channel(row: Row, names: Names, now: float) -> object:
    who = caller(row.get("caller_name"), row.get("caller_number"))
    return join(
        who or element("bdi", plain(row.get("name"))),
        element("div", element("bdi", plain(row.get("name"))), class_="k") if who else None,
    )


def _where(row: Row, names: Names, now: float) -> object:
    return plain(row.get("app_name")) if row.get("in_stasis") else "in the dialplan"


def _media(row: Row, names: Names, now: float) -> object:
    playing, recording = plain(row.get("playing")), plain(row.get("recording"))
    parts = [f"▶ {playing}"] if playing else []
    return " · ".join([*parts, f"● {recording}"] if recording else parts)


def _bridge(row: Row, names: Names, now: float) -> object:
    return element("bdi", names.bridge(row["bridge"])) if row.get("bridge") else None


def _members(field: str) -> Callable[[Row, Names, float], object]:
    def cell(row: Row, names: Names, now: float) -> object:
        members = listed(row.get(field))
        shown = [
            element("span", party_of(names.channel(each)), class_="s") for each in members[:20]
        ]
        more = [f" and {len(members) - 20} more"] if len(members) > 20 else []
        return join(*(part for one in shown for part in (one, Markup(" "))), *more)

    return cell


def _bridge_name(row: Row, names: Names, now: float) -> object:
    return element("bdi", names.bridge(row["id"]), title=plain(row["id"]))


def _event_type(row: Row, names: Names, now: float) -> object:
    added = row.get("origin") not in (None, "asterisk")  # made by this package, as a Gap
    return join(chip(row.get("type")), f" {plain(row.get('origin'))}" if added else None)


def _clock(row: Row, names: Names, now: float) -> object:
    at = row.get("timestamp")
    text = at.strftime("%H:%M:%S.%f")[:-3] if isinstance(at, datetime) else ""
    return element("span", text, class_="n") if text else None


def _event_channel(row: Row, names: Names, now: float) -> object:
    id = row.get("channel")
    if not id:
        return None
    return element("span", party_of(names.channel(id)), title=plain(row.get("channel_name")))


def _outcome(row: Row, names: Names, now: float) -> object:
    if row.get("end") is None and not row.get("disposition"):
        return chip("talking" if row.get("answered") else "ringing")
    return chip(row.get("disposition"))


def _cause(row: Row, names: Names, now: float) -> object:
    cause, words = plain(row.get("cause")), plain(row.get("cause_txt"))
    by = plain(row.get("hangup_by"))
    said = f"{cause} {words}".strip() if words else cause
    if cause in ("", "0"):  # Asterisk knows none, as of a busy Local channel
        said = plain(row.get("failed_because")) or said
    return ", ".join(filter(None, (said, f"by the {by}" if by else "")))


def _heard(row: Row, names: Names, now: float) -> object:
    keys, media = plain(row.get("digits")), plain(row.get("media"))
    return " · ".join(filter(None, (f"⌨ {keys}" if keys else "", f"▶ {media}" if media else "")))


def _status(row: Row, names: Names, now: float) -> object:
    status = row.get("status")
    if status is None:
        return element("span", "no answer", class_="s bad")
    good = int(status) < 400
    return element("span", str(status), class_=f"s {'up' if good else 'bad'}")


def _took(row: Row, names: Names, now: float) -> object:
    taken = row.get("milliseconds")
    return None if taken is None else element("span", f"{taken:.0f} ms", class_="n")


def _of_formats(field: str) -> Callable[[Row, Names, float], object]:
    def cell(row: Row, names: Names, now: float) -> object:
        forms = row.get("formats")
        known = forms if isinstance(forms, list | tuple) else ()
        words = [plain(each.get(field)) for each in known if isinstance(each, Mapping)]
        return ", ".join(dict.fromkeys(words))

    return cell


COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "channels": (
        Column("caller", _channel),
        Column("state", _chip("state")),
        Column(
            "connected with",
            lambda row, names, now: caller(row.get("connected_name"), row.get("connected_number")),
        ),
        Column("dialled", _dialled),
        Column("application", _where),
        Column("bridge", _bridge),
        Column("now", _media),
        Column("created", _moment("created")),
    ),
    "bridges": (
        Column("bridge", _bridge_name),
        Column("type", _chip("bridge_type")),
        Column("technology", _text("technology")),
        Column("channels", _members("channels")),
        Column("created by", _text("creator")),
        Column("created", _moment("created")),
    ),
    "events": (
        Column("time (UTC)", _clock),
        Column("", _moment("timestamp")),
        Column("event", _event_type),
        Column("channel", _event_channel),
        Column("state", _text("state")),
        Column("bridge", _bridge),
        Column("detail", _text("detail")),
        Column("application", _text("application")),
    ),
    "calls": (
        Column("caller", lambda row, names, now: party_of(row.get("caller"))),
        Column("called", _text("called")),
        Column("outcome", _outcome),
        Column("begun", _moment("begin")),
        Column("waited", lambda row, names, now: _seconds(row.get("wait"))),
        Column("talked", lambda row, names, now: _seconds(row.get("talk"))),
        Column("keys and media", _heard),
        Column("ended", _cause),
    ),
    "sounds": (
        Column("sound", _text("id")),
        Column("words", _text("text")),
        Column("languages", _of_formats("language")),
        Column("formats", _of_formats("format")),
    ),
    "requests": (
        Column("sent", _moment("time")),
        Column("method", _text("method")),
        Column("path", _text("path")),
        Column("parameters", _text("params")),
        Column("status", _status),
        Column("took", _took),
        Column("message", _text("message")),
    ),
    "endpoints": (
        Column("endpoint", _text("id")),
        Column("state", _chip("state")),
        Column("channels", _members("channel_ids")),
    ),
    "playbacks": (
        Column("media", _text("media_uri")),
        Column("state", _chip("state")),
        Column("to", lambda row, names, now: party_of(names.target(row.get("target_uri")))),
        Column("then", _text("next_media_uri")),
    ),
    "recordings": (
        Column("recording", _text("id")),
        Column("state", _chip("state")),
        Column("format", _text("format")),
        Column("of", lambda row, names, now: party_of(names.target(row.get("target_uri")))),
        Column("seconds", _text("duration")),
        Column("cause", _text("cause")),
    ),
    "applications": (
        Column("application", _text("id")),
        Column("channels", _members("channel_ids")),
        Column("bridges", _text("bridge_ids")),
        Column("endpoints", _text("endpoint_ids")),
        Column("devices", _text("device_names")),
    ),
    "device_states": (Column("device", _text("id")), Column("state", _chip("state"))),
    "mailboxes": (
        Column("mailbox", _text("id")),
        Column("new", _text("new_messages")),
        Column("old", _text("old_messages")),
    ),
}
