"""Voice mail: greeting, beep, a message up to # or silence; listen, delete."""

import sys

import ari_notebook
from ari_notebook.flows import flow
from ari_notebook.flows.call import Call
from ari_notebook.parts import VoiceMail

mail = VoiceMail(greeting="vm-intro")


@flow(args=["leave"])
def leave(call: Call) -> None:
    """Record a message."""
    mail.leave(call, "100", review=False)


@flow(args=["listen"])
def listen(call: Call) -> None:
    """Let the owner listen."""
    mail.listen(call, "100")


if __name__ == "__main__":
    url, user, password = sys.argv[1:4]
    ari_notebook.serve(url, [leave, listen], app="jobs", user=user, password=password)
