"""A steady stream for minutes, with a checksum of every event.

    python -m benchmarks.steady [--rate N] [--minutes N] [--keep N]

The source, a separate process, counts the events and computes a checksum of each 10,000. A whole
session receives them: log, live tables, a handler. At the end every checksum is compared with that
of the received events and, as far as the log keeps events, of those in the log.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Any

import ari_notebook
from ari_notebook.store.event_log import EventLog
from benchmarks.source import BLOCK, Source

OVER = b'"eventname":"over"'


class Sums:
    """Computes the checksums of the events that a session receives, as the source does."""

    def __init__(self) -> None:
        self.blocks: list[int] = []
        self.count = 0
        self.lost: list[str] = []  # states of the connection after the first

    def took(self, messages: Sequence[bytes], *_: object) -> None:
        """Count received events."""
        for message in messages:
            if OVER in message:  # is about the stream, not of it
                continue
            if self.count % BLOCK == 0:
                self.blocks.append(0)
            self.blocks[-1] = zlib.crc32(message, self.blocks[-1])
            self.count += 1

    def state(self, state: str, reason: str) -> None:
        """Do nothing when the connection changes."""
        self.lost.append(f"{state}: {reason}")

    def row(self, origin: str, _event: Mapping[str, Any], detail: str, _received: float) -> None:
        """Do nothing: the session adds no rows here."""
        self.lost.append(f"{origin}: {detail}")

    def applied(self, event: Mapping[str, Any]) -> None:
        """Do nothing."""

    def snapshot(self, snapshot: Mapping[str, Any]) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class Account:
    """The numbers of sent, received and stored events."""

    sent: int
    taken: int
    seconds: float
    late: float  # seconds from the last event's sending to its handler's end
    differing: int  # blocks of what came that are not what was sent
    checked: int  # blocks read back from the log
    wrong: int  # of them, those that are not what was sent
    kept: int
    dropped: int
    malformed: int
    starts: int  # StasisStart events, as the handler counted them
    starts_expected: int
    bytes_each: float  # of memory, if the system reports it
    interruptions: list[str]

    @property
    def complete(self) -> bool:
        """Whether no event is missing or changed."""
        return (
            self.sent == self.taken == self.kept + self.dropped
            and self.starts == self.starts_expected
            and not (self.differing or self.wrong or self.malformed or self.interruptions)
        )


def read_back(log: EventLog, blocks: list[int], sent: int) -> tuple[int, int]:
    """Return the number of complete blocks in the log, and how many of them differ."""
    ends = [*range(0, sent, BLOCK), sent]
    checked = wrong = 0
    for number, (start, end) in enumerate(pairwise(ends)):
        if start < log.dropped:
            continue
        total = 0
        for place in range(start - log.dropped, end - log.dropped):
            total = zlib.crc32(log.raw(place), total)
        checked += 1
        wrong += total != blocks[number]
    return checked, wrong


def resident() -> int:
    """Return the memory of this process in bytes; 0 if the system does not report it."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


def run(rate: int, seconds: float, keep: int | None) -> Account:
    """Receive a stream from its beginning to its end."""
    source, sums = Source(rate, seconds), Sums()
    ended = threading.Event()
    words: dict[str, Any] = {}
    starts = 0
    try:
        with ari_notebook.connect(source.url, password="", keep=keep) as ari:
            ari.synchronizer.add_listener(sums)
            started, before = time.monotonic(), resident()

            @ari.on("StasisStart")
            def start() -> None:
                nonlocal starts
                starts += 1

            @ari.on("ChannelUserevent")
            def over(event: dict[str, Any]) -> None:
                words.update(event["userevent"], at=time.time())
                ended.set()

            while not ended.wait(1):
                if ari.status.state != "connected" or time.monotonic() - started > seconds * 2 + 30:
                    raise SystemExit(f"the stream did not end as it should:\n{ari.status}")
            taken = time.monotonic() - started
            while ari.handlers["start"].waiting:
                time.sleep(0.01)
            log, sent = ari.log, words["sent"]
            memory = (resident() - before) / len(log)
            blocks = words["blocks"]
            differing = sum(a != b for a, b in zip_longest(sums.blocks, blocks))
            checked, wrong = read_back(log, blocks, sent)
            return Account(
                sent=sent,
                taken=sums.count,
                seconds=taken,
                late=words["at"] - words["ended"],
                differing=differing,
                checked=checked,
                wrong=wrong,
                kept=len(log) - 1,
                dropped=log.dropped,
                malformed=log.malformed,
                starts=starts,
                starts_expected=words["starts"],
                bytes_each=memory,
                interruptions=[*sums.lost],
            )
    finally:
        source.stop()


def main() -> None:
    """Run, and print the result; return 1 if an event is missing."""
    parser = argparse.ArgumentParser(description="A steady stream, every event accounted for.")
    parser.add_argument("--rate", type=int, default=5000, help="events a second")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--keep", type=int, default=1_000_000, help="events the log holds")
    given = parser.parse_args()
    account = run(given.rate, given.minutes * 60, given.keep)
    print(
        f"{account.sent:,} events sent in {account.seconds:.0f} s, {account.taken:,} taken,"
        f" {account.kept:,} kept, {account.dropped:,} dropped to keep no more,"
        f" {account.malformed} malformed"
    )
    print(
        f"{account.differing} blocks of {BLOCK:,} differ from what was sent;"
        f" {account.checked} read back from the log, {account.wrong} of them wrong"
    )
    print(f"the handler ran {account.starts:,} times of {account.starts_expected:,}")
    print(f"the last event's handler ended {account.late * 1000:.0f} ms after it was sent")
    print(f"memory: {account.bytes_each:.0f} bytes for each event kept")
    for interruption in account.interruptions:
        print(f"interrupted: {interruption}")
    print("every event is accounted for" if account.complete else "NOT COMPLETE")
    sys.exit(not account.complete)


if __name__ == "__main__":
    main()
