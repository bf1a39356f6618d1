"""The two splitters of the event stream: the compiled one, and Python's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ari_notebook.client import websocket_frames
from tests.store.conftest import load, scanner_file

__all__ = ["scanner_file"]


@pytest.fixture(scope="module", params=["compiled", "Python"])
def splitter(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run a module's tests with each of the splitters."""
    function = websocket_frames._split_texts
    if request.param == "compiled":
        function = load(request.getfixturevalue("scanner_file")).split_texts
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(websocket_frames, "_take_texts", function)
        yield request.param
