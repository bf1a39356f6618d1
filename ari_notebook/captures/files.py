"""A capture's file: JSON Lines, appended to while it runs, readable with jq or pandas alone.

Each line is an object with ``at`` (when, in seconds since 1970) and one member that says what it
is; docs/captures.md lists them. Compressed, the file is a row of complete gzip members, one each
quarter second at most, so that a program that is killed leaves all but the last of them readable.
"""

from __future__ import annotations

import re
import threading
import time
import zlib
from codecs import BOM_UTF8
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from ari_notebook.client.errors import UsageProblem

__all__ = ["VERSION", "Reader", "Record", "Writer", "event_lines", "line"]

VERSION = 1
KINDS = (
    "capture",
    "event",
    "malformed",
    "row",
    "applied",
    "snapshot",
    "request",
    "response",
    "state",
    "end",
)
_FLUSH_SECONDS = 0.25
_MEMBER_BYTES = 1 << 20
_MOST_WAITING = 64 << 20
_READ_BYTES = 1 << 17  # compressed, some thousand events
_GZIP = b"\x1f\x8b\x08"
_LONGEST_LINE = 256 << 20  # a snapshot of some hundred thousand channels
_LATEST = 2.0**33  # the year 2242: a time beyond it is none, and pandas has no room for it
# How files begin that are taken for captures, and what to do with them.
_OTHERS = {
    b"PAR1": "It is a Parquet file: open the folder of its dataset.",
    b"\xff\xfe": "It is UTF-16, a capture is UTF-8.",
    b"\xfe\xff": "It is UTF-16, a capture is UTF-8.",
}
# What `Writer` makes of an event: its JSON can be had without decoding the line.
_EVENT_LINE = re.compile(rb'\{"at":(\d+\.\d+),"event":(\{.*\})\}\r?', re.DOTALL)


class Writer:
    """Appends lines to a file from a thread of its own.

    Whoever adds something only puts it on a queue. The thread looks at it four times a second and
    no more often: each time it runs Python it takes the interpreter from the event stream, so it
    frames many events in one call, and compresses and writes them in calls that need none. Where
    the disk cannot keep up, and 64 MiB wait, adding waits too: nothing is lost in silence and
    memory stays bounded.

    Args:
        path: the file; compressed if its name ends in ``.gz``.
        begin: a line that is in the file at once, so that it is a capture from the first moment.
        overwrite: replace a file that is there.

    Raises:
        UsageProblem: it is there already, or cannot be written.
    """

    def __init__(self, path: Path, begin: bytes = b"", *, overwrite: bool = False) -> None:
        try:
            self._file: BinaryIO = path.open("wb" if overwrite else "xb", buffering=0)
        except FileExistsError:
            raise UsageProblem(
                f"{path} is there already", "Choose another name, or pass overwrite=True."
            ) from None
        except OSError as error:
            raise UsageProblem(f"cannot write {path}: {error.strerror}") from None
        self.path = path
        self.bytes = 0
        self.failure = ""
        self._packed = path.suffix == ".gz"
        self._queue: deque[tuple[Sequence[bytes], float | None]] = deque()
        self._waiting = 0
        self._changed = threading.Condition()
        self._closed = False
        if begin:
            self._write(begin)
        self._thread = threading.Thread(target=self._work, name="ari-capture", daemon=True)
        self._thread.start()

    def add(self, lines: bytes) -> None:
        """Take complete lines; returns at once unless the disk is far behind."""
        self._add((lines,), None)

    def add_events(self, raws: Sequence[bytes], at: float) -> None:
        """Take events that came at once, as received."""
        self._add(raws, at)

    def _add(self, parts: Sequence[bytes], at: float | None) -> None:
        with self._changed:
            while self._waiting > _MOST_WAITING and not (self._closed or self.failure):
                self._changed.notify_all()
                self._changed.wait()
            if self._closed or self.failure:
                return
            self._queue.append((parts, at))
            self._waiting += sum(map(len, parts))

    def close(self) -> None:
        """Write what waits, and close the file."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _work(self) -> None:
        with self._file:
            while True:
                with self._changed:
                    # Woken by nothing but a full queue's `_add` and `close`.
                    self._changed.wait_for(
                        lambda: self._closed or self._waiting > _MOST_WAITING, _FLUSH_SECONDS
                    )
                    last = self._closed
                    queue, self._queue = self._queue, deque()
                    self._waiting = 0
                    self._changed.notify_all()
                for block in _blocks(queue):
                    if not self.failure:
                        self._write(block)
                if last:
                    return

    def _write(self, lines: bytes) -> None:
        if self._packed:
            packer = zlib.compressobj(1, zlib.DEFLATED, 31)  # 31: with gzip's own header
            lines = packer.compress(lines) + packer.flush()
        try:
            view = memoryview(lines)
            while view:
                view = view[self._file.write(view) :]
            self.bytes += len(lines)
        except OSError as error:  # a full disk ends the capture, never the session
            self.failure = f"cannot write {self.path}: {error.strerror}"


def _blocks(queue: Iterable[tuple[Sequence[bytes], float | None]]) -> Iterator[bytes]:
    """What waits, as text to be written at once: so much that it costs few calls."""
    texts: list[bytes] = []
    size = 0
    for parts, at in queue:
        text = parts[0] if at is None else event_lines(parts, at)
        texts.append(text)
        size += len(text)
        if size >= _MEMBER_BYTES:
            yield b"".join(texts)
            texts, size = [], 0
    if texts:
        yield b"".join(texts)


@dataclass(frozen=True, slots=True)
class Record:
    """One line. ``raw`` is an event's JSON as received; ``data`` is decoded, None for events."""

    at: float
    kind: str
    data: Any = None
    raw: bytes = b""
    response: Mapping[str, Any] | None = None


