"""The timeline: channels over time, with their states, bridges and media."""

from __future__ import annotations

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

_LEFT, _WIDTH = 170.0, 640.0
_BAR = 18.0  # pixels; a channel has one for its states, for bridges and for media
_ROW = 3 * _BAR + 10
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

    parts: list[Markup] = []
    height = 30 + _ROW * len(shown)
    for tick in range(5):
        at = begin + (end - begin) * tick / 4
        parts.append(element("line", x1=x(at), x2=x(at), y1=22, y2=height, class_="life"))
        anchor = "end" if tick == 4 else "start" if tick == 0 else "middle"
        text = clock(at) if tick == 0 else f"+{at - begin:.1f} s"
        parts.append(element("text", text, x=x(at), y=14, text_anchor=anchor, class_="f"))
    for number, track in enumerate(shown):
        y = 30 + _ROW * number
        parts.append(
            element(
                "g",
                element("title", f"{track.label} {track.id}"),
                element("text", fitted(track.label, _LEFT - 16), x=8, y=y + 16),
            )
        )
        parts += [_bar(span, x(span.begin), x(span.end or end), y) for span in track.spans]
        parts += [
            element("text", digit, x=x(at), y=y + 16, text_anchor="middle", class_="l")
            for at, digit in track.keys
        ]
    if not shown:
        parts.append(element("text", "No channel yet.", x=8, y=44))
    return svg(_LEFT + _WIDTH + 16, height + 8, f"Timeline of {len(shown)} channels", *parts)


def _bar(span: Span, begin: float, end: float, y: float) -> Markup:
    plain = span.kind == "state"
    mood = _MOODS.get(span.kind) or ("Up" if span.label == "Up" else "wait")
    width = max(2.0, end - begin)
    top = y + 4 + _BAR * _PLACES[span.kind]
    words = span.label if plain else f"{span.kind} {span.label}"
    seconds = (span.end or span.begin) - span.begin
    return element(
        "g",
        element("title", f"{words}, {seconds:.2f} s"),
        element("rect", x=begin, y=top, width=width, height=16, rx=2, class_=f"bar {mood}"),
        element("text", fitted(words, width - 6), x=begin + 4, y=top + 12) if width > 34 else None,
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
