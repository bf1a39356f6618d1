"""The ladder: a sequence diagram of what passed between a program and Asterisk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ari_notebook.client.errors import UsageProblem
from ari_notebook.views.drawing import CHARACTER, Drawing, clock, fitted, hover, svg
from ari_notebook.views.markup import Markup, element
from ari_notebook.views.sequence import PROGRAM, Lane, Sequence, Step, sequence

if TYPE_CHECKING:
    from ari_notebook.session import Session

__all__ = ["draw", "ladder", "write"]

_LEFT = 96.0
_LANE = 164.0
_TOP = 58.0
_ROW = 26.0
_MIDDLE = {"text_anchor": "middle"}
_GAP_SECONDS = 1.0  # a longer silence is drawn as one, however long


def ladder(
    session: Session,
    channel: Any = None,
    *,
    call: Any = None,
    last: int = 100,
    seconds: float | None = None,
) -> Drawing:
    """The sequence diagram of a session's requests and events.

    Args:
        session: whose.
        channel: only what names this channel, or one of these: ids or live objects.
        call: only what names a channel of the call that this one belongs to.
        last: at most so many arrows, the latest.
        seconds: only what is not older than this.

    Raises:
        UsageProblem: ``last`` or ``seconds`` is no positive number.
    """
    if last < 1:
        raise UsageProblem(f"last must be at least 1, not {last}", "Leave it out for 100.")
    if seconds is not None and seconds <= 0:
        raise UsageProblem(f"seconds must be more than 0, not {seconds}", "Leave it out for all.")
    many = channel if isinstance(channel, list | tuple | set) else [channel]
    ids = [str(getattr(one, "id", one)) for one in many if one is not None]
    if call is not None:
        ids += _of_call(session, str(getattr(call, "id", call)))
    shown = sequence(session, channel=ids, seconds=seconds, last=last)
    return Drawing(draw(shown), write(shown))


def _of_call(session: Session, id: str) -> list[str]:
    """The channels of a call, by one of them."""
    calls = ([leg.id for leg in call.legs] for call in session.calls)
    return next((ids for ids in calls if id in ids), [id])


def draw(shown: Sequence) -> Markup:
    """A sequence as SVG."""
    place = {lane: _LEFT + _LANE * (number + 0.5) for number, lane in enumerate(shown.lanes)}
    width = _LEFT + _LANE * len(shown.lanes)
    rows, ends = [], {}
    y, before = _TOP + _ROW, None
    for step in shown.steps:
        if before is not None and step.at - before > _GAP_SECONDS:
            rows.append(_silence(step.at - before, y))
            y += _ROW
        rows.append(_arrow(step, place, y, width))
        if step.ends:
            ends[step.lane] = y
        before = step.at
        y += _ROW
    bottom = y + 4
    lives = [
        _life(lane, x, ends.get(lane, bottom), lane in ends and not _later(shown, lane))
        for lane, x in place.items()
    ]
    note = None
    if shown.left_out > 0:
        note = element("text", f"{shown.left_out} earlier or other left out", x=8, y=14, class_="f")
    label = f"Sequence diagram: {len(shown.steps)} requests and events"
    return svg(width, bottom + 8, label, note, *lives, *rows)


def _later(shown: Sequence, lane: Lane) -> bool:
    """Whether something is said of a lane after its end."""
    own = [step for step in shown.steps if step.lane == lane]
    return not own[-1].ends


def _life(lane: Lane, x: float, bottom: float, over: bool) -> Markup:
    half = _LANE / 2 - 8
    return element(
        "g",
        element("title", f"{lane.label} {lane.id}"),
        element("line", x1=x, x2=x, y1=_TOP, y2=bottom, class_="life"),
        element(
            "rect",
            x=x - half,
            y=22,
            width=2 * half,
            height=_TOP - 22,
            rx=6,
            class_=f"box {lane.kind}",
        ),
        *_head(lane, x, 2 * half - 8),
        element("text", "✕", x=x, y=bottom + 5, text_anchor="middle") if over else None,
    )


def _head(lane: Lane, x: float, room: float) -> list[Markup]:
    """What a lifeline stands for: its kind, small, above its name."""
    name = element("text", fitted(lane.name, room), x=x, y=50 if lane.id else 44, **_MIDDLE)
    if not lane.id:
        return [name]
    return [element("text", lane.kind, x=x, y=35, class_="f k", **_MIDDLE), name]


def _silence(seconds: float, y: float) -> Markup:
    words = f"⋮ {seconds:.1f} s"
    return element("text", words, x=_LEFT - 8, y=y + 4, text_anchor="end", class_="f")


def _arrow(step: Step, place: dict[Lane, float], y: float, width: float) -> Markup:
    own, other = place[PROGRAM], place[step.lane]
    begin, end = (own, other) if step.sent else (other, own)
    way = 1 if end > begin else -1
    mood = "bad" if step.failed else "out" if step.sent else "in"
    head = f"{end},{y} {end - 7 * way},{y - 4} {end - 7 * way},{y + 4}"
    tail = f" → {step.outcome}" if step.sent else ""
    label = fitted(step.label, width - own - 16 - CHARACTER * len(tail)) + tail
    middle = (begin + end) / 2
    # A label longer than its arrow begins with it and goes on beyond it.
    if CHARACTER * len(label) > abs(end - begin) - 20:
        middle, anchor = own + 10, "start"
    else:
        anchor = "middle"
    return element(
        "g",
        hover(step.source),
        element("text", clock(step.at), x=_LEFT - 8, y=y + 4, text_anchor="end", class_="f"),
        element("line", x1=begin, x2=end - 6 * way, y1=y, y2=y, class_=mood),
        element("polygon", points=head, class_=mood),
        element("text", label, x=middle, y=y - 4, text_anchor=anchor, class_="l"),
        _badge(step, own - 14, y),
    )


def _badge(step: Step, x: float, y: float) -> Markup | None:
    """The number of a request, and at an event the number of the one that it came of."""
    number = step.number if step.sent else step.cause
    if not number:
        return None
    mood = ("bad" if step.failed else "out") if step.sent else "in"
    said = f"request {number}" if step.sent else f"came of request {number}"
    kind = "n" if step.sent else "c"
    return element(
        "g",
        element("title", said),
        element("circle", cx=x, cy=y, r=8 + 2 * (number > 99), class_=mood),
        element("text", str(number), x=x, y=y + 3.5, text_anchor="middle", class_=kind),
    )


def write(shown: Sequence) -> str:
    """A sequence as lines of text."""
    if not shown.steps:
        return "Nothing has passed yet: send a request, or let somebody call."
    lines = [f"({shown.left_out} earlier or other left out)"] if shown.left_out > 0 else []
    width = max(len(step.lane.label) for step in shown.steps)
    before = None
    for step in shown.steps:
        if before is not None and step.at - before > _GAP_SECONDS:
            lines.append(f"  ⋮ {step.at - before:.1f} s")
        arrow = "──▶" if step.sent else "◀──"
        words = f"{step.number}. {step.label}" if step.sent else step.label
        if step.sent:
            words += f" → {step.outcome}"
        elif step.cause:
            words += f" (of {step.cause})"
        lines.append(f"{clock(step.at)}  program {arrow} {step.lane.label:<{width}}  {words}")
        before = step.at
    return "\n".join(lines)
