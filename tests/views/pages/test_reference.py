"""The reference as pages: all are created, every link has a page, every text is escaped."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from ari_notebook.client.errors import UsageProblem
from ari_notebook.magics.verbs import load_verbs
from ari_notebook.magics.verbs.docs import _pages
from ari_notebook.schema import UnknownName, builtin
from ari_notebook.views.display.reference import ReferencePages
from ari_notebook.views.pages.reference import Reference

HOSTILE = "<script>alert(1)</script>\u202e\x1b[31m'\" onerror=x"


class Links(HTMLParser):
    """The elements, the links and the text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.inserts: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        given = dict(attrs)
        self.links += [given["data-ask"] or ""] if "data-ask" in given else []
        self.inserts += [given["data-insert"] or ""] if "data-insert" in given else []

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def pages() -> ReferencePages:
    load_verbs()
    return _pages(True)


def test_every_link_leads_to_a_page(pages: ReferencePages) -> None:
    seen, left = set(), ["docs", "help"]
    while left:
        name = left.pop()
        seen.add(name)
        left += {*Links(pages.page(name)).links} - seen - {*left}
    declaration = builtin()
    assert {f"docs {name}" for name in declaration.events} <= seen
    assert {f"docs {each.qualified_name}" for each in declaration.operations} <= seen
    assert {"help play", "docs Stasis", "docs Channel"} <= seen


def test_operation_page_says_what_it_takes(pages: ReferencePages) -> None:
    page = Links(pages.page("docs channels.play"))
    for text in ("POST", "/channels/{channelId}/play", "media", "required", "404", "Playback"):
        assert text in page.text
    assert "%ari channels.play channelId=$channel media=sound:hello-world" in page.inserts
    assert "docs Playback" in page.links


def test_event_page_offers_lines_to_try(pages: ReferencePages) -> None:
    page = Links(pages.page("docs StasisStart"))
    assert "%ari wait StasisStart" in page.inserts
    assert "docs Channel" in page.links


def test_verb_page_has_examples_and_its_operation(pages: ReferencePages) -> None:
    page = Links(pages.page("help play"))
    assert any(line.startswith("%ari play") for line in page.inserts)
    assert "docs channels.play" in page.links


@pytest.mark.parametrize("name", ["docs Stasiss", "docs <b>", "help nothing", "other", ""])
def test_unknown_page_is_refused(pages: ReferencePages, name: str) -> None:
    with pytest.raises(UnknownName):
        pages.page(name)
    with pytest.raises(UsageProblem):
        Reference("", "docs", lambda live: pages).answer(name)


def test_picture_has_no_links() -> None:
    load_verbs()
    for name in ("docs", "help", "docs channels.play", "help play"):
        assert {"a", "button", "input"}.isdisjoint(Links(_pages(False).page(name)).tags)


def test_texts_of_a_server_are_text() -> None:
    known = builtin()
    operations = tuple(
        replace(
            each,
            summary=HOSTILE,
            notes=HOSTILE,
            parameters=tuple(
                replace(one, description=HOSTILE, default=HOSTILE) for one in each.parameters
            ),
            errors=tuple(replace(one, reason=HOSTILE) for one in each.errors),
            since=(HOSTILE,),
        )
        for each in known.operations
    )
    models = {
        name: replace(
            model,
            description=HOSTILE,
            fields=tuple(replace(one, description=HOSTILE, type=HOSTILE) for one in model.fields),
        )
        for name, model in known.models.items()
    }
    hostile = replace(
        known, operations=operations, models=models, about=dict.fromkeys(known.about, HOSTILE)
    )
    pages = ReferencePages(hostile, (), lambda name: HOSTILE if name == "X" else "", (HOSTILE,))
    for name in ("docs", "docs channels.play", "docs channels", "docs Channel", "docs X"):
        html = pages.page(name)
        assert "script" not in Links(html).tags
        assert not re.search("[\u202e\x1b]", html)


def test_reference_is_its_text() -> None:
    made = Reference("text", "docs", _pages)
    assert made == "text"
    assert repr(made) == "text"
    assert made.page_text() == "text"
