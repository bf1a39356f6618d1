"""Damaged and foreign files: opened as far as possible, and what was skipped is counted."""

from __future__ import annotations

import gzip
import math
import random
import time
import tracemalloc
from pathlib import Path

import pytest

import ari_notebook
from ari_notebook.captures import file_format
from ari_notebook.captures.file_format import Reader, event_lines, line
from ari_notebook.captures.replay.server import ServedCapture
from ari_notebook.client.errors import UsageProblem

REAL = Path(__file__).with_name("calls.jsonl.gz")
HEADER = line("capture", {"version": 1, "subscribe_all": True}, 1.0)


def channel(kind: str, at: float, id: str = "c", state: str = "Up") -> bytes:
    stamp = f"2026-11-23T12:00:{at:06.3f}+0000"
    return (
        f'{{"type":"{kind}","timestamp":"{stamp}","asterisk_id":"a","application":"x",'
        f'"channel":{{"id":"{id}","name":"Local/{id};1","state":"{state}",'
        f'"creationtime":"2026-11-23T12:00:00.000+0000"}}}}'
    ).encode()


def test_captures_of_several_versions_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "mixed.jsonl"
    path.write_bytes(
        HEADER
        + event_lines([b'{"type":"A"}'], 2.0)
        + line("capture", {"version": 2}, 3.0)
        + b'{"at":3.5,"hologram":{}}\n'
        + event_lines([b'{"type":"B"}'], 4.0)
        + line("capture", {"version": 1}, 5.0)
        + event_lines([b'{"type":"C"}'], 6.0)
    )
    opened = ari_notebook.open_capture(path)
    assert [event["type"] for event in opened.events[:]] == ["A", "B", "C"]
    assert opened.problems == {"of version 2, supported is 1": 1, "of unknown kind": 1}
    assert "1 of version 2" in repr(opened)


def test_compressed_and_plain_recordings_that_were_joined(tmp_path: Path) -> None:
    """``cat a.jsonl.gz b.jsonl.gz`` is a capture, with any compressor."""
    path = tmp_path / "joined.jsonl.gz"
    first, second = (HEADER + event_lines([b'{"type":"%b"}' % name], 2.0) for name in (b"A", b"B"))
    path.write_bytes(gzip.compress(first) + gzip.compress(second, 9))
    opened = ari_notebook.open_capture(path)
    assert [event["type"] for event in opened.events[:]] == ["A", "B"]


def test_events_out_of_their_order_make_the_same_calls(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    events = [
        channel("ChannelDestroyed", 9),
        channel("ChannelCreated", 0, state="Ring"),
        channel("ChannelStateChange", 2),
        channel("ChannelDestroyed", 9),
    ]
    path.write_bytes(HEADER + event_lines(events, 2.0))
    opened = ari_notebook.open_capture(path)
    assert len(opened.events) == 4
    calls = opened.calls.df
    assert calls["begin"].dt.second.tolist() == [0]
    assert calls["end"].dt.second.tolist() == [9]
    assert len(opened.channels) == 0
    assert not opened.problems


def test_clock_that_runs_backwards_is_counted_by_every_way_of_opening(tmp_path: Path) -> None:
    path = tmp_path / "back.jsonl"
    parts = [event_lines([channel("ChannelVarset", at % 60)], at) for at in (50.0, 20.0, 30.0, 5.0)]
    path.write_bytes(HEADER + b"".join(parts))
    opened = ari_notebook.open_capture(path)
    assert opened.problems["clock went backwards"] == 2
    assert opened.events.df["received"].dt.second.tolist() == [50, 20, 30, 5]  # as in the file
    assert opened.ended == 50.0
    with ari_notebook.replay(path, speed=math.inf) as ari:
        assert ari.wait(30)
        assert len(ari.events) == 4
        assert ari.problems["clock went backwards"] == 2


@pytest.mark.parametrize("name", ["photo.jpg", "table.parquet", "mail.txt", "other.json"])
def test_foreign_files_are_refused_by_every_way_of_opening(tmp_path: Path, name: str) -> None:
    foreign = {
        "photo.jpg": b"\xff\xd8\xff\xe0" + random.Random(1).randbytes(50_000),
        "table.parquet": b"PAR1" + bytes(1000) + b"PAR1",
        "mail.txt": b"Dear all,\nat 9 we meet.\n" * 500,
        "other.json": b'[{"at": 1, "event": {}}]\n{"timestamp": 1, "event": {"type": "A"}}\n',
    }
    path = tmp_path / name
    path.write_bytes(foreign[name])
    for way in (
        ari_notebook.open_capture,
        ari_notebook.replay,
        ServedCapture,
        lambda file: ari_notebook.to_parquet(file, tmp_path / "days"),
    ):
        with pytest.raises(UsageProblem, match="is not a capture") as refused:
            way(path)
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("seed", range(12))
def test_damaged_file_opens_or_is_refused(tmp_path: Path, seed: int) -> None:
    """Octets are changed, removed or inserted: no other error, and no invented data."""
    chance = random.Random(seed)
    text = bytearray(REAL.read_bytes())
    plain = seed % 2 == 0
    if plain:
        text = bytearray(gzip.decompress(text))
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(text))
        match chance.randrange(3):
            case 0:
                text[at] = chance.randrange(256)
            case 1:
                del text[at : at + chance.randrange(2000)]
            case _:
                text[at:at] = chance.randbytes(chance.randrange(300))
    path = tmp_path / ("a.jsonl" if plain else "a.jsonl.gz")
    path.write_bytes(text)
    try:
        opened = ari_notebook.open_capture(path)
    except UsageProblem:
        return
    whole = {record.raw for record in Reader(REAL)}
    sound = sum(opened.events.raw(i) in whole for i in range(len(opened.events)))
    assert sound >= len(opened.events) - 12  # an octet may change within what still is JSON
    assert opened.problems or len(opened.events) >= 500
    assert len(opened.calls.df) <= 13 + 12
    for kind in ("events", "requests", "channels", "bridges", "endpoints"):
        assert getattr(opened, kind).df is not None


