"""Where the exchange logs to: the list that ARI shows and changes.

A file's channel is shown by its full path and asked for by its name. Rotating one makes Asterisk
read logger.conf again, which forgets every channel that was added.
"""

from __future__ import annotations

from typing import Any

from ari_notebook.simulator.messages import Refused

DIRECTORY = "/var/log/asterisk/"  # of the exchange that is simulated; nothing is written there
LEVELS = ("DEBUG", "NOTICE", "WARNING", "ERROR", "VERBOSE", "DTMF", "FAX", "SECURITY")

_CONFIGURED = {
    f"{DIRECTORY}messages.log": ("File", ("NOTICE", "WARNING", "ERROR")),
    "": ("Console", ("NOTICE", "WARNING", "ERROR", "VERBOSE")),
}


class LogChannels:
    """The log channels, the newest first."""

    def __init__(self) -> None:
        self._channels = dict(_CONFIGURED)

    def list(self) -> list[dict[str, Any]]:
        """ARI's objects of all log channels."""
        return [
            {
                "channel": name,
                "type": kind,
                "status": "Enabled",
                "configuration": "".join(f"{level} " for level in levels),
            }
            for name, (kind, levels) in self._channels.items()
        ]

    def add(self, name: str, configuration: str | None) -> None:
        """Log the given levels (``notice,warning``) to a file of that name.

        Raises:
            Refused: 400 without levels, 409 where it is already there.
        """
        if not configuration:
            raise Refused(400, "Configuration levels are required")
        path = self._path(name)
        if path in self._channels or name == "console":
            raise Refused(409, "Log channel already exists")
        wanted = {part.strip().upper() for part in configuration.split(",")}
        levels = LEVELS if "*" in wanted else tuple(each for each in LEVELS if each in wanted)
        self._channels = {path: ("File", levels), **self._channels}

    def remove(self, name: str) -> None:
        """Stop logging to a channel.

        Raises:
            Refused: 404.
        """
        path = self._path(name)
        if path not in self._channels:
            raise Refused(404, "Log channel does not exist")
        del self._channels[path]

    def rotate(self, name: str) -> None:
        """Begin a new file, and with it forget every channel that was added.

        Raises:
            Refused: 404.
        """
        if self._path(name) not in self._channels:
            raise Refused(404, "Log channel does not exist")
        self._channels = dict(_CONFIGURED)

    @staticmethod
    def _path(name: str) -> str:
        return name if name.startswith("/") else DIRECTORY + name
