"""The page's modules, and their bundle."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ari_notebook.views.display.bundle import page_module
from ari_notebook.views.panel import widget

PAGE = Path(widget.__file__).parent / "frontend"
MODULES = sorted(PAGE.glob("*.js"))


def test_bundle_has_no_imports() -> None:
    text = page_module(PAGE)
    assert re.findall(r"^(?:import|export).*", text, re.MULTILINE) == ["export default { render };"]


def test_every_module_is_in_it_once_and_after_what_it_needs() -> None:
    text = page_module(PAGE)
    first_lines = [module.read_text().splitlines()[0] for module in MODULES]
    assert [text.count(line) for line in first_lines] == [1] * len(MODULES)
    for module in MODULES:
        own = text.index(module.read_text().splitlines()[0])
        for needed in re.findall(r'from "(.*)"', module.read_text()):
            assert text.index((PAGE / needed).read_text().splitlines()[0]) < own


def test_modules_of_two_folders_may_use_the_same_names() -> None:
    text = page_module(PAGE)
    assert text.count("function clock(") == 2  # the panel's and the ladder's
    scopes = text.split("})();\n")
    assert max(scope.count("function clock(") for scope in scopes) == 1


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_module_imports_what_others_export(module: Path) -> None:
    found = re.findall(r'^import \{(.*)\} from "(.*)";$', module.read_text(), re.M)
    assert len(found) == module.read_text().count("import ")
    for names, source in found:
        text = (PAGE / source).read_text()
        for name in names.split(","):
            exported = rf"^export (async function|function|class|const) {name.split()[0]}\b"
            assert re.search(exported, text, re.M)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_no_text_becomes_markup_and_nothing_is_fetched(module: Path) -> None:
    forbidden = r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function|fetch\("
    assert (
        re.findall(forbidden + r"|https?:|XMLHttpRequest|importScripts", module.read_text()) == []
    )
