"""The course's notebooks: where they are in this installation, and a copy for the user.

The folder of a copy stores the hash of each copied notebook, so that a new version of the course
replaces unchanged notebooks and never overwrites edited ones.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Copied", "copy_course", "course_folder", "minutes_of", "solution_of"]

_MEMORY = ".ari-notebook-course.json"


@dataclass(frozen=True)
class Copied:
    """The result of `copy_course`, by file name."""

    new: tuple[str, ...]
    updated: tuple[str, ...]
    kept: tuple[str, ...]  # edited by the user, and therefore not replaced


def course_folder() -> Path:
    """Return the folder of the course's notebooks.

    Raises:
        FileNotFoundError: this installation has no course.
    """
    package = Path(__file__).parent.parent
    # In a wheel they are inside the package, in a checkout beside it.
    for folder in (package / "course", package.parent / "notebooks"):
        if any(folder.glob("*.ipynb")):
            return folder
    raise FileNotFoundError("this installation of ari-notebook does not contain the course")


def minutes_of(notebook: str) -> int | None:
    """Return the duration in minutes from a notebook's first lines, or None."""
    try:
        text = (course_folder() / f"{notebook}.ipynb").read_text("utf-8")
    except OSError:
        return None
    found = re.search(r"\*About (\d+) minutes\.\*", text)
    return int(found[1]) if found else None


def solution_of(notebook: str) -> str:
    """Return the solution of a notebook's exercise, or ""."""
    try:
        text = (course_folder() / f"{notebook}.ipynb").read_text("utf-8")
        cells = json.loads(text)["cells"]
    except (OSError, ValueError, KeyError):
        return ""
    for cell in cells:
        if "solution" in cell.get("metadata", {}).get("tags", ()):
            lines = "".join(cell["source"]).splitlines()
            return "\n".join(line for line in lines if not line.endswith("--solution"))
    return ""


def copy_course(target: Path, source: Path | None = None) -> Copied:
    """Copy the course into a folder.

    Args:
        target: the folder; created if necessary.
        source: the course; the installed one if None.

    Returns:
        The copied, updated and unchanged files.

    Raises:
        OSError: the folder cannot be created or written.
    """
    source = source or course_folder()
    target.mkdir(parents=True, exist_ok=True)
    memory = target / _MEMORY
    known = _read(memory)
    new, updated, kept = [], [], []
    for original in sorted(source.rglob("*")):
        name = original.relative_to(source).as_posix()
        if not original.is_file() or any(part.startswith((".", "__")) for part in name.split("/")):
            continue
        content = original.read_bytes()
        copy = target / name
        if not copy.exists():
            new.append(name)
        elif (there := _hash(copy.read_bytes())) == _hash(content):
            known[name] = there
            continue
        elif there == known.get(name):
            updated.append(name)
        else:
            kept.append(name)
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(content)
        known[name] = _hash(content)
    memory.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    return Copied(tuple(new), tuple(updated), tuple(kept))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read(memory: Path) -> dict[str, str]:
    """Return the hashes of earlier copies; empty if their file is missing or invalid."""
    try:
        known = json.loads(memory.read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
