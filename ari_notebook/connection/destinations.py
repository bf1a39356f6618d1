"""Check of destinations that Asterisk accepts in a request although they do not exist.

``POST …/continue`` answers 204 for any extension, and ``POST /channels`` 200 for any Local
extension and any application; the channel then ends, and an application that it has left or never
entered receives no event of it (``res/ari/resource_channels.c``). So the server is queried: a
channel's function DIALPLAN_EXISTS for the dialplan, ``GET /applications`` for the applications.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote

from ari_notebook.client.errors import AriError, NotFound
from ari_notebook.client.rest import Rest, RestRequest, RestResponse
from ari_notebook.store.tables import Tables

__all__ = ["DestinationCheck"]

_KNOWN_SECONDS = 60.0  # for which an existing destination is not queried again
_MOST_KNOWN = 1000
_NAME = re.compile(r"[\w.*#+-]+")  # without special meaning in a dialplan function
_CONTINUE = re.compile(r"/channels/([^/]+)/continue$")
# Requests that create a channel in `app`. A channel that cannot be moved stays where it is,
# and Asterisk publishes ApplicationMoveFailed.
_MAKING = re.compile(r"/channels(/[^/]+)?(/snoop(/[^/]+)?)?$")
_LOCAL = re.compile(r"Local/([^@/]+)(?:@([^/]+))?", re.IGNORECASE)


class _Place(NamedTuple):
    """A dialplan location."""

    context: str
    exten: str
    priority: int = 1

    def __str__(self) -> str:
        return f"{self.exten}@{self.context}"


class DestinationCheck:
    """Reports that a request's extension or application does not exist.

    Args:
        rest: REST client for its queries.
        applications: applications of the session, which are connected.
        tables: the live tables.
        notify: called with a line for the user, and the level of `logging`.
    """

    def __init__(
        self,
        rest: Rest,
        applications: tuple[str, ...],
        tables: Tables,
        notify: Callable[[str, int], None],
    ) -> None:
        self._rest = rest
        self._applications = applications
        self._tables = tables
        self._notify = notify
        self._known: dict[object, float] = {}  # destination → time at which it existed
        self._missing: dict[int, str] = {}  # pending request → message to report if it succeeds

    def before(self, call: RestRequest) -> None:
        """Check the location at which a channel is to continue, while the channel can be queried.

        Args:
            call: the request, not sent yet.
        """
        path, given = _arguments(call)
        found = _CONTINUE.match(path)
        if call.method != "POST" or not found:
            return
        channel = unquote(found[1])
        place = self._continued_at(channel, given)
        if place is not None and self._exists(place, channel) is False:
            self._missing[id(call)] = self._fate(place, channel)

    def on_request_done(self, call: RestRequest, answer: RestResponse | None, status: int) -> None:
        """Report a missing destination of a successful request.

        Args:
            call: the request.
            answer: the response's JSON, if the request succeeded.
            status: the HTTP status.
        """
        del status
        missing = self._missing.pop(id(call), "")
        if answer is None or call.method != "POST":
            return
        path, given = _arguments(call)
        if not missing and _MAKING.match(path) and answer.is_json:
            made = answer.json()
            if isinstance(made, dict) and isinstance(made.get("id"), str):
                missing = self._missing_application(str(given.get("app") or ""))
                missing = missing or self._missing_extension(made["id"], given)
        if missing:
            self._notify(missing, logging.WARNING)

    def _missing_application(self, name: str) -> str:
        """Return a sentence about an application that is not connected; empty for any other."""
        if not name or name in self._applications or self._was_known(name):
            return ""
        try:
            self._rest.send(RestRequest("GET", f"/applications/{quote(name, safe='')}"))
        except NotFound:
            return f"no program is connected as {name}: the channel ends instead of entering it"
        except AriError:
            return ""
        self._know(name)
        return ""

    def _missing_extension(self, channel: str, given: Mapping[str, Any]) -> str:
        """Return a sentence about a new channel's extension if it does not exist."""
        places = []
        if endpoint := _LOCAL.match(str(given.get("endpoint", ""))):
            places.append(_Place(endpoint[2] or "default", endpoint[1]))
            if self._exists(places[0], channel) is False:
                return f"the dialplan has no extension {places[0]}: the call ends"
        if given.get("extension") and not given.get("label"):
            context, priority = str(given.get("context") or "default"), given.get("priority")
            places.append(_Place(context, str(given["extension"]), _priority(priority)))
        if not places or not self._is_plain(places[-1]):
            return ""
        exists = self._exists(places[-1], channel)
        if exists is False:
            return self._fate(places[-1], channel)
        if exists is None and not self._is_there(channel):
            names = " or ".join(str(place) for place in places)
            return f"the call ended at once: the dialplan may have no extension {names}"
        return ""

    def _continued_at(self, channel: str, given: Mapping[str, Any]) -> _Place | None:
        """Return the location at which a channel is to continue, or None if the request names none.

        A context alone means its extension s; an extension alone is one of the channel's context.
        """
        context, exten = str(given.get("context") or ""), str(given.get("extension") or "")
        if not context and not exten and not given.get("priority"):
            return None
        at = self._dialplan_of(channel)
        return _Place(
            context or str(at.get("context", "")),
            exten or ("s" if context else str(at.get("exten", ""))),
            1 if given.get("label") else _priority(given.get("priority")),
        )

    def _dialplan_of(self, channel: str) -> Mapping[str, Any]:
        row = self._tables.channels.get(channel) or {}
        found = row.get("dialplan")
        if not isinstance(found, dict):
            try:
                path = f"/channels/{quote(channel, safe='')}"
                found = self._rest.send(RestRequest("GET", path)).json().get("dialplan")
            except AriError:
                found = None
        return found if isinstance(found, dict) else {}

    def _fate(self, place: _Place, channel: str) -> str:
        """Return a sentence about a location that does not exist, and what happens to the call."""
        if place.priority != 1 and self._exists(place._replace(priority=1), channel):
            return f"extension {place} has no priority {place.priority}: the call ends"
        goes_on = self._exists(_Place(place.context, "i"), channel)
        fate = f"continues at extension i of {place.context}" if goes_on else "ends"
        return f"the dialplan has no extension {place}: the call {fate}"

    def _exists(self, place: _Place, channel: str) -> bool | None:
        """Return whether the dialplan has a location; None if no channel can be queried.

        Args:
            place: the location.
            channel: channel to query first; every channel gives the same answer.
        """
        if not self._is_plain(place):
            return None
        if self._was_known(place):
            return True
        found = self._ask(place, channel)
        if found is None:
            try:
                listed = self._rest.send(RestRequest("GET", "/channels")).json()
            except AriError:
                return None
            others = [str(each.get("id")) for each in listed if each.get("id") != channel]
            found = self._ask(place, others[-1]) if others else None
        if found:
            self._know(place)
        return found

    def _ask(self, place: _Place, channel: str) -> bool | None:
        variable = f"DIALPLAN_EXISTS({place.context},{place.exten},{place.priority})"
        path = f"/channels/{quote(channel, safe='')}/variable"
        try:
            answer = self._rest.send(RestRequest("GET", path, {"variable": variable})).json()
        except AriError:
            return None
        return {"1": True, "0": False}.get(str(answer.get("value")))

    def _is_there(self, channel: str) -> bool:
        try:
            self._rest.send(RestRequest("GET", f"/channels/{quote(channel, safe='')}"))
        except NotFound:
            return False
        except AriError:
            return True
        return True

    @staticmethod
    def _is_plain(place: _Place) -> bool:
        return bool(_NAME.fullmatch(place.context) and _NAME.fullmatch(place.exten))

    def _was_known(self, destination: object) -> bool:
        return time.monotonic() - self._known.get(destination, float("-inf")) < _KNOWN_SECONDS

    def _know(self, destination: object) -> None:
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[destination] = time.monotonic()


def _arguments(call: RestRequest) -> tuple[str, dict[str, Any]]:
    """Return a request's path, and its arguments from path, query and body."""
    path, _, query = call.path.partition("?")
    body = call.body if isinstance(call.body, dict) else {}
    return path.rstrip("/"), {**dict(parse_qsl(query)), **call.params, **body}


def _priority(value: object) -> int:
    """Return a priority as Asterisk reads it: 1 if none is given."""
    try:
        return int(str(value))
    except ValueError:
        return 1
