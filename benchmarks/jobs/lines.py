"""Lines of code of each job: with call flows, with aioari, with requests and websocket-client.

    python benchmarks/jobs/lines.py

Counts lines without blank ones, comments and docstrings. Of the other two, the module that all
their jobs need (a mailbox, a thread or task per call) is counted once, apart.
"""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

FOLDER = Path(__file__).parent
STYLES = ("ours", "with_aioari", "bare")


def lines_of(path: Path) -> int:
    """Return the number of lines with code."""
    text = path.read_text(encoding="utf-8")
    ignored = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    found: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in (*ignored, tokenize.ENDMARKER):
            found |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(found)


def counts() -> dict[str, dict[str, int]]:
    """Return job → style → lines."""
    names = sorted({path.stem for style in STYLES for path in (FOLDER / style).glob("*.py")})
    return {
        name: {
            style: lines_of(FOLDER / style / f"{name}.py")
            for style in STYLES
            if (FOLDER / style / f"{name}.py").exists()
        }
        for name in names
    }


def main() -> None:
    """Print the table."""
    table = counts()
    print(f"{'job':<12}" + "".join(f"{style:>14}" for style in STYLES))
    for name, row in table.items():
        print(f"{name:<12}" + "".join(f"{row.get(style, 0) or '':>14}" for style in STYLES))
    totals = {style: sum(row.get(style, 0) for row in table.values()) for style in STYLES}
    print(f"{'all':<12}" + "".join(f"{totals[style]:>14}" for style in STYLES))


if __name__ == "__main__":
    main()
