"""What a session asked to be told about, so that it can ask again after a restart."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from ari_notebook.client.errors import RequestFailed
from ari_notebook.client.rest import Answer, Call, Rest

__all__ = ["Subscriptions", "withdrawals"]

_STILL_STARTING = 503
_PATH = re.compile(r"^/applications/([^/]+)/(subscription|eventFilter)$")


class Subscriptions:
    """The explicit subscriptions and event filters of the session's applications.

    Kept from the session's own requests, in the order of asking, which is the order of restoring.
    """

    def __init__(self) -> None:
        self._sources: dict[tuple[str, str], int] = {}
        self._filters: dict[str, Any] = {}

    def observe(self, call: Call, answer: Answer | None) -> None:
        """Note a request that Asterisk accepted."""
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
        """Ask again for what a restarted server has forgotten.

        Args:
            rest: where to ask.
            known: application → what the server says that it is subscribed to.

        Returns:
            What could not be restored: sources that are no more, filters that are refused.

        Raises:
            AriError: the server does not answer, or is still starting: ask again later.
        """
        lost = []
        for (application, source), count in list(self._sources.items()):
            if _is_subscribed(known.get(application, {}), source):
                continue
            for _ in range(count):
                call = Call(
                    "POST", f"/applications/{application}/subscription", {"eventSource": source}
                )
                if not _accepted(rest, call):
                    self._sources.pop((application, source), None)
                    lost.append(source)
                    break
        for application, body in list(self._filters.items()):
            if not _accepted(
                rest, Call("PUT", f"/applications/{application}/eventFilter", {}, body)
            ):
                self._filters.pop(application, None)
                lost.append(f"the event filter of {application}")
        return lost


def _accepted(rest: Rest, call: Call) -> bool:
    """Send a call; False where the server refuses it for good."""
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


def withdrawals(application: dict[str, Any]) -> list[Call]:
    """What to send so that an application is subscribed to nothing and filters nothing.

    Args:
        application: as the server describes it. It is subscribed to more than was asked for: to
            what was ever in it, and to the bridges that its channels were added to.
    """
    path = f"/applications/{quote(application['name'], safe='')}"
    calls = [
        Call("DELETE", f"{path}/subscription", {"eventSource": f"{scheme}:{name}"})
        for scheme, listed in _LISTS.items()
        for name in application.get(listed, ())
        if "ALL_TOPIC" not in name  # which ends with the connection
    ]
    if application.get("events_allowed") or application.get("events_disallowed"):
        calls.append(Call("PUT", f"{path}/eventFilter", {}, {}))
    return calls
