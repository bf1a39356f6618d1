"""Storage of the course's completed exercises.

The user's file ``ari-notebook/course.json`` in XDG_STATE_HOME or ``~/.local/state``. If it cannot
be written, nothing is stored and no error is raised.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DoneExercise", "done_exercises", "remember"]


@dataclass(frozen=True, slots=True)
class DoneExercise:
    """A completed exercise: time in seconds since 1970, and duration in seconds."""

    at: float
    seconds: float


def _file() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "ari-notebook" / "course.json"


def done_exercises() -> Mapping[str, DoneExercise]:
    """Return the completed exercises by name; none if the file is invalid."""
    try:
        known = json.loads(_file().read_text("utf-8"))
        return {
            str(name): DoneExercise(float(each["at"]), float(each["seconds"]))
            for name, each in known.items()
        }
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def remember(name: str, done: DoneExercise) -> None:
    """Store that an exercise is done; the first time counts."""
    known = dict(done_exercises())
    if name in known:
        return
    known[name] = done
    text = {name: {"at": each.at, "seconds": each.seconds} for name, each in known.items()}
    with suppress(OSError, RuntimeError):
        file = _file()
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(".new")
        new.write_text(json.dumps(text, indent=1), "utf-8")
        new.replace(file)
