"""An IPython shell to type into."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


@dataclass
class Typed:
    """The result of a cell."""

    result: Any
    error: BaseException | None
    out: str


class Prompt:
    """A shell with the extension loaded, without state shared with another shell."""

    def __init__(self, config: Config | None = None) -> None:
        settings = Config(HistoryManager={"enabled": False})
        settings.merge(config or Config())
        self.shell = InteractiveShell(config=settings, colors="nocolor")
        self.shell.extension_manager.load_extension("ari_notebook")

    def __call__(self, cell: str) -> Any:
        """Run a cell that must succeed; return its result."""
        typed = self.type(cell)
        if typed.error is not None:
            raise typed.error
        return typed.result

    def type(self, cell: str) -> Typed:
        """Run a cell like a user."""
        out = io.StringIO()
        with redirect_stdout(out), redirect_stderr(out):
            done = self.shell.run_cell(cell, store_history=True)
        return Typed(done.result, done.error_in_exec or done.error_before_exec, out.getvalue())

    def fail(self, cell: str) -> str:
        """Run a cell that must fail; return the error as shown."""
        typed = self.type(cell)
        assert typed.error is not None, f"{cell} worked: {typed.result!r}"
        return typed.out.strip()

    def tab(self, line: str) -> list[str]:
        """Return what Tab offers at the end of a line, as IPython and ipykernel ask for it."""
        with provisionalcompleter():
            return [each.text for each in self.shell.Completer.completions(line, len(line))]

    @property
    def names(self) -> dict[str, Any]:
        names: dict[str, Any] = self.shell.user_ns
        return names

    def close(self) -> None:
        self.shell.extension_manager.unload_extension("ari_notebook")
