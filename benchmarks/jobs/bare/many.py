"""Many callers at once: each listens to a sound, presses a key, and gets another."""

import sys

from benchmarks.jobs.bare.calls import Ari, Call


def greet(call: Call) -> None:
    """Serve a caller."""
    call.do("answer")
    key = call.ask("sound:beep", keys="123456789", tries=1, timeout=60)
    call.play("sound:beep")
    call.do("variable", variable="GLOBAL(LAST)", value=key)


if __name__ == "__main__":
    Ari(*sys.argv[1:4]).run({"many": greet})
