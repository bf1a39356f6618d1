"""Completions of a line of `%ari`, from the grammar, the server and the live tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ari_notebook.client.errors import UsageProblem
from ari_notebook.magics import grammar
from ari_notebook.magics.completion.sources import CompletionSource
from ari_notebook.magics.tokenizer import quoted
from ari_notebook.magics.verbs import load_verbs

__all__ = ["complete"]

_OPEN = re.compile(r"""^([\w.-]*=)?['"]""")  # a quote at the start of the word, or of its value
_VARIABLE = re.compile(r"\$\w+")
_NAME = re.compile(r"[\w.-]+")
_WORD = re.compile(r"""(?:"(?:\\.|[^"\\])*(?:"|$)|'[^']*(?:'|$)|\S)+""")


def complete(
    text: str, names: Mapping[str, Any], *, cell: bool = False
) -> tuple[str, list[tuple[str, str]]]:
    """Return the completions of a line's last word.

    Args:
        text: the text after ``%ari``, up to the cursor.
        names: the notebook's variables.
        cell: whether it is ``%%ari``, for verbs that take a cell.

    Returns:
        The part of the last word to complete, and the completions with their kinds.
    """
    load_verbs()
    words: list[str] = _WORD.findall(text)
    fragment = words.pop() if words and text.endswith(words[-1]) else ""
    known = [word.strip("'\"") for word in words]
    source = CompletionSource(names, _named_session(known))
    found = _in_cell(known, fragment, source) if cell else _complete(known, fragment, source)
    typed = _OPEN.sub(r"\1", fragment).lower()
    offered = [
        (_as_word(each, kind), kind)
        for each, kind in dict(found).items()
        if each.lower().startswith(typed) and each.isprintable()
    ]
    return fragment, offered


def _named_session(words: list[str]) -> str:
    """Return the session's name after ``--on``, or ""."""
    return words[words.index("--on") + 1] if "--on" in words[:-1] else ""


def _as_word(text: str, kind: str) -> str:
    """Return a completion as text to insert, quoted if necessary."""
    if kind == "option" or _VARIABLE.fullmatch(text):
        return text
    name, sign, value = text.partition("=")
    if sign and _NAME.fullmatch(name):
        # A # or - is special only at the start of a word.
        plain = quoted(f"={value}") == f"={value}" and not value.startswith("[")
        return text if plain else f"{name}={quoted(value)}"
    return quoted(text)


Found = Iterable[tuple[str, str]]


def _complete(words: list[str], fragment: str, source: CompletionSource) -> Found:
    if fragment.startswith("$"):
        return [(f"${name}", "variable") for name in source.variables()]
    if not words:
        return [*_first_words(), *source.operations(fragment)]
    if "." in words[0]:
        return _of_operation(words[0], words[1:], fragment, source)
    try:
        verb, length = grammar.find(words)
    except UsageProblem:
        if len(words) > 1:
            return []
        return [(each, "subverb") for each in _subverbs(words[0])]
    found = list(_of_verb(verb, words[length:], fragment, source))
    if length == 1 and len(words) == 1:
        found += [(each, "subverb") for each in _subverbs(words[0])]
    return found


def _in_cell(words: list[str], fragment: str, source: CompletionSource) -> Found:
    """Return the completions after ``%%ari``."""
    found = [name.split() for name, verb in grammar.VERBS.items() if verb.cell]
    if not words:
        return [(name[0], "verb") for name in found]
    if any(words[: len(name)] == name for name in found):
        return _complete(words, fragment, source)
    return [(name[1], "subverb") for name in found if name[1:] and name[:1] == words]


def _first_words() -> Found:
    names = dict.fromkeys(name.split()[0] for name in grammar.VERBS)
    return [(name, "verb") for name in names]


def _subverbs(word: str) -> list[str]:
    return [n.split()[1] for n in grammar.VERBS if n.startswith(f"{word} ")]


def _of_operation(name: str, given: list[str], fragment: str, source: CompletionSource) -> Found:
    if given and given[-1] == "--on":
        return source.values("session")
    return [*_fields(name, given, fragment, source), ("--on", "option")]


def _of_verb(
    verb: grammar.Verb, given: list[str], fragment: str, source: CompletionSource
) -> Found:
    options = {each.name: each for each in verb.all_options()}
    if given and given[-1] in options and options[given[-1]].value:
        return source.values(options[given[-1]].kind, options[given[-1]].value)
    name, sign, _ = fragment.partition("=")
    if sign and name in options:
        kinds = source.values(options[name].kind, options[name].value)
        return [(f"{name}={text}", kind) for text, kind in kinds]
    if fragment.startswith("-"):
        return [(each, "option") for each in options if each not in given]
    found: list[tuple[str, str]] = []
    places = _places(given, options)
    argument = _argument(verb, len(places))
    if argument is not None and not sign:
        found += source.values(argument.kind, argument.name, fragment)
    if verb.fields:
        subject = places[0] if places and verb.fields == "event" else verb.fields
        if verb.fields != "event" or places:
            found += _fields(subject, given, fragment, source)
    return [*found, *((each, "option") for each in options if each not in given)]


def _places(given: list[str], options: dict[str, grammar.Option]) -> list[str]:
    """Return the positional arguments: no options, option values or name=value."""
    places, rest = [], list(given)
    while rest:
        word = rest.pop(0)
        if word in options:
            if options[word].value and rest:
                rest.pop(0)
        elif not word.startswith("--") and not re.match(r"[\w.]+=", word):
            places.append(word)
    return places


def _argument(verb: grammar.Verb, number: int) -> grammar.Argument | None:
    if number < len(verb.arguments):
        return verb.arguments[number]
    last = verb.arguments[-1] if verb.arguments else None
    return last if last is not None and last.many else None


def _fields(subject: str, given: list[str], fragment: str, source: CompletionSource) -> Found:
    """Return ``name=`` for the remaining names of an operation or event, or values of one name."""
    name, sign, typed = fragment.partition("=")
    if sign:
        found = source.values_of(subject, name, typed)
        return [(f"{name}={text}", kind) for text, kind in found]
    there = {word.partition("=")[0] for word in given}
    return [(f"{each}=", "param") for each in source.names_of(subject) if each not in there]
