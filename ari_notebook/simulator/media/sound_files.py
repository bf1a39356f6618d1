"""Sounds that are files: by absolute path, or below a folder of further sounds."""

from __future__ import annotations

from pathlib import Path

from ari_notebook.simulator.media import samples

__all__ = ["SoundFiles"]


class SoundFiles:
    """Sounds beside the catalogue.

    Args:
        folder: their folder, as ``sounds`` in asterisk.conf's astdatadir; None: there is none.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def duration(self, name: str) -> int | None:
        """Return a sound's duration in ms, or None if there is no such file.

        Args:
            name: path without the ending, absolute or below the folder or its folder ``en``.
        """
        if not name or "\0" in name:
            return None
        if name.startswith("/"):
            bases = [Path(name)]
        elif self._folder is None or ".." in Path(name).parts:
            return None
        else:
            bases = [self._folder / "en" / name, self._folder / name]
        for base in bases:
            lengths = [samples.file_duration(path) for path in _files(base)]
            if lengths:
                return max(lengths)
        return None


def _files(base: Path) -> list[Path]:
    """Return the sound files of a path without an ending, one for each format."""
    candidates = (base.with_name(f"{base.name}.{ending}") for ending in sorted(samples.FORMATS))
    try:
        return [path for path in candidates if path.is_file()]
    except (OSError, ValueError):  # a name that no file system has
        return []
