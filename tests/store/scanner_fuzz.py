"""Mutated events into the compiled scanner: each that it decodes has the head that Python decodes.

And mutated streams of WebSocket frames: they are split as in Python. Events in any order change the
live tables as in Python.

    python -m tests.store.scanner_fuzz FILE [--events N] [--seed N]

FILE is the compiled extension module, for a run with its memory checked.
"""

from __future__ import annotations

import argparse
import itertools
import random
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import numpy as np
import orjson

from ari_notebook.client.websocket_frames import _split_texts
from ari_notebook.store import event_scanner
from ari_notebook.store.columns import Columns
from ari_notebook.store.event_batch import EventBatch
from ari_notebook.store.event_head import (
    NO_OBJECTS,
    ChannelFields,
    Head,
    PlaybackFields,
    decode_heads,
)
from ari_notebook.store.tables import KINDS, Tables
from ari_notebook.store.timestamps import many_microseconds
from benchmarks.mix import events
from benchmarks.source import frame
from tests.store.test_event_head import BASE, FREQUENT

COLUMNS = 9
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\d.eE+-]+|\w+|.', re.DOTALL)
_INSERTED = (
    *(bytes((octet,)) for octet in b'"\\{}[],: \n\r\t\x00\x1f\x7f\x80\xff-.0'),
    *(b"null", b"true", b"false", b"1e5", b"-0", b"007", b"1.", b"0.5", b"9" * 18, b"9" * 30),
    *(b'"x"', b'"\\u00e9"', b'"\\n"', "é".encode(), b"\xed\xa0\x80", b"\xc3(", "🎺".encode()),
    *(b"[" * 40, b"]" * 40, b'{"a":' * 31 + b"1" + b"}" * 31, b'"' + b"x" * 600 + b'"', b"[]"),
    *(b'"type":"StasisEnd"', b'"id":"1"', b'"channel":null', b'"peer":{}', b'"soft":true'),
)  # fmt: skip


def originals(seed: int) -> list[bytes]:
    """Return events without a mistake."""
    declared = [orjson.dumps(event | BASE) for event in FREQUENT]
    spaced = [re.sub(rb"([{}\[\],:])", rb" \1\n", text) for text in declared]
    return [*declared, *spaced, *events(200, alive=20, seed=seed)]


def mutated(seed: int) -> Iterator[bytes]:
    """Yield events with mistakes in their tokens or their octets."""
    chance = random.Random(seed)
    texts = originals(seed)
    while True:
        parts = _TOKEN.findall(chance.choice(texts))
        if chance.random() < 0.4:
            parts = [bytes((octet,)) for octet in b"".join(parts)]
        for _ in range(chance.randrange(1, 4)):
            place = chance.randrange(len(parts))
            match chance.randrange(5):
                case 0:
                    parts.insert(place, chance.choice(_INSERTED))
                case 1:
                    parts[place] = chance.choice(_INSERTED)
                case 2:
                    del parts[place : place + chance.randrange(1, 6)]
                case 3:
                    parts[place:place] = parts[place : place + chance.randrange(1, 12)]
                case 4:
                    other = chance.randrange(len(parts))
                    parts[place], parts[other] = parts[other], parts[place]
            if not parts:
                break
        yield b"".join(parts)


def fields(head: Head) -> tuple[object, ...]:
    """Return what a head says."""
    channel = (head.channel.id, head.channel.name, head.channel.state)
    words = (head.type, head.kind, head.timestamp, head.application, head.asterisk_id, head.detail)
    return (*words, channel, head.channel_id, tuple(head.objects), head.routine)


