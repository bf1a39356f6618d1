"""The capture file format: JSON Lines, appended while recording, readable with jq or pandas.

Each line is an object with ``at`` (seconds since 1970) and one member that gives its kind;
docs/captures.md lists them. A compressed file is a sequence of complete gzip members, at most one
per quarter second, so that after a kill all but the last of them are readable.
"""

from __future__ import annotations

import os
import re
import threading
import time
import zlib
from codecs import BOM_UTF8
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson

try:
    import fcntl

    fcntl.flock  # noqa: B018  in a browser the module may be there without its functions
except (ImportError, AttributeError):  # missing on Windows
    fcntl = None  # type: ignore[assignment]

from ari_notebook.background import THREADS, Background
from ari_notebook.client.errors import UsageProblem

__all__ = [
    "VERSION",
    "Reader",
    "Record",
    "Run",
    "Writer",
    "event_lines",
    "in_use",
    "line",
    "make_folder",
]

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
# Header members in use, and their types.
_HEADER: dict[str, type] = {
    "applications": list,
    "asterisk": str,
    "subscribe_all": bool,
    "url": str,
    "user": str,
}
_FLUSH_SECONDS = 0.25
_MEMBER_BYTES = 1 << 20
_MOST_WAITING = 64 << 20
_READ_BYTES = 1 << 17  # compressed; some thousand events
_UNPACKED_BYTES = 1 << 20  # limit per call: gzip can expand its input a thousandfold
_GZIP = b"\x1f\x8b\x08"
_LONGEST_LINE = 128 << 20  # a snapshot of a hundred thousand channels takes half of it
_LONGEST_RUN = 4096  # events
_NO_LINE = b"\n"  # no line begins with it
_LATEST = 2.0**33  # the year 2242: later times are invalid, and beyond pandas' range
# First bytes of files mistaken for captures, with advice.
_OTHERS = {
    b"PAR1": "It is a Parquet file: open the folder of its dataset.",
    b"\xff\xfe": "It is UTF-16, a capture is UTF-8.",
    b"\xfe\xff": "It is UTF-16, a capture is UTF-8.",
}
# A line as `Writer` formats an event: its JSON can be cut out without decoding the line.
_EVENT_LINE = re.compile(rb'\{"at":(\d+\.\d+),"event":(\{.*\})\}\r?', re.DOTALL)


class Writer:
    """Appends lines to a file beside the caller, usually in a thread.

    Callers only put lines on a queue. The thread empties it four times a second and no more often,
    because each run takes the GIL from the event stream: it formats many events in one call, and
    compresses and writes them in calls that release the GIL. If the disk is too slow and 64 MiB are
    queued, adding blocks: no data is lost silently and memory stays bounded.

    Args:
        path: the file; compressed if its name ends in ``.gz``.
        begin: first line, written at once, so that the file is a valid capture immediately.
        overwrite: replace an existing file.
        background: runs the writing.

    Raises:
        UsageProblem: the file exists, is in use by another capture, or cannot be written.
    """

    def __init__(
        self,
        path: Path,
        begin: bytes = b"",
        *,
        overwrite: bool = False,
        background: Background = THREADS,
    ) -> None:
        try:
            self._file = _replace(path) if overwrite else _create(path)
        except FileExistsError:
            raise UsageProblem(
                f"{path} already exists",
                "Choose another name, or replace it with --overwrite (overwrite=True).",
            ) from None
        except OSError as error:
            raise UsageProblem(f"cannot write {path}: {error.strerror}") from None
        self.path = path
        self.bytes = 0
        self.failure = ""
        self._packed = path.suffix == ".gz"
        self._queue: deque[tuple[Sequence[bytes], float | None]] = deque()
        self._waiting = 0
        self._changed = background.condition()
        self._closed = False
        if begin:
            self._write(begin)
        self._job = background.start("ari-capture", self._work)

    def add(self, lines: bytes) -> None:
        """Queue complete lines; returns at once unless the disk is far behind."""
        self._add((lines,), None)

    def add_events(self, raws: Sequence[bytes], at: float) -> None:
        """Queue events received together, as received."""
        self._add(raws, at)

    def _add(self, parts: Sequence[bytes], at: float | None) -> None:
        with self._changed:
            while self._waiting > _MOST_WAITING and not (self._closed or self.failure):
                self._job.wake()
                self._changed.wait()
            if self._closed or self.failure:
                return
            self._queue.append((parts, at))
            self._waiting += sum(map(len, parts))

    def finish(self) -> None:
        """Write the queue and close the file, without waiting for it."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._job.wake()

    def close(self) -> None:
        """Write the queue and close the file."""
        self.finish()
        self._job.join()

    @property
    def running(self) -> bool:
        """Whether the file is open."""
        return self._job.alive

    def _work(self) -> Generator[float | None, None, None]:
        with self._file:
            while True:
                if not self._closed:
                    yield _FLUSH_SECONDS  # woken earlier only by a full queue, and by `close`
                with self._changed:
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
            packer = zlib.compressobj(1, zlib.DEFLATED, 31)  # 31: with a gzip header
            lines = packer.compress(lines) + packer.flush()
        try:
            if not os.fstat(self._file.fileno()).st_nlink:
                self.failure = f"{self.path} was deleted while it was written"
                return
            view = memoryview(lines)
            while view:
                view = view[self._file.write(view) :]
            self.bytes += len(lines)
        except OSError as error:  # a full disk ends the capture, never the session
            self.failure = f"cannot write {self.path}: {error.strerror}"


def make_folder(folder: Path) -> None:
    """Create a folder with parents for the owner only, because captures contain digits."""
    for each in reversed([folder, *folder.parents]):
        if not each.exists():
            each.mkdir(mode=0o700, exist_ok=True)


def _create(path: Path) -> BinaryIO:
    """Open a new file that only its owner can read, and lock it."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    file = open(os.open(path, flags, 0o600), "wb", buffering=0)  # noqa: SIM115  the caller closes it
    _lock(file, path)
    return file


