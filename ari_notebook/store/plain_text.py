"""Sanitizing of untrusted texts for display.

A caller chooses the caller name, and a server everything else. In a terminal an
escape sequence sets the title, fills the clipboard or hides lines; on a page, characters that turn
the direction of text make one name look like another. Every text that is printed, logged or shown
goes through `printable` or `clean`. Data is stored unchanged.
"""

from __future__ import annotations

import re

__all__ = ["clean", "printable"]

_LONGEST = 300
# Control characters except tab and line feed; invisible characters that change surrounding text
# (soft hyphen, zero width, line and paragraph separators, direction marks and overrides, tags);
# halves of surrogate pairs, which cannot be encoded at all.
_UNFIT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069"
    "\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
# Many accents on one letter are drawn over the lines above and below.
_MARK = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_PILED = re.compile(f"({_MARK}{{4}}){_MARK}+")


def printable(text: str) -> str:
    """Return a text without characters that control a terminal or a page; keep line breaks."""
    return _PILED.sub(r"\1", _UNFIT.sub("\ufffd", text))


def clean(text: object, longest: int = _LONGEST) -> str:
    """Return a text as one line, without characters that control a terminal or a page.

    Args:
        text: anything; None is empty.
        longest: maximum number of characters; the rest becomes an ellipsis.
    """
    shown = "" if text is None else str(text)
    if len(shown) > longest:
        shown = shown[: longest - 1] + "…"
    return printable(shown)
