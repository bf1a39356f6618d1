"""The panel as plain HTML, for where no kernel runs: the same rows in the same style sheets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from ari_notebook.connection.status import counted
from ari_notebook.views.display.bundle import THEME, page_style, small
from ari_notebook.views.display.html import Markup, clean, element, join, style_sheet

__all__ = ["panel_picture"]

_HERE = Path(__file__).parent
_MOST = 50  # calls
_LINES = 14  # of the log
_SECTIONS = ("Ringing", "Waiting", "In the dialplan")
_UNSHOWN = re.compile("ChannelVarset|ChannelDialplan")  # in the panel's log at first, too
_FAILED = 400  # a request's status from here on

Row = dict[str, Any]


def panel_picture(state: Row, *, chosen: str = "", ladder: str = "", name: str = "") -> Markup:
    """Return the panel as HTML without buttons.

    Args:
        state: data of a page, see `PanelState.whole`.
        chosen: id of the call or bridge to show in full; empty: none.
        ladder: its ladder, as SVG of this package.
        name: name by which a page finds the picture to update.
    """
    now = datetime.now(UTC)
    body = element(
        "div",
        _top(state, now),
        element(
            "div",
            _calls(state, chosen, now),
            _chosen(state, chosen, ladder, now),
            _log(state),
            class_="panes",
        ),
        class_="body",
    )
    shown = element("div", body, class_="ari-snapshot", data_picture=name or None)
    return join(style_sheet(_style()), shown)


@cache
def _style() -> str:
    """Return the panel's style sheets under another name, with the picture's differences."""
    sheets = page_style(THEME, _HERE / "frontend") + (_HERE / "picture.css").read_text("utf-8")
    named = sheets.replace("button.card", ".card").replace("summary", ".line")
    named = named.replace(".ari-panel", ".ari-snapshot")
    return small(named)


def _top(state: Row, now: datetime) -> Markup:
    status = state["status"]
    facts = [
        status["server"],
        ", ".join(status["applications"]),
        counted(status["requests"], "request"),
        counted(status["gaps"], "gap"),
    ]
    said = f"{now:%Y-%m-%d %H:%M:%S} UTC · for a live panel run: %ari panel"
    started = status["started"]
    share = f"{min(100, round(100 * status['answered'] / started))}%" if started else "-"
    tiles = (
        ("Calls now", f"{len(state['channels']['set']):,}"),
        ("Bridges", f"{len(state['bridges']['set']):,}"),
        ("Answered", share),
        ("Errors", f"{status['failed']:,}"),
        ("Events", f"{status['events']:,}"),
    )
    return element(
        "div",
        element(
            "div",
            _state(status["state"]),
            element("strong", status["name"]),
            element("div", element("span", " · ".join(facts), class_="faint where")),
            element("div", element("span", said, class_="faint where")),
            class_="session",
        ),
        element("div", *(_tile(label, figure) for label, figure in tiles), class_="tiles"),
        class_="top",
    )


def _tile(label: str, figure: str) -> Markup:
    return element(
        "div", element("span", label), element("b", figure, class_="figure"), class_="tile"
    )


def _state(state: str) -> Markup:
    return element("span", state, class_="state", data_state=state)


def _calls(state: Row, chosen: str, now: datetime) -> Markup:
    rows, bridges = state["channels"]["set"], state["bridges"]["set"]
    items: list[Markup] = []
    left = _MOST
    for key, members in _groups(rows, bridges):
        items.append(
            _bridge(bridges[key], key == chosen) if key in bridges else _heading(key, len(members))
        )
        shown = list(members)[: max(0, left)]
        left -= len(members)
        items += [_call(rows[id], id == chosen, key in bridges, now) for id in shown]
    if left < 0:
        items.append(element("li", f"… {counted(-left, 'more channel')}", class_="heading"))
    empty = None if items else element("p", "No active calls.", class_="big")
    return element(
        "section",
        element("div", element("h3", "Calls"), class_="bar"),
        empty,
        element("ol", *items, class_="cards") if items else None,
        class_="pane calls",
        aria_label="Calls",
    )


def _groups(rows: Row, bridges: Row) -> Iterator[tuple[str, list[str]]]:
    """Yield each bridge with its calls, then calls that ring, wait, or are elsewhere; by id."""
    groups: dict[str, list[str]] = {key: [] for key in (*bridges, *_SECTIONS)}
    for id, row in rows.items():
        if row["bridge"] in bridges:
            groups[row["bridge"]].append(id)
        elif not row["stasis"]:
            groups["In the dialplan"].append(id)
        else:
            groups["Waiting" if row["state"] == "Up" else "Ringing"].append(id)
    return ((key, members) for key, members in groups.items() if members or key in bridges)


def _heading(title: str, count: int) -> Markup:
    counts = element("span", str(count), class_="faint")
    return element("li", element("span", title), counts, class_="heading")


def _bridge(row: Row, chosen: bool) -> Markup:
    card = element(
        "div",
        element("bdi", row["name"] or "Bridge", class_="name"),
        element(
            "span", f"{row['type']} · {counted(len(row['channels']), 'channel')}", class_="faint"
        ),
        element("span", " · ".join(filter(None, (_media(row), *row["switches"]))), class_="now"),
        class_="card",
    )
    return element("li", card, class_="bridge chosen" if chosen else "bridge")


def _call(row: Row, chosen: bool, member: bool, now: datetime) -> Markup:
    doing = [f"⌨ {row['keys']}"] if row["keys"] else []
    name = row["callerName"] or row["callerNumber"] or row["name"]
    number = row["callerNumber"] if row["callerName"] else ""
    card = element(
        "div",
        element(
            "span",
            element("bdi", name, class_="name"),
            element("bdi", number, class_="number"),
            _state(row["state"]),
            element("span", _age(row["since"], now), class_="time"),
            class_="line",
        ),
        element(
            "span",
            element("bdi", _dialled(row), class_="dialled"),
            element("span", " · ".join([*doing, *row["switches"]]), class_="now"),
            element("bdi", _media(row), class_="media"),
            class_="line",
        ),
        class_="card",
    )
    kinds = ["channel", "member" if member else "", "chosen" if chosen else ""]
    return element("li", card, class_=" ".join(filter(None, kinds)), data_state=row["state"])


def _media(row: Row) -> str:
    played = [f"▶ {row['playing']}"] if row["playing"] else []
    return " · ".join([*played, *([f"● {row['recording']}"] if row["recording"] else [])])


def _dialled(row: Row) -> str:
    return f"{row['exten']}@{row['context']}" if row["exten"] else ""


def _age(since: float | None, now: datetime) -> str:
    """Return how long a call has lasted, as a clock shows it."""
    if since is None:
        return ""
    minutes, seconds = divmod(max(0, round(now.timestamp() - since / 1000)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"


def _chosen(state: Row, chosen: str, ladder: str, now: datetime) -> Markup:
    row = state["channels"]["set"].get(chosen)
    bridge = state["bridges"]["set"].get(chosen)
    head: list[Markup] = []
    if row:
        head = [
            element("bdi", row["callerName"] or row["callerNumber"] or row["name"], class_="name"),
            element("bdi", row["callerNumber"] if row["callerName"] else ""),
            _state(row["state"]),
            element("span", _age(row["since"], now), class_="time"),
            element("span", f"{_dialled(row)} · {row['name']}", class_="faint about"),
        ]
    elif bridge:
        head = [element("bdi", bridge["name"] or "Bridge", class_="name")]
    drawn = element(
        "div",
        Markup(ladder),
        class_="ladder sheet",
        role="region",
        aria_label="Ladder",
        tabindex=0,
    )
    return element(
        "section",
        element("h3", *head) if head else element("p", "No call was chosen.", class_="big"),
        drawn if head and ladder else None,
        class_="pane inspector",
        aria_label="Chosen call",
    )


def _log(state: Row) -> Markup:
    lines = sorted([*_event_lines(state), *_request_lines(state)], key=lambda line: line[0])
    shown = [line for _, line in lines[-_LINES:]]
    return element(
        "section",
        element("div", element("h3", "Log"), class_="bar"),
        element("ol", *reversed(shown), class_="lines"),
        class_="pane log",
        aria_label="Log",
    )


def _event_lines(state: Row) -> Iterator[tuple[float, Markup]]:
    for _, stamp, kind, who, words, _ in state["events"]:
        if _UNSHOWN.match(kind):
            continue
        try:
            at = datetime.fromisoformat(stamp).timestamp()
        except ValueError:
            at = 0.0
        yield at, _line(at, f"← {kind}", _family(kind), who, words, failed=False)


def _request_lines(state: Row) -> Iterator[tuple[float, Markup]]:
    for _, at, method, path, status, took, words in state["requests"]:
        failed = status is None or status >= _FAILED
        outcome = f"→ {status or 'no answer'} {words}{f', {took:.0f} ms' if took else ''}"
        yield at / 1000, _line(at / 1000, f"→ {method}", "Requests", path, outcome, failed=failed)


def _line(at: float, kind: str, family: str, who: str, words: str, *, failed: bool) -> Markup:
    time = datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S.%f")[:-3] if at else ""
    shown = element(
        "div",
        element("time", time),
        element("b", kind, data_family=family),
        element("bdi", who),
        element("bdi", clean(words)),
        class_="line",
    )
    return element("li", shown, class_="failed" if failed else None)


def _family(kind: str) -> str:
    """Return the kind of an event as the panel's log has it, for its colour."""
    if kind.startswith("ChannelDtmf"):
        return "Keys"
    if re.match("Playback|Recording|ChannelTalk|ChannelTone", kind):
        return "Media"
    return "Bridges" if "Bridge" in kind else "Calls"
