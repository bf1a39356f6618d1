"""Consecutive events, decoded on access."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from functools import cached_property
from typing import Any, overload

from ari_notebook.store.event_head import Head, decode_event, decode_heads
from ari_notebook.store.event_scanner import find_types

__all__ = ["EventBatch"]


class EventBatch(Sequence[dict[str, Any]]):
    """Events as received; an item is a whole event, decoded on each access.

    Args:
        frames: their JSON.
        decoded: their heads, and the indexes of malformed events; None: decoded on access.
    """

    def __init__(
        self, frames: Sequence[bytes], decoded: tuple[list[Head], list[int]] | None = None
    ) -> None:
        self.frames = frames
        if decoded is not None:
            self._decoded = decoded

    @cached_property
    def _decoded(self) -> tuple[list[Head], list[int]]:
        return decode_heads(self.frames)

    @property
    def heads(self) -> list[Head]:
        """The events' heads."""
        return self._decoded[0]

    @property
    def malformed(self) -> list[int]:
        """The indexes of events that are not JSON objects."""
        return self._decoded[1]

    @cached_property
    def types(self) -> list[str]:
        """The events' types."""
        return [head.type for head in self.heads]

    def places(self, types: Container[str]) -> list[int]:
        """Return the indexes of the events of some types."""
        return find_types(self.heads, types)

    def __len__(self) -> int:
        return len(self.frames)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> EventBatch: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | EventBatch:
        if isinstance(index, slice):
            return EventBatch(self.frames[index])
        return decode_event(self.frames[index])[0]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (decode_event(frame)[0] for frame in self.frames)
