"""The documentation site: generated from the code, complete, and without broken links."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ari_notebook.magics.grammar import VERBS
from ari_notebook.schema import builtin
from ari_notebook.simulator.dialplan.functions import READERS, WRITERS
from scripts import docs, reference_pages
from tests.conftest import TOP

pytestmark = pytest.mark.slow  # the pages are made from all modules


def test_broken_links_are_reported(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "index.html").write_text(
        '<h1 id="top">x</h1><a href="more/page.html#there">1</a><a href="#top">2</a>'
        '<a href="https://example.org/gone">3</a><img src="more/none.png">'
        '<source srcset="more/none.webp 2x, more/page.html">'
        '<a href="more/page.html#not-there">4</a><a href="#bottom">5</a><a href="more/">6</a>'
    )
    (tmp_path / "more" / "page.html").write_text('<a id="there" href="../index.html">back</a>')
    assert list(docs.broken_links(tmp_path)) == [
        "index.html: more/none.png: no such file",
        "index.html: more/none.webp: no such file",
        "index.html: more/page.html#not-there: no such anchor",
        "index.html: #bottom: no such anchor",
        "index.html: more/: no such file",
    ]


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs") / "laid"
    docs.lay_out(folder)
    return folder


def test_sources_keep_the_layout_of_the_repository(laid_out: Path) -> None:
    for name in (
        "README.md",
        "docs/tutorial/course.md",
        "ari_notebook/simulator/sample_config/http.conf",
    ):
        assert (laid_out / name).read_bytes() == (TOP / name).read_bytes()
    for kind in ("*.ipynb", "pictures/*"):
        copied = {path.name for path in (laid_out / "notebooks").glob(kind)}
        assert copied == {path.name for path in (TOP / "notebooks").glob(kind)} != set()
    assert "01-hello-world.html)" in (laid_out / "notebooks/00-start-here.ipynb").read_text()


def test_navigation_lists_each_page_once(laid_out: Path) -> None:
    text = (TOP / "mkdocs.yml").read_text(encoding="utf-8")
    navigation = text.partition("\nnav:\n")[2].partition("\ntheme:\n")[0]
    listed = re.findall(r"[\w/.-]+\.(?:md|ipynb)\b", navigation)
    pages = [*laid_out.glob("*.md"), *laid_out.rglob("docs/**/*.md"), *laid_out.rglob("*.ipynb")]
    assert sorted(listed) == sorted(str(page.relative_to(laid_out)) for page in pages)


def test_index_links_to_each_page(laid_out: Path) -> None:
    index = (TOP / "docs" / "README.md").read_text(encoding="utf-8")
    linked = {target.partition("#")[0] for target in re.findall(r"\]\((.+?)\)", index)}
    pages = {str(p.relative_to(laid_out / "docs")) for p in (laid_out / "docs").rglob("*.md")}
    assert linked == pages - {"README.md"}


def test_readme_links_to_files_of_the_repository() -> None:
    text = (TOP / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"(?:\]\(|src=\"|srcset=\")([^)\"#]+)", text)
    local = [link for link in links if "://" not in link]
    assert len(local) > 8
    assert [link for link in local if not (TOP / link).exists()] == []


def test_badges_match_pyproject() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    minors = re.findall(r"Python :: 3\.(\d+)", " ".join(project["classifiers"]))
    versions = sorted(map(int, minors))
    pictures = TOP / "docs" / "pictures"
    python = (pictures / "badge-python.svg").read_text(encoding="utf-8")
    assert f"3.{versions[0]} to 3.{versions[-1]}</text>" in python
    licence = (pictures / "badge-licence.svg").read_text(encoding="utf-8")
    assert f"{project['license']}</text>" in licence


def test_verbs_page_has_a_row_for_each_verb() -> None:
    page = reference_pages.verbs_page()
    rows = [line for line in page.splitlines() if line.startswith("| `%")]
    assert len(rows) == len(VERBS) - 1  # the overview, %ari alone, has none
    assert any("[--transport http|websocket]" in row for row in rows)


def test_columns_page_has_the_types_of_a_session() -> None:
    page = reference_pages.columns_page()
    assert re.search(r"^\| `hangup_by` \| .+ \| `category` \|$", page, re.MULTILINE)
    assert "| `in_stasis` | whether a Stasis application controls it | `bool` |" in page


def test_columns_page_refuses_undescribed_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    described = {"drift": {"drift": "its kind"}}
    monkeypatch.setattr(reference_pages, "COLUMNS", described)
    with pytest.raises(ValueError, match=r"ari\.drift\.df has \['drift', 'name'"):
        reference_pages.columns_page()


def test_configuration_page_names_each_variable_that_is_read() -> None:
    read = set()
    for path in (TOP / "ari_notebook").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        read |= set(re.findall(r"(?:environ\.get|getenv)\(\s*\"(\w+)\"", text))
    assert read >= {"ARI_URL", "ARI_PASSWORD", "XDG_CONFIG_HOME"}
    page = reference_pages.configuration_page()
    assert [name for name in read if f"| `{name}` |" not in page] == []
    for words in ("ari-notebook doctor", "--patience", "`session_keep_alive`", "`refresh`"):
        assert words in page


def test_dialplan_page_has_each_function() -> None:
    page = reference_pages.dialplan_page()
    assert [name for name in {*READERS, *WRITERS} if f"| `{name}(" not in page] == []
    assert re.search(r"^\| `CALLERID\(num\)` \| read, write \|", page, re.MULTILINE)


def test_limits_page_has_the_limits_of_the_code() -> None:
    from ari_notebook.simulator.pbx.channel import LONGEST_ID
    from ari_notebook.simulator.rest.event_socket import MAX_APP_NAME
    from ari_notebook.simulator.rest.parameters import MAX_VALUES
    from ari_notebook.simulator.wire.http11 import MAX_BODY, MAX_HEADERS, MAX_LINE
    from ari_notebook.simulator.wire.websocket_frames import MAX_FRAME

    page = (TOP / "docs/reference/simulator/limits.md").read_text(encoding="utf-8")
    limits = (LONGEST_ID, MAX_APP_NAME, MAX_VALUES, MAX_BODY, MAX_HEADERS, MAX_LINE, MAX_FRAME)
    assert [limit for limit in limits if not re.search(rf"\| [^|]*\b{limit:,}\b", page)] == []


def test_each_verb_says_what_it_does_and_how() -> None:
    reference_pages.verbs_page()  # loads them
    for name, verb in VERBS.items():
        assert verb.about, name
        assert verb.group, name
        assert verb.method or name in ("trace", "overview", "help", "demo"), name
        assert verb.examples or name == "overview", name
        assert all(f"ari {name}" in example for example in verb.examples), name


def test_each_verb_names_a_declared_operation() -> None:
    reference_pages.verbs_page()
    declared = {f"{each.method} {each.path}" for each in builtin().operations}
    for name, verb in VERBS.items():
        assert verb.operation in {*declared, ""} or verb.operation.endswith(" /…"), name


def test_architecture_page_names_existing_methods_and_files() -> None:
    package = TOP / "ari_notebook"
    members: dict[str, set[str]] = {}
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                names = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
                members.setdefault(node.name, set()).update(names)
    text = (TOP / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
    methods = set(re.findall(r"`([A-Z]\w+)\.(\w+)", text))
    assert len(methods) > 30
    attributes = {("EventSynchronizer", "arrived")}
    unknown = {f"{c}.{m}" for c, m in methods - attributes if m not in members.get(c, ())}
    assert unknown == set()
    files = set(re.findall(r"\(`([\w/]+/\w+\.py)`\)", text))
    assert len(files) > 10
    assert {name for name in files if not (package / name).is_file()} == set()


def test_pages_name_existing_tests_and_benchmarks() -> None:
    named = set()
    for page in [TOP / "README.md", *(TOP / "docs").rglob("*.md")]:
        text = page.read_text(encoding="utf-8")
        named |= set(re.findall(r"\b(?:tests|benchmarks)/[\w/]+\.py\b", text))
        named |= {f"benchmarks/{name}.py" for name in re.findall(r"-m benchmarks\.(\w+)", text)}
    assert len(named) > 20
    examples = {"tests/lessons/test_NAME.py", "benchmarks/NAME.py"}
    assert sorted(name for name in named - examples if not (TOP / name).exists()) == []


@pytest.mark.timeout(600)
def test_site_builds_without_warnings_or_broken_links(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs_jupyter", reason="the docs need pip install -e '.[docs]'")
    done = subprocess.run(
        [sys.executable, "-m", "scripts.docs", "--site", str(tmp_path / "site")],
        cwd=TOP,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    reference = tmp_path / "site" / "docs" / "reference"
    verbs = (reference / "verbs.html").read_text()
    assert "[--transport http|websocket]" in verbs  # the | has not split its cell
    session = (reference / "python" / "session.html").read_text()
    assert 'id="ari_notebook.Session.wait_for"' in session
    first = (tmp_path / "site" / "notebooks" / "00-start-here.html").read_text()
    assert "A phone to play with" in first
    architecture = (tmp_path / "site/docs/explanation/architecture.html").read_text()
    assert '<div class="diagram"><svg' in architecture
    assert "flowchart TD" not in architecture
    for page in (tmp_path / "site").rglob("*.html"):
        scripts = re.findall(
            r"<(?:script|link|img)[^>]+(?:src|href)=\"(https?:)?//", page.read_text()
        )
        assert scripts == [], page


def test_reliability_page_names_tests_and_files_that_exist() -> None:
    text = (TOP / "docs/explanation/reliability.md").read_text()
    named = set(re.findall(r"`(test_\w+)`", text))
    defined = {
        name
        for file in (TOP / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)\(", file.read_text())
    }
    assert len(named) > 50
    assert named - defined == set()
    files = set(re.findall(r"(?:pytest (?:-m browser )?|`)(tests/[\w/]+\.py)", text))
    assert [file for file in sorted(files) if not (TOP / file).exists()] == []
    commands = set(re.findall(r"python -m benchmarks\.(\w+)", text)) - {"NAME"}
    assert [name for name in commands if not (TOP / "benchmarks" / f"{name}.py").exists()] == []
    assert "calls" in commands
