"""What ARI's endpoints operations answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from ari_notebook.simulator.messages import Refused, Reply

if TYPE_CHECKING:
    from ari_notebook.simulator.endpoints import Contact
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
    return _send(exchange, args["to"] or "", args)


def send_message_to_endpoint(exchange: Exchange, args: Arguments) -> Reply:
    """``PUT /endpoints/{tech}/{resource}/sendMessage``."""
    return _send(exchange, _known(exchange, args), args)


def refer(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /endpoints/refer``."""
    return _refer(exchange, args["to"] or "", args)


def refer_to_endpoint(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /endpoints/{tech}/{resource}/refer``."""
    return _refer(exchange, _known(exchange, args), args)


def _known(exchange: Exchange, args: Arguments) -> str:
    """The address of an endpoint, which has to be there."""
    exchange.endpoints.get(args["tech"], args["resource"])
    return f"{args['tech']}:{args['resource']}"


def _reach(exchange: Exchange, to: str) -> Contact:
    if not to:
        raise Refused(400, "To must be specified")
    return exchange.endpoints.reach(to)


def _send(exchange: Exchange, to: str, args: Arguments) -> Reply:
    variables = _variables(args)
    _reach(exchange, to).message(args["from"] or "", args["body"] or "", variables)
    return Reply(202)


def _refer(exchange: Exchange, to: str, args: Arguments) -> Reply:
    variables = _variables(args)
    _reach(exchange, to).refer(args["refer_to"] or "", variables)
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
