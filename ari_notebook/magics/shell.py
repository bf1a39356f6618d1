"""The magic itself: a line comes in, its result or a one-line error goes out.

What it takes to run a line is loaded with the first line: loading the extension is not to be felt.
"""

from __future__ import annotations

from typing import Any

from IPython.core.magic import (
    Magics,
    line_cell_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)

from ari_notebook.client.errors import AriError
from ari_notebook.magics.settings import settings_of
from ari_notebook.views import register

__all__ = ["AriMagic"]


@magics_class
class AriMagic(Magics):  # type: ignore[misc]
    """``%ari`` and ``%%ari``."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self.settings = settings_of(shell)
        self.settings.observe(self._display, "display")

    def _display(self, change: dict[str, str]) -> None:
        register(self.shell, html=change["new"] == "html")

    @no_var_expand  # type: ignore[untyped-decorator]
    @needs_local_scope  # type: ignore[untyped-decorator]
    @line_cell_magic  # type: ignore[untyped-decorator]
    def ari(
        self, line: str, cell: str | None = None, local_ns: dict[str, Any] | None = None
    ) -> Any:
        """Drive an Asterisk by its REST interface: ``%ari VERB …``.

        A first walk::

            %ari connect                    the embedded exchange; or a URL
            %ari call 1000                  somebody dials 1000
            %ari wait StasisStart           the call reaches our application
            %ari play hello-world --wait    they hear it
            %ari hangup

        ``%ari`` alone says where things stand and what to type next; ``%ari help`` lists the
        verbs, ``%ari help VERB`` explains one, ``%ari docs channels.play`` an operation, and Tab
        completes everything. Every operation of the server is a verb too::

            %ari channels.play channelId=$channel media=sound:hello-world

        Every verb returns its object: ``channel = %ari originate PJSIP/alice``. A ``;`` at the
        end of the line silences it. ``$name`` and ``{expression}`` are replaced by what they
        stand for. ``%%ari on EVENT`` makes a cell the handler of an event.
        """
        try:
            from ari_notebook.magics.running import run

            # Inside a function, its own variables come before the notebook's.
            names = {**self.shell.user_ns, **(local_ns or {})}
            return run(self.shell, self.settings, line, cell, names)
        except AriError as error:
            raise _in_one_line(error, f"{type(error).__name__}: {error}") from None
        except KeyboardInterrupt as interrupt:
            raise _in_one_line(interrupt, f"KeyboardInterrupt: %ari {line}") from None


def _in_one_line(error: BaseException, text: str) -> BaseException:
    """The error, shown by IPython and Jupyter as one line instead of a traceback."""
    line = " ".join(text.split())
    error._render_traceback_ = lambda *_: [line]  # type: ignore[attr-defined]
    return error.with_traceback(None)
