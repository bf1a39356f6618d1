"""The timeline: channels over time, with their states, bridges and media."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ari_notebook.client.errors import UsageProblem
from ari_notebook.views.cards import party
from ari_notebook.views.drawing import Drawing, clock, fitted, svg
from ari_notebook.views.markup import Markup, clean, element
from ari_notebook.views.sequence import timed_events

if TYPE_CHECKING:
    from ari_notebook.session import Session

__all__ = ["Span", "Track", "draw", "timeline", "tracks", "write"]

_LEFT, _WIDTH, _TOP = 170.0, 700.0, 34.0
_BAR = 19.0  # pixels; a channel has one for its states, for bridges and for media
_PLACES = {"state": 0, "bridge": 1, "playing": 2, "recording": 2}
_MOODS = {"bridge": "group", "playing": "media", "recording": "media"}
_TEXT_WIDTH = 60
# How a state looks in the shell.
_LETTERS = {"Up": "█", "Ring": "░", "Ringing": "░", "Dialing": "░", "Down": "·", "Busy": "x"}


@dataclass(slots=True)
class Span:
    """A time in which something held: ``kind`` is state, bridge, playing or recording."""

    kind: str
    label: str
    begin: float
    end: float | None = None


@dataclass(slots=True)
class Track:
    """One channel's spans, and the keys that were pressed on it; the bridge it is in, if any."""

    id: str
    label: str
    bridge: str = ""
    spans: list[Span] = field(default_factory=list)
    keys: list[tuple[float, str]] = field(default_factory=list)

    def enter(self, kind: str, label: str, at: float) -> None:
        """Something begins to hold; what held of that kind ends, unless it is the same."""
        known = self.current(kind)
        if known is not None and known.label == label:
            return
        if known is not None:
            known.end = at
        self.spans.append(Span(kind, label, at))

    def leave(self, kind: str, at: float) -> None:
        """What held of a kind, or of any if it is empty, ends."""
        if kind in ("", "bridge"):
            self.bridge = ""
        for span in self.spans:
            if span.end is None and kind in ("", span.kind):
                span.end = at

    def current(self, kind: str) -> Span | None:
        """What holds of a kind."""
        return next((s for s in self.spans if s.kind == kind and s.end is None), None)


def timeline(session: Session, channel: Any = None, *, last: int = 30) -> Drawing:
    """Channels over time.

    Args:
        session: whose.
        channel: only this channel, or these: ids or live objects.
        last: at most so many channels, the latest.

    Raises:
        UsageProblem: ``last`` is no positive number.
    """
    if last < 1:
        raise UsageProblem(f"last must be at least 1, not {last}", "Leave it out for 30.")
    many = channel if isinstance(channel, list | tuple | set) else [channel]
    ids = {str(getattr(one, "id", one)) for one in many if one is not None}
    found = tracks(timed_events(session))
    kept = [track for track in found if not ids or track.id in ids][-last:]
    return Drawing(draw(kept), write(kept))


def tracks(events: Iterable[tuple[Mapping[str, Any], float]]) -> list[Track]:
    """What events say of channels over time.

    Args:
        events: each with when it was received; the exchange's own time is taken where it tells.

    Returns:
        One track a channel, in the order they were first heard of. A span that has not ended ends
        with the last event.
    """
    made: dict[str, Track] = {}
    at = 0.0
    for event, received in events:
        at = _time(event.get("timestamp"), received)
        for name in ("channel", "peer"):
            item = event.get(name)
            if isinstance(item, Mapping) and isinstance(item.get("id"), str):
                _see(made, item, event, at)
        for name, kind in (("playback", "playing"), ("recording", "recording")):
            item = event.get(name)
            if isinstance(item, Mapping):
                _media(made, item, kind, str(event.get("type")), at)
    for track in made.values():
        track.leave("", at)
    return list(made.values())


