"""Charts of the traffic in a real capture."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

import ari_notebook
from ari_notebook.captures.charts import concurrent
from ari_notebook.captures.file_format import event_lines as lines_of
from ari_notebook.captures.file_format import line
from ari_notebook.captures.open_capture import OpenCapture
from ari_notebook.client.errors import UsageProblem
from tests.helpers import notebooks

if TYPE_CHECKING:  # matplotlib takes half a second of every process that collects tests
    from matplotlib.axes import Axes
    from matplotlib.patches import Rectangle

REAL = Path(__file__).with_name("calls.jsonl.gz")
ALL = ("concurrency", "arrivals", "times", "causes", "extensions", "events", "latencies")


@pytest.fixture(scope="module")
def opened() -> OpenCapture:
    return ari_notebook.open_capture(REAL)


@pytest.mark.parametrize("name", ALL)
def test_each_chart_has_title_and_axis_labels(
    opened: OpenCapture, name: str, tmp_path: Path
) -> None:
    figure = getattr(opened.pictures, name)()
    assert len(figure.axes) == (2 if name == "times" else 1)
    for axes in figure.axes:
        assert axes.get_title()
        assert axes.get_xlabel()
        assert axes.get_ylabel()
        assert axes.has_data()
    figure.savefig(tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 2000


@pytest.mark.slow  # a process that imports IPython and matplotlib
def test_notebook_shows_chart_without_pyplot() -> None:
    look = (
        "import sys, ari_notebook, IPython\n"
        "shell = IPython.core.interactiveshell.InteractiveShell.instance()\n"
        f"figure = ari_notebook.open_capture({str(REAL)!r}).pictures.times()\n"
        "shown, _ = shell.display_formatter.format(figure)\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "assert shown['image/png'].startswith(b'\\x89PNG')\n"
    )
    subprocess.run([sys.executable, "-c", look], check=True)


def test_charts_show_the_recorded_values(opened: OpenCapture) -> None:
    calls = opened.calls.df
    alive = concurrent(calls)
    assert alive.iloc[-1] == 0
    at = alive.index[len(alive) // 2]
    assert alive[at] == ((calls["begin"] <= at) & (calls["end"] > at)).sum()
    from matplotlib.patches import StepPatch

    (arrived,) = opened.pictures.arrivals("1s").axes[0].patches
    begun = calls["begin"].dt.floor("1s").value_counts().sort_index()
    assert isinstance(arrived, StepPatch)
    assert arrived.get_data()[0].tolist() == begun.tolist()
    wait, talk = opened.pictures.times().axes
    assert sum(bar.get_height() for bar in rectangles(wait)) == 13
    assert sum(bar.get_height() for bar in rectangles(talk)) == calls["talk"].notna().sum()
    drawn = {line.get_label(): line.get_ydata().sum() for line in rates(opened, "1s")}
    counted = opened.events.df["type"].astype("str").value_counts()
    assert drawn == counted.head(8).to_dict()
    bars = rectangles(opened.pictures.extensions().axes[0])
    assert bars[0].get_width() == calls["called"].value_counts().iloc[0]


def rectangles(axes: Axes) -> list[Rectangle]:
    from matplotlib.patches import Rectangle

    return [patch for patch in axes.patches if isinstance(patch, Rectangle)]


def rates(opened: OpenCapture, every: str | None) -> Any:
    return opened.pictures.events(every).axes[0].lines


def of_two_days(path: Path, second: float) -> OpenCapture:
    """Return a call at one moment, and one at another."""
    parts = [line("capture", {"version": 1, "subscribe_all": True}, 1.0)]
    for at in (1.5, second):
        stamp = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
        channel = {"id": stamp, "name": "x", "state": "Up", "creationtime": stamp}
        event = {"type": "ChannelCreated", "timestamp": stamp, "channel": channel}
        parts.append(lines_of([orjson.dumps(event)], at))
    path.write_bytes(b"".join(parts))
    return ari_notebook.open_capture(path)


@pytest.mark.parametrize("second", [1.501, 3.0, 100.0, 7e5, 1.8e9])
def test_time_span_is_chosen_if_omitted(tmp_path: Path, second: float) -> None:
    """The last capture is from a machine without a clock, whose time began in 1970."""
    from matplotlib.patches import StepPatch

    opened = of_two_days(tmp_path / "two.jsonl", second)
    (arrived,) = opened.pictures.arrivals().axes[0].patches
    assert isinstance(arrived, StepPatch)
    assert arrived.get_data()[0].sum() == 2
    assert len(arrived.get_data()[0]) <= 122
    (created,) = rates(opened, None)
    assert created.get_ydata().sum() == 2
    assert len(created.get_ydata()) <= 122
    for name in ("concurrency", "arrivals", "events"):
        getattr(opened.pictures, name)().draw_without_rendering()


def test_invalid_time_span_is_refused(tmp_path: Path) -> None:
    opened = of_two_days(tmp_path / "two.jsonl", 1.8e9)
    for draw in (opened.pictures.arrivals, opened.pictures.events):
        with pytest.raises(UsageProblem, match=r"1s would make.*longer"):
            draw("1s")
        with pytest.raises(UsageProblem, match="invalid time span 'soon'"):
            draw("soon")
        with pytest.raises(UsageProblem, match="invalid time span '0s'"):
            draw("0s")


def test_course_report_runs_on_real_capture() -> None:
    notebook = Path(__file__).parents[2] / "notebooks" / "15-a-day-of-calls.ipynb"
    (cell,) = [
        cell["source"]
        for cell in notebooks.read(notebook)["cells"]
        if cell["source"].startswith("def on_one_page(")
    ]
    shown: list[Any] = []
    names: dict[str, Any] = {
        "ari_notebook": ari_notebook,
        "display": lambda *these: shown.extend(these),
    }
    exec(cell, names)
    by_extension = names["on_one_page"](REAL)
    assert by_extension["calls"].sum() == 13
    assert (by_extension["answered"] * by_extension["calls"]).sum() == 8
    kinds = [type(each).__name__ for each in shown]
    assert kinds == ["OpenedCapture", "DataFrame"] + ["FigureWithPng"] * 4
    assert all(axes.has_data() for figure in shown[2:] for axes in figure.axes)


@pytest.mark.parametrize("name", ALL)
def test_chart_without_data_has_a_note(name: str) -> None:
    with ari_notebook.connect() as ari:
        (axes,) = getattr(ari.pictures, name)().axes
        assert "yet" in axes.texts[0].get_text()