def _replace(path: Path) -> BinaryIO:
    """Open a new file in place of an existing one, unless a capture is writing to it."""
    path = path.resolve()
    if not path.exists():
        return _create(path)
    if not path.is_file():  # a device or a pipe
        return path.open("wb", buffering=0)
    with path.open("r+b") as old:
        _lock(old, path)
    aside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    file = _create(aside)
    os.replace(aside, path)
    return file


def in_use(path: Path) -> bool:
    """Return whether a capture is writing to a file, or it cannot be opened."""
    try:
        with path.open("rb") as file:
            _lock(file, path)
    except (UsageProblem, OSError):
        return True
    return False


def _lock(file: BinaryIO, path: Path) -> None:
    """Lock a file until it is closed; continue if its file system has no locks."""
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise UsageProblem(
            f"another capture is writing to {path}", "Stop that one, or choose another name."
        ) from None
    except OSError:
        pass


def _blocks(queue: Iterable[tuple[Sequence[bytes], float | None]]) -> Iterator[bytes]:
    """Yield the queue as blocks of text, large enough to need few calls."""
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
    """One line: ``raw`` is the JSON of an event; ``data`` is any other line, decoded."""

    at: float
    kind: str
    data: Any = None
    raw: bytes = b""
    response: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """Events that were received together: consecutive lines with one time."""

    at: float
    frames: list[bytes]


