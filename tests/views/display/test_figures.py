"""Figures follow the page's theme."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import ari_notebook
from ari_notebook.captures.charts import INK
from ari_notebook.sessions.session import Session
from ari_notebook.views.display.figures import figure_html

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def ari() -> Iterator[Session]:
    with ari_notebook.connect() as session:
        session.call("1000", caller="Alice <5551>")
        session.wait_for("StasisStart")
        yield session


@pytest.mark.parametrize("name", ["concurrency", "arrivals", "events", "extensions", "causes"])
def test_figure_has_no_ink_and_paper_of_its_own(ari: Session, name: str) -> None:
    html = figure_html(getattr(ari.pictures, name)())
    assert "currentColor" in html
    assert INK not in html
    assert "#ffffff" not in html
    assert "<text" in html


def test_text_in_a_figure_is_text(ari: Session) -> None:
    figure = ari.pictures.extensions()
    figure.axes[0].set_title(HOSTILE)
    html = figure_html(figure)
    assert "<script" not in html
    assert "&lt;script" in html


def test_notebook_shows_the_drawing_and_a_shell_the_picture(ari: Session) -> None:
    from tests.magics.prompt import Prompt

    prompt = Prompt()
    try:
        format = prompt.shell.display_formatter.format
        data, _ = format(ari.pictures.concurrency(), include=["text/html", "image/png"])
        assert data["text/html"].startswith("<div")
        assert data["image/png"]
    finally:
        prompt.close()
