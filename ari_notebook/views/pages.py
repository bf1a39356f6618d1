"""The panel's page as the one module that a widget's page may have.

The files in `page/` are ES modules which import each other by name. A widget's module comes to
the browser as a text, from which nothing relative can be imported: so they are put one after the
other, those that are imported first, without their imports and exports. Nothing else is done.
"""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["page_module"]

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


def page_module(folder: Path, name: str = "panel") -> str:
    """A module and all that it imports, as one text.

    Args:
        folder: where the modules are.
        name: of the one that imports the others.
    """
    taken: dict[str, str] = {}
    _take(folder, name, taken)
    return "\n".join(taken.values())


def _take(folder: Path, name: str, taken: dict[str, str]) -> None:
    if name in taken:
        return
    text = (folder / f"{name}.js").read_text("utf-8")
    for needed in _IMPORT.findall(text):
        _take(folder, needed, taken)
    taken[name] = _EXPORT.sub("", _IMPORT.sub("", text))
