"""Objects that a session created on its server, to delete them when the session closes."""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote

from ari_notebook.client.errors import (
    AriError,
    InvalidParameter,
    NotFound,
    OutcomeUnknown,
    RequestFailed,
)
from ari_notebook.client.rest import Rest, RestRequest, RestResponse
from ari_notebook.connection.subscriptions import withdrawals

__all__ = ["CLOSING_SECONDS", "CreatedResources", "Creation"]

# Paths to which a POST creates an object, and its type.
_MAKERS = (
    (re.compile(r"/channels(/[^/]+)?|/channels/[^/]+/snoop(/[^/]+)?"), "channels"),
    (re.compile(r"/bridges(/[^/]+)?"), "bridges"),
)
_FEW = 500  # number to remember before removing those that no longer exist
CLOSING_SECONDS = 2.0  # seconds to wait for a response while closing


@dataclass(frozen=True, slots=True)
class Creation:
    """A request that creates an object and has no response yet.

    ``kind`` is ``channels`` or ``bridges``; ``existed`` is whether the object existed before.
    """

    kind: str
    existed: bool


class CreatedResources:
    """The channels, snoops, external media and bridges created by a session's requests.

    `RequestSender` calls it for each request that creates an object.

    Args:
        rest: REST client for queries and deletions, whose requests are not logged.
        tracking: whether to record requests; see `track`.
    """

    def __init__(self, rest: Rest, *, tracking: bool = False) -> None:
        self.tracking = tracking
        self._rest = rest
        self._made: dict[str, set[str]] = {"channels": set(), "bridges": set()}
        self._unknown: list[RestRequest] = []  # requests without a response
        self._roomy = _FEW

    def track(self) -> None:
        """Record from now on what requests create."""
        self.tracking = True

    def creates(self, call: RestRequest) -> bool:
        """Return whether a request creates an object to record."""
        return self.tracking and call.method == "POST" and _kind_of(call) is not None

    def started(self, call: RestRequest) -> Creation:
        """Record that a request for which `creates` holds is about to be sent."""
        path, kind = _path(call), _kind_of(call)
        assert kind is not None  # noqa: S101  `creates` holds
        # A bridge's path may name an existing bridge, which the request then changes.
        existed = kind == "bridges" and path != "/bridges" and self._exists(path)
        return Creation(kind, existed)

    def succeeded(self, creation: Creation, answer: RestResponse) -> None:
        """Record what a request created."""
        if not creation.existed:
            self._made[creation.kind].add(str(answer.json()["id"]))
            self._sort_out()

    def failed(self, call: RestRequest, error: BaseException) -> None:
        """Record that a request failed: without a response it may have created an object."""
        if isinstance(error, OutcomeUnknown):
            self._unknown.append(call)

    def delete_all(self, applications: Collection[str]) -> list[str]:
        """Delete everything that still exists, and the applications' subscriptions and filters.

        Args:
            applications: applications of the session.

        Returns:
            One line per object that could not be deleted, with the reason.
        """
        rest = Rest(self._rest.transport, timeout=CLOSING_SECONDS)
        left = [f"{call} had no response and may have created an object" for call in self._unknown]
        try:
            for kind, made in self._made.items():
                for id in self._alive(made, kind, rest):
                    _remove(rest, RestRequest("DELETE", f"/{kind}/{quote(id, safe='')}"), left)
            for application in rest.send(RestRequest("GET", "/applications")).json():
                if application["name"] in applications:
                    for call in withdrawals(application):
                        _remove(rest, call, left)
        except AriError as error:  # without a response, the next request would wait as long
            left.append(f"everything else: {error}")
        return left

    @staticmethod
    def _alive(made: set[str], kind: str, rest: Rest) -> set[str]:
        """Return those that still exist; all if the server does not list them."""
        known = set(made)
        if not known:
            return known
        try:
            return known & {
                str(each["id"]) for each in rest.send(RestRequest("GET", f"/{kind}")).json()
            }
        except RequestFailed:
            return known

    def _exists(self, path: str) -> bool:
        try:
            self._rest.send(RestRequest("GET", path))
        except NotFound:
            return False
        return True

    def _sort_out(self) -> None:
        """Remove what no longer exists, so that a day of calls does not fill the memory."""
        if sum(map(len, self._made.values())) <= self._roomy:
            return
        with suppress(AriError):  # the request itself must not fail because of it
            for kind, made in self._made.items():
                known = set(made)
                made -= known - self._alive(known, kind, self._rest)
        self._roomy = max(_FEW, 2 * sum(map(len, self._made.values())))


def _path(call: RestRequest) -> str:
    return call.path.partition("?")[0]


def _kind_of(call: RestRequest) -> str | None:
    path = _path(call)
    return next((kind for pattern, kind in _MAKERS if pattern.fullmatch(path)), None)


def _remove(rest: Rest, call: RestRequest, left: list[str]) -> None:
    """Send a request that deletes something; it succeeds if that no longer exists."""
    try:
        rest.send(call)
    except (NotFound, InvalidParameter):  # 422: the event source no longer exists
        return
    except RequestFailed as error:
        left.append(f"{call}: {error}")
