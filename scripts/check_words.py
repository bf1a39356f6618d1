#!/usr/bin/env python3
"""Find wording that CONTRIBUTING.md ("How we write") rules out.

    python scripts/check_words.py [FILE ...]

Without arguments it checks every file in git that `PATHS` covers. It prints one line per finding
and exits with 1 if there are any. Text in backticks is a quotation and is not checked, nor is text
in double quotation marks in Markdown and in notebooks. An underscore counts as a space, so that
names are checked. In Python, the first word of each function's docstring is checked as well.
"""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# What is checked: pathspecs of git, relative to the root of the repository.
PATHS = [
    ".github",
    "*.cff",
    "*.md",
    "*.toml",
    "*.yml",
    "Makefile",
    "ari_notebook",
    "benchmarks",
    "binder",
    "changelog.d",
    "docs",
    "notebooks",
    "scripts",
    "tests",
]

SUFFIXES = {".cff", ".ipynb", ".js", ".json", ".md", ".py", ".toml", ".yaml", ".yml", ""}

# The construction, and what to write instead.
BANNED = {
    r"told|telling|tells?": "publish, send, return, show or notify",
    r"nobody|somebody": "name the party: caller, callee, user, application",
    r"whoever|whom": "name the party, or rewrite without a relative clause",
    r"the truth": "server snapshot, or the value itself",
    r"hears|heard of": "receives; for audio: the caller's audio, plays to",
    r"is no more|are no more": "has ended, was removed, no longer exists",
    r"have it that|has it that": "set, make",
    r"nought|anew|thereby|therein|whereof|wherein|hither|thither|lest": "the everyday word",
    r"that is none|which is none|(?:it|that) is no(?! longer)": "is not a ...",
    r"of the one|the other one's|another one's": "name the object",
    r"one (?:row|line|event|entry|message|file|thread|task) an? \w+": "one ... per ...",
    r"came of|comes of|come of": "result, output, outcome",
    r"the latest (?:first|last)": "newest first, newest last",
    r"(?:a|the) (?:channel|session|call|server)'s own": "its ..., or leave out 'own'",
    r"put out of|is put (?:on|in|off|out)": "removed from, added to",
    r"puts? (?:it |them )?back|taken away|takes? away": "restore, remove",
    r"comes? to be|came to be|is to be (?:had|felt)|lies ready": "is created, is available",
    r"as ever|now and then|at length|of late": "as before, periodically, recently",
    r"for good": "permanently",
    r"at a stroke|by its name": "at once; by name",
    r"stands? still|stood|in vain|held against|thrice": "is paused; without result; compared with",
    r"everybody|everyone who": "every caller, every user",
    r"(?:a|an) (?:thread|process|socket|port|folder|file|line|loop) of its own": "a separate ...",
}

# A function's docstring begins with a verb: not with code, a bracket or one of these.
NO_VERB = re.compile(
    r"[^A-Z]\S*|[A-Z]\w*'s\b"
    r"|(?:A|After|All|Also|An|Any|As|At|Back|Both|By|Each|Even|Every|Everything|Few|From|How|If|In"
    r"|Its?|Like|No|Nothing|Number|On|One|Several|So|Something|That|The|They|This|Those|What"
    r"|Whatever|When|Where|Whether|Which|Who|Whose|With|Without)\b"
    r"|[A-Z]\w+(?:ed|ing)\b(?<!Embed)(?<!Feed)(?<!Need)(?<!Ring)(?<!String)"
)

PATTERNS = {
    re.compile(rf"\b(?:{words})\b", re.IGNORECASE): advice for words, advice in BANNED.items()
}
CODE = re.compile(r"`[^`\n]*`|\.tell\(\)")
NOTHING = re.compile("(?!)")  # backticks are strings in JavaScript
QUOTED = re.compile('`[^`]*`|"[^"]*"|\u201c[^\u201d]*\u201d')


def covered_files() -> list[Path]:
    """Return the files in git under `PATHS`, without this one."""
    listed = subprocess.run(
        [
            "git",
            "ls-files",
            "-z",
            "--",
            *(f":(glob){path}" if "*" in path else path for path in PATHS),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    files = [ROOT / name for name in listed.split("\0") if name]
    return [file for file in files if file.suffix in SUFFIXES and file != Path(__file__).resolve()]


def read_lines(file: Path) -> Iterator[tuple[str, str]]:
    """Yield a place and a line of text for each line to check."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".ipynb":
        for number, cell in enumerate(json.loads(text)["cells"], 1):
            for line in "".join(cell["source"]).splitlines():
                yield f"{file.relative_to(ROOT)}:cell {number}", line
        return
    for number, line in enumerate(text.splitlines(), 1):
        yield f"{file.relative_to(ROOT)}:{number}", line


def docstring_findings(file: Path) -> Iterator[str]:
    """Yield one line per function whose docstring does not begin with a verb.

    A property's docstring says what it is; a fixture's, and a test's, what it sets up or shows.
    """
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        decorators = " ".join(map(ast.unparse, node.decorator_list))
        if node.name.startswith("test_") or "property" in decorators or "fixture" in decorators:
            continue
        if match := NO_VERB.match(ast.get_docstring(node) or ""):
            place = f"{file.relative_to(ROOT)}:{node.body[0].lineno}"
            yield f"{place}: {match[0]!r}: begin the docstring with a verb"


def findings(file: Path) -> Iterator[str]:
    """Yield one line per banned construction in a file."""
    if file.suffix == ".py":
        yield from docstring_findings(file)
    quotation = {".ipynb": QUOTED, ".js": NOTHING, ".md": QUOTED}.get(file.suffix, CODE)
    for place, line in read_lines(file):
        text = quotation.sub("", line.replace('"""', "")).replace("_", " ")
        for pattern, advice in PATTERNS.items():
            for match in pattern.finditer(text):
                yield f"{place}: {match[0]!r}: write {advice}"


def main(arguments: list[str]) -> int:
    """Check the given files, or all that `PATHS` covers; return the exit status."""
    files = [Path(name).resolve() for name in arguments] or covered_files()
    found = [line for file in files for line in findings(file)]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
