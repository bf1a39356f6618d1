"""What a session remembers: a recording of it, the calls that passed, what was out of order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ari_notebook.looking import Looking

if TYPE_CHECKING:
    from ari_notebook.calls import Calls
    from ari_notebook.captures.capture import Capture
    from ari_notebook.captures.pictures import Pictures
    from ari_notebook.drift import Drift
    from ari_notebook.following import Follower
    from ari_notebook.sending import Sender

__all__ = ["Keeping"]


class Keeping(Looking):
    """The part of a session that remembers."""

    _follower: Follower
    _sender: Sender
    _drift: Drift
    _calls: Calls | None = None

    @property
    def following(self) -> Follower:
        """What follows the server's events; for those who listen to all of it."""
        return self._follower

    @property
    def sending(self) -> Sender:
        """What sends this session's requests; for those who listen to all of them."""
        return self._sender

    def capture(self, path: str | Path, *, overwrite: bool = False) -> Capture:
        """Record everything from now on into a file.

        Args:
            path: the file; compressed if its name ends in ``.gz``. Or a folder, or a name that
                ends in ``.parquet``: the dataset of which it becomes a part when it stops.
            overwrite: replace a file that is there.

        Returns:
            The capture, with ``stop()``; also a context manager. It ends with the session.

        Raises:
            UsageProblem: the file is there already, or cannot be written.
        """
        from ari_notebook.captures.capture import Capture

        session: Any = self
        if Path(path).is_dir() or Path(path).suffix == ".parquet":
            from ari_notebook.captures.into import CaptureInto

            return CaptureInto(session, path)
        return Capture(session, path, overwrite=overwrite)

    @property
    def calls(self) -> Calls:
        """The calls in the event log; ``ari.calls.df`` has a row each."""
        if self._calls is None:
            from ari_notebook.calls import Calls

            self._calls = Calls(self._follower.log)
        return self._calls

    @property
    def drift(self) -> Drift:
        """What the events so far said otherwise than the declaration; ``.df`` lists it."""
        while self._follower.log.fill():  # which looks at them
            pass
        return self._drift

    @property
    def pictures(self) -> Pictures:
        """What can be drawn of the traffic so far, as matplotlib's figures."""
        from ari_notebook.captures.pictures import Pictures

        return Pictures(self)
