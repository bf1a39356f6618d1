"""One JupyterLab and one Chromium for all tests of pages."""

from __future__ import annotations

from collections.abc import Iterator
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


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def page(browser: Any, notes: Notes) -> Iterator[Any]:
    """A page that is watched; nothing on it may go wrong without a test expecting it."""
    context = browser.new_context(viewport={"width": 1280, "height": 1100})
    page = context.new_page()
    notes.watch(page)
    yield page
    context.close()
    assert notes.errors == []
    assert notes.left == []
    assert notes.dialogs == []
