"""Cost of loading the extension, in addition to pandas and ipywidgets.

    python -m benchmarks.loading [--rounds N]

Each round is a new process. Prints medians of its processor time and wall time.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

LOADING = """
import time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell()
began = time.perf_counter(), time.process_time()
import pandas, ipywidgets
between = time.perf_counter(), time.process_time()
shell.extension_manager.load_extension("ari_notebook")
ended = time.perf_counter(), time.process_time()
print(*(b - a for a, b in zip(began, between)), *(b - a for a, b in zip(between, ended)))
"""


def measure(rounds: int) -> list[list[float]]:
    """Return the seconds of each round: wall time and processor time, theirs and ours."""
    found = []
    for _ in range(rounds):
        done = subprocess.run(
            [sys.executable, "-c", LOADING], capture_output=True, text=True, check=True
        )
        found.append([float(word) for word in done.stdout.splitlines()[-1].split()])
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What loading the extension costs.")
    parser.add_argument("--rounds", type=int, default=15)
    found = measure(parser.parse_args().rounds)
    theirs, _, passed, processor = (
        statistics.median(column) for column in zip(*found, strict=True)
    )
    print(f"pandas and ipywidgets: {theirs * 1000:.0f} ms")
    print(f"the extension: {passed * 1000:.0f} ms, of them on the processor {processor * 1000:.0f}")
    print(f"ratio: {passed / theirs:.3f}")


if __name__ == "__main__":
    main()
