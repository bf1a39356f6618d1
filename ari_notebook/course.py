"""The course's notebooks: where they are in this installation, and a copy for the user.

A copy is the user's own. What was copied is remembered by its hash in the folder, so that an
untouched notebook follows a new version of the course and an edited one is never written over.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Copied", "copy_course", "course_folder"]

_MEMORY = ".ari-notebook-course.json"


@dataclass(frozen=True)
class Copied:
    """What `copy_course` did, by file name."""

    new: tuple[str, ...]
    updated: tuple[str, ...]
    kept: tuple[str, ...]  # edited by the user, and therefore left alone


def course_folder() -> Path:
    """The folder of the course's notebooks.

    Raises:
        FileNotFoundError: this installation has none.
    """
    package = Path(__file__).parent
    # In a wheel they are inside the package, in a checkout beside it.
    for folder in (package / "course", package.parent / "notebooks"):
        if any(folder.glob("*.ipynb")):
            return folder
    raise FileNotFoundError("this installation of ari-notebook has no course in it")


def copy_course(target: Path, source: Path | None = None) -> Copied:
    """Copy the course into a folder of the user's.

    Args:
        target: the folder; it is made where it is missing.
        source: the course; the installed one if None.

    Returns:
        What was copied, what was brought up to date, and what was left as the user made it.

    Raises:
        OSError: the folder cannot be made or written.
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
    """What was copied before; nothing where the memory is gone or spoilt."""
    try:
        known = json.loads(memory.read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
