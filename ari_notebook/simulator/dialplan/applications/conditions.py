"""If, ElseIf, Else, EndIf and ExitIf.

As in ``apps/app_if.c``, channel variables store at which priority a branch was taken.
"""

from __future__ import annotations

from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialplan.applications.calls import nothing_more
from ari_notebook.simulator.dialplan.applications.registry import application
from ari_notebook.simulator.dialplan.expressions import truth
from ari_notebook.simulator.pbx.channel import Channel


def _taken(channel: Channel) -> int:
    """Return the number of branches taken and not ended."""
    level = 0
    while channel.variable(f"IF_{level}"):
        level += 1
    return level


def _label(channel: Channel) -> str:
    """Return the name of the variable that stores the level of the condition at this priority."""
    return "_".join(map(str, channel.dialplan.location))


def _find(channel: Channel, name: str = "") -> int | None:
    """Return the priority of the EndIf of the current condition, or of one of its branches."""
    here, level = channel.dialplan, 1
    priority = here.priority
    while True:
        priority += 1
        step = channel.exchange.dialplan.find(here.context, here.exten, priority)
        if step is None:
            return None
        app = step.app.lower()
        level += (app == "if") - (app == "endif")
        if (level == 0 and not name) or (level == 1 and app == name):
            return priority


def _clear(channel: Channel, *names: str) -> None:
    for name in names:
        channel.set_variable(name, None)


def _continue_after(channel: Channel, priority: int | None) -> None:
    if priority is not None:
        channel.dialplan.jump = (channel.dialplan.context, channel.dialplan.exten, priority + 1)


def _test(channel: Channel, data: str) -> Program:
    """Enter the branch if the condition holds, else go to the next one."""
    yield from nothing_more()
    label = channel.variable(_label(channel))
    if label is None:
        label = str(_taken(channel))
        channel.set_variable(_label(channel), label)
    if truth(data):
        if not channel.variable(f"IF_{label}"):
            here = channel.dialplan
            channel.set_variable(f"IF_{label}", f"{here.context},{here.exten},{here.priority}")
        return True
    _clear(channel, f"IF_{label}", _label(channel))
    end = _find(channel)
    branches = [_find(channel, "elseif"), _find(channel, "else")]
    inner = [each for each in branches if each is not None and end is not None and each < end]
    if not inner:
        _continue_after(channel, end)
    elif inner[0] == branches[0]:
        _continue_after(channel, inner[0] - 1)  # at ElseIf, which has a condition of its own
    else:
        _continue_after(channel, inner[0])
    return True


def _leave(channel: Channel, priority: int | None) -> Program:
    """End the innermost branch and continue after a priority."""
    yield from nothing_more()
    _clear(channel, f"IF_{_taken(channel) - 1}", _label(channel))
    _continue_after(channel, priority)
    return True


@application("If")
def if_(channel: Channel, data: str) -> Program:
    """Run the following priorities if a condition holds, up to ElseIf, Else or EndIf."""
    return _test(channel, data)


@application("ElseIf")
def else_if(channel: Channel, data: str) -> Program:
    """Run the following priorities if no condition before held and this one does."""
    return _test(channel, data)


@application("Else")
def else_(channel: Channel, data: str) -> Program:
    """End the branch before; the priorities after Else run if no condition before held."""
    return _leave(channel, _find(channel))


@application("EndIf")
def end_if(channel: Channel, data: str) -> Program:
    """End a condition."""
    return _leave(channel, None)


@application("ExitIf")
def exit_if(channel: Channel, data: str) -> Program:
    """Continue after the EndIf."""
    return _leave(channel, _find(channel))
