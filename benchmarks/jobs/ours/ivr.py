"""A menu with barge-in, three tries and a PIN that is said back; then the dialplan goes on."""

import sys

import ari_notebook
from ari_notebook.flows import flow
from ari_notebook.flows.call import Call
from ari_notebook.flows.media import digits


@flow(args=["ivr"])
def ivr(call: Call) -> None:
    """Serve a caller."""
    call.answer()
    choice = call.ask("tt-weasels", keys="12", tries=3, timeout=5, invalid="pbx-invalid")
    if choice == "1":
        call.say("hello-world")
    elif choice == "2":
        pin = call.digits(4, prompt="agent-pass", end="#")
        call.say("auth-thankyou", digits(pin))
        call.set("PIN", pin)
        call.transfer("5001")


if __name__ == "__main__":
    url, user, password = sys.argv[1:4]
    ari_notebook.serve(url, [ivr], app="jobs", user=user, password=password)
