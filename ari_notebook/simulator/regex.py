"""POSIX extended regular expressions in linear time, for REGEX(), CHANNELS() and `=~`.

Any client that may read a variable may send an expression, and Python's engine takes exponential
time for some while holding the GIL: ``(a+)+$`` blocks a kernel forever. RE2 takes time proportional
to the text, and has a POSIX mode: leftmost longest match, no backreferences. It works on octets,
like ``regcomp`` in the C locale, which Asterisk uses.

RE2 is a dependency wherever it can be installed. Without it, as in a browser, Python's engine is
used: a warning is logged once, and repeated groups are refused. Its time is still not bounded:
``a*a*a*b`` takes the fourth power of the text's length, and a long sequence of ``a?`` is
exponential.
"""

from __future__ import annotations

import functools
import logging
import re
from typing import Any

try:
    import re2
except ImportError:  # in a browser (Pyodide), where only the user's page can block
    re2 = None

__all__ = ["InvalidExpression", "PosixRegex"]

log = logging.getLogger(__name__)

_CLASSES = {
    b"alnum": rb"0-9A-Za-z",
    b"alpha": rb"A-Za-z",
    b"blank": rb" \t",
    b"cntrl": rb"\x00-\x1f\x7f",
    b"digit": rb"0-9",
    b"lower": rb"a-z",
    b"punct": rb"!-/:-@\[-`{-~",
    b"space": rb"\s",
    b"upper": rb"A-Z",
    b"xdigit": rb"0-9A-Fa-f",
}


class InvalidExpression(ValueError):
    """Invalid regular expression; the message gives the reason."""


class PosixRegex:
    """A compiled expression.

    Args:
        pattern: POSIX extended syntax, at most some thousand states.

    Raises:
        InvalidExpression: the pattern cannot be compiled.
    """

    def __init__(self, pattern: str) -> None:
        try:
            self._compiled = _compile(pattern.encode("utf-8", "surrogateescape"))
        except _ERRORS as error:
            text = error.args[0] if error.args else ""
            raise InvalidExpression(
                text.decode(errors="replace") if isinstance(text, bytes) else str(text)
            ) from None

    @property
    def groups(self) -> int:
        """Return the number of subexpressions in parentheses."""
        return int(self._compiled.groups)

    def search(self, text: str) -> list[bytes] | None:
        """Return the first match with its subexpressions, or None."""
        return _found(self._compiled.search(text.encode("utf-8", "surrogateescape")))

    def match(self, text: str) -> list[bytes] | None:
        """Return a match at the start of the text, as `search` does."""
        return _found(self._compiled.match(text.encode("utf-8", "surrogateescape")))


def _found(match: Any) -> list[bytes] | None:
    return None if match is None else [match[0], *(each or b"" for each in match.groups())]


if re2 is not None:
    _ERRORS: tuple[type[Exception], ...] = (re2.error,)
    _OPTIONS = re2.Options()
    _OPTIONS.encoding = re2.Options.Encoding.LATIN1
    _OPTIONS.log_errors = False
    _OPTIONS.posix_syntax = _OPTIONS.longest_match = True
    _OPTIONS.perl_classes = _OPTIONS.word_boundary = True  # glibc has \w, \s and \b as well
    _OPTIONS.one_line = _OPTIONS.dot_nl = True

    def _compile(pattern: bytes) -> Any:
        return re2.compile(pattern, _OPTIONS)

else:
    _ERRORS = (re.error, RecursionError, OverflowError)
    # Parts without operators: escaped characters and bracket expressions.
    _LITERAL = re.compile(rb"\\.|\[\^?\]?(?:\[:\w+:\]|[^\]])*\]", re.DOTALL)

    @functools.cache
    def _warn_once() -> None:
        log.warning("google-re2 is not installed: REGEX() and =~ refuse repeated groups")

    def _compile(pattern: bytes) -> Any:
        _warn_once()
        if re.search(rb"\)[*+{]", _LITERAL.sub(b".", pattern)):
            raise re.error("repeated groups need google-re2: pip install google-re2")
        plain = re.sub(rb"\[:(\w+):\]", lambda found: _CLASSES.get(found[1], found[0]), pattern)
        return re.compile(plain, re.DOTALL)
