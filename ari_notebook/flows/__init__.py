"""Call flows: one function a call, as plain or coroutine function.

`steps` says what happens in a flow, without I/O: each step is a generator that yields requests and
waits. `call` gives them to programs as methods; `runtime` starts a flow for each call, in a thread
or as a task. `flow` marks the functions of a module for `ari_notebook.serve`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

__all__ = ["flow"]

F = TypeVar("F", bound=Callable[..., Any])


def flow(
    *,
    args: str | Iterable[str] | None = None,
    exten: str | None = None,
    app: str | None = None,
    where: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> Callable[[F], F]:
    """Mark a function as a flow of a service, before there is a session.

    The arguments are those of ``ari.flow``.
    """
    chosen = {"args": args, "exten": exten, "app": app, "where": where, "name": name}

    def mark(function: F) -> F:
        function.ari_flow = chosen  # type: ignore[attr-defined]
        return function

    return mark
