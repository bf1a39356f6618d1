"""The ladder: a sequence diagram of requests and events between a program and Asterisk."""

from __future__ import annotations

from bisect import bisect_left

from ari_notebook.views.diagrams.labels import unisolated
from ari_notebook.views.diagrams.sequence import PROGRAM, Bar, Fold, Lane, Sequence, SequenceStep
from ari_notebook.views.diagrams.sequence import rows as rows_of
from ari_notebook.views.diagrams.svg import clipped, clock, estimated, fitted, hover, span, svg
from ari_notebook.views.display.html import Markup, element

__all__ = ["between", "draw", "draw_parts", "write"]

_LEFT = 150.0  # the times
_LANE = 164.0
_WIDTH = 860.0  # minimum, for labels
_HEAD = 46.0
_ROW = 26.0
_GAP_SECONDS = 1.0  # a longer pause is drawn with a fixed height
_NARROW = 80  # characters of a line of text


def draw(shown: Sequence) -> Markup:
    """Return a sequence as one SVG."""
    head, body, width, height = _parts(shown, _HEAD)
    return svg(width, height, _label(shown), *head, *body)


def draw_parts(shown: Sequence) -> tuple[Markup, Markup]:
    """Return heads and body separately, so that a page can keep the heads visible."""
    head, body, width, height = _parts(shown, 0)
    return svg(width, _HEAD, "Lifelines", *head), svg(width, height, _label(shown), *body)


def _label(shown: Sequence) -> str:
    return f"Sequence diagram: {len(shown.steps)} requests and events"


def _parts(shown: Sequence, top: float) -> tuple[list[Markup], list[Markup], float, float]:
    """Return heads, rows, width and height; the rows begin below ``top``."""
    place = {lane: _LEFT + _LANE * (number + 0.5) for number, lane in enumerate(shown.lanes)}
    width = max(_WIDTH, _LEFT + _LANE * len(shown.lanes))
    drawn: list[Markup] = []
    ends: dict[Lane, float] = {}
    times: list[float] = []
    heights: list[float] = []
    y, before = top + _ROW, None
    if note := shown.note:
        drawn.append(element("text", note, x=8, y=y + 2, class_="f"))
        y += _ROW
    for row in rows_of(shown):
        if before is not None and row.at - before > _GAP_SECONDS:
            drawn.append(_silence(row.at - before, y))
            y += _ROW
        times.append(row.at)
        heights.append(y)
        drawn += _times(row.at, before, y)
        if isinstance(row, Fold):
            drawn.append(_fold(row, place[PROGRAM], y, width))
        else:
            drawn.append(_arrow(row, place, y, width))
            if row.ends:
                ends[row.lane] = y
        before = row.at
        y += _ROW
    bottom = y + 4
    lives = [
        _life(lane, x, top, ends.get(lane, bottom), lane in ends and not _later(shown, lane))
        for lane, x in place.items()
    ]
    bars = [_activation(bar, place[bar.lane], times, heights, bottom) for bar in shown.bars]
    heads = [_head(lane, x) for lane, x in place.items()]
    return heads, [*lives, *(bar for bar in bars if bar), *drawn], width, bottom + 8


def _later(shown: Sequence, lane: Lane) -> bool:
    """Return whether a lane has steps after its end."""
    own = [step for step in shown.steps if step.lane == lane]
    return not own[-1].ends


def _life(lane: Lane, x: float, top: float, bottom: float, over: bool) -> Markup:
    return element(
        "g",
        element("title", f"{lane.label} {lane.id}"),
        element("line", x1=x, x2=x, y1=top, y2=bottom, class_="life"),
        element("text", "✕", x=x, y=bottom + 5, text_anchor="middle") if over else None,
    )


def _head(lane: Lane, x: float) -> Markup:
    """Draw the head of a lifeline: its kind, small, above its name."""
    half = _LANE / 2 - 8
    room = 2 * half - 8
    name = clipped(fitted(lane.name, room), x, 36 if lane.id else 30, room, anchor="middle")
    kind = element("text", lane.kind, x=x, y=21, class_="f k", text_anchor="middle")
    box = element(
        "rect", x=x - half, y=8, width=2 * half, height=_HEAD - 10, rx=6, class_=f"box {lane.kind}"
    )
    title = element("title", f"{lane.label} {lane.id}")
    return element("g", title, box, kind if lane.id else None, name)


def _activation(
    bar: Bar, x: float, times: list[float], heights: list[float], bottom: float
) -> Markup | None:
    """Draw a playback or recording as a bar on the lifeline."""
    first = bisect_left(times, bar.begin)
    past = len(times) if bar.end is None else bisect_left(times, bar.end)
    if first >= len(heights):
        return None
    y = heights[first] if first else heights[0] - (_ROW / 2 if bar.begin < times[0] else 0)
    end = bottom if past >= len(heights) else heights[past]
    if bar.end is not None and bar.end < times[0]:
        return None
    shift = 0 if bar.kind == "playing" else 8
    return element(
        "g",
        element("title", f"{bar.kind} {bar.label}"),
        element(
            "rect",
            x=x - 4 + shift,
            y=y,
            width=8,
            height=max(4.0, end - y),
            rx=2,
            class_=f"act {bar.kind}",
        ),
    )


