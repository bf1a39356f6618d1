"""The events of objects: followed from their beginning, or awaited up to their end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ari_notebook.client.errors import AriError, EventTimeout, NotFound
from ari_notebook.client.rest import Rest, RestRequest
from ari_notebook.connection.event_filter import EventFilter
from ari_notebook.connection.event_sync import EventSynchronizer
from ari_notebook.connection.failures import CAUSE_SECONDS, playback_failure
from ari_notebook.connection.followed_events import MOST_EVENTS, FollowedEvents, earlier_events

__all__ = ["follow", "follow_media", "is_over", "not_over", "wait_until_over"]

_RECENT = 1000  # events in which the reason of a failed playback is looked for
_PATHS = {"playback": "/playbacks", "recording": "/recordings/live"}


def follow(
    synchronizer: EventSynchronizer,
    given: Sequence[Any],
    event_filter: EventFilter | None = None,
    *,
    most: int = MOST_EVENTS,
    until_destroyed: bool = False,
) -> FollowedEvents:
    """Return the events about objects, from the moment they exist.

    Args:
        synchronizer: source of the events.
        given: live objects, ids, or names of recordings; none: whatever the filter accepts.
        event_filter: which of their events; None: all.
        most: how many to hold.
        until_destroyed: whether a channel's events go on after it left Stasis.
    """
    objects = {str(getattr(each, "id", each)) for each in given}
    router, log = synchronizer.router, synchronizer.log
    followed = FollowedEvents(
        router, objects, event_filter, most=most, until_destroyed=until_destroyed
    )
    with synchronizer.arrived:
        router.add(followed, objects)
        stop = log.count
    if given:
        known = [getattr(each, "since", None) for each in given]
        places = [place for place in known if place is not None]
        since = min(places) if len(places) == len(given) else None
        rows = [synchronizer.tables.channels.get(id) or {} for id in objects]
        created = min(str(row.get("creationtime", "")) for row in rows)
        followed.put_earlier(earlier_events(log, objects, stop, since, created))
    return followed


def follow_media(synchronizer: EventSynchronizer, id: str, since: int | None) -> FollowedEvents:
    """Return the events of a playback or recording.

    Args:
        synchronizer: source of the events.
        id: its id or name.
        since: the place in the log from which it exists; None: unknown.
    """
    router, log = synchronizer.router, synchronizer.log
    followed = FollowedEvents(router, {id})
    with synchronizer.arrived:
        router.add(followed, followed.objects)
        stop = log.count
    followed.put_earlier(earlier_events(log, {id}, stop, since))
    return followed


def is_over(
    synchronizer: EventSynchronizer, rest: Rest, kind: str, id: str, event: Mapping[str, Any]
) -> bool:
    """Return whether an event reports the end of a playback or recording.

    Args:
        synchronizer: source of the events.
        rest: REST client that checks whether it still exists, after a lost connection.
        kind: ``playback`` or ``recording``.
        id: its id or name.
        event: one of its events.

    Raises:
        AriError: it failed, or its channel has hung up.
    """
    item = event.get(kind)
    if event["type"] == "Gap":
        return not _exists(rest, f"{_PATHS[kind]}/{quote(id, safe='')}")
    if not isinstance(item, dict) or not event["type"].endswith(("Finished", "Failed")):
        return False
    if item.get("state") == "failed":
        synchronizer.leave_explanation(id)
        raise _failure(synchronizer, kind, item, str(event.get("timestamp", "")))
    return True


def not_over(kind: str, id: str, timeout: float | None) -> EventTimeout:
    """Return the error of a wait that was too short."""
    return EventTimeout(f"{kind} {id} is not over after {timeout or 0:g} s")


def wait_until_over(
    synchronizer: EventSynchronizer,
    rest: Rest,
    kind: str,
    id: str,
    since: int | None,
    timeout: float | None,
) -> None:
    """Wait until a playback or recording is over; see `is_over` and `follow_media`.

    Args:
        synchronizer: see there.
        rest: see there.
        kind: see there.
        id: see there.
        since: see there.
        timeout: seconds; None: without limit.

    Raises:
        AriError: it failed, or its channel has hung up.
        EventTimeout: it is not over in time.
    """
    with follow_media(synchronizer, id, since) as followed, synchronizer.awaited():
        for event in followed.until(timeout):
            if is_over(synchronizer, rest, kind, id, event):
                return
    raise not_over(kind, id, timeout)


def _exists(rest: Rest, path: str) -> bool:
    try:
        rest.send(RestRequest("GET", path))
    except NotFound:
        return False
    return True


def _failure(
    synchronizer: EventSynchronizer, kind: str, item: Mapping[str, Any], moment: str
) -> AriError:
    """Return why a playback or recording failed."""
    if kind == "recording":
        cause = item.get("cause") or "Asterisk's log says why"
        return AriError(f"recording {item.get('name')} failed: {cause}")
    synchronizer.background.sleep(CAUSE_SECONDS)
    log = synchronizer.log
    reason = playback_failure(item, log.since(max(0, log.count - _RECENT)), moment)
    return AriError(
        reason
        or f"{item.get('media_uri')} was cut off: its channel hung up, or its bridge has no member"
    )
