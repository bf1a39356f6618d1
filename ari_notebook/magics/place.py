"""Where output goes that comes while another cell runs, or none: below its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

__all__ = ["place_of"]


def place_of(shell: Any) -> Callable[[], AbstractContextManager[Any]]:
    """The place of the cell that runs now, to be entered later, from any thread.

    The IPython shell has one place only.
    """
    if not hasattr(shell, "set_thread_parent"):
        return nullcontext
    parent = shell.get_parent()

    @contextmanager
    def there() -> Iterator[None]:
        tokens = shell.set_thread_parent(parent)
        try:
            yield
        finally:
            shell.reset_thread_parent(tokens)

    return there
