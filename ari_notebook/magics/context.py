"""What a verb has at hand when it runs: the shell, the session, the channel that is meant."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from ari_notebook import sessions
from ari_notebook.client.errors import NotFound, UsageProblem
from ari_notebook.resources import LiveObject

if TYPE_CHECKING:
    from ari_notebook.magics.grammar import Given
    from ari_notebook.magics.settings import AriMagics
    from ari_notebook.session import Session

__all__ = ["Context", "Progress"]

Default = TypeVar("Default", int, None)

_SETTLE_SECONDS = 1.0
NAME = "ari"  # what a session is bound to in the notebook


class Context:
    """One run of a verb.

    Args:
        shell: IPython's.
        settings: what ``%config AriMagics`` says.
        given: what the line gave.
        names: the variables where the line stands.
    """

    def __init__(
        self, shell: Any, settings: AriMagics, given: Given, names: Mapping[str, Any]
    ) -> None:
        self.shell = shell
        self.settings = settings
        self._given = given
        self._names = names

    @property
    def session(self) -> Session:
        """The session that is meant: ``--on``, the one that ``ari`` is here, or the latest.

        Raises:
            UsageProblem: there is none.
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
        """Make a session the notebook's ``ari``, and the one that is meant."""
        sessions.use(session.name)
        self.shell.user_ns[NAME] = session

    @property
    def channel(self) -> Any:
        """The channel that is meant: ``--channel``, or the current one.

        Raises:
            NotFound: there is none.
        """
        return self.named_or_current(self._given.options.get("--channel"))

    def named_or_current(self, text: Any) -> Any:
        """The channel of that id or name; the current one where none is named."""
        return self.find_channel(text) if text else self.session.current_channel

    def find_channel(self, text: Any) -> Any:
        """The channel of that id, or of an unambiguous part of an id or name."""
        return self._itself(text, "Channel") or self.session.find_channel(text)

    def find_bridge(self, text: Any) -> Any:
        """The bridge of that id, or of an unambiguous part of an id or name."""
        return self._itself(text, "Bridge") or self.session.find_bridge(text)

    def _itself(self, text: Any, model: str) -> Any:
        """The live object that ``$name`` stands for: nobody needs to be asked for it."""
        value = getattr(text, "value", text)
        is_ours = isinstance(value, LiveObject) and value._session is self.session
        return value if is_ours and value._kind.model == model else None

    def settle(self, true: Callable[[], bool]) -> None:
        """Let the event arrive that tells what was just done, so that its result is shown as it is.

        It comes by another way than the answer, a moment later; where it does not, never mind.
        """
        deadline = time.monotonic() + _SETTLE_SECONDS
        while not true() and time.monotonic() < deadline:
            time.sleep(0.005)

    def ids(self, text: Any) -> list[str]:
        """The channels of that id, or of that part of an id or name; those that are gone, too.

        Raises:
            NotFound: neither lives now nor is in the event log.
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
            raise NotFound(f"no channel {named!r} has been seen", "`%ari events` shows which have.")
        return found

    def seconds(self, option: str, default: float) -> float:
        """An option's seconds.

        Raises:
            UsageProblem: it is no number.
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
        """An option's whole number.

        Raises:
            UsageProblem: it is none.
        """
        text = self._given.options.get(option)
        if text is None:
            return default
        if not str(text).isdecimal():
            raise UsageProblem(f"{option} takes a whole number, not {str(text)!r}")
        return int(text)


class Progress:
    """A line that says how long something has been waited for; gone when that is over.

    Args:
        what: is waited for.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._shown = 0
        self._begun = time.monotonic()

    def __call__(self, passed: float) -> None:
        """Say how many seconds have passed; nothing in the first."""
        if passed >= 1:
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
