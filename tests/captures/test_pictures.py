"""Pictures of a real recording's traffic."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import ari_notebook
from ari_notebook.captures.pictures import concurrent

REAL = Path(__file__).with_name("calls.jsonl.gz")
ALL = ("concurrency", "arrivals", "times", "causes", "extensions", "events", "latencies")


@pytest.fixture(scope="module")
def opened():
    return ari_notebook.open_capture(REAL)


@pytest.mark.parametrize("name", ALL)
def test_each_is_a_figure_with_a_title_and_named_axes(opened, name: str, tmp_path: Path) -> None:
    figure = getattr(opened.pictures, name)()
    (axes,) = figure.axes
    assert axes.get_title()
    assert axes.get_xlabel()
    assert axes.has_data()
    figure.savefig(tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 2000


def test_a_notebook_shows_it_without_pyplot() -> None:
    look = (
        "import sys, ari_notebook, IPython\n"
        "shell = IPython.core.interactiveshell.InteractiveShell.instance()\n"
        f"figure = ari_notebook.open_capture({str(REAL)!r}).pictures.times()\n"
        "shown, _ = shell.display_formatter.format(figure)\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "assert shown['image/png'].startswith(b'\\x89PNG')\n"
    )
    subprocess.run([sys.executable, "-c", look], check=True)


def test_what_is_drawn_is_what_happened(opened) -> None:
    calls = opened.calls.df
    alive = concurrent(calls)
    assert alive.iloc[-1] == 0
    at = alive.index[len(alive) // 2]
    assert alive[at] == ((calls["begin"] <= at) & (calls["end"] > at)).sum()
    arrived = opened.pictures.arrivals("1s").axes[0].patches
    assert sum(bar.get_height() for bar in arrived) == 13
    bars = opened.pictures.extensions().axes[0].patches
    assert bars[0].get_width() == calls["called"].value_counts().iloc[0]


@pytest.mark.parametrize("name", ALL)
def test_nothing_yet_is_said(name: str) -> None:
    with ari_notebook.connect() as ari:
        (axes,) = getattr(ari.pictures, name)().axes
        assert "yet" in axes.texts[0].get_text()
