"""A forked child leaves the parent's session alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent.parent

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    pytest.mark.slow,
]


@pytest.mark.parametrize(
    "name",
    [
        "exit_of_a_child_keeps_what_the_parent_made",
        "exit_of_a_child_keeps_the_recordings",
        "close_in_a_child_leaves_the_parent_connected_and_idle",
        "child_may_connect_for_itself",
    ],
)
def test_forked(name: str) -> None:
    command = [sys.executable, "-m", "tests.trust.forked", name]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
