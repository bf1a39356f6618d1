"""The timeline: channels over time, with their states, bridges and media."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ari_notebook.views.diagrams.selection import ReceivedEvent
from ari_notebook.views.diagrams.svg import clipped, clock, fitted, svg
from ari_notebook.views.display.cards import party
from ari_notebook.views.display.html import Markup, clean, element
from ari_notebook.views.display.names import short_id

__all__ = ["TimelineSpan", "Track", "draw", "tracks", "write"]

_LEFT, _WIDTH, _TOP = 170.0, 900.0, 34.0
_BAR = 19.0  # pixels; a channel has one each for states, bridges, media and speech
_PLACES = {"state": 0, "bridge": 1, "playing": 2, "recording": 2, "talking": 3, "silence": 3}
_MOODS = {
    "bridge": "group",
    "playing": "playing",
    "recording": "recording",
    "talking": "talking",
    "silence": "silence",
}
_KEY_WIDTH = 16.0
_NARROW = 80  # characters of a line of text
_WIDEST_LABEL = 18
# A state's character in the shell.
_LETTERS = {"Up": "█", "Ring": "░", "Ringing": "░", "Dialing": "░", "Down": "·", "Busy": "x"}


@dataclass(slots=True)
class TimelineSpan:
    """A period of a channel.

    Attributes:
        kind: state, bridge, playing, recording, talking or silence.
        label: the state, the bridge's name, or the medium.
        begin: seconds since 1970.
        end: seconds since 1970; None while unknown.
        open: whether it continued at the last event.
    """

    kind: str
    label: str
    begin: float
    end: float | None = None
    open: bool = False


@dataclass(slots=True)
class Track:
    """One channel's spans, its pressed keys, and its bridge, if any."""

    id: str
    label: str
    bridge: str = ""
    spans: list[TimelineSpan] = field(default_factory=list)
    keys: list[tuple[float, str]] = field(default_factory=list)

    def enter(self, kind: str, label: str, at: float) -> None:
        """Begin a span; end the current one of its kind, unless it is the same."""
        known = self.current(kind)
        if known is not None and known.label == label:
            return
        if known is not None:
            known.end = at
        self.spans.append(TimelineSpan(kind, label, at))

    def leave(self, kind: str, at: float) -> None:
        """End the spans of a kind, or all if it is empty."""
        if kind in ("", "bridge"):
            self.bridge = ""
        for span in self.spans:
            if span.end is None and kind in ("", span.kind):
                span.end = at

    def stop(self, at: float) -> None:
        """End open spans with the last event, and mark them as open."""
        for span in self.spans:
            if span.end is None:
                span.end, span.open = at, True

    def current(self, kind: str) -> TimelineSpan | None:
        """Return the current span of a kind."""
        return next((s for s in self.spans if s.kind == kind and s.end is None), None)


def tracks(events: Iterable[ReceivedEvent], channels: frozenset[str] = frozenset()) -> list[Track]:
    """Return channels over time, from events.

    Times are those of the server's clock, shifted to the times of receipt. The two halves of a
    Local channel are one track.

    Args:
        events: oldest first.
        channels: only these; empty: all.

    Returns:
        One track per channel, in the order of their first events. An open span ends with the last
        event.
    """
    made: dict[str, Track] = {}
    halves: dict[str, str] = {}
    logged = list(events)
    stamps = [_time(each.event.get("timestamp"), each.at) for each in logged]
    skew = min((each.at - at for each, at in zip(logged, stamps, strict=True)), default=0.0)
    at = 0.0
    for each, stamp in zip(logged, stamps, strict=True):
        event, at = each.event, stamp + skew
        for name in ("channel", "peer"):
            item = event.get(name)
            if isinstance(item, Mapping) and isinstance(item.get("id"), str):
                if channels and item["id"] not in channels:
                    continue
                _see(made, halves, item, event, at)
        for name, kind in (("playback", "playing"), ("recording", "recording")):
            item = event.get(name)
            if isinstance(item, Mapping):
                _media(made, halves, item, kind, str(event.get("type")), at)
    for track in made.values():
        track.stop(at)
    return list(made.values())


