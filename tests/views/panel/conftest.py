from __future__ import annotations

from collections.abc import Iterator

import pytest

import ari_notebook
from ari_notebook.sessions.session import Session


@pytest.fixture(scope="module")
def ari() -> Iterator[Session]:
    """A session of an embedded simulator, for all tests of a module."""
    with ari_notebook.connect() as session:
        yield session
