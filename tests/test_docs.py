"""The docs site: it is built of what there is, and no link inside it leads nowhere."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.conftest import TOP


@pytest.fixture(scope="module")
def docs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs", TOP / "scripts" / "docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_link_that_leads_nowhere_is_seen(docs: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "index.html").write_text(
        '<h1 id="top">x</h1><a href="more/page.html#there">1</a><a href="#top">2</a>'
        '<a href="https://example.org/gone">3</a><img src="more/none.png">'
        '<source srcset="more/none.webp 2x, more/page.html">'
        '<a href="more/page.html#not-there">4</a><a href="#bottom">5</a><a href="more/">6</a>'
    )
    (tmp_path / "more" / "page.html").write_text('<a id="there" href="../index.html">back</a>')
    assert list(docs.broken(tmp_path)) == [
        "index.html: more/none.png: there is no such file",
        "index.html: more/none.webp: there is no such file",
        "index.html: more/page.html#not-there: there is no such place in it",
        "index.html: #bottom: there is no such place in it",
        "index.html: more/: there is no such file",
    ]


def test_the_sources_are_laid_out_as_they_lie_here(docs: ModuleType, tmp_path: Path) -> None:
    docs.lay_out(tmp_path / "laid")
    for name in ("README.md", "docs/course.md", "ari_notebook/config/http.conf"):
        assert (tmp_path / "laid" / name).read_bytes() == (TOP / name).read_bytes()
    assert r"http\|websocket" in (TOP / "docs/magics.md").read_text()
    assert "http|websocket" in (tmp_path / "laid/docs/magics.md").read_text()
    for kind in ("*.ipynb", "pictures/*"):
        laid = {path.name for path in (tmp_path / "laid" / "notebooks").glob(kind)}
        assert laid == {path.name for path in (TOP / "notebooks").glob(kind)} != set()
    assert "01-hello-world.html)" in (tmp_path / "laid/notebooks/00-start-here.ipynb").read_text()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_site_is_built_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs_jupyter", reason="the docs need pip install -e '.[docs]'")
    done = subprocess.run(
        [sys.executable, "scripts/docs.py", "--site", str(tmp_path / "site")],
        cwd=TOP,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    magics = (tmp_path / "site" / "docs" / "magics.html").read_text()
    assert "[--transport http|websocket]" in magics  # and its row has not come apart
    session = (tmp_path / "site" / "reference" / "session.html").read_text()
    assert 'id="ari_notebook.Session.wait_for"' in session
    first = (tmp_path / "site" / "notebooks" / "00-start-here.html").read_text()
    assert "A phone to play with" in first
