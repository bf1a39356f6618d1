"""A short run of benchmarks/panel.py: a page under load responds to clicks with few messages."""

from __future__ import annotations

import statistics

import pytest

from benchmarks.panel import measure

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]


def test_page_under_load(browser: object) -> None:
    """Limits that depend on the load of the machine have a margin."""
    figures = measure(browser, channels=500, rate=800, seconds=5, rows=3)
    print("\n".join(figures.lines()))
    assert statistics.median(figures.row) < 300
    assert statistics.median(figures.select) < 200
    assert 0 < statistics.median(figures.pressed) < 200
    assert max(figures.messages) <= 10
    assert figures.events > 400
    assert figures.megabytes[-1] < figures.megabytes[0] * 1.3
    assert figures.errors == []
    assert figures.left == []
