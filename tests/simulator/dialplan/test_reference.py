from __future__ import annotations

from ari_notebook.simulator.dialplan import reference
from ari_notebook.simulator.dialplan.applications import APPLICATIONS
from ari_notebook.simulator.dialplan.functions import READERS, WRITERS


def test_every_application_and_function_is_described() -> None:
    assert {each.name for each in APPLICATIONS.values()} <= set(reference.names())
    assert set(reference.FUNCTIONS) == {*READERS, *WRITERS}
    for name in reference.names():
        title, _, *text = reference.describe(name).splitlines()
        assert title.endswith(f" {name}")
        assert text[0]


def test_function_that_can_be_set_says_so() -> None:
    for name in {*READERS} & {*WRITERS}:
        assert "can be set" in reference.describe(name), name


def test_unknown_names_have_no_text() -> None:
    assert reference.describe("Nothing") == ""
    assert reference.describe("stasis") == ""
