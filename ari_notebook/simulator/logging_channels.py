"""Where the exchange logs to: the list that ARI shows and changes.

A file's channel is shown by its full path and asked for by its name. Rotating one makes Asterisk
read logger.conf again, which forgets every channel that was added.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ari_notebook.simulator.messages import Refused

DIRECTORY = "/var/log/asterisk/"  # of the exchange that is simulated; nothing is written there
LEVELS = (
    "DEBUG", "TRACE", "NOTICE", "WARNING", "ERROR", "VERBOSE", "DTMF", "CC", "FAX",
    "PJSIP_HISTORY", "SECURITY",
)  # fmt: skip

_CONFIGURED = {
    f"{DIRECTORY}messages.log": ("File", ("NOTICE", "WARNING", "ERROR")),
    "": ("Console", ("NOTICE", "WARNING", "ERROR", "VERBOSE")),
}


def _levels(configuration: str) -> tuple[str, ...]:
    """The levels of ``[json]notice,verbose(3)``; how it is written, and how much, does not show."""
    levels = configuration.rpartition("]")[2].split(",")
    wanted = {level.partition("(")[0].strip().upper() for level in levels}
    return LEVELS if "*" in wanted else tuple(each for each in LEVELS if each in wanted)


class LogChannels:
    """The log channels, the newest first.

    Args:
        logfiles: what logger.conf says of each: its name and its levels; Debian's if nothing.
    """

    def __init__(self, logfiles: Iterable[tuple[str, str]] = ()) -> None:
        self._configured: dict[str, tuple[str, tuple[str, ...]]] = {}
        for name, levels in reversed([*logfiles]):
            wanted = _levels(levels)
            if name == "console":
                self._configured[""] = ("Console", wanted)
            else:
                self._configured[self._path(name)] = ("File", wanted)
        self._configured = self._configured or dict(_CONFIGURED)
        self._channels = dict(self._configured)

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
        self._channels = {path: ("File", _levels(configuration)), **self._channels}

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
        self._channels = dict(self._configured)

    @staticmethod
    def _path(name: str) -> str:
        return name if name.startswith("/") else DIRECTORY + name
