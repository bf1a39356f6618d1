"""ARI's operations on endpoints."""

from __future__ import annotations

from ari_notebook.simulator.messages import AriRefusal, Reply
from ari_notebook.simulator.rest.context import Arguments, AriContext
from ari_notebook.simulator.services.endpoints import Contact


def list_endpoints(ari: AriContext, args: Arguments) -> Reply:  # noqa: ARG001
    """List the endpoints: ``GET /endpoints``."""
    return Reply(200, ari.endpoints.list())


def list_by_tech(ari: AriContext, args: Arguments) -> Reply:
    """List the endpoints of a technology: ``GET /endpoints/{tech}``."""
    return Reply(200, ari.endpoints.list(args["tech"]))


def get(ari: AriContext, args: Arguments) -> Reply:
    """Return one endpoint: ``GET /endpoints/{tech}/{resource}``."""
    return Reply(200, ari.endpoints.get(args["tech"], args["resource"]))


def send_message(ari: AriContext, args: Arguments) -> Reply:
    """Send a text message to a URI: ``PUT /endpoints/sendMessage``."""
    return _send(ari, args["to"] or "", args)


def send_message_to_endpoint(ari: AriContext, args: Arguments) -> Reply:
    """Send a text message to an endpoint: ``PUT /endpoints/{tech}/{resource}/sendMessage``."""
    return _send(ari, _known(ari, args), args)


def refer(ari: AriContext, args: Arguments) -> Reply:
    """Refer a URI: ``POST /endpoints/refer``."""
    return _refer(ari, args["to"] or "", args)


def refer_to_endpoint(ari: AriContext, args: Arguments) -> Reply:
    """Refer an endpoint: ``POST /endpoints/{tech}/{resource}/refer``."""
    return _refer(ari, _known(ari, args), args)


def _known(ari: AriContext, args: Arguments) -> str:
    """Return the URI of an endpoint, which must exist."""
    ari.endpoints.get(args["tech"], args["resource"])
    return f"{args['tech']}:{args['resource']}"


def _reach(ari: AriContext, to: str) -> Contact:
    if not to:
        raise AriRefusal(400, "To must be specified")
    return ari.endpoints.reach(to)


def _send(ari: AriContext, to: str, args: Arguments) -> Reply:
    variables = _variables(args)
    _reach(ari, to).message(args["from"] or "", args["body"] or "", variables)
    return Reply(202)


def _refer(ari: AriContext, to: str, args: Arguments) -> Reply:
    variables = _variables(args)
    _reach(ari, to).refer(args["refer_to"] or "", variables)
    return Reply(202)


def _variables(args: Arguments) -> dict[str, str]:
    """Return the member ``variables`` of the body, or an empty dict."""
    variables = (args["variables"] or {}).get("variables")
    if not isinstance(variables, dict):
        return {}
    if not all(isinstance(value, str) for value in variables.values()):
        raise AriRefusal(400, "Only string values in the 'variables' object allowed")
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
