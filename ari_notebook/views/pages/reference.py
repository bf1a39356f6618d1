"""`%ari docs` and `%ari help` as pages whose links lead to the others."""

from __future__ import annotations

from collections.abc import Callable

from ari_notebook.client.errors import UsageProblem
from ari_notebook.schema import UnknownName
from ari_notebook.views.display.html import Markup
from ari_notebook.views.display.reference import ReferencePages
from ari_notebook.views.pages.widget import Answer, Shown

__all__ = ["Reference"]


class Reference(Shown, str):
    """A text of the reference, which a notebook shows as a page.

    Args:
        text: the text.
        name: name of the page, see `ReferencePages.page`.
        pages: creates the pages; its argument: whether links work.
    """

    _name: str
    _pages: Callable[[bool], ReferencePages]

    def __new__(cls, text: str, name: str, pages: Callable[[bool], ReferencePages]) -> Reference:
        """Create a text with its page."""
        made = super().__new__(cls, text)
        made._name, made._pages = name, pages
        return made

    def page_text(self) -> str:
        """Return the text."""
        return str(self)

    def page_html(self, *, live: bool) -> Markup:
        """Return the page."""
        return self._pages(live).page(self._name)

    def answer(self, ask: str) -> Answer:
        """Return the page that a link leads to.

        Raises:
            UsageProblem: no such page.
        """
        try:
            return Answer(self._pages(True).page(ask))
        except UnknownName as error:
            raise UsageProblem(str(error)) from None

    def __repr__(self) -> str:
        return str(self)
