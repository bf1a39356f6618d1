"""ARI's operations on mailboxes."""

from __future__ import annotations

from ari_notebook.simulator.messages import Reply
from ari_notebook.simulator.rest.context import Arguments, AriContext


def list_mailboxes(ari: AriContext, args: Arguments) -> Reply:  # noqa: ARG001
    """List the mailboxes: ``GET /mailboxes``."""
    return Reply(200, ari.mailboxes.list())


def get(ari: AriContext, args: Arguments) -> Reply:
    """Return one mailbox: ``GET /mailboxes/{mailboxName}``."""
    return Reply(200, ari.mailboxes.get(args["mailboxName"]))


def update(ari: AriContext, args: Arguments) -> Reply:
    """Set the message counts of a mailbox: ``PUT /mailboxes/{mailboxName}``."""
    ari.mailboxes.update(args["mailboxName"], args["oldMessages"], args["newMessages"])
    return Reply(204)


def delete(ari: AriContext, args: Arguments) -> Reply:
    """Delete a mailbox: ``DELETE /mailboxes/{mailboxName}``."""
    ari.mailboxes.delete(args["mailboxName"])
    return Reply(204)


OPERATIONS = {"list": list_mailboxes, "get": get, "update": update, "delete": delete}
