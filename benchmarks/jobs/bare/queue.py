"""A queue with one agent: the longest waiting is first, with music and announcements."""

import sys
import threading
import time
from contextlib import suppress

from benchmarks.jobs.bare.calls import Ari, Call, HungUp

lock = threading.Lock()
waiting: list[Call] = []
busy = False


def serve(call: Call) -> None:
    """Serve a caller."""
    call.do("answer")
    waiting.append(call)
    call.do("moh")
    announced = time.monotonic()
    try:
        while not talk(call):
            if time.monotonic() - announced > 15:
                announced = time.monotonic()
                call.do("moh", "DELETE")
                place = waiting.index(call) + 1
                said = ["sound:queue-thereare", f"sound:digits/{place}", "sound:queue-callswaiting"]
                call.play(*(["sound:queue-youarenext"] if place == 1 else said))
                call.do("moh")
            end = time.monotonic() + 0.2
            while call.next(end):
                pass
    finally:
        if call in waiting:
            waiting.remove(call)


def talk(call: Call) -> bool:
    """Try the agent, if the call is first and the agent is idle."""
    global busy
    with lock:
        if busy or waiting[0] is not call:
            return False
        busy = True
    leg = bridge = None
    try:
        leg = call.dial("Local/agent@far/n", 10)
        if leg is None:
            return False
        waiting.remove(call)
        call.do("moh", "DELETE")
        bridge = call.ari.request("POST", "/bridges", type="mixing")["id"]
        call.ari.request("POST", f"/bridges/{bridge}/addChannel", channel=[call.id, leg.id])
        while True:
            try:
                leg.next(time.monotonic() + 0.1)
            except HungUp:
                return True
            while not call.mailbox.empty():
                call.next()
    finally:
        busy = False
        for path in (bridge and f"/bridges/{bridge}", leg and f"/channels/{leg.id}"):
            with suppress(HungUp):
                if path:
                    call.ari.request("DELETE", path)


if __name__ == "__main__":
    Ari(*sys.argv[1:4]).run({"queue": serve})
