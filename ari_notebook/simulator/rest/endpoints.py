"""What ARI's endpoints operations answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from ari_notebook.simulator.messages import Refused, Reply

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

Arguments: TypeAlias = Mapping[str, Any]


def list_endpoints(exchange: Exchange, args: Arguments) -> Reply:  # noqa: ARG001
    """``GET /endpoints``."""
    return Reply(200, exchange.endpoints.list())


def list_by_tech(exchange: Exchange, args: Arguments) -> Reply:
    """``GET /endpoints/{tech}``."""
    return Reply(200, exchange.endpoints.list(args["tech"]))


def get(exchange: Exchange, args: Arguments) -> Reply:
    """``GET /endpoints/{tech}/{resource}``."""
    return Reply(200, exchange.endpoints.get(args["tech"], args["resource"]))


def send_message(exchange: Exchange, args: Arguments) -> Reply:
    """``PUT /endpoints/sendMessage``."""
    return _send(exchange, _given(args), args)


def send_message_to_endpoint(exchange: Exchange, args: Arguments) -> Reply:
    """``PUT /endpoints/{tech}/{resource}/sendMessage``."""
    return _send(exchange, f"{args['tech']}:{args['resource']}", args)


def refer(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /endpoints/refer``."""
    return _refer(exchange, _given(args), args)


def refer_to_endpoint(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /endpoints/{tech}/{resource}/refer``."""
    return _refer(exchange, f"{args['tech']}:{args['resource']}", args)


def _given(args: Arguments) -> str:
    to: str = args["to"] or ""
    if not to:
        raise Refused(400, "To must be specified")
    return to


def _send(exchange: Exchange, to: str, args: Arguments) -> Reply:
    variables = _variables(args)
    contact = exchange.endpoints.reach(to)
    contact.message(args["from"] or "", args["body"] or "", variables)
    return Reply(202)


def _refer(exchange: Exchange, to: str, args: Arguments) -> Reply:
    variables = _variables(args)
    exchange.endpoints.reach(to).refer(args["refer_to"] or "", variables)
    return Reply(202)


def _variables(args: Arguments) -> dict[str, str]:
    """The member ``variables`` of the body; anything but an object counts as none."""
    variables = (args["variables"] or {}).get("variables")
    if not isinstance(variables, dict):
        return {}
    if not all(isinstance(value, str) for value in variables.values()):
        raise Refused(400, "Only string values in the 'variables' object allowed")
    return variables


OPERATIONS = {
    "list": list_endpoints,
    "listByTech": list_by_tech,
    "get": get,
    "sendMessage": send_message,
    "sendMessageToEndpoint": send_message_to_endpoint,
    "refer": refer,
    "referToEndpoint": refer_to_endpoint,
}
