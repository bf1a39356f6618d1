"""Descriptions of the columns of a session's tables, for the page that `reference_pages` generates.

The build fails where they differ from the tables' own columns.
"""

from __future__ import annotations

__all__ = ["COLUMNS"]

_CHANNEL = "id of the channel"
_TARGET = "`channel:ID` or `bridge:ID`, to which it plays"

# Table (ari.NAME.df) → column → description. The first is the index where the table has one.
COLUMNS: dict[str, dict[str, str]] = {
    "events": {
        "timestamp": "time in the event, by Asterisk's clock; UTC",
        "received": "time of receipt, by this machine's clock; UTC",
        "type": "type of the event, such as `StasisStart`; `Gap`, `HandlerFailed` and the rows"
        " after a gap are added by the session",
        "application": "Stasis application that received it",
        "channel": "id of its channel; of a playback or recording, the channel that it is for",
        "channel_name": "name of that channel, such as `PJSIP/alice-00000001`",
        "state": "state of the object: of the channel, playback, recording, endpoint or device",
        "bridge": "id of its bridge",
        "playback": "id of its playback",
        "recording": "name of its recording",
        "detail": "the most important other field: a key, a variable, a dialplan location, a cause",
        "asterisk_id": "id of the Asterisk that sent it",
        "origin": "empty for an event of the server; `malformed` for a message that is not an"
        " event; `gap`, `resync` or `handler` for a row that the session added",
    },
    "channels": {
        "id": _CHANNEL,
        "name": "name, such as `PJSIP/alice-00000001`",
        "state": "`Down`, `Ring`, `Ringing`, `Up` and so on",
        "caller_name": "name of its own party",
        "caller_number": "number of its own party",
        "connected_name": "name of the connected line",
        "connected_number": "number of the connected line",
        "context": "context of its dialplan location",
        "exten": "extension of its dialplan location",
        "priority": "priority of its dialplan location",
        "app_name": "dialplan application that runs on it",
        "in_stasis": "whether a Stasis application controls it",
        "bridge": "id of the bridge that it is in",
        "playing": "media that are played to it",
        "recording": "name of the live recording of it",
        "created": "time of its creation, UTC",
        "language": "language of its sounds",
    },
    "bridges": {
        "id": "id of the bridge",
        "name": "name given by its creator",
        "bridge_type": "`mixing`, `holding` and so on",
        "technology": "bridge technology, such as `simple_bridge`",
        "channels": "ids of the channels in it",
        "bridge_class": "`stasis` for bridges of ARI, `basic` for those of the dialplan's Dial",
        "creator": "who created it, such as `Stasis`",
        "video_mode": "video mode",
        "created": "time of its creation, UTC",
    },
    "playbacks": {
        "id": "id of the playback",
        "media_uri": "medium that is played, such as `sound:hello-world`",
        "next_media_uri": "next medium of a list",
        "target_uri": _TARGET,
        "language": "language of its sounds",
        "state": "`queued`, `playing`, `paused`, `continuing`",
    },
    "recordings": {
        "id": "name of the recording",
        "name": "name of the recording",
        "format": "file format, such as `wav`",
        "target_uri": "`channel:ID` or `bridge:ID` that is recorded",
        "state": "`queued`, `recording`, `paused`, `done`, `failed`, `canceled`; `stored`",
        "duration": "seconds",
        "talking_duration": "seconds with talking",
        "silence_duration": "seconds of silence",
        "cause": "why it failed",
    },
    "endpoints": {
        "id": "`TECHNOLOGY/RESOURCE`",
        "technology": "channel technology, such as `PJSIP`",
        "resource": "name within the technology",
        "state": "`online`, `offline`, `unknown`",
        "channel_ids": "ids of its channels",
    },
    "device_states": {
        "id": "name of the device, such as `PJSIP/alice` or `Stasis:lamp`",
        "name": "name of the device",
        "state": "`NOT_INUSE`, `INUSE`, `RINGING` and so on",
    },
    "mailboxes": {
        "id": "name of the mailbox",
        "name": "name of the mailbox",
        "old_messages": "number of messages that were listened to",
        "new_messages": "number of new messages",
    },
    "sounds": {
        "id": "name of the sound, as in `sound:NAME`",
        "formats": "languages and formats in which it is installed",
    },
    "applications": {
        "id": "name of the Stasis application",
        "name": "name of the Stasis application",
        "channel_ids": "channels that it is subscribed to",
        "bridge_ids": "bridges that it is subscribed to",
        "endpoint_ids": "endpoints that it is subscribed to",
        "device_names": "devices that it is subscribed to",
        "events_allowed": "event types that its filter allows; empty for all",
        "events_disallowed": "event types that its filter stops",
    },
    "requests": {
        "time": "time at which it was sent, UTC",
        "method": "HTTP method",
        "path": "path below `/ari`",
        "params": "parameters and body; secrets are `***`",
        "status": "HTTP status; empty where no answer arrived",
        "milliseconds": "time until the answer",
        "message": "Asterisk's message for an error",
        "curl": "the request as a curl command, without the password",
    },
    "calls": {
        "id": "id of the call's first channel, which was created first; of a Local pair, `;1`",
        "begin": "creation of the first channel, by Asterisk's clock; UTC",
        "ring": "when a channel of the call first rang",
        "answered": "when the first channel was first seen up; empty if it was up already when the"
        " session first received it",
        "end": "when the last channel was destroyed, or left Stasis if the session does not receive"
        " its destruction; empty while a channel exists",
        "wait": "seconds from `begin` to `answered`, or to the end of an unanswered call",
        "talk": "seconds from `answered` to `end`",
        "disposition": "`ANSWERED`; else `BUSY` or `FAILED` by the dial status or the cause; else"
        " `NO ANSWER`",
        "cause": "hangup cause of the first channel; if unknown, of the channel that ended last;"
        " empty until the call ends",
        "cause_txt": "text of the cause",
        "hangup_by": "which side ended it first: `caller` (the first channel's party), `called`"
        " (another party), `program` (an explicit request of a program or the console), `dialplan`"
        " (its end, or Hangup). On a real Asterisk a caller made by `ari.call` hangs up through ARI"
        " and counts as `program`. Unanswered branches of an answered call do not count",
        "caller": "name and number of the first channel",
        "called": "extension that the first channel dialled, else what was dialled",
        "applications": "Stasis applications that it was in",
        "channels": "ids of its channels",
        "channel_names": "names of its channels",
        "bridges": "ids of the bridges that its channels were in",
        "media": "media played to its channels or to bridges that they were in",
        "recordings": "names of recordings of them",
        "digits": "keys pressed, in order",
        "asterisk_id": "id of the Asterisk",
        "connected": "when the caller first was in a bridge with another answered channel, media"
        " and snoop channels excepted; conferences count, holding bridges do not",
        "agent": "that channel, without the suffix of its name: `PJSIP/bob`",
        "abandoned": "whether the caller hung up while waiting for a person; empty while that is"
        " open, or unknown",
        "queue_wait": "seconds from the first wait for a person until `connected`, or until the"
        " wait ended: in `Queue` or `MusicOnHold`, in a holding bridge, while phones are dialled"
        " for the caller, and while a program has set `ARI_QUEUE`",
        "hold": "seconds in which a party held the call; empty if it was not connected",
        "transfers": "number of successful blind and attended transfers",
        "sip": "SIP status of the last response that refused a channel of a call that was not"
        " connected",
        "failed_because": "why the caller reached no person, if that is known; `ari.why` says more",
        "uncertain": "why parts of the row are unknown: `began before` the first event, `gap`,"
        " `clock` (it went backwards; durations are empty), `unseen channel` (in its bridge),"
        " `end unknown` (another channel has its id now); empty for a complete row",
    },
    "legs": {
        "id": "id of the channel",
        "call": "id of its call",
        "name": "name, such as `PJSIP/alice-00000001`",
        "endpoint": "name without the suffix: `PJSIP/alice`",
        "begin": "creation, by Asterisk's clock; UTC",
        "dialled": "when it was dialled; empty for a calling channel",
        "ring": "when it first rang",
        "answered": "when it was first seen up; empty if it was up already",
        "connected": "when it first was in a bridge with another answered channel",
        "end": "when it was destroyed",
        "wait": "seconds from `dialled` to `answered`",
        "talk": "seconds in bridges with other answered channels",
        "with": "the first of these, without the suffix of its name",
        "status": "outcome of dialling it: `ANSWER`, `BUSY`, `NOANSWER`, `CANCEL`, …",
        "cause": "hangup cause",
        "cause_txt": "text of the cause",
        "sip": "SIP status with which it was refused",
        "asterisk_id": "id of the Asterisk",
    },
    "drift": {
        "drift": "kind of the difference: unknown event, unknown field, missing field and so on",
        "name": "name of the event or field",
        "count": "how often it occurred",
        "event": "type of the event",
        "first": "when it occurred first, UTC",
    },
}
