"""Stored recordings: files below one directory; no path leads out of it."""

from __future__ import annotations

import posixpath
import shutil
from pathlib import Path

from ari_notebook.simulator.media import samples
from ari_notebook.simulator.messages import AriRefusal

_LONGEST_PART = 255  # octets, the limit of file systems
_LONGEST_PATH = 2000  # below the limit of file systems, less the directory's length


class StoredRecordings:
    """The files of finished recordings, by the recording's name.

    Args:
        directory: their directory, created with the first recording.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def list(self) -> list[dict[str, str]]:
        """Return ARI's objects of all stored recordings, sorted by name."""
        paths = (path for path in self.directory.rglob("*") if self._is_recording(path))
        return sorted((self._describe(path) for path in paths), key=lambda each: each["name"])

    def find(self, name: str) -> Path | None:
        """Return a recording's file, or None."""
        wanted = self.path(name, "")
        if wanted is None or not wanted.parent.is_dir():
            return None
        files = sorted(wanted.parent.iterdir())
        return next(
            (path for path in files if path.stem == wanted.name and self._is_recording(path)), None
        )

    def get(self, name: str) -> Path:
        """Return a recording's file.

        Raises:
            AriRefusal: 404.
        """
        path = self.find(name)
        if path is None:
            raise AriRefusal(404, "Recording not found")
        return path

    def describe(self, name: str) -> dict[str, str]:
        """Return ARI's object of a recording.

        Raises:
            AriRefusal: 404.
        """
        return self._describe(self.get(name))

    def duration(self, name: str) -> int | None:
        """Return a recording's duration in ms, or None."""
        path = self.find(name)
        return samples.file_duration(path) if path else None

    def copy(self, name: str, destination: str | None) -> dict[str, str]:
        """Copy a recording.

        Args:
            name: name of the recording.
            destination: name of the copy; the part after the last dot is an extension and is
                dropped.

        Returns:
            ARI's object of the copy.

        Raises:
            AriRefusal: 404; 400 without a destination; 403 outside the directory; 409 if the
                destination's name is in use, in any format; 500 if the file cannot be written, or
                no request could address that name.
        """
        source = self.get(name)
        if destination is None:
            raise AriRefusal(400, "Invalid destination recording name", reason="Bad request")
        if destination and self.path(destination, source.suffix[1:]) is None:
            raise AriRefusal(403, "Destination file path is forbidden")
        if self.find(destination) is not None:
            raise AriRefusal(409, "A recording with the same name already exists on the system")
        kept = destination.rpartition(".")[0] if "." in destination else destination
        target = self.path(kept, source.suffix[1:])
        if target is None or not kept.rpartition("/")[2]:
            raise AriRefusal(500, "Error building response")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if target != source:
                shutil.copyfile(source, target)
        except OSError:  # another recording has the name of the folder
            raise AriRefusal(500, "Copy failed") from None
        return self._describe(target)

    def delete(self, name: str) -> None:
        """Delete a recording.

        Raises:
            AriRefusal: 404.
        """
        self.get(name).unlink()

    def path(self, name: str, format: str) -> Path | None:
        """Return the path of a recording, or None outside the directory.

        Asterisk 22.10 creates missing folders on the way, so that ``made/../../outside`` leaves the
        directory. No name does here.
        """
        before, _, last = name.rpartition("/")
        folder = _folder(before)
        parts = [*folder, last]
        ending = f".{samples.extension(format)}" if format else ""
        if folder[:1] == [".."] or last + ending in ("", ".", "..") or "\0" in name:
            return None
        sizes = [len(part.encode(errors="replace")) + len(ending) for part in parts]
        if max(sizes) > _LONGEST_PART or sum(sizes) > _LONGEST_PATH:
            return None
        return self.directory.joinpath(*folder, last + ending)

    @staticmethod
    def leads_elsewhere(name: str) -> bool:
        """Return whether a name leads to a folder neither inside nor above the directory."""
        folder = _folder(name.rpartition("/")[0])
        return folder[:1] == [".."] and set(folder) != {".."}

    def _describe(self, path: Path) -> dict[str, str]:
        inside = path.relative_to(self.directory)
        return {"name": inside.with_suffix("").as_posix(), "format": path.suffix[1:]}

    @staticmethod
    def _is_recording(path: Path) -> bool:
        return samples.is_known(path.suffix[1:]) and path.is_file()


def _folder(path: str) -> list[str]:
    """Return the folders of a path below the directory; ``..`` stays where it leads out."""
    return [part for part in posixpath.normpath(f"./{path}").split("/") if part != "."]
