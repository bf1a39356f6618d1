"""The text messages of a media WebSocket (Asterisk's chan_websocket), as data.

Binary messages are audio. Text messages are commands to Asterisk and events from it: JSON, as
``{"event":"MEDIA_XOFF","channel_id":"…"}`` (from Asterisk 22.8, with ``f(json)`` in the dial
string), or plain text, as ``MEDIA_XOFF channel_id:…``. Source: Asterisk's documentation of the
WebSocket channel, and channels/chan_websocket.c.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["COMMANDS", "LONGEST_COMMAND", "LONGEST_MESSAGE", "XOFF", "XON", "command", "event"]

COMMANDS = (
    "ANSWER",
    "HANGUP",
    "START_MEDIA_BUFFERING",
    "STOP_MEDIA_BUFFERING",
    "FLUSH_MEDIA",
    "PAUSE_MEDIA",
    "CONTINUE_MEDIA",
    "MARK_MEDIA",
    "GET_STATUS",
    "REPORT_QUEUE_DRAINED",
    "SET_MEDIA_DIRECTION",
)
XOFF, XON = 900, 800  # frames in Asterisk's queue at which MEDIA_XOFF and MEDIA_XON are sent
LONGEST_MESSAGE = 65_500  # octets; a longer message ends the call
LONGEST_COMMAND = 128  # octets

# What a plain-text command or event has behind its name, where it is not key:value.
_PLAIN_VALUE = {"MARK_MEDIA": "correlation_id", "STOP_MEDIA_BUFFERING": "correlation_id"}


def command(name: str, *, plain: bool = False, **fields: str) -> bytes:
    """Return a command.

    Args:
        name: one of `COMMANDS`.
        plain: as plain text instead of JSON.
        fields: its fields, as ``correlation_id``.
    """
    if plain:
        return " ".join([name, *fields.values()]).encode()
    return json.dumps({"command": name, **fields}, separators=(",", ":")).encode()


def event(message: bytes, key: str = "event") -> tuple[str, Mapping[str, Any]]:
    """Return the name and the fields of an event; of a command with the key ``command``.

    Nothing in it is trusted: what cannot be parsed has the name "".

    Args:
        message: a text message, JSON or plain.
        key: name of the JSON field that has the name.
    """
    text = message.decode(errors="replace").strip()
    if text.startswith("{"):
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            return "", {}
        name = fields.pop(key, "") if isinstance(fields, dict) else ""
        return (name, fields) if isinstance(name, str) else ("", {})
    name, _, rest = text.partition(" ")
    if name in _PLAIN_VALUE and ":" not in rest:
        return name, {_PLAIN_VALUE[name]: rest}
    pairs = (word.partition(":") for word in rest.split())
    return name, {name: value for name, colon, value in pairs if colon}
