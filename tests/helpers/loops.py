"""The event loops in which asynchronous programs run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import anyio
import trio

__all__ = ["RUNNERS", "Main"]

Main: TypeAlias = Callable[[], Awaitable[Any]]
RUNNERS: dict[str, Callable[[Main], Any]] = {
    "asyncio": lambda main: asyncio.run(main()),  # type: ignore[arg-type]
    "trio": lambda main: trio.run(main),
    "anyio": lambda main: anyio.run(main, backend="asyncio"),
}
