"""Applications that hand a channel to ARI applications."""

from __future__ import annotations

import logging

from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.config.behaviours import ReleaseBehaviour
from ari_notebook.simulator.dialplan.applications.registry import application
from ari_notebook.simulator.dialplan.functions import split
from ari_notebook.simulator.pbx.channel import Channel
from ari_notebook.simulator.stasis import control as control
from ari_notebook.simulator.stasis.broadcast import broadcast

log = logging.getLogger(__name__)


@application("Stasis")
def stasis(channel: Channel, data: str) -> Program:
    """Hand the channel to a Stasis application until it continues: ``app,argument,…``.

    Publishes StasisStart with the arguments. Afterwards STASISSTATUS is SUCCESS, or FAILED if the
    application is not registered.
    """
    app, *args = [word.strip() for word in split(data)]
    if not app:
        log.warning("Stasis: the application's name is missing")
        channel.set_variable("STASISSTATUS", "")
        channel.set_variable("STASISSTATUS", "FAILED")
        return True
    yield from control.stasis(channel, app, args)
    return True


@application("StasisBroadcast", behaviour=ReleaseBehaviour.STASIS_BROADCAST)
def stasis_broadcast(channel: Channel, data: str) -> Program:
    """Offer the channel to all Stasis applications; the first to claim it receives it.

    Arguments: ``timeout in ms,filter of names,arguments,notify the others``. Publishes
    CallBroadcast to the applications. Afterwards STASISSTATUS is SUCCESS, FAILED or TIMEOUT.
    """
    yield from broadcast(channel, data)
    return True
