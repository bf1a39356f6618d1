"""Log channels that ARI lists and changes.

A file's channel is listed by its full path and addressed by name. Rotating one makes Asterisk
reload logger.conf, which removes every added channel.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath, PurePosixPath
from typing import Any

from ari_notebook.simulator.messages import AriRefusal

LEVELS = (
    "DEBUG", "TRACE", "NOTICE", "WARNING", "ERROR", "VERBOSE", "DTMF", "CC", "FAX",
    "PJSIP_HISTORY", "SECURITY",
)  # fmt: skip

_DEFAULT = (
    ("console", "notice,warning,error,verbose"),
    ("messages.log", "notice,warning,error"),
)


def _levels(configuration: str) -> tuple[str, ...]:
    """Return the levels of ``[json]notice,verbose(3)``, without format and verbosity."""
    levels = configuration.rpartition("]")[2].split(",")
    wanted = {level.partition("(")[0].strip().upper() for level in levels}
    return LEVELS if "*" in wanted else tuple(each for each in LEVELS if each in wanted)


def _console(levels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the levels of the console, which always has VERBOSE (``main/logger.c``)."""
    return tuple(each for each in LEVELS if each in levels or each == "VERBOSE")


class LogChannelRegistry:
    """The log channels, newest first.

    Args:
        logfiles: name and levels of each from logger.conf; default: Debian's.
        directory: folder of the files; nothing is written there.
    """

    def __init__(
        self,
        logfiles: Iterable[tuple[str, str]] = (),
        directory: PurePath | None = None,
    ) -> None:
        self._directory = directory or PurePosixPath("/var/log/asterisk")
        self._configured: dict[str, tuple[str, tuple[str, ...]]] = {}
        for name, levels in reversed([*logfiles] or [*_DEFAULT]):
            wanted = _levels(levels)
            if name == "console":
                self._configured[""] = ("Console", _console(wanted))
            else:
                self._configured[self._path(name)] = ("File", wanted)
        self._channels = dict(self._configured)

    def list(self) -> list[dict[str, Any]]:
        """Return ARI's objects of all log channels."""
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
        """Log the given levels (``notice,warning``) to a file.

        Raises:
            AriRefusal: 400 without levels, 409 if it already exists.
        """
        if not configuration:
            raise AriRefusal(400, "Configuration levels are required")
        path = self._path(name)
        if path in self._channels or name == "console":
            raise AriRefusal(409, "Log channel already exists")
        self._channels = {path: ("File", _levels(configuration)), **self._channels}

    def remove(self, name: str) -> None:
        """Stop logging to a channel.

        Raises:
            AriRefusal: 404.
        """
        path = self._path(name)
        if path not in self._channels:
            raise AriRefusal(404, "Log channel does not exist")
        del self._channels[path]

    def rotate(self, name: str) -> None:
        """Start a new file, which also removes every added channel.

        Raises:
            AriRefusal: 404.
        """
        if self._path(name) not in self._channels:
            raise AriRefusal(404, "Log channel does not exist")
        self._channels = dict(self._configured)

    def _path(self, name: str) -> str:
        return name if name.startswith("/") else f"{self._directory.as_posix()}/{name}"
