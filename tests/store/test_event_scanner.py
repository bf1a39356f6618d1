"""The compiled decoder: the heads that Python decodes, its memory, and what it leaves to Python."""

from __future__ import annotations

import gc
import itertools
import os
import random
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import pytest

from ari_notebook.store import event_scanner
from ari_notebook.store.event_head import (
    NO_OBJECTS,
    ChannelFields,
    PlaybackFields,
    decode_heads,
)
from ari_notebook.store.snapshot_table import ObjectSnapshot
from benchmarks.mix import events
from tests.store.conftest import load
from tests.store.scanner_fuzz import (
    COLUMNS,
    compare,
    compare_splitting,
    compare_tables,
    mutated,
    originals,
    tables_after,
)
from tests.store.test_event_head import BASE, FREQUENT

TOP = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def module(scanner_file: Path) -> ModuleType:
    return load(scanner_file)


@pytest.fixture
def scanner(module: ModuleType) -> Any:
    vocabularies = tuple(module.Vocabulary() for _ in range(COLUMNS))
    return module.Scanner(vocabularies, ChannelFields, PlaybackFields, NO_OBJECTS)


def test_module_of_another_version_is_not_used(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, used in (("installed", module), ("older", ModuleType("older")), ("absent", None)):
        monkeypatch.setitem(sys.modules, name, used)
    assert event_scanner._import("installed") is module
    assert event_scanner._import("older") is None
    assert event_scanner._import("absent") is None


def test_every_frequent_event_is_decoded_in_c(module: ModuleType) -> None:
    frames = [orjson.dumps(event | BASE) for event in FREQUENT]
    assert compare(module, frames) == len(frames)
    mix = list(events(3000, alive=100))
    assert compare(module, mix) == len(mix)


@pytest.mark.parametrize("seed", range(3))
def test_mutated_events_are_decoded_as_in_python(module: ModuleType, seed: int) -> None:
    frames = [*originals(seed), *itertools.islice(mutated(seed), 3000)]
    scanned = compare(module, frames)
    assert 300 < scanned < len(frames)
    assert compare_splitting(module, frames, seed) > 500


@pytest.mark.parametrize("seed", range(2))
def test_events_change_live_tables_as_in_python(module: ModuleType, seed: int) -> None:
    frames = [*originals(seed), *itertools.islice(mutated(seed), 500)]
    assert compare_tables(module, frames, seed) > len(frames)


def test_channels_past_the_remembered_ones_are_forgotten_as_in_python(module: ModuleType) -> None:
    frames = [text for text in events(40_000, alive=1000) if b'"ChannelDestroyed"' in text]
    assert len(frames) > 2000
    assert tables_after(module, frames, {}, False) == tables_after(None, frames, {}, False)


def test_large_event_is_left_to_python(module: ModuleType, scanner: Any) -> None:
    for size, applied in ((1 << 15, 1), (1 << 16, 0)):
        event = FREQUENT[-1] | BASE | {"other": "x" * size}
        heads, _ = scanner.scan([orjson.dumps(event)])
        assert module.apply_heads(heads, 0, {}, {}, {}, ObjectSnapshot, False, False) == applied


@pytest.mark.parametrize(
    "wrong",
    [
        ((), 0, {}, {}, {}, ObjectSnapshot, False, False),
        ([], 0, None, {}, {}, ObjectSnapshot, False, False),
        ([], 0, {}, {}, {}, ObjectSnapshot),
    ],
)
def test_applying_other_types_raises(module: ModuleType, wrong: tuple[Any, ...]) -> None:
    with pytest.raises((TypeError, SystemError)):
        module.apply_heads(*wrong)


@pytest.mark.parametrize("place", [-1, 18, 1 << 40])
def test_applying_from_a_place_outside_does_nothing(
    module: ModuleType, scanner: Any, place: int
) -> None:
    heads, _ = scanner.scan([orjson.dumps(FREQUENT[-1] | BASE)])
    channels: dict[str, Any] = {}
    assert module.apply_heads(heads, place, channels, {}, {}, ObjectSnapshot, False, False) == place
    assert not channels


def test_snapshot_of_another_type_raises(module: ModuleType, scanner: Any) -> None:
    heads, _ = scanner.scan([orjson.dumps(each | BASE) for each in FREQUENT])
    (place,) = (n for n, head in enumerate(heads) if head.type == "StasisEnd")
    with pytest.raises(AttributeError):
        module.apply_heads(heads, place, {"1.1": None}, {}, {}, ObjectSnapshot, False, False)
    with pytest.raises(ZeroDivisionError):
        module.apply_heads(heads, 0, {}, {}, {}, lambda *_: 1 / 0, False, False)


def test_types_are_found_among_heads_of_both_decoders(module: ModuleType, scanner: Any) -> None:
    frames = [orjson.dumps(event | BASE) for event in FREQUENT]
    expected = [place for place, event in enumerate(FREQUENT) if event["type"] == "StasisEnd"]
    for heads in (scanner.scan(frames)[0], decode_heads(frames)[0]):
        assert module.find_types(heads, {"StasisEnd"}) == expected
        assert module.find_types(heads, {"StasisEnd": 1}.keys()) == expected
    with pytest.raises(AttributeError):
        module.find_types([None], ())
    with pytest.raises(TypeError):
        module.find_types(heads, 5)


CHANGES: dict[str, tuple[bytes, bytes]] = {
    "escape in a field that is read": (b'"Up"', b'"U\\u0070"'),
    "escaped key": (b'"state"', b'"st\\u0061te"'),
    "duplicate key": (b'"state":"Up"', b'"state":"Up","state":"Down"'),
    "duplicate type": (b'"timestamp"', b'"type":"StasisEnd","timestamp"'),
    "fraction for an integer": (b'"cause":16', b'"cause":16.0'),
    "null for a text": (b'"Normal Clearing"', b"null"),
    "another object": (b'"timestamp"', b'"bridge":{"id":"b"},"timestamp"'),
    "infrequent type": (b'"ChannelDestroyed"', b'"ChannelDestroyedNot"'),
    "time in another form": (b".000+0000", b"Z"),
    "day that does not exist": (b"2026-11-23", b"2026-02-29"),
    "invalid UTF-8": (b"PJSIP/a-1", b"PJSIP/\xc3(-1"),
    "many levels": (b'"Up"', b'"Up","x":' + b"[" * 40 + b"]" * 40),
    "number past 64 bits": (b'"Up"', b'"Up","x":' + b"9" * 30),
    "number past every bound": (b'"Up"', b'"Up","x":1e999'),
    "control character": (b'"Up"', b'"Up","x":"\n"'),
    "text after the object": (b"{", b"x{"),
    "nothing": (b'"channel"', b'"other"'),
}


@pytest.mark.parametrize("change", CHANGES)
def test_unusual_event_is_left_to_python(scanner: Any, change: str) -> None:
    (event,) = (each for each in FREQUENT if each.get("cause_txt") == "Normal Clearing")
    frame = orjson.dumps(BASE | event)
    assert scanner.scan([frame])[1] == []
    altered = frame.replace(*CHANGES[change])
    assert altered != frame
    assert scanner.scan([altered]) == ([None], [0])


def test_text_past_ascii_is_decoded(module: ModuleType) -> None:
    frame = orjson.dumps(FREQUENT[-1] | BASE | {"args": ["\u00fc\U0001f3ba"]})
    assert compare(module, [frame.replace(b"PJSIP/a-1", "PJSIP/\u00e9".encode())]) == 1


@pytest.mark.parametrize("wrong", [None, (b"{}",), ["{}"], [None]])
def test_frames_of_another_type_raise(scanner: Any, wrong: Any) -> None:
    with pytest.raises((TypeError, SystemError)):
        scanner.scan(wrong)


@pytest.mark.parametrize("wrong", [(), tuple({} for _ in range(COLUMNS))])
def test_scanner_with_other_vocabularies_raises(
    module: ModuleType, wrong: tuple[object, ...]
) -> None:
    with pytest.raises(ValueError, match="9 vocabularies"):
        module.Scanner(wrong, ChannelFields, PlaybackFields, NO_OBJECTS)


@pytest.mark.parametrize("vocabulary", ["compiled", "Python"])
def test_vocabulary_numbers_words_as_a_dict_does(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, vocabulary: str
) -> None:
    monkeypatch.setattr(event_scanner, "_compiled", module if vocabulary == "compiled" else None)
    chance = random.Random(1)
    letters = ["a", "b", "\u00fc", "\U0001f3ba", "\ud800", "\0"]
    words = ["".join(chance.choices(letters, k=chance.randrange(9))) for _ in range(20_000)]
    expected = {"": -1}
    for word in words:
        expected.setdefault(word, len(expected) - 1)
    numbers = event_scanner.new_vocabulary(words[:5000])
    assert [numbers[word] for word in words] == [expected[word] for word in words]
    assert numbers.words == [*expected][1:]


def test_vocabulary_takes_texts_only(module: ModuleType) -> None:
    class Word(str):
        __slots__ = ()

    vocabulary = module.Vocabulary()
    for wrong in (None, b"x", ["x"], Word("x")):
        with pytest.raises(TypeError):
            vocabulary[wrong]
    assert vocabulary.words == []


def test_vocabulary_whose_words_were_removed_raises(module: ModuleType) -> None:
    vocabulary = module.Vocabulary()
    assert vocabulary["x"] == 0
    vocabulary.words.clear()
    with pytest.raises(IndexError):
        vocabulary["x"]


def test_heads_of_another_scanner_are_not_numbered(module: ModuleType, scanner: Any) -> None:
    vocabularies = tuple(module.Vocabulary() for _ in range(COLUMNS))
    other = module.Scanner(vocabularies, ChannelFields, PlaybackFields, NO_OBJECTS)
    frames = [orjson.dumps(event | BASE) for event in FREQUENT]
    assert scanner.rows(other.scan(frames)[0])[2] == list(range(len(frames)))


def test_scanning_and_dropping_leaves_no_memory(module: ModuleType) -> None:
    frames = [*originals(1), *itertools.islice(mutated(1), 300)]

    def blocks() -> int:
        vocabularies = tuple(module.Vocabulary() for _ in range(COLUMNS))
        scanner = module.Scanner(vocabularies, ChannelFields, PlaybackFields, NO_OBJECTS)
        for _ in range(3):
            heads, _ = scanner.scan(frames)
            for head in heads:
                _ = head and (head.channel, head.objects, head.detail, head.timestamp)
            scanner.rows(heads)
            known = [head for head in heads if head]
            channels: dict[str, Any] = {}
            playbacks: dict[str, Any] = {}
            place = 0
            while place < len(known):
                place = module.apply_heads(
                    known, place + 1, channels, playbacks, {}, ObjectSnapshot, False, False
                )
            module.find_types(known, {"StasisEnd"})
        del known, channels, playbacks
        del scanner, vocabularies, heads, head
        gc.collect()
        return sys.getallocatedblocks()

    counts = [blocks() for _ in range(8)]
    assert counts[-1] - counts[3] < 100  # each round makes thousands


@pytest.mark.slow
def test_sanitizers_find_no_error(tmp_path: Path) -> None:
    from hatch_build import compile_extension

    options = ("-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-O1", "-g")
    file = compile_extension(tmp_path, *options)
    compiler = os.environ.get("CC", "gcc")
    found = (
        subprocess.run(
            [compiler, "-print-file-name=libasan.so"], capture_output=True, text=True, check=False
        ).stdout.strip()
        if file
        else ""
    )
    if not Path(found).is_absolute():
        pytest.skip("no compiler with address sanitizer")
    environment = {
        "LD_PRELOAD": found,
        "ASAN_OPTIONS": "detect_leaks=0:strict_string_checks=1",
        "PYTHONMALLOC": "malloc",  # each object is an allocation that the sanitizer knows
        "PYTHONPATH": str(TOP),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.store.scanner_fuzz", str(file), "--events", "20000"],
        env={**os.environ, **environment},
        cwd=TOP,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "events were decoded in C" in done.stdout
