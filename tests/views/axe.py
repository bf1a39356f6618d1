"""axe-core on a page: barriers for readers and users."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

_RUN = """selector => axe.run(selector, {resultTypes: ["violations"]}).then(
    found => found.violations.flatMap(rule => rule.nodes.map(
        node => `${rule.id}: ${node.target.join(" ")} ${node.failureSummary ?? ""}`)))"""


@cache
def _script() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


def findings(page: Any, selector: str) -> list[str]:
    """Return what axe finds in the elements of a selector: rule, element and reason."""
    page.evaluate(_script())
    found: list[str] = page.evaluate(_RUN, selector)
    return found
