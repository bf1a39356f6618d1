"""The context of a running verb: shell, session and channel."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from ari_notebook import sessions
from ari_notebook.audio.errors import AudioError
from ari_notebook.client.errors import NotFound, UsageProblem
from ari_notebook.connection.resources import LiveObject
from ari_notebook.store.progress_bar import rewrites_lines

if TYPE_CHECKING:
    from ari_notebook.magics.config import AriMagics
    from ari_notebook.magics.grammar import ParsedLine
    from ari_notebook.sessions.session import Session

__all__ = ["Context", "Progress"]

Default = TypeVar("Default", int, None)

_SETTLE_SECONDS = 1.0
NAME = "ari"  # variable of the session in the notebook


class Context:
    """One run of a verb.

    Args:
        shell: IPython's.
        settings: settings of ``%config AriMagics``.
        given: the parsed line.
        names: variables in the scope of the line.
    """

    def __init__(
        self, shell: Any, settings: AriMagics, given: ParsedLine, names: Mapping[str, Any]
    ) -> None:
        self.shell = shell
        self.settings = settings
        self._given = given
        self._names = names

    @property
    def session(self) -> Session:
        """The session: ``--on``, the variable ``ari``, or the newest.

        Raises:
            UsageProblem: no such object.
        """
        name = self._given.options.get("--on")
        if name:
            return sessions.find(str(name))
        bound = self._names.get(NAME)
        if bound in sessions.opened():
            found: Session = bound
            return found
        return sessions.current()

    def bind(self, session: Session) -> None:
        """Bind a session to ``ari`` in the notebook, and make it the current one."""
        sessions.use(session.name)
        self.shell.user_ns[NAME] = session

    @property
    def channel(self) -> Any:
        """The channel: ``--channel``, or the current one.

        Raises:
            NotFound: no such object.
        """
        return self.named_or_current(self._given.options.get("--channel"))

    def named_or_current(self, text: Any) -> Any:
        """Return the channel of that id or name, or the current one if none is named."""
        return self.find_channel(text) if text else self.session.current_channel

    def find_channel(self, text: Any) -> Any:
        """Return the channel with that id, or an unambiguous part of an id or name."""
        return self._itself(text, "Channel") or self.session.find_channel(text)

    def find_bridge(self, text: Any) -> Any:
        """Return the bridge with that id, or an unambiguous part of an id or name."""
        return self._itself(text, "Bridge") or self.session.find_bridge(text)

    def _itself(self, text: Any, model: str) -> Any:
        """Return the live object of ``$name``, without a request."""
        value = getattr(text, "value", text)
        is_ours = isinstance(value, LiveObject) and value._session is self.session
        return value if is_ours and value._type.model == model else None

    def settle(self, true: Callable[[], bool]) -> None:
        """Wait briefly for the event of a request, so that its result is shown up to date.

        The event arrives shortly after the response, on another connection; without it, continue.
        """
        background = self.session.background
        deadline = background.monotonic() + _SETTLE_SECONDS
        while not true() and background.monotonic() < deadline:
            background.sleep(0.005)

    def ids(self, text: Any) -> list[str]:
        """Return the channels, ended ones too, with that id, or that part of an id or name.

        Raises:
            NotFound: neither in the live tables nor in the event log.
        """
        named = str(text)
        table = self.session.events.df[["channel", "channel_name"]].dropna().drop_duplicates()
        rows = dict(
            zip(table["channel"].astype(str), table["channel_name"].astype(str), strict=True)
        )
        rows |= {id: str(row.get("name")) for id, row in self.session.tables.channels.items()}
        if named in rows:
            return [named]
        found = [id for id, name in rows.items() if named in id or named in name]
        if not found:
            raise NotFound(
                f"no channel {named!r} in the event log", "`%ari events` shows which have."
            )
        return found

    def seconds(self, option: str, default: float) -> float:
        """Return an option's seconds.

        Raises:
            UsageProblem: not a number.
        """
        text = self._given.options.get(option)
        if text is None:
            return default
        try:
            seconds = float(text)
        except ValueError:
            raise UsageProblem(f"{option} takes seconds, not {str(text)!r}") from None
        if not 0 <= seconds < 1e9:
            raise UsageProblem(f"{option} takes seconds from 0 on, not {text}")
        return seconds

    def number(self, option: str, default: Default) -> int | Default:
        """Return an option's whole number.

        Raises:
            UsageProblem: not a whole number.
        """
        text = self._given.options.get(option)
        if text is None:
            return default
        if not str(text).isdecimal():
            raise UsageProblem(f"{option} takes a whole number, not {str(text)!r}")
        return int(text)


@contextmanager
def audio_errors() -> Iterator[None]:
    """Turn an error of audio into one of the line."""
    try:
        yield
    except AudioError as error:
        raise UsageProblem(str(error)) from None


class Progress:
    """A line with the duration of a wait, removed at its end.

    Args:
        what: label of the wait.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._shown = 0
        self._begun = time.monotonic()

    def __call__(self, passed: float) -> None:
        """Show the seconds that have passed; nothing in the first second."""
        if passed >= 1 and rewrites_lines(sys.stdout):
            text = f"waiting for {self._what}: {passed:.0f} s"
            sys.stdout.write("\r" + text.ljust(self._shown))
            sys.stdout.flush()
            self._shown = len(text)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            sys.stdout.write("\r" + " " * self._shown + "\r")
            sys.stdout.flush()
