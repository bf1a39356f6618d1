"""Voice mail: greeting, beep, a message up to # or silence; listen, delete."""

import sys
import time
from typing import Any
from urllib.parse import quote

from benchmarks.jobs.bare.calls import Ari, Call, HungUp

FOLDER = "voicemail/100/"
OPTIONS: Any = {"format": "wav", "beep": True, "terminateOn": "#", "maxSilenceSeconds": 5}


def leave(call: Call) -> None:
    """Record a message."""
    call.do("answer")
    call.play("sound:vm-intro", interrupt="#")
    name = f"{FOLDER}{time.time():.0f}-unknown"
    call.do("record", name=name, maxDurationSeconds=180, **OPTIONS)
    while event := call.next():
        if event["type"] in ("RecordingFinished", "RecordingFailed"):
            break
    call.keys = ""
    call.play("sound:vm-msgsaved")


def listen(call: Call) -> None:
    """Let the owner listen."""
    call.do("answer")
    stored = [each["name"] for each in call.ari.request("GET", "/recordings/stored")]
    names = sorted(name for name in stored if name.startswith(FOLDER))
    call.play("sound:vm-youhave", f"sound:digits/{len(names)}", "sound:vm-messages")
    for name in names:
        key = "1"
        while key == "1":
            call.play(f"recording:{name}", interrupt="12#")
            key = call.ask("sound:vm-repeat", keys="12#", tries=1)
        if key == "2":
            try:
                call.ari.request("DELETE", f"/recordings/stored/{quote(name, safe='')}")
            except HungUp:
                continue
            call.play("sound:vm-deleted")
    call.play("sound:vm-nomore")


if __name__ == "__main__":
    Ari(*sys.argv[1:4]).run({"leave": leave, "listen": listen})
