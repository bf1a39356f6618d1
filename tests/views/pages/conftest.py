"""A session connected to either exchange, in a notebook on a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.conftest import RealAsterisk
from tests.views.conftest import needs, watched_page
from tests.views.lab import Lab, open_notebook, run_done, running_lab

OpenCells = Callable[..., Any]


@pytest.fixture(params=["simulator", "asterisk"])
def either_lab(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Lab, str]]:
    """A JupyterLab, and the lines by which its notebooks connect to the simulator or Asterisk."""
    if request.param == "simulator":
        yield request.getfixturevalue("lab"), "%load_ext ari_notebook\n%ari connect;"
        return
    needs("jupyterlab")
    real: RealAsterisk = request.getfixturevalue("real_asterisk")
    environment = {"ARI_PASSWORD": real.password}
    with running_lab(tmp_path_factory.mktemp("asterisk"), environment) as lab:
        yield lab, f"%load_ext ari_notebook\n%ari connect {real.url} --user {real.user};"


@pytest.fixture
def notebook(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens a notebook, runs its cells, and returns the page, on which no error may occur."""
    with ExitStack() as stack:

        def open_cells(lab: Lab, name: str, *cells: str) -> Any:
            page, notes = stack.enter_context(watched_page(browser))
            open_notebook(page, lab, lab.write(name, *cells))
            for number in range(len(cells)):
                run_done(page, number)
            stack.callback(notes.check)
            return page

        yield open_cells