def compare(module: ModuleType, frames: list[bytes]) -> int:
    """Check the heads and rows that the scanner makes of frames.

    Returns:
        How many it decoded.
    """
    vocabularies = tuple(module.Vocabulary() for _ in range(COLUMNS))
    scanner = module.Scanner(vocabularies, ChannelFields, PlaybackFields, NO_OBJECTS)
    scanned = 0
    for start in range(0, len(frames), 100):
        part = frames[start : start + 100]
        heads, others = scanner.scan(part)
        assert others == [place for place, head in enumerate(heads) if head is None]
        expected, malformed = decode_heads(part)
        assert set(malformed) <= set(others)
        times, numbers, unknown = scanner.rows([head or expected[0] for head in heads])
        assert unknown == others
        by_column = np.frombuffer(numbers, np.int32).reshape(COLUMNS, -1)
        for place, (head, right) in enumerate(zip(heads, expected, strict=True)):
            if head is None:
                continue
            scanned += 1
            assert fields(head) == fields(right), part[place]
            assert head.playback == getattr(right, "playback", None), part[place]
            assert np.frombuffer(times, np.int64)[place] == many_microseconds([right.timestamp])[0]
            (type, _, _, application, asterisk_id, detail, channel, _, objects, _) = fields(right)
            assert isinstance(channel, tuple)
            assert isinstance(objects, tuple)
            words = (type, application, *channel, *objects[:2], detail, asterisk_id)
            found = zip(vocabularies, words, strict=True)
            assert by_column[:, place].tolist() == [known[word] for known, word in found]
    return scanned


def compare_splitting(module: ModuleType, texts: list[bytes], seed: int) -> int:
    """Check the messages that are split off streams of frames.

    Returns:
        The number of messages.
    """
    chance = random.Random(seed)
    found = 0
    for start in range(0, len(texts), 50):
        stream = bytearray(b"".join(map(frame, texts[start : start + 50])))
        for _ in range(chance.randrange(3)):
            stream[chance.randrange(len(stream))] = chance.randrange(256)
        data = bytes(stream[: chance.randrange(len(stream) + 1)])
        for at in (0, len(data), chance.randrange(len(data) + 1)):
            messages: list[bytes] = []
            expected: list[bytes] = []
            end = _split_texts(data, at, expected)
            assert (module.split_texts(data, at, messages), messages) == (end, expected)
            found += len(messages)
    return found


def tables_after(
    module: ModuleType | None, frames: list[bytes], snapshot: dict[str, Any], subscribe_all: bool
) -> tuple[object, ...]:
    """Return what the live tables contain after a server snapshot and events.

    Args:
        module: the extension module; None: they are decoded and applied in Python.
        frames: the events.
        snapshot: the server snapshot.
        subscribe_all: as of `Tables`.
    """
    with patch.object(event_scanner, "_compiled", module):
        tables, columns = Tables(subscribe_all), Columns()
        tables.replace(snapshot)
        for start in range(0, len(frames), 100):
            part = frames[start : start + 100]
            tables.apply(EventBatch(part, columns.decode(part)))
            tables.channels.copy()  # a row that was read is not used after the next change
    return [*tables._gone], *[[*getattr(tables, kind).copy().items()] for kind in KINDS]


def compare_tables(module: ModuleType, frames: list[bytes], seed: int) -> int:
    """Check the live tables after events in another order, with and without known objects.

    Returns:
        The number of events.
    """
    chance = random.Random(seed)
    channels = [
        {"id": id, "name": f"PJSIP/a-{id}", "state": "Up"} for id in ("1.1", "1795433690.1")
    ]
    bridges = [{"id": "b", "channels": ["1.1"], "bridge_class": "stasis"}]
    endpoints = [{"technology": "PJSIP", "resource": "a", "channel_ids": []}]
    applied = 0
    for rows in ({}, {"channels": channels, "bridges": bridges}, {"endpoints": endpoints}):
        for subscribe_all in (False, True):
            order = chance.choices(frames, k=len(frames) // 4)
            expected = tables_after(None, order, rows, subscribe_all)
            assert tables_after(module, order, rows, subscribe_all) == expected
            applied += len(order)
    return applied


def main() -> None:
    """Compare, and print how many events were decoded."""
    from tests.store.conftest import load

    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    frames = [*originals(given.seed), *itertools.islice(mutated(given.seed), given.events)]
    module = load(given.file)
    print(compare_splitting(module, frames, given.seed), "messages were split in C")
    print(compare_tables(module, frames, given.seed), "events were applied")
    print(compare(module, frames), "of", len(frames), "events were decoded in C")


if __name__ == "__main__":
    main()
