"""Subscriptions of a session, to restore them after a restart of the server."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from ari_notebook.client.errors import RequestFailed
from ari_notebook.client.rest import Rest, RestRequest, RestResponse

__all__ = ["Subscriptions", "missing_for_all", "withdrawals"]

_STILL_STARTING = 503
_PATH = re.compile(r"^/applications/([^/]+)/(subscription|eventFilter)$")


class Subscriptions:
    """The explicit subscriptions and event filters of the session's applications.

    Recorded from the session's requests, in their order, which is also the order of restoring.
    """

    def __init__(self) -> None:
        self._sources: dict[tuple[str, str], int] = {}
        self._filters: dict[str, Any] = {}

    def observe(self, call: RestRequest, answer: RestResponse | None) -> None:
        """Record a request that Asterisk accepted."""
        found = _PATH.match(call.path)
        if not found or answer is None or answer.status >= 400:
            return
        application, what = found.groups()
        if what == "eventFilter":
            self._filters[application] = call.body
            return
        body = call.body if isinstance(call.body, dict) else {}
        asked = body.get("eventSource", call.params.get("eventSource", ""))
        for source in asked if isinstance(asked, list) else asked.split(","):
            key = (application, source)
            count = self._sources.get(key, 0) + (1 if call.method == "POST" else -1)
            if count > 0:
                self._sources[key] = count
            else:
                self._sources.pop(key, None)

    def restore(self, rest: Rest, known: dict[str, dict[str, Any]]) -> list[str]:
        """Restore what a restarted server has lost.

        Args:
            rest: REST client of the server.
            known: application → the server's description of it.

        Returns:
            What could not be restored: sources that no longer exist, and refused filters.

        Raises:
            AriError: the server does not answer, or is still starting; try again later.
        """
        lost = []
        for (application, source), count in list(self._sources.items()):
            if _is_subscribed(known.get(application, {}), source):
                continue
            for _ in range(count):
                call = RestRequest(
                    "POST", f"/applications/{application}/subscription", {"eventSource": source}
                )
                if not _accepted(rest, call):
                    self._sources.pop((application, source), None)
                    lost.append(source)
                    break
        for application, body in list(self._filters.items()):
            if not _accepted(
                rest, RestRequest("PUT", f"/applications/{application}/eventFilter", {}, body)
            ):
                self._filters.pop(application, None)
                lost.append(f"the event filter of {application}")
        return lost


def _accepted(rest: Rest, call: RestRequest) -> bool:
    """Send a request; return False if the server refuses it permanently."""
    try:
        rest.send(call)
    except RequestFailed as error:
        if error.status == _STILL_STARTING:
            raise
        return False
    return True


_LISTS = {
    "channel": "channel_ids",
    "bridge": "bridge_ids",
    "endpoint": "endpoint_ids",
    "deviceState": "device_names",
}


def _is_subscribed(application: dict[str, Any], source: str) -> bool:
    scheme, _, name = source.partition(":")
    listed = application.get(_LISTS.get(scheme, ""), [])
    return name in listed if name else any("ALL_TOPIC" in item for item in listed)


def missing_for_all(application: dict[str, Any]) -> list[str]:
    """Return the event sources that an application which asked for all events does not receive.

    Asterisk ignores ``subscribeAll`` if the application is registered already, as after its program
    disconnected while a channel was in it (``__stasis_app_register`` in ``res/res_stasis.c``).
    """
    sources = [f"{scheme}:" for scheme in _LISTS]
    return [source for source in sources if not _is_subscribed(application, source)]


def withdrawals(application: dict[str, Any]) -> list[RestRequest]:
    """Return the requests that remove all subscriptions and the filter of an application.

    Args:
        application: the server's description. It includes implicit subscriptions: to channels that
            entered it, and to bridges that its channels were added to.
    """
    path = f"/applications/{quote(application['name'], safe='')}"
    calls = [
        RestRequest("DELETE", f"{path}/subscription", {"eventSource": f"{scheme}:{name}"})
        for scheme, listed in _LISTS.items()
        for name in application.get(listed, ())
        if "ALL_TOPIC" not in name  # the subscription ends with the connection
    ]
    if application.get("events_allowed") or application.get("events_disallowed"):
        calls.append(RestRequest("PUT", f"{path}/eventFilter", {}, {}))
    return calls
