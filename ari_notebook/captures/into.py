"""Recording straight into a dataset: sessions to several servers, each with a file of its own.

A Parquet file can be read once it is finished and not before, so that what is killed would be lost
with it. A session therefore records into a JSON Lines file in the dataset's folder ``_captures``,
which readers of Parquet pass over, and it is converted when the recording stops. What was killed
before that is converted by `convert_left`. The recordings stay: they also have the requests.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ari_notebook.captures.capture import Capture
from ari_notebook.captures.datasets import need, to_parquet
from ari_notebook.client.errors import UsageProblem

if TYPE_CHECKING:
    from ari_notebook.session import Session

__all__ = ["FOLDER", "CaptureInto", "convert_left", "left"]

FOLDER = "_captures"


class CaptureInto(Capture):
    """A recording that becomes a part of a dataset when it stops.

    Args:
        session: what is recorded.
        folder: of the dataset; made if it is not there.

    Raises:
        UsageProblem: pyarrow is not installed, or nothing can be written there.
    """

    def __init__(self, session: Session, folder: str | Path) -> None:
        need("pyarrow")
        self.folder = Path(folder)
        try:
            (self.folder / FOLDER).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageProblem(f"cannot write {self.folder}: {error.strerror}") from None
        # Names sort by time: a server's calls are joined over the files that follow each other.
        now = time.time()
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now)) + f"{now % 1:.6f}"[2:]
        name = re.sub(r"[^\w-]", "-", session.name)
        super().__init__(session, self.folder / FOLDER / f"{stamp}-{name}.jsonl.gz")

    def stop(self) -> CaptureInto:
        """Write what waits, close the file, and convert it."""
        stopped = not self._running
        super().stop()
        if not stopped:
            to_parquet(self.path, self.folder)
        return self


def left(folder: str | Path) -> list[Path]:
    """The recordings in a dataset that are not converted: running, killed, or without an event."""
    folder = Path(folder)
    converted = {file.name.rpartition("-")[0] for file in folder.glob("server=*/date=*/*.parquet")}
    there = sorted((folder / FOLDER).glob("*.jsonl.gz"))
    return [path for path in there if path.name.split(".")[0] not in converted]


def convert_left(folder: str | Path) -> list[Path]:
    """Convert what was recorded into a dataset and killed before it could be converted.

    One that still runs is converted as far as it is, and once more when it stops.

    Returns:
        The recordings that were converted.
    """
    found = []
    for path in left(folder):
        if path.stat().st_size:
            to_parquet(path, folder)
            found.append(path)
    return found
