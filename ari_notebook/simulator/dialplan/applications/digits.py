"""SendDTMF: keys that the other end hears."""

from __future__ import annotations

from ari_notebook.simulator.channels import Channel
from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialplan.applications.registry import application
from ari_notebook.simulator.dtmf import Digits
from ari_notebook.simulator.naturals import natural


@application("SendDTMF")
def send_dtmf(channel: Channel, data: str) -> Program:
    """Send digits: ``digits,pause in ms,duration in ms,channel``."""
    keys, between, duration, *_ = [*(word.strip() for word in data.split(",")), "", ""]
    sending = Digits(
        channel,
        keys,
        before=0,
        between=natural(between, 250),
        duration=natural(duration),
        after=0,
    )
    sent: list[bool] = []

    def done() -> None:
        sent.append(True)
        if channel.task is not None:
            channel.task.wake()

    sending.on_end.append(done)
    sending.begin()
    try:
        while not sent:
            yield None
    finally:
        sending.hang_up()
