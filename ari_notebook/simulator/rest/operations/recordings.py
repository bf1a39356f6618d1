"""ARI's operations on recordings."""

from __future__ import annotations

from urllib.parse import quote

from ari_notebook.simulator.media.recording import RunningRecording
from ari_notebook.simulator.messages import Reply
from ari_notebook.simulator.rest.context import Arguments, AriContext
from ari_notebook.simulator.utf8 import octets


def _live(ari: AriContext, args: Arguments) -> RunningRecording:
    return ari.media.recording(args["recordingName"])


def get_live(ari: AriContext, args: Arguments) -> Reply:
    """Return a live recording: ``GET /recordings/live/{recordingName}``."""
    return Reply(200, _live(ari, args).json())


def cancel(ari: AriContext, args: Arguments) -> Reply:
    """Cancel a live recording: ``DELETE /recordings/live/{recordingName}``."""
    _live(ari, args).cancel()
    return Reply(204)


def stop(ari: AriContext, args: Arguments) -> Reply:
    """Stop a live recording: ``POST /recordings/live/{recordingName}/stop``."""
    _live(ari, args).stop()
    return Reply(204)


def pause(ari: AriContext, args: Arguments) -> Reply:
    """Pause a live recording: ``POST /recordings/live/{recordingName}/pause``."""
    _live(ari, args).pause(paused=True)
    return Reply(204)


def unpause(ari: AriContext, args: Arguments) -> Reply:
    """Resume a live recording: ``DELETE /recordings/live/{recordingName}/pause``."""
    _live(ari, args).pause(paused=False)
    return Reply(204)


def mute(ari: AriContext, args: Arguments) -> Reply:
    """Mute a live recording: ``POST /recordings/live/{recordingName}/mute``."""
    _live(ari, args).mute(muted=True)
    return Reply(204)


def unmute(ari: AriContext, args: Arguments) -> Reply:
    """Unmute a live recording: ``DELETE /recordings/live/{recordingName}/mute``."""
    _live(ari, args).mute(muted=False)
    return Reply(204)


def list_stored(ari: AriContext, args: Arguments) -> Reply:  # noqa: ARG001
    """List the stored recordings: ``GET /recordings/stored``."""
    return Reply(200, ari.media.stored.list())


def get_stored(ari: AriContext, args: Arguments) -> Reply:
    """Return a stored recording: ``GET /recordings/stored/{recordingName}``."""
    return Reply(200, ari.media.stored.describe(args["recordingName"]))


def get_stored_file(ari: AriContext, args: Arguments) -> Reply:
    """Return the file of a stored recording: ``GET /recordings/stored/{recordingName}/file``."""
    path = ari.media.stored.get(args["recordingName"])
    return Reply(200, file=path, content_type=f"audio/{path.suffix[1:]}")


def copy_stored(ari: AriContext, args: Arguments) -> Reply:
    """Copy a stored recording: ``POST /recordings/stored/{recordingName}/copy``."""
    destination = args["destinationRecordingName"]
    return Reply(200, ari.media.stored.copy(args["recordingName"], destination))


def delete_stored(ari: AriContext, args: Arguments) -> Reply:
    """Delete a stored recording: ``DELETE /recordings/stored/{recordingName}``."""
    ari.media.stored.delete(args["recordingName"])
    return Reply(204)


def queued_recording(recording: RunningRecording) -> Reply:
    """Return the response to a request to record."""
    name = quote(octets(recording.options.name), safe="!*'()")
    # Asterisk's buffer lacks the last octet of a name that needs escapes throughout.
    if len(name) == 3 * len(octets(recording.options.name)):
        name = name[:-3]
    return Reply(201, recording.json(), location=f"/recordings/live/{name}")


OPERATIONS = {
    "getLive": get_live,
    "cancel": cancel,
    "stop": stop,
    "pause": pause,
    "unpause": unpause,
    "mute": mute,
    "unmute": unmute,
    "listStored": list_stored,
    "getStored": get_stored,
    "getStoredFile": get_stored_file,
    "copyStored": copy_stored,
    "deleteStored": delete_stored,
}
