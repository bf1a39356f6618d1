"""Bundling of a widget's modules into one.

The files in a widget's `frontend/` are ES modules which import each other by their paths, also from
the folder of another view. A widget's module comes to the browser as a text, from which nothing
relative can be imported: so they are put one after the other, those that are imported first, each
in a separate function that returns its exports.
"""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["THEME", "page_module", "page_style", "small"]

THEME = Path(__file__).parent / "frontend"

_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.{1,2}/[\w./]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(
    r"^export (?=(?:async )?(?:function|class|const) (\w+))(?!default)", re.MULTILINE
)


def page_module(folder: Path, name: str = "panel") -> str:
    """Return a module with all its imports as one text.

    Args:
        folder: folder of the modules.
        name: name of the module that imports the others.
    """
    taken: dict[Path, str] = {}
    entry = _take((folder / f"{name}.js").resolve(), taken)
    return "\n".join([*taken.values(), entry])


def page_style(*folders: Path) -> str:
    """Return the style sheets of folders as one: tokens, controls, then the others.

    Args:
        folders: where they are.
    """
    sheets = [sheet for folder in folders for sheet in sorted(folder.glob("*.css"))]
    first = ("tokens.css", "controls.css")
    sheets.sort(key=lambda sheet: first.index(sheet.name) if sheet.name in first else len(first))
    return "\n".join(sheet.read_text("utf-8") for sheet in sheets)


def _take(file: Path, taken: dict[Path, str]) -> str:
    """Take what a module imports; return it with those imports as constants."""
    text = file.read_text("utf-8")
    for _, source in _IMPORT.findall(text):
        needed = (file.parent / source).resolve()
        if needed not in taken:
            inner = _take(needed, taken)
            exported = ", ".join(_EXPORT.findall(inner))
            inside = _EXPORT.sub("", inner).strip()
            name = f"module{len(taken)}"
            taken[needed] = f"const {name} = (() => {{\n{inside}\nreturn {{ {exported} }};\n}})();"
    names = {path: f"module{place}" for place, path in enumerate(taken)}

    def constants(found: re.Match[str]) -> str:
        parts = found[1].replace(" as ", ": ")
        return f"const {{{parts}}} = {names[(file.parent / found[2]).resolve()]};\n"

    return _IMPORT.sub(constants, text)


def small(sheet: str) -> str:
    """Return a style sheet without comments and indentation, for markup that carries its own."""
    return re.sub(r"/\*.*?\*/|\s+", " ", sheet, flags=re.DOTALL).strip()
