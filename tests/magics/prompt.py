"""An IPython shell to type into."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


@dataclass
class Typed:
    """What came of a cell."""

    result: Any
    error: BaseException | None
    out: str


class Prompt:
    """A shell with the extension loaded; nothing of it is shared with another."""

    def __init__(self, config: Config | None = None) -> None:
        settings = Config(HistoryManager={"enabled": False})
        settings.merge(config or Config())
        self.shell = InteractiveShell(config=settings, colors="nocolor")
        self.shell.extension_manager.load_extension("ari_notebook")

    def __call__(self, cell: str) -> Any:
        """Run a cell that must work; its result."""
        typed = self.type(cell)
        if typed.error is not None:
            raise typed.error
        return typed.result

    def type(self, cell: str) -> Typed:
        """Run a cell as a person does."""
        out = io.StringIO()
        with redirect_stdout(out), redirect_stderr(out):
            done = self.shell.run_cell(cell, store_history=True)
        return Typed(done.result, done.error_in_exec or done.error_before_exec, out.getvalue())

    def fail(self, cell: str) -> str:
        """Run a cell that must not work; the error as it is shown."""
        typed = self.type(cell)
        assert typed.error is not None, f"{cell} worked: {typed.result!r}"
        return typed.out.strip()

    def tab(self, line: str) -> list[str]:
        """What Tab offers at the end of a line, as the IPython shell asks for it."""
        completer = self.shell.Completer
        offered: list[str] = completer.complete(line_buffer=line, cursor_pos=len(line))[1]
        return offered

    @property
    def names(self) -> dict[str, Any]:
        names: dict[str, Any] = self.shell.user_ns
        return names

    def close(self) -> None:
        self.shell.extension_manager.unload_extension("ari_notebook")
