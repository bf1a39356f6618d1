"""Applications that hand a channel to programs outside, or tell them of it."""

from __future__ import annotations

from ari_notebook.simulator import stasis as control
from ari_notebook.simulator.broadcasts import broadcast
from ari_notebook.simulator.channels import Channel
from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialplan.applications.registry import application
from ari_notebook.simulator.dialplan.functions import split


@application("Stasis")
def stasis(channel: Channel, data: str) -> Program:
    """Hand the channel to an application until that lets it go: ``app,argument,…``.

    The application is told by StasisStart, with the arguments. Afterwards STASISSTATUS says
    SUCCESS, or FAILED where no program is connected under that name.
    """
    app, *args = [word.strip() for word in split(data)]
    if not app:
        return False
    yield from control.stasis(channel, app, args)
    return True


@application("StasisBroadcast")
def stasis_broadcast(channel: Channel, data: str) -> Program:
    """Offer the channel to all applications; the first that claims it gets it.

    ``timeout in ms,filter of names,arguments,whether the others are told``. The applications are
    told by CallBroadcast. Afterwards STASISSTATUS says SUCCESS, FAILED or TIMEOUT.
    """
    yield from broadcast(channel, data)
    return True
