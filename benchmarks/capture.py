"""Cost of recording for the event stream, and the time to open and replay a recording.

    python -m benchmarks.capture [--events N]

The events are those of a recorded day of calls on a real Asterisk, repeated, passed to the session
in batches of 64, as its socket does.
"""

from __future__ import annotations

import argparse
import gc
import math
import statistics
import tempfile
import time
from pathlib import Path

import ari_notebook
from ari_notebook.captures.file_format import Reader
from ari_notebook.sessions.session import Session

RECORDED = Path(__file__).parent.parent / "tests" / "captures" / "calls.jsonl.gz"
BATCH = 64
ROUNDS = 15


def batches(count: int) -> list[list[bytes]]:
    """Return that number of events of the recording, with different ids in each round."""
    recorded = [record.raw for record in Reader(RECORDED) if record.kind == "event"]
    events: list[bytes] = []
    while len(events) < count:
        turn = b"17%08d." % (len(events) // len(recorded))
        events += [
            raw.replace(b"1795452375.", turn).replace(b"1795452376.", turn) for raw in recorded
        ]
    return [events[at : at + BATCH] for at in range(0, count, BATCH)]


Cost = tuple[float, float, float]


def through(session: Session, given: list[list[bytes]], path: Path | None) -> Cost:
    """Return the cost of the events, with or without a capture.

    The cost is the wall time in the stream's thread, the processor time of that thread, and the
    processor time of all threads until everything is written, in seconds.
    """
    capture = session.capture(path) if path else None
    hand_on = session.synchronizer._on_batch  # what its socket's thread calls
    gc.collect()
    before, worked, started = time.process_time(), time.thread_time(), time.perf_counter()
    for batch in given:
        hand_on(batch, time.time())
    passed, worked = time.perf_counter() - started, time.thread_time() - worked
    if capture:
        capture.stop()
    return passed, worked, time.process_time() - before


def overhead(count: int, folder: Path) -> Path:
    """Print the cost of capturing: the median over pairs of runs, with and without, in turns."""
    given = batches(count)
    path = folder / "empty"
    print(f"an event, median of {ROUNDS} pairs of runs, without a capture and with one")
    for kind in (".jsonl", ".jsonl.gz"):
        pairs: list[tuple[Cost, Cost]] = []
        for turn in range(ROUNDS):
            path = folder / f"{turn}{kind}"
            both: dict[bool, Cost] = {}
            for captured in (False, True) if turn % 2 else (True, False):
                with ari_notebook.connect(subscribe_all=True, keep=100_000) as session:
                    both[captured] = through(session, given, path if captured else None)
            pairs.append((both[False], both[True]))
            if turn:
                (folder / f"{turn - 1}{kind}").unlink()
        for place, what in enumerate(("stream's thread", "its processor", "all threads")):
            plain = statistics.median(without[place] for without, _ in pairs)
            more = statistics.median(with_[place] / without[place] for without, with_ in pairs)
            print(f"{kind:10} {what:16} {plain / count * 1e6:6.2f} us {100 * (more - 1):+6.1f} %")
        print(f"{kind:10} on disk          {path.stat().st_size / count:6.0f} bytes")
    return path


def reading(path: Path) -> None:
    """Print the time to open a recording, compute its calls, and replay it."""
    started = time.perf_counter()
    opened = ari_notebook.open_capture(path)
    took = time.perf_counter() - started
    print(f"opened       {len(opened.events) / took:9,.0f} events/s")
    started = time.perf_counter()
    calls = len(opened.calls.df)
    took = time.perf_counter() - started
    print(f"calls.df     {len(opened.events) / took:9,.0f} events/s, {calls:,} calls")
    started = time.perf_counter()
    with ari_notebook.replay(path, speed=math.inf) as ari:
        ari.wait()
        took = time.perf_counter() - started
        print(f"replayed     {len(ari.events) / took:9,.0f} events/s")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--events", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        path = overhead(options.events, Path(name))
        reading(path)


if __name__ == "__main__":
    main()
