"""The course runs from top to bottom, and says what its cells say, on both exchanges."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.conftest import RealAsterisk

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
# These need what only the embedded exchange has, and say so in their heads.
SIMULATOR_ONLY: set[str] = set()
# Directives by which nbval would let a cell pass.
LENIENT = re.compile(r"NBVAL_(SKIP|IGNORE_OUTPUT|RAISES_EXCEPTION)|raises-exception|nbval-")

# What nbval takes no notice of. IPython prints its own errors about magics to stderr; what fails
# beside the cells, in a handler or in a thread, the last cell tells.
STRICT = """
import threading
import traceback

from ari_notebook.session import Session

shell = get_ipython()
shell.show_usage_error = lambda error: shell._showtraceback(type(error), error, [str(error)])

_failed = []


def _in_a_thread(failure):
    _failed.append(("", "".join(traceback.format_exception(failure.exc_value))))


def _in_a_handler(session, handler, sighting, trace, record=Session.record_failure):
    _failed.append((handler.name, trace))
    record(session, handler, sighting, trace)


threading.excepthook = _in_a_thread
Session.record_failure = _in_a_handler
"""
LAST_CELL = """
unexpected = [trace for name, trace in _failed if name not in {meant}]
assert not unexpected, "\\n".join(unexpected)
"""
# Handlers whose failure is what a notebook shows.
MEANT_TO_FAIL = {"13-when-things-break": ["over"]}

every_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)


def run(notebook: Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a notebook under nbval, as a copy in a folder that it may write to; its report."""
    copy = folder / notebook.name
    strict = nbformat.read(notebook, as_version=4)
    append(strict, LAST_CELL.format(meant=MEANT_TO_FAIL.get(notebook.stem, [])))
    nbformat.write(strict, copy)
    startup = folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True, exist_ok=True)
    (startup / "strict.py").write_text(STRICT)
    environment["IPYTHONDIR"] = str(folder / "ipython")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ARI_")}
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-cell-timeout", "60"),
            *("-q", "-p", "no:cacheprovider", "-o", "addopts=", str(copy)),
        ],
        cwd=folder,
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


# Each takes its time, as calls do: the default run has the first one.
@pytest.mark.parametrize(
    "notebook",
    [pytest.param(each, marks=[pytest.mark.slow] * (each.name[:2] > "00")) for each in NOTEBOOKS],
    ids=lambda path: path.stem,
)
def test_on_the_embedded_exchange(notebook: Path, tmp_path: Path) -> None:
    done = run(notebook, tmp_path)
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.slow
@every_notebook
def test_unchanged_on_a_real_asterisk(
    notebook: Path, tmp_path: Path, real_asterisk: RealAsterisk
) -> None:
    if notebook.stem in SIMULATOR_ONLY:
        pytest.skip("needs the embedded exchange")
    done = run(
        notebook,
        tmp_path,
        ARI_URL=real_asterisk.url,
        ARI_USER=real_asterisk.user,
        ARI_PASSWORD=real_asterisk.password,
    )
    assert done.returncode == 0, done.stdout[-4000:]


def cells(notebook: Path) -> list[Any]:
    return list(nbformat.read(notebook, as_version=4).cells)


@every_notebook
def test_what_is_stored_is_what_is_compared(notebook: Path) -> None:
    for cell in cells(notebook):
        if cell.cell_type == "code":
            compared = cell.source.startswith("# NBVAL_CHECK_OUTPUT\n")
            assert bool(cell.outputs) == compared, cell.source
            assert "error" not in [output.output_type for output in cell.outputs]


@every_notebook
def test_no_cell_may_fail(notebook: Path) -> None:
    for cell in cells(notebook):
        if cell.cell_type == "code":
            assert not LENIENT.search(f"{cell.source} {cell.metadata}"), cell.source


@every_notebook
def test_its_head_says_how_long_it_takes(notebook: Path) -> None:
    head = cells(notebook)[0].source
    assert re.match(r"# .+\n\n\*About (\d+) minutes\.\*", head), head[:200]


