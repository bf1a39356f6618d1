"""The compiled decoder of frequent events, if installation compiled it (``_event_scanner.c``).

It decodes what `ari_notebook.store.event_head` declares in a quarter of the time, columns included,
because it creates no Python objects for words that it has seen before. It also splits the event
socket's stream into messages, and applies frequent events to the live tables.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any, Protocol

from ari_notebook.store.event_head import NO_OBJECTS, ChannelFields, Head, PlaybackFields

__all__ = [
    "Scanner",
    "Vocabulary",
    "apply_heads",
    "find_types",
    "new_scanner",
    "new_vocabulary",
    "split_texts",
]

_INTERFACE = 2  # of the module: increased with every change of what this package calls in it


def _import(name: str) -> Any:
    """Return the compiled module; None if there is none, or one of another version.

    A checkout keeps the module of its last installation when its sources change.

    Args:
        name: its name; not imported by a statement, because the checks of the layers know modules
            written in Python only.
    """
    try:
        module = importlib.import_module(name)
    except ImportError:
        return None
    return module if getattr(module, "INTERFACE", None) == _INTERFACE else None


_compiled = _import("ari_notebook.store._event_scanner")

# See `ari_notebook.client.websocket_frames`; None if it was not compiled.
split_texts: Callable[[bytes, int, list[bytes]], int] | None
split_texts = getattr(_compiled, "split_texts", None)


class Vocabulary(Protocol):
    """Numbers a column's words in the order of their first use; an empty word is -1.

    Attributes:
        words: the words by number; only read.
    """

    words: list[str]

    def __getitem__(self, word: str, /) -> int:
        """Return a word's number; a new word gets the next one."""


class _PythonVocabulary(dict[str, int]):
    def __init__(self) -> None:
        super().__init__({"": -1})
        self.words: list[str] = []

    def __missing__(self, word: str) -> int:
        self[word] = number = len(self.words)
        self.words.append(word)
        return number


def new_vocabulary(words: Iterable[str] = ()) -> Vocabulary:
    """Create a vocabulary, with some words."""
    vocabulary: Vocabulary
    vocabulary = _PythonVocabulary() if _compiled is None else _compiled.Vocabulary()
    for word in words:
        _ = vocabulary[word]
    return vocabulary


class Scanner(Protocol):
    """Decodes the heads of frequent events, and numbers their words."""

    def scan(self, frames: list[bytes], /) -> tuple[list[Head], list[int]]:
        """Decode the heads of events.

        Returns:
            The heads, and the indexes of unusual events, for which there is None instead.
        """

    def rows(self, heads: list[Head], /) -> tuple[bytes, bytes, list[int]]:
        """Return the columns of some events.

        Returns:
            Times in microseconds since 1970 (64 bits each); for each vocabulary, the words' numbers
            (32 bits each); the indexes of heads that this scanner did not make, for which both are
            0.
        """


def new_scanner(vocabularies: Sequence[Vocabulary]) -> Scanner | None:
    """Create a scanner; None if it was not compiled.

    Args:
        vocabularies: those of the columns type, application, channel, channel_name, state, bridge,
            playback, detail and asterisk_id.
    """
    if _compiled is None:
        return None
    scanner: Scanner = _compiled.Scanner(
        tuple(vocabularies), ChannelFields, PlaybackFields, NO_OBJECTS
    )
    return scanner


def apply_heads(
    heads: list[Head],
    start: int,
    channels: dict[str, Any],
    playbacks: dict[str, Any],
    gone: dict[str, None],
    snapshot_type: Callable[..., Any],
    has_endpoints: bool,
    subscribed_to_all: bool,
) -> int:
    """Apply events to the live tables, up to the first one that is left to the caller.

    The effects are those of `ari_notebook.store.tables`.

    Args:
        heads: heads of the events.
        start: index of the first event to apply.
        channels: snapshots of the channels by id.
        playbacks: snapshots of the playbacks by id.
        gone: the ids of destroyed channels, an ordered dict; some may be added.
        snapshot_type: `ari_notebook.store.snapshot_table.ObjectSnapshot`.
        has_endpoints: whether there are endpoints, whose rows list the channels.
        subscribed_to_all: whether a channel stays in the table after its StasisEnd.

    Returns:
        The index of the first event that was not applied: an infrequent one, or one whose head was
        decoded in Python.
    """
    if _compiled is None:
        return start
    place: int = _compiled.apply_heads(
        heads, start, channels, playbacks, gone, snapshot_type, has_endpoints, subscribed_to_all
    )
    return place


def find_types(heads: list[Head], types: Container[str]) -> list[int]:
    """Return the indexes of the heads whose types are in a container."""
    if _compiled is None:
        return [place for place, head in enumerate(heads) if head.type in types]
    places: list[int] = _compiled.find_types(heads, types)
    return places
