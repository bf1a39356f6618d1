"""The page's modules, and the one that is made of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ari_notebook.views import panel
from ari_notebook.views.pages import page_module

PAGE = Path(panel.__file__).parent / "page"
MODULES = sorted(PAGE.glob("*.js"))


def test_nothing_is_left_to_import() -> None:
    text = page_module(PAGE)
    assert re.findall(r"^(?:import|export).*", text, re.MULTILINE) == ["export default { render };"]


def test_every_module_is_in_it_once_and_after_what_it_needs() -> None:
    text = page_module(PAGE)
    first_lines = [module.read_text().splitlines()[0] for module in MODULES]
    assert [text.count(line) for line in first_lines] == [1] * len(MODULES)
    for module in MODULES:
        own = text.index(module.read_text().splitlines()[0])
        for needed in re.findall(r'from "\./(\w+)\.js"', module.read_text()):
            assert text.index((PAGE / f"{needed}.js").read_text().splitlines()[0]) < own


def test_no_two_modules_call_something_of_their_own_the_same() -> None:
    pattern = r"^(?:export )?(?:const|let|class|function|async function) (\w+)"
    names = [n for m in MODULES for n in re.findall(pattern, m.read_text(), re.MULTILINE)]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_a_module_imports_what_others_export(module: Path) -> None:
    for names, source in re.findall(r'^import \{(.*)\} from "\./(\w+)\.js";', module.read_text()):
        text = (PAGE / f"{source}.js").read_text()
        for name in names.split(","):
            assert re.search(rf"^export (function|class|const) {name.strip()}\b", text, re.M)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_no_text_becomes_markup_and_nothing_is_fetched(module: Path) -> None:
    forbidden = r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function|fetch\("
    assert (
        re.findall(forbidden + r"|https?:|XMLHttpRequest|importScripts", module.read_text()) == []
    )
