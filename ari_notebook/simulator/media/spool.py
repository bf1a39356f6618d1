"""The folders with the recordings of running exchanges.

Each is deleted by the process that created it. The next process deletes folders of killed
processes: an exchange holds a lock on its folder, which ends with its process in any case.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
import weakref
from pathlib import Path

try:
    import fcntl

    fcntl.flock  # noqa: B018  in a browser the module may be there without its functions
except (ImportError, AttributeError):  # Windows lacks it
    fcntl = None  # type: ignore[assignment]

__all__ = ["open_spool"]

_PREFIX = "ari-notebook-spool-"
_NEW_SECONDS = 60.0  # seconds after its creation in which a folder may not be locked yet
_swept: set[str] = set()  # folders of temporary files that this process has searched


def open_spool(owner: object) -> tuple[Path, weakref.finalize[[str, int | None, int], object]]:
    """Create a folder for the lifetime of an object, and delete folders of killed processes.

    Args:
        owner: the folder is deleted with this object, at the latest at the exit of this process,
            but not of a forked child.

    Returns:
        The folder, and a function that deletes it.
    """
    parent = tempfile.gettempdir()
    if parent not in _swept:
        _swept.add(parent)
        _delete_abandoned(parent)
    path = tempfile.mkdtemp(prefix=_PREFIX)
    lock = _locked(path)
    return Path(path), weakref.finalize(owner, _delete, path, lock, os.getpid())


def _delete(path: str, lock: int | None, owner: int) -> None:
    if os.getpid() != owner:  # a forked child: the folder is its parent's
        return
    shutil.rmtree(path, ignore_errors=True)
    if lock is not None:
        os.close(lock)


def _locked(path: str) -> int | None:
    """Lock a folder until the file descriptor is closed; return None if that is impossible."""
    if fcntl is None:
        return None
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # another process holds it, or the file system has no locks
        os.close(folder)
        return None
    return folder


def _delete_abandoned(parent: str) -> None:
    """Delete this user's folders without a lock."""
    if fcntl is None:
        return
    old = time.time() - _NEW_SECONDS
    with contextlib.suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if not entry.name.startswith(_PREFIX):
                continue
            with contextlib.suppress(OSError):  # deleted meanwhile
                found = entry.stat(follow_symlinks=False)
                if not entry.is_dir(follow_symlinks=False) or found.st_uid != os.getuid():
                    continue
                if found.st_mtime < old and (lock := _locked(entry.path)) is not None:
                    shutil.rmtree(entry.path, ignore_errors=True)
                    os.close(lock)