@every_notebook
def test_links_lead_to_files_that_are_there(notebook: Path) -> None:
    linked = re.findall(r"\]\(([\w/-]+\.(?:ipynb|png))\)", notebook.read_text())
    assert [name for name in linked if not (notebook.parent / name).exists()] == []


def test_the_picture_of_the_panel_is_that_of_the_pages() -> None:
    top = NOTEBOOKS[0].parent.parent
    copy = (top / "notebooks" / "pictures" / "panel.png").read_bytes()
    assert copy == (top / "docs" / "pictures" / "panel-light.png").read_bytes()


@every_notebook
def test_the_page_of_the_course_has_it(notebook: Path) -> None:
    page = (notebook.parent.parent / "docs" / "course.md").read_text()
    minutes = re.search(r"About (\d+) minutes", cells(notebook)[0].source)
    assert minutes
    assert re.search(rf"^\| {notebook.name[:2]} .*\| {minutes[1]} \|", page, re.MULTILINE)


def test_the_course_begins_at_the_beginning() -> None:
    assert [path.name[:2] for path in NOTEBOOKS[:2]] == ["00", "01"]


BAD_CELLS = (
    "%ari hangup",
    "%ari nonsense",
    "%no_such_magic",
    "%ari play $nowhere",
    "1 / 0",
    "# NBVAL_CHECK_OUTPUT\nprint(6 * 7)",  # stored as 41
)


def append(notebook: Any, source: str, stored: str = "") -> None:
    number = 1 + sum(cell.cell_type == "code" for cell in notebook.cells)
    cell = nbformat.v4.new_code_cell(source, execution_count=number)
    if stored:
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=stored)]
    notebook.cells.append(cell)


def with_bad_cells(notebook: Any, path: Path) -> None:
    for source in BAD_CELLS:
        append(notebook, source, stored="41\n" if source.startswith("# NBVAL") else "")
    nbformat.write(notebook, path)


def test_what_is_wrong_in_a_cell_would_be_seen(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook()
    append(notebook, "%load_ext ari_notebook")
    append(notebook, "%ari connect")
    append(notebook, "# NBVAL_CHECK_OUTPUT\nprint(7 * 6)", stored="42\n")
    with_bad_cells(notebook, tmp_path / "wrong.ipynb")

    done = run(tmp_path / "wrong.ipynb", tmp_path)

    assert f"{len(BAD_CELLS)} failed, 4 passed" in done.stdout


@pytest.mark.parametrize(
    "source",
    [
        "ari.on('StasisStart')(lambda channel: channel.no_such_thing())\n"
        "%ari call 1000\n%ari wait HandlerFailed;",
        "from threading import Timer\n"
        "timer = Timer(0, lambda: ari.channels['gone'].hangup())\ntimer.start()\ntimer.join()",
    ],
    ids=["handler", "thread"],
)
def test_what_fails_beside_the_cells_would_be_seen(source: str, tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook()
    for each in ("%load_ext ari_notebook", "%ari connect", source, "%ari disconnect"):
        append(notebook, each)
    nbformat.write(notebook, tmp_path / "wrong.ipynb")

    done = run(tmp_path / "wrong.ipynb", tmp_path)

    assert "1 failed, 4 passed" in done.stdout


@pytest.mark.slow
@every_notebook
def test_what_is_wrong_in_a_cell_of_it_would_be_seen(notebook: Path, tmp_path: Path) -> None:
    """Whatever a notebook sets up when it begins, nothing wrong passes after it."""
    began = nbformat.read(notebook, as_version=4)
    codes = [number for number, cell in enumerate(began.cells) if cell.cell_type == "code"]
    loads = next(
        number for number in codes if "%load_ext ari_notebook" in began.cells[number].source
    )
    began.cells = began.cells[: loads + 1]
    good = codes.index(loads) + 1
    with_bad_cells(began, tmp_path / notebook.name)

    done = run(tmp_path / notebook.name, tmp_path)

    assert f"{len(BAD_CELLS)} failed, {good + 1} passed" in done.stdout
