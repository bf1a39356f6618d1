from __future__ import annotations

from pathlib import Path

from ari_notebook.magics.grammar import VERBS
from ari_notebook.magics.page import page
from ari_notebook.spec import builtin

DOCS = Path(__file__).parents[2] / "docs" / "magics.md"


def test_the_docs_list_the_verbs_as_they_are() -> None:
    assert DOCS.read_text(encoding="utf-8") == page(), (
        "run: python -m ari_notebook.magics.page > docs/magics.md"
    )


def test_every_verb_says_what_it_does_and_how() -> None:
    for name, verb in VERBS.items():
        assert verb.about, name
        assert verb.group, name
        assert verb.method or name in ("trace", "overview", "help"), name
        assert verb.examples or name == "overview", name
        assert all(f"ari {name}" in example for example in verb.examples), name


def test_every_verb_names_an_operation_as_it_is_declared() -> None:
    declared = {f"{each.method} {each.path}" for each in builtin().operations}
    for name, verb in VERBS.items():
        assert verb.operation in {*declared, ""} or verb.operation.endswith(" /…"), name
