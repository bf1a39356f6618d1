"""Splitting of a line of `%ari` into words, with ``$name`` and ``{expression}`` expanded.

Quotes group words; in single quotes nothing is expanded. JSON needs no quotes: braces and their
content belong to one word, and ``{"…`` and ``{}`` are not expressions. A separate ``#`` begins a
comment, as in Python; if an option or nothing follows, it is a telephone's key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from ari_notebook.client.errors import UsageProblem
from ari_notebook.schema.suggest import suggest

__all__ = ["Word", "quoted", "split", "without_comment"]

_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[[^\]\s]*\])*")
_JSON = re.compile(r"\s*(\"|\}|$)")
_CLOSING = {"{": "}", "[": "]"}
_SPECIAL = re.compile(r"[\s'\"\\${]|^[-\[#]|;$|^$")
_COMMENT = re.compile(r"#\s+(?!--)\S")


class Word(str):
    """A word; ``value`` is the Python object if the whole word is one ``$name`` or ``{…}``."""

    value: Any

    def __new__(cls, text: str, value: Any = None) -> Word:
        """Return a word of a text; without a value, the value is the text."""
        made = super().__new__(cls, text)
        made.value = text if value is None else value
        return made


def split(line: str, names: Mapping[str, Any]) -> list[Word]:
    """Return the words of a line.

    Args:
        line: text after ``%ari``.
        names: the notebook's variables, for ``$name`` and ``{expression}``.

    Raises:
        UsageProblem: a quote or brace is not closed, or a name is not defined.
    """
    return [_word(parts, names) for parts, _ in _cut(line)]


def quoted(text: str) -> str:
    """Quote a text as one word without expansions: `split` returns it unchanged."""
    if not _SPECIAL.search(text):
        return text
    if "'" not in text:
        return f"'{text}'"
    if not re.search(r'["\\${]', text):
        return f'"{text}"'
    return "'" + text.replace("'", "'\"'\"'") + "'"


def without_comment(line: str) -> str:
    """Return the line without its comment.

    Raises:
        UsageProblem: a quote or brace is not closed.
    """
    return line[: max((end for _, end in _cut(line)), default=0)]


def _cut(line: str) -> Iterator[tuple[list[tuple[str, bool]], int]]:
    """Yield each word's parts, with whether to expand them, and the end of the word."""
    parts: list[tuple[str, bool]] = []
    text, started, at = "", False, 0
    while at < len(line):
        char = line[at]
        if not started and _COMMENT.match(line, at):
            return
        if char.isspace():
            if started:
                yield [*parts, (text, True)], at
            parts, text, started = [], "", False
        elif char in "'\"":
            end = _quoted(line, at)
            inside = line[at + 1 : end]
            if char == '"':
                text += re.sub(r"\\([\"\\])", r"\1", inside)
            else:
                parts += [(text, True), (inside, False)]
                text = ""
            started, at = True, end
        elif char == "\\" and line[at + 1 : at + 2] in (" ", "'", '"', "\\", "$"):
            parts += [(text, True), (line[at + 1], False)]
            text, started, at = "", True, at + 1
        elif char in _CLOSING and (char == "{" or (not started or text.endswith("="))):
            end = _closing(line, at)
            text += line[at : end + 1]
            started, at = True, end
        else:
            text, started = text + char, True
        at += 1
    if started:
        yield [*parts, (text, True)], len(line)


def _quoted(line: str, at: int) -> int:
    """Return the position of the closing quote."""
    quote, end = line[at], at + 1
    while end < len(line):
        if line[end] == "\\" and quote == '"':
            end += 1
        elif line[end] == quote:
            return end
        end += 1
    raise UsageProblem(f"a {quote} is not closed: {line[at:]}", _unclosed(line, at))


def _unclosed(line: str, at: int) -> str:
    """Return advice for an unclosed quote at this place."""
    quote, begin = line[at], max(line.rfind(" ", 0, at), line.rfind("=", 0, at)) + 1
    word = line[begin:].partition(" ")[0]
    if begin == at:  # at the start of the word
        return f"Close it, or write \\{quote} for the character itself."
    escaped = f"{line[begin:at]}\\{word[at - begin :]}"
    return f'Write "{word}" or {escaped}.' if quote == "'" else f"Close it, or write {escaped}."


def _closing(line: str, at: int) -> int:
    """Return the position of the closing bracket; quotes inside are skipped."""
    opening, depth, quote = line[at], 0, ""
    index = at
    while index < len(line):
        char = line[index]
        if quote:
            if char == "\\":
                index += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif char == opening:
            depth += 1
        elif char == _CLOSING[opening]:
            depth -= 1
            if depth == 0:
                return index
        index += 1
    raise UsageProblem(f"a {opening} is not closed: {line[at:]}", "Add it, or quote the word.")


def _word(parts: list[tuple[str, bool]], names: Mapping[str, Any]) -> Word:
    pieces: list[Any] = []
    for text, expanded in parts:
        if expanded:
            pieces += _expand(text, names)
        elif text:
            pieces.append(text)
    if len(pieces) == 1 and not isinstance(pieces[0], str):
        return Word(_text(pieces[0]), pieces[0])
    return Word("".join(_text(piece) for piece in pieces))


def _expand(text: str, names: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the pieces of a text: literal texts and expanded values."""
    kept, at = "", 0
    while at < len(text):
        found: tuple[Any, int] | None = None
        if text.startswith("$$", at):
            kept, at = kept + "$", at + 2
            continue
        if text[at] == "$":
            found = _variable(text, at, names)
        elif text[at] == "{" and not _JSON.match(text, at + 1):
            found = _expression(text, at, names)
        if found is None:
            kept, at = kept + text[at], at + 1
            continue
        if kept:
            yield kept
        yield found[0]
        kept, at = "", found[1]
    if kept:
        yield kept


def _variable(text: str, at: int, names: Mapping[str, Any]) -> tuple[Any, int] | None:
    match = _NAME.match(text, at + 1)
    if match is None:
        return None
    return _value(match[0], names), match.end()


def _expression(text: str, at: int, names: Mapping[str, Any]) -> tuple[Any, int] | None:
    end = _closing(text, at)
    try:
        compile(text[at + 1 : end].strip(), "%ari", "eval")
    except SyntaxError:
        return None
    try:
        return _value(text[at + 1 : end].strip(), names), end + 1
    except UsageProblem as problem:
        if text[:at].endswith("$"):  # the dialplan's notation
            problem.hint = f"In single quotes it is not expanded: '{text[at - 1 : end + 1]}'."
        raise


def _value(expression: str, names: Mapping[str, Any]) -> Any:
    try:
        return eval(expression, dict(names))  # noqa: S307  the user's own notebook
    except NameError as error:
        name = error.name or expression
        raise UsageProblem(
            f"{name!r} is not defined",
            suggest(name, _visible(names)) or "Assign it first: name = …",
        ) from None
    except Exception as error:  # noqa: BLE001  whatever it is, it is the line that is wrong
        raise UsageProblem(f"{expression}: {type(error).__name__}: {error}") from None


def _visible(names: Iterable[str]) -> list[str]:
    return [name for name in names if not name.startswith("_")]


def _text(value: Any) -> str:
    """Return a value's text for the line: the id of a live object, JSON for a list or dict."""
    if isinstance(value, str):
        return value
    if (id := getattr(value, "id", None)) is not None:
        return str(id)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)) and not any(isinstance(v, (dict, list)) for v in value):
        return ",".join(_text(each) for each in value)
    if isinstance(value, (dict, list, tuple)):
        return orjson.dumps(value, default=_text).decode()
    return str(value)