class Reader:
    """Reads the readable parts of a capture.

    ``problems`` counts skipped lines by reason, complete after an iteration. A file that is still
    being written can be read.

    Args:
        path: the file, compressed or not, whatever its name.
        most: octets to read at most, uncompressed; None for all.

    Attributes:
        executor: reads and decompresses the next block while one is processed; None: not ahead.

    Raises:
        UsageProblem: the file does not exist or is not a capture.
    """

    def __init__(self, path: str | Path, most: int | None = None) -> None:
        self.path = Path(path)
        self._most = most
        self.executor: Executor | None = None
        self.problems: Counter[str] = Counter()
        self.header: dict[str, Any] = {}
        self._spoiled: list[str] = []
        self.started = 0.0
        self.read_bytes = 0  # bytes of the file whose records have been yielded
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
                f"{self.path} is not a capture: it has no valid line",
                *(hints or ["Make one with %ari capture start FILE."]),
            )
        self.started = first.at
        if first.kind == "capture" and isinstance(first.data, dict):
            self.header = self._checked(first.data)

    def _checked(self, header: dict[str, Any]) -> dict[str, Any]:
        """Return the header without members of a wrong type."""
        kept = {
            name: value
            for name, value in header.items()
            if name not in _HEADER or isinstance(value, _HEADER[name])
        }
        applications = kept.get("applications", [])
        if not all(isinstance(each, str) for each in applications):
            del kept["applications"]
        self._spoiled = [name for name in header if name not in kept]
        return kept

    def __iter__(self) -> Iterator[Record]:
        for item in self.runs():
            if isinstance(item, Run):
                for frame in item.frames:
                    yield Record(item.at, "event", raw=frame)
            else:
                yield item

    def runs(self) -> Iterator[Record | Run]:
        """Yield the records, but events that were received together as one item."""
        self.problems.clear()
        self.problems.update(f"header field {name} skipped" for name in self._spoiled)
        self.read_bytes = 0
        before = 0.0
        run: Run | None = None
        # How the lines of the run begin; each is cut where its event begins.
        begin, cut = _NO_LINE, 0
        for line, complete in self._lines():
            if run is not None:
                if line.startswith(begin) and line.endswith(b"}}"):
                    run.frames.append(line[cut:-1])
                    if len(run.frames) < _LONGEST_RUN:
                        continue
                yield run
                if len(run.frames) == _LONGEST_RUN:
                    run, begin = None, _NO_LINE
                    continue
                run, begin = None, _NO_LINE
            found = _EVENT_LINE.fullmatch(line)
            record = None if found else self._record(line, complete)
            if found:
                at = float(found[1])
            elif record is None:
                continue
            else:
                at = record.at
            if not 0 <= at < _LATEST:
                self.problems["with an invalid time"] += 1
                continue
            # A request stands at the time of its response.
            if record is None or record.kind != "request":
                if at < before - 0.000_001:
                    self.problems["clock went backwards"] += 1
                before = at
            if found:
                cut = found.start(2)
                run, begin = Run(at, [found[2]]), line[: cut + 1]
            elif record is not None:
                yield record
        if run is not None:
            yield run

    def _record(self, line: bytes, complete: bool) -> Record | None:
        """Return the record of a line other than an event's as `Writer` formats it."""
        if not line.strip():
            return None
        try:
            item = orjson.loads(line.removeprefix(BOM_UTF8))  # some editors add it
            at = float(item["at"])
            kind = next(kind for kind in KINDS if kind in item)
        except (ValueError, TypeError, KeyError, StopIteration) as error:
            if not complete:
                self.problems["cut off at the end"] = 1
            else:
                unknown = isinstance(error, StopIteration)
                self.problems["of unknown kind" if unknown else "not readable"] += 1
            return None
        data = item[kind]
        if kind == "capture" and isinstance(data, dict) and data.get("version") != VERSION:
            self.problems[f"of version {data.get('version')}, supported is {VERSION}"] += 1
        if kind == "event":
            return Record(at, kind, raw=orjson.dumps(data))
        return Record(at, kind, data, response=item.get("response"))

    def _lines(self) -> Iterator[tuple[bytes, bool]]:
        """Yield lines, and whether each ended with a newline."""
        parts: list[bytes] = []  # of a line whose end has not been read
        size = total = 0
        for block in self._blocks() if self.executor is None else self._ahead(self.executor):
            total += len(block)
            if self._most is not None and total > self._most:
                self.problems[f"rest left out: larger than {self._most >> 20:,} MiB"] = 1
                return
            begun, *lines = block.split(b"\n")
            parts.append(begun)
            size += len(begun)
            if lines:
                yield b"".join(parts), True
                for line in lines[:-1]:
                    yield line, True
                parts, size = lines[-1:], len(lines[-1])
            elif size > _LONGEST_LINE:  # of another file format: a truncated line is not JSON
                parts, size = parts[:1], len(parts[0])
        if any(parts):
            yield b"".join(parts), False

    def _ahead(self, executor: Executor) -> Iterator[bytes]:
        """Yield the blocks, of which the next is read meanwhile."""
        blocks = self._blocks()
        waiting = executor.submit(next, blocks, None)
        while (block := waiting.result()) is not None:
            waiting = executor.submit(next, blocks, None)
            yield block

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
        except OSError as error:  # deleted meanwhile, or a disk error
            self.problems[f"rest unreadable: {error.strerror}"] += 1

    def _more(self, file: BinaryIO) -> bytes:
        self.read_bytes = file.tell()  # before this block, which has not been yielded yet
        return file.read(_READ_BYTES)

    def _unpacked(self, block: bytes, file: BinaryIO) -> Iterator[bytes]:
        unpacker, inside, more = zlib.decompressobj(31), False, False
        while block or more:
            more = False
            try:
                unpacked = unpacker.decompress(block, _UNPACKED_BYTES)
                yield unpacked
                block = unpacker.unconsumed_tail or unpacker.unused_data
                inside = not unpacker.eof
                more = inside and len(unpacked) == _UNPACKED_BYTES
            except zlib.error:  # continue with the next member
                self.problems["damaged compressed block"] += 1
                start = block.find(_GZIP, 1)
                block, inside = block[start:] if start > 0 else b"", False
            if not inside:
                unpacker = zlib.decompressobj(31)
            if not more:
                block = block or self._more(file)
        if inside:
            self.problems["cut off at the end"] = 1


def line(kind: str, data: Any, at: float | None = None, **more: Any) -> bytes:
    """Return the line of a record other than an event."""
    item = {"at": time.time() if at is None else at, kind: data, **more}
    return orjson.dumps(item, default=str, option=orjson.OPT_APPEND_NEWLINE)


def event_lines(raws: Sequence[bytes], at: float) -> bytes:
    """Return the lines of events received together: byte for byte, unless an event spans lines."""
    begin = b'{"at":%b,"event":' % repr(at).encode()  # with full precision
    lines = begin + (b"}\n" + begin).join(raws) + b"}\n"
    if lines.count(b"\n") > len(raws):
        return event_lines([orjson.dumps(orjson.loads(raw)) for raw in raws], at)
    return lines
