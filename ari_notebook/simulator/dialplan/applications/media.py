"""The application that gives a call's audio to another program."""

from __future__ import annotations

import logging
from uuid import UUID

from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialplan.applications.calls import nothing_more
from ari_notebook.simulator.dialplan.applications.registry import application
from ari_notebook.simulator.pbx.channel import Channel

log = logging.getLogger(__name__)

_SILENT_SECONDS = 2.0  # without audio in either direction it fails (app_audiosocket.c)


@application("AudioSocket")
def audio_socket(channel: Channel, data: str) -> Program:
    """Exchange audio with a program: ``UUID,host:port``; the dialplan goes on when it hangs up.

    The call ends where the UUID is invalid, nothing accepts the connection, a message is none of
    AudioSocket, or nothing is sent for two seconds; so measured on Asterisk 22.10.1.
    """
    from ari_notebook.audio.codecs import CODECS  # noqa: PLC0415  numpy: 70 ms

    yield from nothing_more()
    text, _, address = data.partition(",")
    host, _, port = address.rpartition(":")
    network = channel.exchange.media_network
    try:
        uuid = UUID(text)
    except ValueError:
        log.warning("AudioSocket: %.60r is no UUID", text)
        return False
    if network is None or not port.isdigit() or int(port) > 0xFFFF:
        log.warning("AudioSocket: no connection to %.60r", address)
        return False
    link = network.audiosocket(host.strip("[]"), int(port), uuid)
    if link is None:
        return False
    ended: list[bool] = []

    def on_end(normal: bool) -> None:
        ended.append(normal)
        if channel.task is not None:
            channel.exchange.soon(channel.task.wake)

    link.start(channel, CODECS["slin"], on_end)
    channel.audio.on_digit = link.digit
    try:
        while not ended:
            left = link.active + _SILENT_SECONDS - channel.exchange.now
            if left <= 0:
                log.warning("AudioSocket: no audio for %g s", _SILENT_SECONDS)
                return False
            yield left
    finally:
        channel.audio.on_digit = None
        link.close()
    return ended[0]
