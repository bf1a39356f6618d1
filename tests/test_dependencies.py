"""The imports of the package equal the dependencies in `pyproject.toml`."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
# Declared and never imported: anywidget's own dependency, whose lower bound matters to the panel.
NOT_IMPORTED = {"ipywidgets"}
# Optional, installed by users: the keyring, and the programs that run the course.
LOOKED_FOR = {
    "keyring",
    "jupyter-core",
    "jupyterlab",
    "matplotlib",
    "dask",
    "distributed",
    "pyarrow",
    "pytest",
    "resvg-py",
}


def _name(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found
    return found[0].lower().replace("_", "-")


def _imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


PARSES = pytest.mark.slow  # each module of the package


@pytest.fixture(scope="module")
def imported() -> set[str]:
    """The distributions that the package's modules import."""
    files = (TOP / "ari_notebook").rglob("*.py")
    modules = set().union(*map(_imported, files)) - set(sys.stdlib_module_names) - {"ari_notebook"}
    owners = packages_distributions()
    return {owners[each][0].lower().replace("_", "-") for each in modules if each in owners}


@PARSES
def test_imports_are_declared(imported: set[str]) -> None:
    declared = set(map(_name, PROJECT["dependencies"]))
    optional = {
        _name(each) for extra in PROJECT["optional-dependencies"].values() for each in extra
    }
    assert imported - declared - LOOKED_FOR == set()
    assert LOOKED_FOR - optional <= {"distributed"}


@PARSES
def test_declared_dependencies_are_imported(imported: set[str]) -> None:
    assert set(map(_name, PROJECT["dependencies"])) - imported == NOT_IMPORTED


def test_module_descriptions_are_in_our_own_words() -> None:
    lines = (TOP / "ari_notebook/simulator/data/modules.tsv").read_text().splitlines()
    kinds = {line.split("\t")[4].partition(":")[0] for line in lines}
    assert len(lines) > 300
    assert len(kinds) < 40  # a kind and the name, by rule: no sentence from elsewhere
    assert "modules.tsv" in (TOP / "NOTICE").read_text()


def test_no_text_installs_the_package_by_name() -> None:
    """It is not published yet: such a command fails."""
    folders = ("ari_notebook", "benchmarks", "docs", "notebooks", "tests", "binder")
    files = [TOP / "README.md", *(file for each in folders for file in (TOP / each).rglob("*"))]
    wrong = re.compile("pip install [^`\n]*" + "ari-" + "notebook[^/]")
    texts = [file for file in files if file.suffix in (".py", ".md", ".ipynb", ".txt", ".js")]
    assert len(texts) > 100
    assert [str(file) for file in texts if wrong.search(file.read_text())] == []