def _one_end(halves: dict[str, str], channel: Mapping[str, Any]) -> str:
    """Return the id of a channel's track; for a Local channel that of the other half."""
    id, name = channel["id"], str(channel.get("name") or "")
    stem, semicolon, _ = name.rpartition(";")
    known = halves.get(id)
    if known is None:
        known = halves.setdefault(f"name {stem}", id) if semicolon else id
        halves[id] = known
    return known


def _see(
    made: dict[str, Track],
    halves: dict[str, str],
    channel: Mapping[str, Any],
    event: Mapping[str, Any],
    at: float,
) -> None:
    id, type = _one_end(halves, channel), event.get("type")
    second = id != channel["id"]  # states of a Local channel's other half are not shown
    if type in ("ChannelDestroyed", "StasisEnd"):
        if id in made and not second:
            made[id].leave("", at)
        return
    label = party(channel.get("caller")) or str(channel.get("name") or id)
    track = made.setdefault(id, Track(id, clean(label, 60)))
    bridge = event.get("bridge")
    if not second:
        if track.spans and track.current("state") is None and type != "StasisStart":
            return  # events of a channel after its end
        track.enter("state", clean(channel.get("state"), 20), at)
    if type == "ChannelEnteredBridge" and isinstance(bridge, Mapping):
        track.enter("bridge", clean(bridge.get("name") or short_id(bridge.get("id")), 60), at)
        track.bridge = str(bridge.get("id"))
    elif type == "ChannelLeftBridge":
        track.leave("bridge", at)
    elif type == "ChannelDtmfReceived":
        track.keys.append((at, clean(event.get("digit"), 1)))
    elif type == "ChannelTalkingStarted":
        track.leave("silence", at)
        track.enter("talking", "talking", at)
    elif type == "ChannelTalkingFinished":
        track.leave("talking", at)
        track.enter("silence", "silence", at)


def _media(
    made: dict[str, Track],
    halves: dict[str, str],
    item: Mapping[str, Any],
    kind: str,
    type: str,
    at: float,
) -> None:
    scheme, _, id = str(item.get("target_uri") or "").partition(":")
    id = halves.get(id, id) if scheme == "channel" else id
    label = clean(item.get("media_uri") if kind == "playing" else item.get("name"), 60)
    for track in made.values():
        if id != (track.id if scheme == "channel" else track.bridge):
            continue
        if type.endswith(("Started", "Continuing")):
            track.enter(kind, label, at)
        elif type.endswith(("Finished", "Failed")):
            track.leave(kind, at)


def _time(text: object, received: float) -> float:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return received


def _range(shown: list[Track]) -> tuple[float, float]:
    spans = [span for track in shown for span in track.spans]
    begin = min((span.begin for span in spans), default=0.0)
    end = max((span.end or span.begin for span in spans), default=begin)
    return begin, max(end, begin + 0.1)


def draw(shown: list[Track]) -> Markup:
    """Return tracks as SVG."""
    begin, end = _range(shown)

    def x(at: float) -> float:
        return _LEFT + _WIDTH * (at - begin) / (end - begin)

    rows: list[Markup] = []
    y = _TOP
    for track in shown:
        rows.append(element("line", x1=8, x2=_LEFT + _WIDTH, y1=y, y2=y, class_="line"))
        lines = _lines(track)
        label = clipped(fitted(track.label, _LEFT - 16), 8, y + 18, _LEFT - 16)
        rows.append(element("g", element("title", f"{track.label} {track.id}"), label))
        for span in track.spans:
            top = y + 6 + _BAR * lines[span.kind]
            rows.append(_bar(span, x(span.begin), x(span.end or end), top))
        rows += [_key(digits, place, y + 14) for place, digits in _together(track, x)]
        y += _BAR * (max(lines.values(), default=0) + 1) + 12
    if not shown:
        rows.append(element("text", "No channel yet.", x=8, y=y + 18))
        y += 24
    times = [
        _tick(x(begin + after), y, f"+{after:g} s" if after else clock(begin))
        for after in _ticks(end - begin)
    ]
    said = f"Timeline of {len(shown)} channels"
    return svg(_LEFT + _WIDTH + 24, y + 6, said, *times, *rows)


