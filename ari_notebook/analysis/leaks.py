"""Stuck objects, which a program left behind, each with the request that removes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ari_notebook.client.errors import UsageProblem
from ari_notebook.store.calls import CallRecord

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ServerState", "leaks"]

Row = Mapping[str, Any]
# An object younger than this may be about to be used: a bridge gets its first channel, a medium
# its bridge.
_SETTLING_SECONDS = 5.0
_OLD_SECONDS = 4 * 3600.0  # a channel's age where too few of its kind have ended to compare
_FEW = 20  # ended channels of a kind from which on they are compared
_TIMES_OLDER = 3.0  # than 99 of 100 ended channels of its kind
_MEDIA = ("AudioSocket", "MulticastRTP", "UnicastRTP", "WebSocket")


@dataclass(frozen=True, slots=True)
class ServerState:
    """The searched state of a server.

    Attributes:
        channels: rows as ARI's ``Channel``.
        bridges: rows as ARI's ``Bridge``.
        playbacks: rows as ARI's ``Playback``.
        applications: the names of the connected Stasis applications; None where unknown.
        calls: ended calls, whose channels say how old those of their kind become.
        now: seconds since 1970.
    """

    channels: Collection[Row]
    bridges: Collection[Row]
    playbacks: Collection[Row]
    applications: Collection[str] | None
    calls: Iterable[CallRecord]
    now: float


def leaks(state: ServerState, older: float | None = None) -> pd.DataFrame:
    """Return the stuck objects.

    Args:
        state: of the server.
        older: seconds from which on a channel is too old; None for three times the age that 99 of
            100 ended channels of its technology reached, or four hours where fewer than 20 ended.

    Returns:
        One row per object, indexed by ``id``: ``kind``, ``name``, ``age`` (seconds), ``reason``,
        and the ``request`` that removes it.

    Raises:
        UsageProblem: the age is not positive.
    """
    import pandas as pd  # noqa: PLC0415  takes 0.4 s

    if older is not None and older <= 0:
        raise UsageProblem(f"older must be more than 0 seconds, not {older}", "Leave it out.")
    found: dict[str, tuple[str, str, float | None, str, str]] = {}
    for kind, id, name, age, reason in (
        *_channels(state, older),
        *_bridges(state),
        *_playbacks(state),
    ):
        request = f"DELETE /{kind}s/{quote(id, safe='')}"
        found.setdefault(id, (kind, name, age, reason, request))
    rows = list(found.values())
    return pd.DataFrame(
        {
            "id": pd.array(list(found), dtype="str"),
            "kind": pd.Categorical([row[0] for row in rows]),
            "name": pd.array([row[1] for row in rows], dtype="str"),
            "age": pd.Series([row[2] for row in rows], dtype="Float64").round(1).array,
            "reason": pd.array([row[3] for row in rows], dtype="str"),
            "request": pd.array([row[4] for row in rows], dtype="str"),
        }
    ).set_index("id")


Found = tuple[str, str, str, "float | None", str]


def _channels(state: ServerState, older: float | None) -> Iterator[Found]:
    alive = {str(row.get("id")) for row in state.channels}
    bridged = {id for row in state.bridges for id in row.get("channels") or ()}
    limits = _limits(state.calls)
    for row in state.channels:
        id, name = str(row.get("id")), str(row.get("name", ""))
        age = _age(row, state.now)
        technology = name.partition("/")[0]
        app = _application(row)
        settled = age is None or age > _SETTLING_SECONDS
        limit = older or limits.get(technology, _OLD_SECONDS)
        if technology == "Snoop" and (of := _snooped(name)) not in alive:
            yield "channel", id, name, age, f"it snoops on channel {of}, which has ended"
        elif app and state.applications is not None and app not in state.applications:
            yield "channel", id, name, age, f"it is in Stasis application {app}: not connected"
        elif technology in _MEDIA and id not in bridged and settled:
            yield "channel", id, name, age, "a media channel in no bridge"
        elif age is not None and age > limit:
            yield "channel", id, name, age, f"older than {limit:.0f} s"


def _bridges(state: ServerState) -> Iterator[Found]:
    for row in state.bridges:
        age = _age(row, state.now)
        ours = row.get("bridge_class", "stasis") == "stasis"
        if ours and not row.get("channels") and (age is None or age > _SETTLING_SECONDS):
            kind = str(row.get("bridge_type", ""))
            yield "bridge", str(row.get("id")), str(row.get("name", "")), age, f"{kind}, empty"


def _playbacks(state: ServerState) -> Iterator[Found]:
    alive = {str(row.get("id")) for row in state.channels}
    full = {str(row.get("id")) for row in state.bridges if row.get("channels")}
    for row in state.playbacks:
        kind, _, target = str(row.get("target_uri", "")).partition(":")
        if target in (full if kind == "bridge" else alive):
            continue
        reason = (
            f"it plays to bridge {target}, which is empty or gone"
            if kind == "bridge"
            else f"it plays to channel {target}, which has ended"
        )
        yield "playback", str(row.get("id")), str(row.get("media_uri", "")), None, reason


def _age(row: Row, now: float) -> float | None:
    try:
        return max(0.0, now - datetime.fromisoformat(str(row["creationtime"])).timestamp())
    except (KeyError, ValueError):
        return None


def _application(row: Row) -> str:
    """Return the Stasis application that a channel is in; "" for one in the dialplan."""
    plan = row.get("dialplan") or {}
    if plan.get("app_name") != "Stasis":
        return ""
    return str(plan.get("app_data") or "").split(",")[0]


def _snooped(name: str) -> str:
    """Return the channel that a snoop channel's name contains: ``Snoop/1795918572.0-00000000``.

    See ``stasis_app_control_snoop`` in ``res/res_stasis_snoop.c``.
    """
    return name.partition("/")[2].rpartition("-")[0]


def _limits(calls: Iterable[CallRecord]) -> dict[str, float]:
    """Return the age limit of channels by technology, for those with enough ended channels."""
    ages: dict[str, list[float]] = defaultdict(list)
    for call in calls:
        for leg in call.legs:
            if leg.end is not None:
                ages[leg.name.partition("/")[0]].append(leg.end - leg.begin)
    return {
        technology: max(_TIMES_OLDER * sorted(found)[int(len(found) * 0.99)], _SETTLING_SECONDS)
        for technology, found in ages.items()
        if len(found) >= _FEW
    }
