"""The notebooks run from top to bottom with the expected outputs, on both servers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import notebooks
from tests.helpers.notebooks import Cell, append

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
# These need what only the embedded exchange has, and say so in their heads.
SIMULATOR_ONLY: set[str] = set()
# Directives by which nbval would let a cell pass.
LENIENT = re.compile(
    r"NBVAL_(SKIP|IGNORE_OUTPUT|RAISES_EXCEPTION)|raises-exception|nbval-(?!check-output)"
)
COMPARED = "nbval-check-output"  # the tag of a cell whose output every run is compared with

# What nbval takes no notice of. IPython prints its own errors about magics to stderr; what fails
# beside the cells, in a handler or in a thread, the last cell shows.
STRICT = """
import logging
import threading
import traceback

from ari_notebook.sessions.session import Session

shell = get_ipython()
logging.getLogger("ari_notebook").addHandler(logging.FileHandler("notices.log", delay=True))
shell.show_usage_error = lambda error: shell._showtraceback(type(error), error, [str(error)])

_failed = []


def _in_a_thread(failure):
    _failed.append(("", "".join(traceback.format_exception(failure.exc_value))))


def _in_a_handler(session, handler, logged, trace, record=Session.record_failure):
    _failed.append((handler.name, trace))
    record(session, handler, logged, trace)


threading.excepthook = _in_a_thread
Session.record_failure = _in_a_handler
"""
# Sounds, phones and the dialplan's time-outs of the embedded exchange take less time.
FASTER = """
from functools import partial

from ari_notebook import simulator

simulator.start = partial(simulator.start, speed={speed})
"""
SPEED = 4
# Their cells have to be in time for what callers do by themselves, on a slow machine as well.
REAL_TIME = {"13-when-things-break", "15-a-day-of-calls"}
LAST_CELL = """
unexpected = [trace for name, trace in _failed if name not in {meant}]
assert not unexpected, "\\n".join(unexpected)
"""
# Handlers whose failure is what a notebook shows.
MEANT_TO_FAIL = {"13-when-things-break": ["over"]}

every_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)


def run(
    notebook: Path, folder: Path, speed: float = 1, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a notebook under nbval, as a copy in a folder that it may write to; its report."""
    copy = folder / notebook.name
    strict = notebooks.read(notebook)
    append(strict, LAST_CELL.format(meant=MEANT_TO_FAIL.get(notebook.stem, [])))
    notebooks.write(strict, copy)
    startup = folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True, exist_ok=True)
    (startup / "strict.py").write_text(STRICT)
    (startup / "faster.py").write_text(FASTER.format(speed=speed))
    environment["IPYTHONDIR"] = str(folder / "ipython")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ARI_")}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-cell-timeout", "120"),
            *("-q", "-p", "no:cacheprovider", "-o", "addopts=", str(copy)),
        ],
        cwd=folder,
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    notices = folder / "notices.log"  # nbval does not say what was written to stderr
    if notices.exists():
        done.stdout += notices.read_text()
    return done


@pytest.mark.slow  # each takes its time, as calls do
@every_notebook
def test_notebook_runs_on_the_simulator(notebook: Path, tmp_path: Path) -> None:
    done = run(notebook, tmp_path, 1 if notebook.stem in REAL_TIME else SPEED)
    assert done.returncode == 0, done.stdout[-4000:]


def cells(notebook: Path) -> list[Cell]:
    found: list[Cell] = notebooks.read(notebook)["cells"]
    return found


@every_notebook
def test_stored_output_is_compared(notebook: Path) -> None:
    for cell in cells(notebook):
        if cell["cell_type"] == "code":
            compared = COMPARED in cell["metadata"].get("tags", [])
            assert bool(cell["outputs"]) == compared, cell["source"]
            assert "NBVAL_" not in cell["source"]
            assert "error" not in [output["output_type"] for output in cell["outputs"]]


@every_notebook
def test_no_cell_may_fail(notebook: Path) -> None:
    for cell in cells(notebook):
        if cell["cell_type"] == "code":
            assert not LENIENT.search(f"{cell['source']} {cell['metadata']}"), cell["source"]


