"""A page in a cell's output: HTML written by Python, with buttons answered by the kernel.

All markup is created by `element`, here and in the saved picture. The page only adds the actions of
buttons: `frontend/page.js` sends a button's ``data-ask`` and shows the answer. A view looks up each
request; no text of a page is executed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import anywidget
from IPython import get_ipython
from IPython.display import display
from traitlets import Unicode

from ari_notebook.background import once
from ari_notebook.client.errors import AriError
from ari_notebook.connection import registry
from ari_notebook.store.plain_text import printable
from ari_notebook.views.display.bundle import THEME, page_module, page_style
from ari_notebook.views.display.comms import answer_while_busy
from ari_notebook.views.display.html import Markup, clean, element
from ari_notebook.views.display.ipython import shows_pages

__all__ = ["Answer", "Page", "PageView", "Shown", "show"]

_FOLDER = Path(__file__).parent / "frontend"


@dataclass(frozen=True, slots=True)
class Answer:
    """The kernel's answer to a page: markup, or a sound file in base64."""

    html: str = ""
    audio: str = ""


class PageView(Protocol):
    """The content of a page."""

    def page_html(self, *, live: bool) -> Markup:
        """Return the page; without buttons if there is no kernel."""

    def page_text(self) -> str:
        """Return the page as text."""

    def displayed(self, page: Page) -> None:
        """Start updates of the page on which the view is displayed."""

    def answer(self, ask: str) -> Answer:
        """Return the answer to a button's request.

        Raises:
            AriError: unknown request, or it failed.
        """


class Page(anywidget.AnyWidget):  # type: ignore[misc]
    """A page. Created by `show`.

    Args:
        view: its content.
    """

    _esm = page_module(_FOLDER, "page")
    _css = page_style(THEME, _FOLDER)
    html = Unicode("").tag(sync=True)

    def __init__(self, view: PageView) -> None:
        super().__init__(html=str(view.page_html(live=True)))
        self._view = view
        self.picture: Any = None  # display handle of the picture
        self.on_msg(self._on_message)
        answer_while_busy(self.comm)

    def refresh(self, *, picture: bool = False) -> None:
        """Show the current state of the view.

        Args:
            picture: update the saved picture, too.
        """
        self.html = str(self._view.page_html(live=True))
        if picture and self.picture is not None:
            self.picture.update(_picture(self._view), raw=True)

    def _on_message(self, _widget: object, content: object, _buffers: object) -> None:
        # Nothing here may raise: a traceback would appear in some cell's output.
        if isinstance(content, Mapping) and isinstance(content.get("ask"), str):
            registry.background().start(
                "ari-page", once(self._answer, content["ask"], content.get("ticket"))
            )

    def _answer(self, ask: str, ticket: object) -> None:
        reply: dict[str, object] = {"ticket": ticket}
        try:
            answer = self._view.answer(ask)
            reply |= {"html": answer.html, "audio": answer.audio}
        except AriError as error:
            reply["error"] = clean(error, 500)
        except Exception as error:  # noqa: BLE001 - whatever it was, the page waits for an answer
            reply["error"] = clean(f"it failed: {error!r}", 500)
        self.send(reply)


class Shown:
    """Base class of objects shown as pages; a shell, and ``display="text"``, show the text."""

    def _ipython_display_(self: PageView) -> None:
        if not shows_pages(get_ipython()):
            raise NotImplementedError  # IPython continues with the text
        self.displayed(show(self))

    def displayed(self, page: Page) -> None:
        """Start updates of the page on which the view is displayed."""


def show(view: PageView) -> Page:
    """Display a view as a page, with a picture for use without a kernel."""
    page = Page(view)
    bundle = page._repr_mimebundle_()
    data = dict(bundle[0] if isinstance(bundle, tuple) else bundle)
    data["text/plain"] = printable(view.page_text())
    display(data, raw=True)
    # A saved notebook has no widget, but the picture below it, which a live page hides.
    page.picture = display(_picture(view), raw=True, display_id=True)
    return page


def _picture(view: PageView) -> dict[str, str]:
    shown = element("div", view.page_html(live=False), class_="ari-page-picture")
    return {"text/html": str(shown), "text/plain": ""}
