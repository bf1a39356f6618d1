"""What ARI's mailboxes operations answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ari_notebook.simulator.messages import Reply

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange


def list_mailboxes(exchange: Exchange, args: Mapping[str, Any]) -> Reply:  # noqa: ARG001
    """``GET /mailboxes``."""
    return Reply(200, exchange.mailboxes.list())


def get(exchange: Exchange, args: Mapping[str, Any]) -> Reply:
    """``GET /mailboxes/{mailboxName}``."""
    return Reply(200, exchange.mailboxes.get(args["mailboxName"]))


def update(exchange: Exchange, args: Mapping[str, Any]) -> Reply:
    """``PUT /mailboxes/{mailboxName}``."""
    exchange.mailboxes.update(args["mailboxName"], args["oldMessages"], args["newMessages"])
    return Reply(204)


def delete(exchange: Exchange, args: Mapping[str, Any]) -> Reply:
    """``DELETE /mailboxes/{mailboxName}``."""
    exchange.mailboxes.delete(args["mailboxName"])
    return Reply(204)


OPERATIONS = {"list": list_mailboxes, "get": get, "update": update, "delete": delete}