@every_notebook
def test_first_cell_has_the_duration(notebook: Path) -> None:
    head = cells(notebook)[0]["source"]
    assert re.match(r"# .+\n\n\*About (\d+) minutes\.\*", head), head[:200]


@every_notebook
def test_links_lead_to_files_that_are_there(notebook: Path) -> None:
    linked = re.findall(r"\]\(([\w/-]+\.(?:ipynb|png))\)", notebook.read_text())
    assert [name for name in linked if not (notebook.parent / name).exists()] == []


def test_picture_of_the_panel_is_that_of_the_pages() -> None:
    top = NOTEBOOKS[0].parent.parent
    copy = (top / "notebooks" / "pictures" / "panel.png").read_bytes()
    # As one number: pytest takes minutes to show where two pictures differ.
    assert hash(copy) == hash((top / "docs" / "pictures" / "panel-light.png").read_bytes())


@every_notebook
def test_page_of_the_course_has_it(notebook: Path) -> None:
    page = (notebook.parent.parent / "docs" / "tutorial" / "course.md").read_text()
    minutes = re.search(r"About (\d+) minutes", cells(notebook)[0]["source"])
    assert minutes
    assert re.search(rf"^\| {notebook.name[:2]} .*\| {minutes[1]} \|", page, re.MULTILINE)


def test_course_page_gives_the_sum_of_the_minutes() -> None:
    page = (NOTEBOOKS[0].parent.parent / "docs" / "tutorial" / "course.md").read_text()
    heads = [re.search(r"About (\d+) minutes", cells(each)[0]["source"]) for each in NOTEBOOKS]
    hours = sum(int(head[1]) for head in heads if head) / 60
    promised = re.search(r"about (\d+) hours", page)
    assert promised
    assert abs(int(promised[1]) - hours) <= 0.5


def test_course_begins_at_the_beginning() -> None:
    assert [path.name[:2] for path in NOTEBOOKS[:2]] == ["00", "01"]


BAD_CELLS = (
    "%ari hangup",
    "%ari nonsense",
    "%no_such_magic",
    "%ari play $nowhere",
    "1 / 0",
    "print(6 * 7)",  # stored as 41
)


BEGUN = NOTEBOOKS[0].with_name("14-a-live-exchange.ipynb")

# Cells that pass, but whose handler or thread fails.
FAILING_LATER = (
    "%ari connect\n"
    "ari.on('StasisStart')(lambda channel: channel.no_such_thing())\n"
    "%ari call 1000\n%ari wait HandlerFailed;",
    "from threading import Timer\n"
    "timer = Timer(0, lambda: ari.channels['gone'].hangup())\ntimer.start()\ntimer.join()",
)


@pytest.mark.slow
def test_every_failure_in_and_beside_cells_is_reported(tmp_path: Path) -> None:
    """After the beginning of the notebook that starts a thread and a second session."""
    notebook = notebooks.read(BEGUN)
    sources = [cell["source"] for cell in notebook["cells"]]
    loads = next(number for number, each in enumerate(sources) if "%load_ext" in each)
    notebook["cells"] = notebook["cells"][: loads + 1]
    good = sum(cell["cell_type"] == "code" for cell in notebook["cells"])
    append(notebook, "print(7 * 6)", "42\n", COMPARED)
    for source in BAD_CELLS:
        wrong = "41\n" if source == "print(6 * 7)" else ""
        append(notebook, source, wrong, COMPARED if wrong else "")
    for source in FAILING_LATER:
        append(notebook, source)
    notebooks.write(notebook, tmp_path / "wrong.ipynb")

    done = run(tmp_path / "wrong.ipynb", tmp_path, SPEED)

    # The last cell is the one that reports what failed beside the cells.
    passed = good + 1 + len(FAILING_LATER)
    assert f"{len(BAD_CELLS) + 1} failed, {passed} passed" in done.stdout, done.stdout
    report = done.stdout.split("unexpected")[-1]
    assert "a Channel has no 'no_such_thing'" in report
    assert "NotFound: 404 Channel not found (GET /channels/gone)" in report
