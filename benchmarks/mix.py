"""A realistic mix of events: the life of a thousand calls at once, about 520 bytes each."""

from __future__ import annotations

import random
from collections.abc import Iterator

import orjson

_STAMP = "2026-11-23T%02d:%02d:%02d.%03d+0000"


class _Call:
    """One call's channel, and the events it still has to go through."""

    def __init__(self, number: int, chance: random.Random) -> None:
        self.id = f"{1795433690 + number // 50}.{number}"
        self.name = f"PJSIP/phone{chance.randrange(400)}-{number:08x}"
        self.caller = f"{5550000 + chance.randrange(9999)}"
        self.playback = f"{number:08x}-f795-4c51-a247-ae32f8f84de7"
        self.state = "Ring"
        self.exten = str(1000 + chance.randrange(20))
        steps = ["StasisStart", "ChannelStateChange", "PlaybackStarted", "PlaybackFinished"]
        steps += ["ChannelDtmfReceived"] * chance.randrange(4)
        steps += ["ChannelVarset", "ChannelDialplan"] * chance.randrange(2)
        self.steps = [*steps, "ChannelHangupRequest", "StasisEnd", "ChannelDestroyed"]

    def channel(self) -> dict[str, object]:
        return {
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "protocol_id": f"{self.caller}@127.0.0.1-{self.id}",
            "caller": {"name": f"Caller {self.caller}", "number": self.caller},
            "connected": {"name": "", "number": ""},
            "accountcode": "",
            "dialplan": {
                "context": "default",
                "exten": self.exten,
                "priority": 3,
                "app_name": "Stasis",
                "app_data": "hello-world",
            },
            "creationtime": "2026-11-23T11:34:50.179+0000",
            "language": "en",
        }

    def event(self, kind: str, stamp: str) -> dict[str, object]:
        event: dict[str, object] = {"type": kind, "timestamp": stamp}
        if kind.startswith("Playback"):
            event["playback"] = {
                "id": self.playback,
                "media_uri": "sound:hello-world",
                "target_uri": f"channel:{self.id}",
                "language": "en",
                "state": "playing" if kind == "PlaybackStarted" else "done",
            }
        else:
            if kind == "ChannelStateChange":
                self.state = "Up"
            more: dict[str, dict[str, object]] = {
                "StasisStart": {"args": ["inbound"]},
                "ChannelDtmfReceived": {"digit": "5", "duration_ms": 100},
                "ChannelVarset": {"variable": "RTPAUDIOQOS", "value": "ssrc=1;themssrc=2"},
                "ChannelDialplan": {"dialplan_app": "Wait", "dialplan_app_data": "30"},
                "ChannelHangupRequest": {"cause": 16},
                "ChannelDestroyed": {"cause": 16, "cause_txt": "Normal Clearing"},
            }
            event |= more.get(kind, {})
            event["channel"] = self.channel()
        return {**event, "asterisk_id": "00:11:22:33:44:55", "application": "hello-world"}


def events(count: int, alive: int = 1000, seed: int = 1) -> Iterator[bytes]:
    """Yield the JSON of a number of events, with a number of channels alive at any time."""
    chance = random.Random(seed)
    calls = [_Call(number, chance) for number in range(alive)]
    for call in calls:  # in the middle of their lives, as on any day
        del call.steps[1 : chance.randrange(1, len(call.steps))]
    next_call = alive
    for number in range(count):
        place = chance.randrange(alive)
        call = calls[place]
        seconds, milliseconds = divmod(number, 1000)
        minutes, second = divmod(seconds, 60)
        stamp = _STAMP % (minutes // 60 % 24, minutes % 60, second, milliseconds)
        yield orjson.dumps(call.event(call.steps.pop(0), stamp))
        if not call.steps:
            calls[place] = _Call(next_call, chance)
            next_call += 1
