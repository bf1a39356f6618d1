"""What may stand at the end of a line of `%ari`: from the grammar, the server and what lives."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ari_notebook.client.errors import UsageProblem
from ari_notebook.magics import grammar
from ari_notebook.magics.candidates import Source
from ari_notebook.magics.verbs import load_verbs
from ari_notebook.magics.words import quoted

__all__ = ["complete"]

_OPEN = re.compile(r"""^([\w.-]*=)?['"]""")  # a quote that begins the word, or its value
_VARIABLE = re.compile(r"\$\w+")
_NAME = re.compile(r"[\w.-]+")
_WORD = re.compile(r"""(?:"(?:\\.|[^"\\])*(?:"|$)|'[^']*(?:'|$)|\S)+""")


def complete(text: str, names: Mapping[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    """What may stand at the end of a line.

    Args:
        text: what stands behind ``%ari``, up to the cursor.
        names: the notebook's variables.

    Returns:
        The last word's part that is completed, and the completions with their kinds.
    """
    load_verbs()
    words: list[str] = _WORD.findall(text)
    fragment = words.pop() if words and text.endswith(words[-1]) else ""
    known = [word.strip("'\"") for word in words]
    found = _complete(known, fragment, Source(names, _named_session(known)))
    typed = _OPEN.sub(r"\1", fragment).lower()
    offered = [
        (_as_word(each, kind), kind)
        for each, kind in dict(found).items()
        if each.lower().startswith(typed) and each.isprintable()
    ]
    return fragment, offered


def _named_session(words: list[str]) -> str:
    """What ``--on`` names; empty where it is not there."""
    return words[words.index("--on") + 1] if "--on" in words[:-1] else ""


def _as_word(text: str, kind: str) -> str:
    """A completion as it is to be typed: in quotes where it would mean something else without."""
    if kind == "option" or _VARIABLE.fullmatch(text):
        return text
    name, sign, value = text.partition("=")
    if sign and _NAME.fullmatch(name):
        # A # or - that does not begin the word is nothing special.
        plain = quoted(f"={value}") == f"={value}" and not value.startswith("[")
        return text if plain else f"{name}={quoted(value)}"
    return quoted(text)


Found = Iterable[tuple[str, str]]


def _complete(words: list[str], fragment: str, source: Source) -> Found:
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


def _first_words() -> Found:
    names = dict.fromkeys(name.split()[0] for name in grammar.VERBS)
    return [(name, "verb") for name in names]


def _subverbs(word: str) -> list[str]:
    return [n.split()[1] for n in grammar.VERBS if n.startswith(f"{word} ")]


def _of_operation(name: str, given: list[str], fragment: str, source: Source) -> Found:
    if given and given[-1] == "--on":
        return source.values("session")
    return [*_fields(name, given, fragment, source), ("--on", "option")]


def _of_verb(verb: grammar.Verb, given: list[str], fragment: str, source: Source) -> Found:
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
    """The words that are arguments: neither options nor their values, nor name=value."""
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


def _fields(subject: str, given: list[str], fragment: str, source: Source) -> Found:
    """``name=`` for the names of an operation or event not given yet, or the values of one."""
    name, sign, typed = fragment.partition("=")
    if sign:
        found = source.values_of(subject, name, typed)
        return [(f"{name}={text}", kind) for text, kind in found]
    there = {word.partition("=")[0] for word in given}
    return [(f"{each}=", "param") for each in source.names_of(subject) if each not in there]
