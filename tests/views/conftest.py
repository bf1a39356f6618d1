"""One JupyterLab and one Chromium for all tests of pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.views.lab import Lab, Notes, chromium, running_lab


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    pytest.importorskip("playwright", reason="the tests of pages need playwright")
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    pytest.importorskip("jupyterlab", reason="the tests of pages need jupyterlab")
    with running_lab(tmp_path_factory.mktemp("lab"), {}) as running:
        yield running


@contextmanager
def watched_page(browser: Any) -> Iterator[tuple[Any, Notes]]:
    """A page, and notes of what it does that it should not."""
    context = browser.new_context(viewport={"width": 1280, "height": 1100})
    page, notes = context.new_page(), Notes()
    notes.watch(page)
    yield page, notes
    context.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page on which nothing may go wrong."""
    with watched_page(browser) as (page, notes):
        yield page
    notes.check()
