"""Advice on error responses, which explains Asterisk's terse messages.

A table of (status, words in the message, words in the request, advice); the first match wins. The
messages are those of Asterisk 22's ``res/ari/resource_*.c`` and ``res/res_ari.c``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ari_notebook.client import diagnosis

__all__ = ["advise", "advise_playback"]


class _Advice(NamedTuple):
    status: int
    message: str
    request: str
    text: str


_LIMITS = (
    "Asterisk takes a request line of 4,095 octets and a JSON body of 40,960: put long values into"
    " the body, or send several requests."
)
_RECORDING_NAME = "A recording's name may contain folders, but no .. that leaves them."
_TABLE = [
    _Advice(
        400,
        "Channel not found",
        "/bridges/",
        "A channel has hung up or never existed: `%ari channels` lists the current ones.",
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
    _Advice(400, "^Bad Request$", "", _LIMITS),
    _Advice(413, "", "", _LIMITS),
    _Advice(
        401,
        "",
        "",
        diagnosis.unknown_user().advice,
    ),
    _Advice(
        403,
        "Write access",
        "",
        diagnosis.read_only().advice,
    ),
    _Advice(
        403,
        "sorcery",
        "",
        "ARI may change the objects only of types that sorcery.conf maps to a writable wizard, as"
        " endpoint=astdb,ps_endpoints in its section [res_pjsip].",
    ),
    _Advice(
        403,
        "ACL",
        "",
        diagnosis.not_permitted().advice,
    ),
    _Advice(
        404,
        "Channel not found",
        "",
        "It has hung up or never existed: `%ari channels` lists the current ones.",
    ),
    _Advice(404, "Bridge not found", "", "It was destroyed or never existed: see `%ari bridges`."),
    _Advice(
        404, "Playback not found", "", "It has finished: a playback exists only while it plays."
    ),
    _Advice(
        404,
        "Recording not found",
        "/stored/",
        "No stored recording has this name: `%ari recordings` lists names without the"
        " format, such as greeting for greeting.wav.",
    ),
    _Advice(
        404,
        "Recording not found",
        "",
        "A live recording exists only while it records; recordings.list_stored lists stored ones.",
    ),
    _Advice(404, "Sound not found", "", "`%ari sounds` lists the installed ones."),
    _Advice(
        404,
        "Application not found",
        "",
        "An application exists only while a program is connected under its name.",
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
        "ARI's mailboxes are not available here: they need res_ari_mailboxes.so and"
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
        "Asterisk made this bridge, for example for Dial(): ARI changes only bridges it created.",
    ),
    _Advice(
        409,
        "'Down' state",
        "/dial",
        "Only a channel made by `%ari create` can be dialled, and only once; name it, as in"
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
        "ARI sets only device states whose names begin with Stasis:",
    ),
    _Advice(
        409,
        "not in (a )?Stasis",
        "",
        "The dialplan application Stasis hands a channel to a program; this channel is"
        " in the dialplan, or being hung up. It enters Stasis by an extension with Stasis(APP), or"
        " if it is originated with app=APP.",
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
        "This id or name is in use: choose another, or omit it.",
    ),
    _Advice(409, "not in progress|Playback", "", "The playback has ended or has not started."),
    _Advice(
        412,
        "",
        "/channels/",
        "The channel is Down, reserved or Ringing, because it is not answered: dial it if"
        " `%ari create` made it, then wait until it is Up.",
    ),
    _Advice(
        422,
        "[Cc]hannel.*not in Stasis",
        "",
        "Only a channel that is in Stasis can be put into a bridge. One that was just originated,"
        ' or a snoop, is there from its StasisStart on: ari.wait_for("StasisStart",'
        " channel=channel).",
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
        "",
        "/externalMedia",
        "Asterisk could not create the channel: its channelId is in use, the format is unknown"
        " (`core show codecs` on its console), external_host is a name instead of an address with"
        " a port, or nothing accepts the TCP connection there.",
    ),
    _Advice(
        500,
        "Allocation failed",
        "/channels",
        "Asterisk could not create the channel: check the endpoint's technology and name"
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
        "Only sounds and recordings support these controls, not numbers, digits, characters or"
        " tones.",
    ),
    _Advice(503, "", "", ". ".join(diagnosis.overloaded())),
    *(
        _Advice(status, "", "", "A proxy redirects the request: use the URL of ARI itself.")
        for status in (301, 302, 303, 307, 308)
    ),
    _Advice(500, "", "", "Asterisk's log (`core set verbose 3` on its console) has the reason."),
]


def advise(status: int, message: str, request: str) -> str:
    """Return one sentence on what to do.

    Args:
        status: the HTTP status.
        message: Asterisk's message.
        request: ``"METHOD /path"``.

    Returns:
        The advice, or "" if the message is sufficient.
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
    "recording": "no stored recording has that name: see `%ari recordings`",
    "tone": "indications.conf has no such tone; dial, busy, ring and congestion are common",
    "number": "a number is written in digits: number:42",
    "digits": "digits are 0-9, * and #: digits:1234",
    "characters": "characters are letters, digits and the like: characters:abc",
}


def advise_playback(media: str) -> str:
    """Return why a playback failed although its channel still existed.

    Asterisk accepts media of any name. ``PlaybackFinished`` with the state ``failed`` reports that
    it could not be played (``res/res_stasis_playback.c``), but not why.

    Args:
        media: its URI, such as ``sound:hello-world``.

    Returns:
        One sentence.
    """
    kind = media.partition(":")[0]
    why = _MEDIA.get(
        kind, f"media must begin with one of {', '.join(f'{name}:' for name in _MEDIA)}"
    )
    return f"{media or 'the media'} could not be played: {why}"