def _see(
    made: dict[str, Track], channel: Mapping[str, Any], event: Mapping[str, Any], at: float
) -> None:
    id, type = channel["id"], event.get("type")
    if type == "ChannelDestroyed":
        if id in made:
            made[id].leave("", at)
        return
    label = party(channel.get("caller")) or str(channel.get("name") or id)
    track = made.setdefault(id, Track(id, clean(label, 60)))
    bridge = event.get("bridge")
    if type == "StasisEnd":
        track.leave("", at)
        return
    if track.spans and track.current("state") is None and type != "StasisStart":
        return  # what is said of a channel after its end
    track.enter("state", clean(channel.get("state"), 20), at)
    if type == "ChannelEnteredBridge" and isinstance(bridge, Mapping):
        track.enter("bridge", clean(bridge.get("name") or bridge.get("id"), 60), at)
        track.bridge = str(bridge.get("id"))
    elif type == "ChannelLeftBridge":
        track.leave("bridge", at)
    elif type == "ChannelDtmfReceived":
        track.keys.append((at, clean(event.get("digit"), 1)))


def _media(
    made: dict[str, Track], item: Mapping[str, Any], kind: str, type: str, at: float
) -> None:
    scheme, _, id = str(item.get("target_uri") or "").partition(":")
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
    """Tracks as SVG."""
    begin, end = _range(shown)

    def x(at: float) -> float:
        return _LEFT + _WIDTH * (at - begin) / (end - begin)

    rows: list[Markup] = []
    y = _TOP
    for track in shown:
        rows.append(element("line", x1=8, x2=_LEFT + _WIDTH, y1=y, y2=y, class_="line"))
        lines = _lines(track)
        label = element("text", fitted(track.label, _LEFT - 16), x=8, y=y + 18)
        rows.append(element("g", element("title", f"{track.label} {track.id}"), label))
        for span in track.spans:
            top = y + 6 + _BAR * lines[span.kind]
            rows.append(_bar(span, x(span.begin), x(span.end or end), top))
        rows += [_key(digit, min(x(at), _LEFT + _WIDTH - 8), y + 14) for at, digit in track.keys]
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
    """On which line of a channel its spans of a kind stand: none is left empty."""
    kinds = {span.kind for span in track.spans}
    places = sorted({_PLACES[kind] for kind in kinds})
    return {kind: places.index(_PLACES[kind]) for kind in kinds}


def _ticks(seconds: float) -> list[float]:
    """Round times after the beginning, about five of them."""
    size: float = 10 ** math.floor(math.log10(seconds / 5))
    step = next(size * times for times in (1, 2, 5, 10) if seconds / (size * times) <= 6)
    return [round(step * count, 6) for count in range(math.floor(seconds / step) + 1)]


def _tick(x: float, bottom: float, text: str) -> Markup:
    return element(
        "g",
        element("line", x1=x, x2=x, y1=_TOP - 6, y2=bottom, class_="life"),
        element("text", text, x=x, y=_TOP - 12, text_anchor="middle", class_="f"),
    )


def _key(digit: str, x: float, y: float) -> Markup:
    return element(
        "g",
        element("title", f"key {digit}"),
        element("rect", x=x - 8, y=y - 8, width=16, height=16, rx=3, class_="key"),
        element("text", digit, x=x, y=y + 4, text_anchor="middle"),
    )


def _bar(span: Span, begin: float, end: float, top: float) -> Markup:
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
        element("text", fitted(words, width - 6), x=begin + 5, y=top + 12) if room else None,
    )


def write(shown: list[Track]) -> str:
    """Tracks as lines of text."""
    if not shown:
        return "No channel yet: let somebody call."
    begin, end = _range(shown)
    scale = _TEXT_WIDTH / (end - begin)
    width = max(len(track.label) for track in shown)
    lines = [f"{clock(begin)} to {clock(end)}, {end - begin:.1f} s"]
    for track in shown:
        bar = [" "] * _TEXT_WIDTH
        for span in track.spans:
            if span.kind != "state":
                continue
            first = int((span.begin - begin) * scale)
            past = max(first + 1, int(((span.end or end) - begin) * scale))
            for place in range(first, min(past, _TEXT_WIDTH)):
                bar[place] = _LETTERS.get(span.label, "?")
        lines.append(f"{track.label:<{width}}  {''.join(bar)}".rstrip())
        marks = [(s.begin, f"{s.kind} {s.label}") for s in track.spans if s.kind != "state"]
        marks += [(at, f"key {digit}") for at, digit in track.keys]
        lines += [f"{'':<{width}}    +{at - begin:.1f} s {words}" for at, words in sorted(marks)]
    lines.append("█ up  ░ ringing  · down")
    return "\n".join(lines)
