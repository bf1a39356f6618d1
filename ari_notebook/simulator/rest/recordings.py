"""What ARI's recordings operations answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from ari_notebook.simulator.messages import Reply

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange
    from ari_notebook.simulator.recordings import Recording

Arguments: TypeAlias = Mapping[str, Any]


def _live(exchange: Exchange, args: Arguments) -> Recording:
    return exchange.media.recording(args["recordingName"])


def get_live(exchange: Exchange, args: Arguments) -> Reply:
    """``GET /recordings/live/{recordingName}``."""
    return Reply(200, _live(exchange, args).json())


def cancel(exchange: Exchange, args: Arguments) -> Reply:
    """``DELETE /recordings/live/{recordingName}``."""
    _live(exchange, args).cancel()
    return Reply(204)


def stop(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /recordings/live/{recordingName}/stop``."""
    _live(exchange, args).stop()
    return Reply(204)


def pause(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /recordings/live/{recordingName}/pause``."""
    _live(exchange, args).pause(paused=True)
    return Reply(204)


def unpause(exchange: Exchange, args: Arguments) -> Reply:
    """``DELETE /recordings/live/{recordingName}/pause``."""
    _live(exchange, args).pause(paused=False)
    return Reply(204)


def mute(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /recordings/live/{recordingName}/mute``."""
    _live(exchange, args).mute(muted=True)
    return Reply(204)


def unmute(exchange: Exchange, args: Arguments) -> Reply:
    """``DELETE /recordings/live/{recordingName}/mute``."""
    _live(exchange, args).mute(muted=False)
    return Reply(204)


def list_stored(exchange: Exchange, args: Arguments) -> Reply:  # noqa: ARG001
    """``GET /recordings/stored``."""
    return Reply(200, exchange.media.stored.list())


def get_stored(exchange: Exchange, args: Arguments) -> Reply:
    """``GET /recordings/stored/{recordingName}``."""
    return Reply(200, exchange.media.stored.describe(args["recordingName"]))


def get_stored_file(exchange: Exchange, args: Arguments) -> Reply:
    """``GET /recordings/stored/{recordingName}/file``."""
    path = exchange.media.stored.get(args["recordingName"])
    return Reply(200, file=path, content_type=f"audio/{path.suffix[1:]}")


def copy_stored(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /recordings/stored/{recordingName}/copy``."""
    destination = args["destinationRecordingName"]
    return Reply(200, exchange.media.stored.copy(args["recordingName"], destination))


def delete_stored(exchange: Exchange, args: Arguments) -> Reply:
    """``DELETE /recordings/stored/{recordingName}``."""
    exchange.media.stored.delete(args["recordingName"])
    return Reply(204)


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
