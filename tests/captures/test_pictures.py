"""Pictures of a real recording's traffic."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import orjson
import pytest

import ari_notebook
from ari_notebook.captures.files import event_lines as lines_of
from ari_notebook.captures.files import line
from ari_notebook.captures.opened import OpenCapture
from ari_notebook.captures.pictures import concurrent
from ari_notebook.client.errors import UsageProblem

REAL = Path(__file__).with_name("calls.jsonl.gz")
ALL = ("concurrency", "arrivals", "times", "causes", "extensions", "events", "latencies")


@pytest.fixture(scope="module")
def opened():
    return ari_notebook.open_capture(REAL)


@pytest.mark.parametrize("name", ALL)
def test_each_is_a_figure_with_a_title_and_named_axes(opened, name: str, tmp_path: Path) -> None:
    figure = getattr(opened.pictures, name)()
    assert len(figure.axes) == (2 if name == "times" else 1)
    for axes in figure.axes:
        assert axes.get_title()
        assert axes.get_xlabel()
        assert axes.get_ylabel()
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
    (arrived,) = opened.pictures.arrivals("1s").axes[0].patches
    begun = calls["begin"].dt.floor("1s").value_counts().sort_index()
    assert arrived.get_data().values.tolist() == begun.tolist()
    wait, talk = opened.pictures.times().axes
    assert sum(bar.get_height() for bar in wait.patches) == 13
    assert sum(bar.get_height() for bar in talk.patches) == calls["talk"].notna().sum()
    drawn = {line.get_label(): line.get_ydata().sum() for line in rates(opened, "1s")}
    counted = opened.events.df["type"].astype("str").value_counts()
    assert drawn == counted.head(8).to_dict()
    bars = opened.pictures.extensions().axes[0].patches
    assert bars[0].get_width() == calls["called"].value_counts().iloc[0]


def rates(opened, every: str | None):
    return opened.pictures.events(every).axes[0].lines


def of_two_days(path: Path, second: float) -> OpenCapture:
    """A call at one moment, and one at another."""
    parts = [line("capture", {"version": 1, "subscribe_all": True}, 1.0)]
    for at in (1.5, second):
        stamp = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
        channel = {"id": stamp, "name": "x", "state": "Up", "creationtime": stamp}
        event = {"type": "ChannelCreated", "timestamp": stamp, "channel": channel}
        parts.append(lines_of([orjson.dumps(event)], at))
    path.write_bytes(b"".join(parts))
    return ari_notebook.open_capture(path)


@pytest.mark.parametrize("second", [1.501, 3.0, 100.0, 7e5, 1.8e9])
def test_the_span_suits_the_whole_if_nobody_says_one(tmp_path: Path, second: float) -> None:
    """The last is of a machine without a clock of its own, which began in 1970."""
    opened = of_two_days(tmp_path / "two.jsonl", second)
    (arrived,) = opened.pictures.arrivals().axes[0].patches
    assert arrived.get_data().values.sum() == 2
    assert len(arrived.get_data().values) <= 122
    (created,) = rates(opened, None)
    assert created.get_ydata().sum() == 2
    assert len(created.get_ydata()) <= 122
    for name in ("concurrency", "arrivals", "events"):
        assert getattr(opened.pictures, name)()._repr_png_()


def test_a_span_that_makes_no_picture_is_refused(tmp_path: Path) -> None:
    opened = of_two_days(tmp_path / "two.jsonl", 1.8e9)
    for draw in (opened.pictures.arrivals, opened.pictures.events):
        with pytest.raises(UsageProblem, match=r"times 1s.*longer"):
            draw("1s")
        with pytest.raises(UsageProblem, match="no span of time is 'soon'"):
            draw("soon")
        with pytest.raises(UsageProblem, match="no span of time is '0s'"):
            draw("0s")


def test_the_courses_report_of_a_real_recording() -> None:
    notebook = Path(__file__).parents[2] / "notebooks" / "15-a-day-of-calls.ipynb"
    (cell,) = [
        cell.source
        for cell in nbformat.read(notebook, as_version=4).cells
        if cell.source.startswith("def on_one_page(")
    ]
    shown: list[object] = []
    names = {"ari_notebook": ari_notebook, "display": lambda *these: shown.extend(these)}
    exec(cell, names)
    by_extension = names["on_one_page"](REAL)
    assert by_extension["calls"].sum() == 13
    assert (by_extension["answered"] * by_extension["calls"]).sum() == 8
    assert [type(each).__name__ for each in shown] == ["OpenCapture", "DataFrame"] + ["Drawn"] * 4
    assert all(axes.has_data() for figure in shown[2:] for axes in figure.axes)


@pytest.mark.parametrize("name", ALL)
def test_nothing_yet_is_said(name: str) -> None:
    with ari_notebook.connect() as ari:
        (axes,) = getattr(ari.pictures, name)().axes
        assert "yet" in axes.texts[0].get_text()
