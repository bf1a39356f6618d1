"""What to do about an answer: Asterisk's terse messages, explained.

A table of (status, words in the message, words in the request, advice), first match wins. The
messages are those of Asterisk 22's ``res/ari/resource_*.c`` and ``res/res_ari.c``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["MEDIA_KINDS", "advise", "advise_playback"]


class _Advice(NamedTuple):
    status: int
    message: str
    request: str
    text: str


_RECORDING_NAME = "A recording's name may have folders, but not lead out of those by .."
_TABLE = [
    _Advice(
        400,
        "Channel not found",
        "/bridges/",
        "One of them has hung up, or never was: `%ari channels` lists those that live.",
    ),
    _Advice(
        400,
        "Invalid endpoint",
        "",
        "An endpoint is TECHNOLOGY/NAME, as PJSIP/alice or Local/1000@default: see"
        " `%ari endpoints`.",
    ),
    _Advice(
        400,
        "event source",
        "",
        "An event source is channel:ID, bridge:ID, endpoint:TECH/NAME or deviceState:NAME.",
    ),
    _Advice(400, "Recording name", "", _RECORDING_NAME),
    _Advice(
        401,
        "",
        "",
        "Check the user and the password against the section [USER] with type=user in ari.conf,"
        " and that ari.conf was reloaded (module reload res_ari.so).",
    ),
    _Advice(
        403,
        "Write access",
        "",
        "This user may only look: set read_only=no for it in ari.conf, or connect as another.",
    ),
    _Advice(
        403,
        "ACL",
        "",
        "This machine's address is not permitted: see permit, deny and acl of the user in"
        " ari.conf.",
    ),
    _Advice(
        404,
        "Channel not found",
        "",
        "It has hung up, or never was: `%ari channels` lists those that live.",
    ),
    _Advice(404, "Bridge not found", "", "It was destroyed, or never was: see `%ari bridges`."),
    _Advice(404, "Playback not found", "", "It has finished: a playback lives while it plays."),
    _Advice(
        404,
        "Recording not found",
        "",
        "A live recording lives while it records; stored ones are in recordings.list_stored.",
    ),
    _Advice(
        404, "Sound not found", "", "`%ari sounds` lists those that this Asterisk has installed."
    ),
    _Advice(
        404,
        "Application not found",
        "",
        "An application exists while a program is connected under its name.",
    ),
    _Advice(
        404,
        "variable",
        "",
        "The variable is not set on this channel; names are case-sensitive.",
    ),
    _Advice(
        404,
        "Resource not found",
        "/mailboxes",
        "This Asterisk keeps its mailboxes elsewhere: ARI's need res_ari_mailboxes.so and"
        " res_mwi_external.so, which exclude app_voicemail.",
    ),
    _Advice(
        404,
        "Resource not found",
        "",
        "Asterisk has no such path: `%ari help` and Tab show the operations of this server.",
    ),
    _Advice(405, "", "", "The path exists, but not with this method: see `%ari docs`."),
    _Advice(
        409,
        "Bridge not in Stasis",
        "",
        "This bridge is Asterisk's own, as Dial() makes them: ARI changes only those that it made.",
    ),
    _Advice(
        409,
        "'Down' state",
        "/dial",
        "Only a channel that `%ari create` made is dialled, and only once; name it, as in"
        " %ari dial $channel.",
    ),
    _Advice(
        409,
        "Recording .*exists",
        "",
        "Choose another name, or replace it with --overwrite (ifExists=overwrite).",
    ),
    _Advice(
        409,
        "Uncontrolled device",
        "",
        "ARI sets only device states of its own: their names begin with Stasis:",
    ),
    _Advice(
        409,
        "not in (a )?Stasis",
        "",
        "Stasis is the dialplan application that hands a channel to a program; this channel is"
        " in the dialplan, or on its way out. It gets there by an extension with Stasis(APP), or"
        " by originating it with app=APP.",
    ),
    _Advice(
        409,
        "can not be overwritten",
        "",
        'ifExists="overwrite" (--overwrite) replaces it, ifExists="append" adds to it.',
    ),
    _Advice(
        409,
        "exists|in use|duplicate",
        "",
        "Something with this id or name is there already: choose another, or leave it out.",
    ),
    _Advice(409, "not in progress|Playback", "", "The playback is over, or has not begun."),
    _Advice(
        412,
        "",
        "/channels/",
        "The channel is Down, reserved or Ringing, for nobody has answered it: dial it where"
        " `%ari create` made it, and wait until it is Up.",
    ),
    _Advice(
        422,
        "[Cc]hannel.*(not in|bridge)",
        "",
        "Only a channel that is in Stasis can be put into a bridge, and only a member can be"
        " taken out.",
    ),
    _Advice(
        422,
        "[Ff]ormat",
        "",
        "Asterisk cannot write this format: try wav, gsm or ulaw; `core show file formats` on"
        " its console lists them.",
    ),
    _Advice(
        422,
        "",
        "subscription",
        "Name an event source that exists: channel:ID, bridge:ID, endpoint:TECH/NAME or"
        " deviceState:NAME.",
    ),
    _Advice(
        500,
        "Allocation failed",
        "/channels",
        "Asterisk could not make the channel: check the endpoint's technology and name"
        " (`%ari endpoints`), or for Local/EXTEN@CONTEXT the dialplan.",
    ),
    _Advice(500, "Error parsing request", "/record", _RECORDING_NAME),
    _Advice(
        500,
        "Unable to create bridge",
        "",
        "A bridge's type is mixing or holding, with commas also dtmf_events, proxy_media or"
        " video_sfu; and its id must be free.",
    ),
    _Advice(
        500,
        "Could not .* playback",
        "",
        "Only sounds and recordings can be paused and wound, not numbers, digits, characters or"
        " tones.",
    ),
    _Advice(
        503, "", "", "Asterisk is still starting, or its HTTP server has all its sessions in use."
    ),
    *(
        _Advice(
            status, "", "", "A proxy sends you elsewhere: give the URL where ARI itself answers."
        )
        for status in (301, 302, 303, 307, 308)
    ),
    _Advice(500, "", "", "Asterisk's own log (`core set verbose 3` on its console) says why."),
]


def advise(status: int, message: str, request: str) -> str:
    """One sentence on what to do.

    Args:
        status: the HTTP status.
        message: Asterisk's words.
        request: ``"METHOD /path"``.

    Returns:
        The advice, or an empty string where the message says it all.
    """
    for row in _TABLE:
        if (
            row.status == status
            and re.search(row.message, message)
            and re.search(row.request, request)
        ):
            return row.text
    return ""


_MEDIA = {
    "sound": "no such sound is installed for the channel's language: see `%ari sounds`",
    "recording": "there is no stored recording of that name: see `%ari recordings`",
    "tone": "indications.conf has no such tone; dial, busy, ring and congestion are usual",
    "number": "a number is written in digits: number:42",
    "digits": "digits are 0-9, * and #: digits:1234",
    "characters": "characters are letters, digits and the like: characters:abc",
}

MEDIA_KINDS = tuple(_MEDIA)  # before the colon of a media URI; Asterisk plays no others


def advise_playback(media: str) -> str:
    """Why a playback failed while its channel was still there.

    Asterisk accepts media of any name, and tells by ``PlaybackFinished`` with the state
    ``failed`` that it could not be played (``res/res_stasis_playback.c``), but not why.

    Args:
        media: its URI, as ``sound:hello-world``.

    Returns:
        One sentence.
    """
    kind = media.partition(":")[0]
    why = _MEDIA.get(kind, f"media is one of {', '.join(f'{name}:' for name in MEDIA_KINDS)}")
    return f"{media or 'the media'} could not be played: {why}"
