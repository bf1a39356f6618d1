#!/usr/bin/env python3
"""Check that notebooks store only the outputs that their tests compare.

    scripts/notebook_outputs.py NOTEBOOK.ipynb ...

A code cell may have outputs and an execution count only if nbval compares its output (tag
``nbval-check-output``). Exits with 1 and one line per finding.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

TAG = "nbval-check-output"


def findings(notebook: Path) -> Iterator[str]:
    """Yield a line for every cell that stores what it should not."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    for number, cell in enumerate(cells, start=1):
        if cell["cell_type"] != "code" or TAG in cell["metadata"].get("tags", []):
            continue
        if cell.get("execution_count") is not None:
            yield f"{notebook}: cell {number}: has an execution count"
        if cell.get("outputs"):
            yield f"{notebook}: cell {number}: stores an output that no test compares"


def main() -> int:
    """Check the notebooks given as arguments."""
    found = [line for name in sys.argv[1:] for line in findings(Path(name))]
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
