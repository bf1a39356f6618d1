"""A menu with barge-in, three tries and a PIN that is said back; then the dialplan goes on."""

import sys

from benchmarks.jobs.bare.calls import Ari, Call


def ivr(call: Call) -> None:
    """Serve a caller."""
    call.do("answer")
    choice = call.ask("sound:tt-weasels", keys="12")
    if choice == "1":
        call.play("sound:hello-world")
    elif choice == "2":
        call.play("sound:agent-pass", interrupt="0123456789*#")
        pin = ""
        while len(pin) < 4 and (key := call.key(5 if not pin else 3)) not in ("", "#"):
            pin += key
        call.play("sound:auth-thankyou", *(f"sound:digits/{key}" for key in pin))
        call.do("variable", variable="PIN", value=pin)
        call.do("continue", extension="5001", priority=1)
        call.left = True


if __name__ == "__main__":
    Ari(*sys.argv[1:4]).run({"ivr": ivr})
