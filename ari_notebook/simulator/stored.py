"""Recordings that are kept: files below one directory, and no path that leads out of it."""

from __future__ import annotations

import posixpath
import shutil
from pathlib import Path

from ari_notebook.simulator import audio
from ari_notebook.simulator.messages import Refused

_LONGEST_PART = 255  # octets, as file systems have it
_LONGEST_PATH = 2000  # below what they have, less the directory's own


class StoredRecordings:
    """The files of finished recordings, by the recording's name.

    Args:
        directory: where they are; it is made when the first one is written.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def list(self) -> list[dict[str, str]]:
        """ARI's objects of all stored recordings, by name."""
        paths = (path for path in self.directory.rglob("*") if self._is_recording(path))
        return sorted((self._describe(path) for path in paths), key=lambda each: each["name"])

    def find(self, name: str) -> Path | None:
        """A recording's file; None where there is none."""
        wanted = self.path(name, "")
        if wanted is None or not wanted.parent.is_dir():
            return None
        files = sorted(wanted.parent.iterdir())
        return next(
            (path for path in files if path.stem == wanted.name and self._is_recording(path)), None
        )

    def get(self, name: str) -> Path:
        """A recording's file.

        Raises:
            Refused: 404.
        """
        path = self.find(name)
        if path is None:
            raise Refused(404, "Recording not found")
        return path

    def describe(self, name: str) -> dict[str, str]:
        """ARI's object of a recording.

        Raises:
            Refused: 404.
        """
        return self._describe(self.get(name))

    def duration(self, name: str) -> int | None:
        """How long a recording is, in ms; None where there is none."""
        path = self.find(name)
        return audio.file_duration(path) if path else None

    def copy(self, name: str, destination: str | None) -> dict[str, str]:
        """Copy a recording.

        Args:
            name: of the recording.
            destination: the copy's name; what follows its last dot is taken for an extension, and
                is not part of it.

        Returns:
            ARI's object of the copy.

        Raises:
            Refused: 404; 400 without a destination; 403 where it is outside the directory; 409
                where there is a recording of the destination's name, whatever its format; 500
                where nothing can be written there, or nothing could be asked for by that name.
        """
        source = self.get(name)
        if destination is None:
            raise Refused(400, "Invalid destination recording name", reason="Bad request")
        if destination and self.path(destination, source.suffix[1:]) is None:
            raise Refused(403, "Destination file path is forbidden")
        if self.find(destination) is not None:
            raise Refused(409, "A recording with the same name already exists on the system")
        kept = destination.rpartition(".")[0] if "." in destination else destination
        target = self.path(kept, source.suffix[1:])
        if target is None or not kept.rpartition("/")[2]:
            raise Refused(500, "Error building response")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if target != source:
                shutil.copyfile(source, target)
        except OSError:  # another recording stands where the folder should be
            raise Refused(500, "Copy failed") from None
        return self._describe(target)

    def delete(self, name: str) -> None:
        """Delete a recording.

        Raises:
            Refused: 404.
        """
        self.get(name).unlink()

    def path(self, name: str, format: str) -> Path | None:
        """Where a recording of a name belongs; None where that is outside the directory.

        A real Asterisk 22.10 makes what folders it finds missing on the way, and so gets out by
        ``made/../../outside``. No name leads out here.
        """
        before, _, last = name.rpartition("/")
        folder = _folder(before)
        parts = [*folder, last]
        ending = f".{audio.extension(format)}" if format else ""
        if folder[:1] == [".."] or last + ending in ("", ".", "..") or "\0" in name:
            return None
        sizes = [len(part.encode(errors="replace")) + len(ending) for part in parts]
        if max(sizes) > _LONGEST_PART or sum(sizes) > _LONGEST_PATH:
            return None
        return self.directory.joinpath(*folder, last + ending)

    @staticmethod
    def leads_elsewhere(name: str) -> bool:
        """Whether a name leads to a folder that is neither inside nor above the directory."""
        folder = _folder(name.rpartition("/")[0])
        return folder[:1] == [".."] and set(folder) != {".."}

    def _describe(self, path: Path) -> dict[str, str]:
        inside = path.relative_to(self.directory)
        return {"name": inside.with_suffix("").as_posix(), "format": path.suffix[1:]}

    @staticmethod
    def _is_recording(path: Path) -> bool:
        return audio.is_known(path.suffix[1:]) and path.is_file()


def _folder(path: str) -> list[str]:
    """The folders of a path from the directory on; ``..`` is left where it leads out of that."""
    return [part for part in posixpath.normpath(f"./{path}").split("/") if part != "."]
