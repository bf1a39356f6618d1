"""ARI's operations on playbacks."""

from __future__ import annotations

from ari_notebook.simulator.media.playback import OPERATIONS as CONTROLS
from ari_notebook.simulator.media.playback import Playback
from ari_notebook.simulator.messages import AriRefusal, Reply
from ari_notebook.simulator.rest.context import Arguments, AriContext


def get(ari: AriContext, args: Arguments) -> Reply:
    """Return one playback: ``GET /playbacks/{playbackId}``."""
    return Reply(200, ari.media.playback(args["playbackId"]).json())


def stop(ari: AriContext, args: Arguments) -> Reply:
    """Stop a playback: ``DELETE /playbacks/{playbackId}``."""
    ari.media.playback(args["playbackId"]).stop()
    return Reply(204)


def control(ari: AriContext, args: Arguments) -> Reply:
    """Control a playback; validate the operation first.

    ``POST /playbacks/{playbackId}/control``.
    """
    operation = args["operation"]
    if operation is None:
        raise AriRefusal(400, "Missing operation")
    if operation not in CONTROLS:
        raise AriRefusal(400, f"Invalid operation {operation}")
    ari.media.playback(args["playbackId"]).control(operation)
    return Reply(204)


def queued_playback(playback: Playback) -> Reply:
    """Return the response to a request to play."""
    return Reply(201, playback.json(), location=f"/playbacks/{playback.id}")


OPERATIONS = {"get": get, "stop": stop, "control": control}
