"""Tracebacks in a notebook without the frames of this package."""

from __future__ import annotations

import linecache
import os
import sys
import traceback
from pathlib import Path
from types import TracebackType

from ari_notebook.store.plain_text import printable

__all__ = ["NoAttribute", "ShortTraceback", "last_traceback"]


class _Text(str):
    """A text shown without quotes."""

    def __repr__(self) -> str:
        return str(self)


def last_traceback() -> str:
    """Return the full traceback of the last error shown by a shell."""
    error = getattr(sys, "last_value", None)
    if error is None:
        return _Text("no error has occurred yet")
    return _Text("".join(traceback.format_exception(error)).rstrip())


_PACKAGE = str(Path(__file__).parent.parent) + os.sep
_SHELLS = tuple(f"{os.sep}{name}{os.sep}" for name in ("IPython", "ipykernel"))
_MOST_LINES = 3  # lines of the caller


def _callers_lines(trace: TracebackType | None) -> list[str]:
    """Return the caller's lines, innermost last."""
    lines = []
    while trace is not None:
        code, number = trace.tb_frame.f_code, trace.tb_lineno
        if code.co_filename.startswith(_PACKAGE):
            break
        if not any(name in code.co_filename for name in _SHELLS):
            cell = code.co_filename.startswith("<ipython-input") or "ipykernel_" in code.co_filename
            where = "cell" if cell else code.co_filename
            inside = "" if code.co_name == "<module>" or cell else f", in {code.co_name}"
            text = linecache.getline(code.co_filename, number).strip()
            lines.append(f"{where}, line {number}{inside}: {text}".rstrip(": "))
        trace = trace.tb_next
    return lines[-_MOST_LINES:]


class ShortTraceback(BaseException):
    """An exception that IPython and Jupyter show as the caller's lines and the message.

    The frames of this package are omitted; ``traceback.print_exception(sys.last_value)`` and ``%ari
    traceback`` show them.
    """

    def _render_traceback_(self, *_: object) -> list[str]:
        name = "AttributeError" if isinstance(self, AttributeError) else type(self).__name__
        message = printable(" ".join(f"{name}: {self}".split()))
        return [*_callers_lines(self.__traceback__), message]


class NoAttribute(ShortTraceback, AttributeError):
    """An object of this package lacks an attribute, or it cannot be assigned."""