def _silence(seconds: float, y: float) -> Markup:
    words = f"⋮ {between(seconds)}"
    return element("text", words, x=_LEFT - 8, y=y + 4, text_anchor="end", class_="f")


def between(seconds: float) -> str:
    """Return a time difference in a few characters: ``7 ms``, ``2.4 s``, ``3:05 min``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02} min"
    return f"{minutes // 60}:{minutes % 60:02} h"


def _times(at: float, before: float | None, y: float) -> list[Markup]:
    """Draw a step's time, unless it equals the one above, and the difference."""
    if before is not None and clock(at) == clock(before):
        return []
    shown = [element("text", clock(at), x=8, y=y + 4, class_="f")]
    if before is not None and 0 <= at - before <= _GAP_SECONDS:
        words = f"+{between(at - before)}"
        shown.append(element("text", words, x=_LEFT - 8, y=y + 4, text_anchor="end", class_="f k"))
    return shown


def _fold(fold: Fold, own: float, y: float, width: float) -> Markup:
    names = [unisolated(step.label) for step in fold.steps[:20]]
    return element(
        "g",
        element("title", "\n".join(names)),
        clipped(fold.label, own + 10, y + 4, width - own - 16, class_="f"),
    )


def _arrow(step: SequenceStep, place: dict[Lane, float], y: float, width: float) -> Markup:
    own, other = place[PROGRAM], place[step.lane]
    begin, end = (own, other) if step.sent else (other, own)
    way = 1 if end > begin else -1
    mood = "bad" if step.failed else "out" if step.sent else "in"
    head = f"{end},{y} {end - 7 * way},{y - 4} {end - 7 * way},{y + 4}"
    room = width - own - 16
    tail = step.tail
    label = fitted(step.label, max(120.0, room - estimated(unisolated(tail))))
    long = estimated(unisolated(label + tail))
    parts = (span(label), span(tail, "f")) if tail else (span(label),)
    # A label longer than its arrow begins with it and extends beyond it.
    if long > abs(end - begin) - 20:
        words = clipped(parts, own + 10, y - 4, room, class_="l")
    else:
        middle, between_ends = (begin + end) / 2, abs(end - begin) - 8
        words = clipped(parts, middle, y - 4, between_ends, anchor="middle", class_="l")
    return element(
        "g",
        hover(step.source),
        element("line", x1=begin, x2=end - 6 * way, y1=y, y2=y, class_=mood),
        element("polygon", points=head, class_=mood),
        words,
        _badge(step, own - 14, y),
    )


def _badge(step: SequenceStep, x: float, y: float) -> Markup | None:
    """Return the number of a request or, for an event, of the request that caused it."""
    number = step.number if step.sent else step.cause
    if not number:
        return None
    mood = ("bad" if step.failed else "out") if step.sent else "in"
    said = f"request {number}" if step.sent else f"caused by request {number}"
    kind = "n" if step.sent else "c"
    return element(
        "g",
        element("title", said),
        element("circle", cx=x, cy=y, r=8 + 2 * (number > 99), class_=mood),
        element("text", str(number), x=x, y=y + 3.5, text_anchor="middle", class_=kind),
    )


def write(shown: Sequence, width: int = _NARROW) -> str:
    """Return a sequence as lines of text.

    Args:
        shown: the sequence.
        width: characters per line; a longer line is wrapped and indented.
    """
    if not shown.steps:
        return "No requests or events yet: send a request, or make a call."
    lines = _wrapped("", f"({shown.note})", width) if shown.note else []
    room = max(len(step.lane.label) for step in shown.steps)
    room = min(room, 22)
    before = None
    for row in rows_of(shown):
        if before is not None and row.at - before > _GAP_SECONDS:
            lines.append(f"  ⋮ {between(row.at - before)}")
        before = row.at
        if isinstance(row, Fold):
            lines.append(f"{'':12}  {row.label}")
            continue
        arrow = "──▶" if row.sent else "◀──"
        words = unisolated(row.label)
        if row.cause:
            words += f" (of {row.cause})"
        name = row.lane.label
        name = name if len(name) <= room else f"{name[: room - 1]}…"
        begin = f"{clock(row.at)} {arrow} {name:<{room}} "
        if row.sent:
            words = f"{row.number}. {words}"
            long = unisolated(row.tail)
            fits = len(begin) + len(words) + len(long) <= width
            words += long if fits else f" {long[long.rindex('→') :]}"
        lines += _wrapped(begin, words, width)
    return "\n".join(lines)


def _wrapped(begin: str, words: str, width: int) -> list[str]:
    """Return a line, wrapped and indented below its text."""
    room = max(20, width - len(begin))
    lines: list[str] = []
    while words:
        if len(words) <= room:
            cut = len(words)
        else:
            space = words.rfind(" ", 0, room + 1)
            cut = space if space > room // 2 else room
        lines.append((begin if not lines else " " * len(begin)) + words[:cut].rstrip())
        words = words[cut:].lstrip()
    return lines