def _lines(track: Track) -> dict[str, int]:
    """Return the line of each kind of spans of a channel; there are no empty lines."""
    kinds = {span.kind for span in track.spans}
    places = sorted({_PLACES[kind] for kind in kinds})
    return {kind: places.index(_PLACES[kind]) for kind in kinds}


def _ticks(seconds: float) -> list[float]:
    """Return round times after the beginning, about five of them."""
    size: float = 10 ** math.floor(math.log10(seconds / 5))
    step = next(size * times for times in (1, 2, 5, 10) if seconds / (size * times) <= 6)
    return [round(step * count, 6) for count in range(math.floor(seconds / step) + 1)]


def _tick(x: float, bottom: float, text: str) -> Markup:
    return element(
        "g",
        element("line", x1=x, x2=x, y1=_TOP - 6, y2=bottom, class_="life"),
        element("text", text, x=x, y=_TOP - 12, text_anchor="middle", class_="f"),
    )


def _together(track: Track, x: Callable[[float], float]) -> list[tuple[float, str]]:
    """Return keys and their positions; keys that would overlap are joined."""
    shown: list[tuple[float, str]] = []
    for at, digit in track.keys:
        place = x(at)
        if shown and place - shown[-1][0] < _KEY_WIDTH * len(shown[-1][1]):
            shown[-1] = (shown[-1][0], shown[-1][1] + digit)
        else:
            shown.append((place, digit))
    return shown


def _key(digits: str, x: float, y: float) -> Markup:
    width = min(_KEY_WIDTH + 8.0 * (len(digits) - 1), 120.0)
    left = min(x - 8, _LEFT + _WIDTH - width)
    word = "key" if len(digits) == 1 else "keys"
    return element(
        "g",
        element("title", f"{word} {digits}"),
        element("rect", x=left, y=y - 8, width=width, height=16, rx=3, class_="key"),
        clipped(digits, left + width / 2, y + 4, width, anchor="middle"),
    )


def _bar(span: TimelineSpan, begin: float, end: float, top: float) -> Markup:
    plain = span.kind == "state"
    mood = _MOODS.get(span.kind) or ("Up" if span.label == "Up" else "wait")
    width = max(2.0, end - begin)
    words = span.label if plain else f"{span.kind} {span.label}"
    seconds = (span.end or span.begin) - span.begin
    room = width > 30
    return element(
        "g",
        element("title", f"{words}, {seconds:.2f} s"),
        element("rect", x=begin, y=top, width=width, height=16, rx=3, class_=f"bar {mood}"),
        clipped(fitted(words, width - 6), begin + 5, top + 12, width - 6) if room else None,
    )


def write(shown: list[Track], width: int = _NARROW) -> str:
    """Return tracks as lines of text, up to a width in characters."""
    if not shown:
        return "No channel yet: make a call."
    begin, end = _range(shown)
    room = min(_WIDEST_LABEL, max(len(track.label) for track in shown))
    wide = max(20, width - room - 2)
    scale = wide / (end - begin)
    lines = [f"{clock(begin)} to {clock(end)}, {end - begin:.1f} s"]
    for track in shown:
        bar = [" "] * wide
        for span in track.spans:
            if span.kind != "state":
                continue
            first = int((span.begin - begin) * scale)
            past = max(first + 1, int(((span.end or end) - begin) * scale))
            for place in range(first, min(past, wide)):
                bar[place] = _LETTERS.get(span.label, "?")
        lines.append(f"{_cut(track.label, room):<{room}}  {''.join(bar)}".rstrip())
        marks = [
            (s.begin, s.label if s.kind in ("talking", "silence") else f"{s.kind} {s.label}")
            for s in track.spans
            if s.kind != "state"
        ]
        marks += [(at, f"key {digit}") for at, digit in track.keys]
        lines += [
            _cut(f"{'':<{room}}    +{at - begin:.1f} s {words}", width)
            for at, words in sorted(marks)
        ]
    lines.append("█ up  ░ ringing  · down")
    return "\n".join(lines)


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"