def test_foreign_file_is_refused_with_its_format(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for text, hint in (
        (b"PAR1" + bytes(100), "open the folder"),
        ("\n".join(["{}"] * 9).encode("utf-16"), "UTF-16"),
    ):
        path.write_bytes(text)
        with pytest.raises(UsageProblem, match=hint):
            ari_notebook.open_capture(path)


def test_byte_order_mark_before_the_first_record_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + HEADER + event_lines([b'{"type":"A"}'], 2.0))
    opened = ari_notebook.open_capture(path)
    assert opened.header["version"] == 1
    assert not opened.problems


def test_file_of_one_long_line_is_read_once(tmp_path: Path) -> None:
    """Each block was appended to all previous ones, which took quadratic time."""
    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        file.write(HEADER + event_lines([b'{"type":"A"}'], 2.0))
        file.truncate(48 << 20)  # what a power cut may leave: room that was never written
    started = time.thread_time()
    opened = ari_notebook.open_capture(path)
    assert time.thread_time() - started < 4
    assert len(opened.events) == 1
    assert opened.problems == {"cut off at the end": 1}


def test_line_longer_than_any_record_does_not_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_format, "_LONGEST_LINE", 1 << 20)
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        HEADER + b"{" + b" " * (8 << 20) + b"}\n" + event_lines([b'{"type":"A"}'], 2.0)
    )
    longest = max(len(text) for text, _ in Reader(path)._lines())
    assert longest < 2 << 20
    opened = ari_notebook.open_capture(path)
    assert len(opened.events) == 1
    assert opened.problems == {"not readable": 1}


@pytest.mark.parametrize("at", ["1e308", "99999999999999999999.5", "-3.5", '"nan"', "8589934592.0"])
def test_records_of_impossible_times_are_left_out(tmp_path: Path, at: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        HEADER
        + f'{{"at":{at},"event":{{"type":"A"}}}}\n'.encode()
        + f'{{"at":{at},"request":{{"method":"GET","path":"/a"}},"response":{{}}}}\n'.encode()
        + event_lines([b'{"type":"B"}'], 2.0)
    )
    opened = ari_notebook.open_capture(path)
    assert opened.events.df["type"].tolist() == ["B"]
    assert opened.requests.df.empty
    assert opened.problems == {"with an invalid time": 2}
    with ari_notebook.replay(path, speed=math.inf) as ari:
        assert ari.wait(30)
        assert len(ari.events) == 1


def test_file_that_is_gone_meanwhile_ends_the_replay(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(HEADER + event_lines([b'{"type":"A"}'], 2.0))
    with ari_notebook.replay(path, speed=math.inf) as ari:
        assert ari.wait(30)
        path.unlink()
        ari.play()
        assert ari.wait(30)
        assert len(ari.events) == 0
        assert ari.problems == {"rest unreadable: No such file or directory": 1}


def test_requests_of_the_wrong_shape_are_counted_by_what_serves_them(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        HEADER
        + b'{"at":1,"request":{"method":"GET","path":"/a","params":[1]},"response":{}}\n'
        + b'{"at":2,"request":{"method":"GET","path":"/a"},"response":7}\n{"at":3,"request":7}\n'
        + b'{"at":4,"request":{"method":"GET","path":"/b"},"response":{"status":200,"body":[]}}\n'
    )
    with ari_notebook.open_capture(path).serve() as served:
        assert served.problems == {"invalid request": 3}


def test_records_of_the_wrong_shape_are_counted_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "shapes.jsonl"
    path.write_bytes(
        HEADER
        + b'{"at":2.0,"event":[1]}\n{"at":2.1,"event":{"type":"A"}}\n'
        + b'{"at":3,"request":7}\n{"at":3,"state":null}\n{"at":3,"row":{}}\n{"at":3,"applied":1}\n'
        + b'{"at":"soon","event":{"type":"B"}}\n{"at":null,"end":{}}\n'
    )
    opened = ari_notebook.open_capture(path)
    assert opened.events.df["type"].tolist() == ["malformed", "A"]
    assert opened.problems["not readable"] == 2
    assert opened.problems["malformed event"] == 1
    for kind in ("state", "row"):
        assert opened.problems[f"invalid {kind}"] == 1
    assert len(opened.requests.df) == 0


def test_compressed_line_is_unpacked_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "bomb.jsonl.gz"
    event = b'{"type":"A","x":"' + b"x" * (40 << 20) + b'"}'
    path.write_bytes(
        gzip.compress(HEADER + event_lines([event], 2.0) + event_lines([b'{"type":"B"}'], 3.0))
    )
    reader = Reader(path)
    tracemalloc.start()
    blocks = [len(block) for block in reader._blocks()]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert max(blocks) <= 1 << 20
    assert peak < 8 << 20
    assert [record.raw for record in reader][1:] == [event, b'{"type":"B"}']
    assert dict(reader.problems) == {}
