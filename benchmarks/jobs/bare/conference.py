"""A conference that waits for its moderator, ends with it, and can be left by #."""

import sys
import threading
import time
from contextlib import suppress

from requests import HTTPError

from benchmarks.jobs.bare.calls import Ari, Call, HungUp

BRIDGE = "/bridges/conference-board"
lock = threading.Lock()
inside: list[Call] = []
moderators = 0


def guest(call: Call) -> None:
    """Let a guest take part."""
    call.do("answer")
    if not moderators:
        call.play("sound:conf-waitforleader")
        call.do("moh")
        while not moderators:
            call.next(time.monotonic() + 0.2)
        call.do("moh", "DELETE")
    take_part(call)


def moderator(call: Call) -> None:
    """Let the moderator take part."""
    global moderators
    call.do("answer")
    with lock:  # the guests join as soon as there is a moderator
        call.ari.request("POST", BRIDGE, type="mixing,dtmf_events")
        moderators += 1
    try:
        take_part(call)
    finally:
        with lock:
            moderators -= 1
            if not moderators:
                call.ari.request("DELETE", BRIDGE)


def take_part(call: Call) -> None:
    """Join, until #, or until the bridge is gone."""
    if inside:
        with suppress(HungUp, HTTPError):  # Asterisk refuses some of two at once
            call.ari.request("POST", f"{BRIDGE}/play", media="sound:beep")
    inside.append(call)
    try:
        call.ari.request("POST", f"{BRIDGE}/addChannel", channel=call.id)
        while "#" not in call.keys:
            event = call.next()
            if event and event["type"] == "ChannelLeftBridge":
                return
    finally:
        inside.remove(call)
        with suppress(HungUp, HTTPError):
            call.ari.request("POST", f"{BRIDGE}/removeChannel", channel=call.id)


if __name__ == "__main__":
    Ari(*sys.argv[1:4]).run({"guest": guest, "moderator": moderator})
