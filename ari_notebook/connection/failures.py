"""Reasons for failed playbacks and recordings, which Asterisk does not publish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from ari_notebook.client.advice import advise_playback
from ari_notebook.client.errors import AriError, NotFound
from ari_notebook.client.rest import Rest, RestRequest

__all__ = ["CAUSE_SECONDS", "explain_event", "playback_failure", "stored_recording"]

# Seconds after a playback's end in which the event of its cause may arrive: Asterisk marks a
# channel as hung up before it publishes ChannelHangupRequest (ast_softhangup in main/channel.c).
CAUSE_SECONDS = 0.3
_AT_ONCE_SECONDS = 0.3  # within which Asterisk abandons media that it cannot play


def playback_failure(
    playback: Mapping[str, Any], recent: Sequence[Mapping[str, Any]], moment: str
) -> str:
    """Return why a playback failed.

    Asterisk abandons media that it cannot play at once; a playback that failed later had started
    and was interrupted.

    Args:
        playback: the failed playback.
        recent: the events before its end, and those of the next `CAUSE_SECONDS`.
        moment: the timestamp of its end.

    Returns:
        One sentence; empty if the channel hung up or left its bridge, or the playback was
        interrupted.
    """
    scheme, _, id = str(playback.get("target_uri", "")).partition(":")
    started = ""
    for event in recent:
        type, item = event.get("type"), event.get(scheme)
        if type == "PlaybackStarted" and _id(event.get("playback")) == playback.get("id"):
            started = str(event.get("timestamp", ""))
        if _id(item) != id:
            continue
        if type in ("ChannelHangupRequest", "ChannelDestroyed", "StasisEnd", "BridgeDestroyed"):
            return ""
        # Asterisk's own announcer may still be listed as a member of a bridge that was left.
        if (
            type == "ChannelLeftBridge"
            and isinstance(item, dict)
            and (started or not item.get("channels"))
        ):
            return ""
    if _seconds(started, moment) > _AT_ONCE_SECONDS:
        return ""
    return advise_playback(str(playback.get("media_uri", "")))


def _id(item: object) -> object:
    return item.get("id") if isinstance(item, dict) else None


def _seconds(start: str, end: str) -> float:
    """Return the seconds between two timestamps of events; 0 if one is invalid."""
    try:
        return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
    except (ValueError, TypeError):
        return 0.0


def stored_recording(name: str, rest: Rest) -> bool:
    """Return whether a stored recording of that name exists, or the server does not answer."""
    try:
        rest.send(RestRequest("GET", f"/recordings/stored/{quote(name, safe='')}"))
    except NotFound:
        return False
    except AriError:
        return True
    return True


def explain_event(event: Mapping[str, Any]) -> str:
    """Return a sentence about an event that reports a failure; empty for any other."""
    recording, channel = event.get("recording"), event.get("channel")
    if event.get("type") == "RecordingFailed" and isinstance(recording, dict):
        cause = recording.get("cause") or "Asterisk's log says why"
        return f"recording {recording.get('name')} failed: {cause}"
    if event.get("type") == "ApplicationMoveFailed" and isinstance(channel, dict):
        return (
            f"{channel.get('name')} could not move to {event.get('destination')}: no program is"
            " connected as that application"
        )
    return ""
