"""One JupyterLab and one Chromium for all tests of pages.

Where something is missing that they need they are skipped, but never in CI.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import Any, NoReturn

import pytest

from tests.views.lab import Lab, Notes, chromium, new_context, running_lab


def needs(module: str) -> None:
    if find_spec(module) is None:
        _without(f"the tests of pages need {module}: pip install -e '.[lab,test]'")


def _without(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, driven by Playwright; its asyncio loop runs until the browser is closed."""
    needs("playwright")
    from playwright.sync_api import Error

    with ExitStack() as stack:
        try:
            started = stack.enter_context(chromium())
        except Error as error:
            _without(f"the tests of pages need Chromium, your system's will do: {error}")
        yield started


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    needs("jupyterlab")
    with running_lab(tmp_path_factory.mktemp("lab"), {}) as running:
        yield running


@pytest.fixture(scope="session")
def dark_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    needs("jupyterlab")
    with running_lab(tmp_path_factory.mktemp("dark"), {}, dark=True) as running:
        yield running


@contextmanager
def watched_page(browser: Any, **options: Any) -> Iterator[tuple[Any, Notes]]:
    """Provide a page, and notes of what it does that it should not.

    Args:
        browser: Chromium.
        options: of `new_context`.
    """
    context = new_context(browser, **{"viewport": {"width": 1280, "height": 1100}, **options})
    page, notes = context.new_page(), Notes()
    notes.watch(page)
    yield page, notes
    context.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page on which no error may occur."""
    with watched_page(browser) as (page, notes):
        yield page
    notes.check()