class Reader:
    """Reads a capture as far as it can be read.

    ``problems`` counts what was left out, by reason, once an iteration is through. A file that
    still grows can be read.

    Args:
        path: the file, compressed or not, whatever its name.

    Raises:
        UsageProblem: there is no such file, or it is no capture.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.problems: Counter[str] = Counter()
        self.header: dict[str, Any] = {}
        self.started = 0.0
        self.read_bytes = 0  # of the file, those whose records have been given out
        try:
            self.size = self.path.stat().st_size
            with self.path.open("rb") as file:
                begins = file.read(4)
        except OSError as error:
            raise UsageProblem(f"cannot read {self.path}: {error.strerror}") from None
        first = next(iter(self), None)
        if first is None:
            hints = [hint for beginning, hint in _OTHERS.items() if begins.startswith(beginning)]
            raise UsageProblem(
                f"{self.path} is no capture: no line of it is a record",
                *(hints or ["Make one with %ari capture start FILE."]),
            )
        self.started = first.at
        if first.kind == "capture" and isinstance(first.data, dict):
            self.header = first.data

    def __iter__(self) -> Iterator[Record]:
        self.problems.clear()
        self.read_bytes = 0
        before = 0.0
        for line, complete in self._lines():
            record = self._record(line, complete)
            if record is None:
                continue
            if not 0 <= record.at < _LATEST:
                self.problems["of an impossible time"] += 1
                continue
            if record.kind != "request":  # which stands where its answer came
                if record.at < before - 0.000_001:
                    self.problems["clock went backwards"] += 1
                before = record.at
            yield record

    def _record(self, line: bytes, complete: bool) -> Record | None:
        found = _EVENT_LINE.fullmatch(line)
        if found:
            return Record(float(found[1]), "event", raw=found[2])
        if not line.strip():
            return None
        try:
            item = orjson.loads(line.removeprefix(BOM_UTF8))  # an editor may have put it there
            at = float(item["at"])
            kind = next(kind for kind in KINDS if kind in item)
        except (ValueError, TypeError, KeyError, StopIteration) as error:
            if not complete:
                self.problems["cut off at the end"] = 1
            else:
                unknown = isinstance(error, StopIteration)
                self.problems["of an unknown kind" if unknown else "not readable"] += 1
            return None
        data = item[kind]
        if kind == "capture" and isinstance(data, dict) and data.get("version") != VERSION:
            self.problems[f"of version {data.get('version')}, this reads {VERSION}"] += 1
        if kind == "event":
            return Record(at, kind, raw=orjson.dumps(data))
        return Record(at, kind, data, response=item.get("response"))

    def _lines(self) -> Iterator[tuple[bytes, bool]]:
        """Lines, and whether each was ended by its newline."""
        parts: list[bytes] = []  # of a line whose end has not been read
        size = 0
        for block in self._blocks():
            begun, *lines = block.split(b"\n")
            parts.append(begun)
            size += len(begun)
            if lines:
                yield b"".join(parts), True
                for line in lines[:-1]:
                    yield line, True
                parts, size = lines[-1:], len(lines[-1])
            elif size > _LONGEST_LINE:  # of another kind of file: without its middle it is no JSON
                parts, size = parts[:1], len(parts[0])
        if any(parts):
            yield b"".join(parts), False

    def _blocks(self) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as file:
                block = self._more(file)
                if block.startswith(_GZIP):
                    yield from self._unpacked(block, file)
                    return
                while block:
                    yield block
                    block = self._more(file)
        except OSError as error:  # gone since, or of a disk that fails
            self.problems[f"cannot be read on: {error.strerror}"] += 1

    def _more(self, file: BinaryIO) -> bytes:
        self.read_bytes = file.tell()  # before this block, which nobody has seen yet
        return file.read(_READ_BYTES)

    def _unpacked(self, block: bytes, file: BinaryIO) -> Iterator[bytes]:
        unpacker, inside = zlib.decompressobj(31), False
        while block:
            try:
                yield unpacker.decompress(block)
                block, inside = unpacker.unused_data, not unpacker.eof
            except zlib.error:  # go on with the next member
                self.problems["damaged compressed block"] += 1
                start = block.find(_GZIP, 1)
                block, inside = block[start:] if start > 0 else b"", False
            if not inside:
                unpacker = zlib.decompressobj(31)
            block = block or self._more(file)
        if inside:
            self.problems["cut off at the end"] = 1


def line(kind: str, data: Any, at: float | None = None, **more: Any) -> bytes:
    """A record that is no event, as a line."""
    item = {"at": time.time() if at is None else at, kind: data, **more}
    return orjson.dumps(item, default=str, option=orjson.OPT_APPEND_NEWLINE)


def event_lines(raws: Sequence[bytes], at: float) -> bytes:
    """Events that came at once, a line each: byte for byte, unless one came on several lines."""
    begin = b'{"at":%b,"event":' % repr(at).encode()  # in full, to be read as the same number
    lines = begin + (b"}\n" + begin).join(raws) + b"}\n"
    if lines.count(b"\n") > len(raws):
        return event_lines([orjson.dumps(orjson.loads(raw)) for raw in raws], at)
    return lines
