"""Call numbers at a rate, with ring time-outs and a second try; print how many ended how."""

import json
import sys
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from benchmarks.jobs.bare.calls import Ari, Call, HungUp

CAUSES = {17: "BUSY", 21: "BUSY", 18: "NO ANSWER", 19: "NO ANSWER"}
lock = threading.Lock()
turn = time.monotonic()


def wait_for_turn() -> None:
    """Keep to 20 calls a second."""
    global turn
    with lock:
        turn = mine = max(turn + 0.05, time.monotonic())
    time.sleep(max(0.0, mine - time.monotonic()))


def call_number(ari: Ari, number: str) -> str:
    """Call a number, twice if it is busy."""
    for _ in range(2):
        wait_for_turn()
        leg = Call(ari, str(uuid.uuid4()))
        ari.own.add(leg.id)
        result = ""
        params = {"endpoint": f"Local/{number}@far/n", "app": "jobs", "timeout": 2}
        try:
            ari.request("POST", f"/channels/{leg.id}", **params)
            while event := leg.mailbox.get(timeout=10):
                if event["type"] == "StasisStart":
                    result = "ANSWERED"
                    ari.request("DELETE", f"/channels/{leg.id}")
                if event["type"] == "ChannelDestroyed":
                    result = result or CAUSES.get(event["cause"], "FAILED")
                    break
                if event["type"] == "StasisEnd":
                    break
        except HungUp:
            result = result or "FAILED"
        ari.mailboxes.pop(leg.id, None)
        if result != "BUSY":
            break
    return result


if __name__ == "__main__":
    ari = Ari(*sys.argv[1:4])
    threading.Thread(target=ari.run, args=({},), daemon=True).start()
    with ThreadPoolExecutor(50) as workers:
        print(json.dumps(Counter(workers.map(lambda n: call_number(ari, n), sys.argv[4:]))))
