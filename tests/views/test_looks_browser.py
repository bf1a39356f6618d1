"""All views that need no kernel on one page, with the settings of different readers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ari_notebook
from ari_notebook import lessons
from ari_notebook.magics.verbs import load_verbs
from ari_notebook.magics.verbs.docs import _pages
from ari_notebook.sessions.session import Session
from ari_notebook.views.display.bundle import THEME, page_style
from ari_notebook.views.display.course import check_html, course_map
from ari_notebook.views.display.formatters import html_of
from ari_notebook.views.display.table import kind_of
from ari_notebook.views.pages import widget
from ari_notebook.views.pages.demo import Demo
from ari_notebook.views.pages.tables import ShownTable
from ari_notebook.views.panel.call_ladder import call_picture
from ari_notebook.views.panel.picture import panel_picture
from ari_notebook.views.panel.state import PanelState
from tests.views.axe import findings
from tests.views.lab import new_context

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PICTURES = Path(__file__).parents[2] / "build" / "pictures"
CALLERS = (
    "\ufdfd" * 12,  # one character, and a dozen wide
    "漢字かな交じり文" * 8,
    "مريم بنت عبد الرحمن",
    "e\u0301\u0327" * 60,
    "Bartholomew-Wolfeschlegelsteinhausenbergerdorff" * 2,
)
SURFACES = "--vscode-foreground:{};--vscode-editor-background:{};background:{}"
HOSTS = {
    "page": ("", ""),
    "vscode-dark": ("vscode-dark", SURFACES.format("#cccccc", "#1f1f1f", "#1f1f1f")),
    "vscode-light": ("vscode-light", SURFACES.format("#3b3b3b", "#ffffff", "#ffffff")),
    "vscode-contrast": (
        "vscode-high-contrast",
        SURFACES.format("#ffffff", "#000000", "#000000") + ";--vscode-contrastBorder:#6fc3df",
    ),
}
READERS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced": {"forced_colors": "active", "color_scheme": "dark", "reduced_motion": "reduce"},
    "contrast": {"contrast": "more", "color_scheme": "light"},
}
# JupyterLab's variables as its widgets' style sheet sets them in VS Code: always the light ones.
LAB = ":root{--jp-ui-font-color1:rgba(0,0,0,.87);--jp-layout-color1:white;--jp-ui-font-color2:#555}"
# What reaches beyond a view, and is neither scrolled nor cut where it ends.
BEYOND = """root => {
    const cut = (n, it) => n !== it && (getComputedStyle(n).overflowX !== "visible"
        || cut(n.parentElement, it));
    return [...document.querySelectorAll(root)].flatMap(it => [...it.querySelectorAll("*")]
        .filter(n => n.getBoundingClientRect().right > it.getBoundingClientRect().right + 1
            && n.getClientRects().length && !n.closest(".unseen") && !cut(n.parentElement, it))
        .map(n => `${it.className} ${n.tagName}.${n.className} ${n.textContent.slice(0, 40)}`));
}"""
MOVING = """() => document.getAnimations().filter(it => it.playState === "running").length"""


@pytest.fixture(scope="module")
def sections() -> Iterator[str]:
    """The markup of all views of a session with callers of every script."""
    with ari_notebook.connect() as ari:
        yield "\n".join(f"<section>{part}</section>" for part in _parts(ari))


def _parts(ari: Session) -> Iterator[str]:
    bridge = ari.bridges.create(type="mixing", name="会議室" * 20)
    for number, caller in enumerate(CALLERS):
        phone = ari.call("1000" if number else "1003", caller=f"{caller} <555{number}>")
        event = ari.wait_for("StasisStart")
        channel = ari.channels[event.channel.id]
        if number in (1, 2):
            bridge.add_channel(channel=channel)
    phone.press("1")
    channel.play("sound:tt-monkeys")
    ari.wait_for("PlaybackStarted")
    yield str(
        panel_picture(
            PanelState(ari).whole(),
            chosen=str(channel.id),
            ladder=call_picture(ari, [str(channel.id), str(bridge.id)]),
        )
    )
    yield ari.ladder(last=60, fold=())._repr_html_()
    yield ari.timeline()._repr_html_()
    for thing in (ari, channel, bridge, ari.channels, ari.events, ari.requests):
        yield str(html_of(thing))
    for part in _pages_of(ari):
        yield f'<div class="ari-page">{part}</div>'


def _pages_of(ari: Session) -> Iterator[object]:
    for name in ("channels", "bridges", "events", "calls", "requests"):
        frame = {"events": ari.events, "calls": ari.calls, "requests": ari.requests}.get(name)
        shown = ari.frame(name) if frame is None else frame.df
        yield ShownTable(shown, kind_of(name), ari, ari.ladder).page_html(live=True)
    load_verbs()
    pages = _pages(True)
    for name in ("docs channels.originate", "docs StasisStart", "help play", "help"):
        yield pages.page(name)
    yield course_map(lessons.lessons())
    yield check_html(lessons.check(ari, "hello-world"), "%ari answer")
    yield Demo(ari, ari.ladder).page_html(live=True)


@pytest.mark.parametrize(
    ("host", "reader"),
    [*(("page", reader) for reader in READERS), *((host, "light") for host in list(HOSTS)[1:])],
)
def test_views_fit_and_axe_finds_nothing(
    host: str, reader: str, sections: str, browser: Any, tmp_path: Path
) -> None:
    """640 pixels are a page of 1,280 at 200 % zoom."""
    name, style = HOSTS[host]
    sheets = page_style(THEME, Path(widget.__file__).parent / "frontend") + (LAB if name else "")
    scheme = "" if name else "html{color-scheme:light dark;background:Canvas}"
    file = tmp_path / "page.html"
    file.write_text(
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Views</title>'
        f"<style>{scheme}{sheets}</style></head>"
        f'<body class="{name}" style="{style}"><main><h1>Views</h1><h2>Of a session</h2>'
        f"{sections}</main></body></html>",
        "utf-8",
        "replace",
    )
    ours = ".ari, .ari-snapshot, .ari-page"
    PICTURES.mkdir(parents=True, exist_ok=True)
    context = new_context(browser, **READERS[reader])
    page = context.new_page()
    page.goto(file.as_uri())
    for width in (1280, 640, 360):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(BEYOND, ours) == [], width
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        # Colours do not depend on the width.
        if width == 1280 or (width == 360 and (host, reader) == ("page", "light")):
            assert not (found := findings(page, ours)), (width, found)
            page.screenshot(path=PICTURES / f"views-{host}-{reader}-{width}.png", full_page=True)
        if reader == "forced":
            assert page.evaluate(MOVING) == 0
    context.close()
