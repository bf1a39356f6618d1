"""The magic `%ari`: runs a line and returns its result, or shows an error in one line.

The modules that run a line are loaded with the first line, to keep loading the extension fast.
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
from ari_notebook.magics.config import settings_of
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
        """Control an Asterisk by its REST interface: ``%ari VERB …``.

        A first call::

            %ari connect                    the embedded exchange; or a URL
            %ari call 1000                  a caller dials 1000
            %ari wait StasisStart           the call reaches the application
            %ari play hello-world --wait    it is played to the caller
            %ari hangup

        ``%ari`` alone shows the current state and what to type next; ``%ari help`` lists the verbs,
        ``%ari help VERB`` explains one, ``%ari docs channels.play`` an operation, and Tab completes
        everything. Every operation of the server is a verb too::

            %ari channels.play channelId=$channel media=sound:hello-world

        Every verb returns its object: ``channel = %ari originate PJSIP/alice``. A ``;`` at the end
        of the line suppresses its output. ``$name`` and ``{expression}`` are replaced by their
        values. ``%%ari on EVENT`` makes a cell the handler of an event.
        """
        try:
            from ari_notebook.magics.dispatch import run  # noqa: PLC0415  with the first line: 0.3 s

            # In a function, its variables have precedence over the notebook's.
            names = {**self.shell.user_ns, **(local_ns or {})}
            return run(self.shell, self.settings, line, cell, names)
        except AriError as error:
            raise _in_one_line(error, f"{type(error).__name__}: {error}") from None
        except KeyboardInterrupt as interrupt:
            raise _in_one_line(interrupt, f"KeyboardInterrupt: %ari {line}") from None


def _in_one_line(error: BaseException, text: str) -> BaseException:
    """Return the error, shown by IPython and Jupyter as one line instead of a traceback."""
    line = " ".join(text.split())
    error._render_traceback_ = lambda *_: [line]  # type: ignore[attr-defined]
    return error.with_traceback(None)
