"""The grammar of `%ari`: verbs as data, and the parser of a line.

The parser, help, completion, and the documentation's list of verbs all use this table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ari_notebook.client.errors import UsageProblem
from ari_notebook.schema.suggest import suggest

__all__ = ["INSIST", "VERBS", "Argument", "Option", "ParsedLine", "Verb", "find", "parse", "verb"]


@dataclass(frozen=True, slots=True)
class Argument:
    """A positional argument; ``kind`` selects its completions: ``channel``, ``media``, …."""

    name: str
    about: str = ""
    required: bool = True
    many: bool = False
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """An option ``--name``, with a value if ``value`` names one."""

    name: str
    about: str
    value: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class ParsedLine:
    """A parsed line: arguments and options by name (None if absent), and name=value."""

    arguments: dict[str, Any]
    options: dict[str, Any]
    fields: dict[str, Any] = field(default_factory=dict)
    cell: str | None = None

    def __getitem__(self, name: str) -> Any:
        return self.arguments[name]

    def option(self, name: str) -> Any:
        """Return an option's value; if not given None, or False if it takes none."""
        return self.options[name]


Run = Callable[[Any, ParsedLine], Any]  # of a `Context`, which imports this module


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb, or a verb with a subverb.

    Attributes:
        name: ``play``, ``bridge add``.
        about: description in one line.
        run: function that executes it.
        arguments: positional arguments.
        options: options in addition to those of every verb.
        fields: source of completions of ``name=value``: ``event`` or an operation's name; "": none.
        group: its group in help.
        method: the equivalent in Python.
        operation: ARI's operation, such as ``POST /channels/{channelId}/play``.
        cell: whether it takes a cell: "": no; ``optional``; ``required``.
        connected: whether it needs a session.
    """

    name: str
    about: str
    run: Run
    arguments: tuple[Argument, ...] = ()
    options: tuple[Option, ...] = ()
    fields: str = ""
    group: str = ""
    method: str = ""
    operation: str = ""
    cell: str = ""
    connected: bool = True
    examples: tuple[str, ...] = ()

    @property
    def usage(self) -> str:
        """The verb's syntax."""
        words = ["%%ari" if self.cell == "required" else "%ari", self.name]
        for each in self.arguments:
            shown = each.name + ("…" if each.many else "")
            words.append(shown if each.required else f"[{shown}]")
        words += [f"[{o.name}{' ' + o.value if o.value else ''}]" for o in self.options]
        if self.fields:
            words.append("[name=value …]")
        return " ".join(words)

    def all_options(self) -> tuple[Option, ...]:
        """Return the verb's options, and those of every verb."""
        return (*self.options, ON)


INSIST = Option("--insist", "send it even if it is known to end a running Asterisk")
ON = Option("--on", "the session to use, if several are open", "NAME", "session")

VERBS: dict[str, Verb] = {}

_LISTS = "%ari channels, bridges, endpoints, recordings, sounds, events and calls list things."
# Verbs that users may type, and their names here.
_ALSO_CALLED = {
    "applications": "%ari apps lists the Stasis applications.",
    "bye": "%ari hangup ends a call, %ari disconnect the session.",
    "exit": "%ari disconnect closes the session.",
    "list": _LISTS,
    "listen": "%ari recording listen plays a stored recording, %ari snoop listens to a channel.",
    "log": "%ari events lists what happened, %ari requests what was sent.",
    "ls": _LISTS,
    "phone": "%ari call 1000 makes a phone call.",
    "press": "caller.press('1') presses a key, where caller = %ari call 1000.",
    "quit": "%ari disconnect closes the session.",
    "reset": "%ari disconnect and %ari connect start again.",
    "say": "%ari play hello-world plays a sound, %ari play digits:123 says digits.",
    "show": _LISTS,
    "transfer": "%ari redirect, %ari continue and %ari move transfer a channel.",
    "version": "%ari status shows which Asterisk it is.",
}


def verb(
    name: str,
    about: str,
    *arguments: Argument,
    options: Sequence[Option] = (),
    **more: Any,
) -> Callable[[Run], Run]:
    """Register the function of a verb."""

    def register(run: Run) -> Run:
        VERBS[name] = Verb(name, about, run, arguments, tuple(options), **more)
        return run

    return register


def find(words: Sequence[str], operations: Iterable[str] = ()) -> tuple[Verb, int]:
    """Return the verb at the start of a line, and its number of words.

    Raises:
        UsageProblem: unknown verb; the message suggests a similar one.
    """
    for length in (2, 1):
        found = VERBS.get(" ".join(words[:length])) if len(words) >= length else None
        if found is not None:
            return found, length
    first = words[0]
    subverbs = [name.split()[1] for name in VERBS if name.startswith(f"{first} ")]
    if subverbs:
        typed = words[1] if len(words) > 1 else ""
        problem = f"{first} has no {typed!r}" if typed else f"{first} what?"
        raise UsageProblem(problem, suggest(typed, subverbs) or f"One of: {', '.join(subverbs)}.")
    operations = list(operations)
    known = [*dict.fromkeys(name.split()[0] for name in VERBS), *operations]
    meant = _ALSO_CALLED.get(str(first).lower(), "")
    if not meant and first in operations:  # a resource or a model, which is not a verb
        own = [f"%ari {each}" for each in operations if each.startswith(f"{first}.")]
        meant = f"Verbs: {', '.join(own)}." if own else f"Try: %ari docs {first}"
    raise UsageProblem(
        f"unknown verb: {first!r}", meant or suggest(first, known) or "%ari help lists them."
    )


def parse(verb: Verb, words: Sequence[str], cell: str | None = None) -> ParsedLine:
    """Parse the words after a verb.

    Raises:
        UsageProblem: a word is missing, unknown or superfluous; the message has the syntax.
    """
    options: dict[str, Any] = {
        each.name: None if each.value else False for each in verb.all_options()
    }
    places: list[Any] = []
    fields: dict[str, Any] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if re.match(r"--|-[A-Za-z]", word):
            _option(verb, word, rest, options)
        elif verb.fields and (name := _field_name(word, verb.fields)):
            if name in fields:
                raise UsageProblem(f"{verb.name} got {name} twice", f"Usage: {verb.usage}")
            text, whole = str(word)[len(name) + 1 :], getattr(word, "value", None)
            fields[name] = text if whole is None or isinstance(whole, str) else whole
        else:
            places.append(word)
    if "" in places:
        raise UsageProblem(f"{verb.name} got an empty word", f"Usage: {verb.usage}")
    return ParsedLine(_arguments(verb, places), options, fields, cell)


_FIELD = re.compile(r"[\w.]+(?==)")
# A dialplan variable or function, whose arguments may hold anything: CALLERID(name), MY-VAR.
_VARIABLE = re.compile(r"[^\s=()]+(?:\([^()]*\))?(?==)")


def _field_name(word: str, fields: str) -> str:
    """Return the name in ``name=value``, or "" for any other word."""
    found = (_VARIABLE if fields == "variable" else _FIELD).match(str(word))
    return found[0] if found else ""


def _option(verb: Verb, word: str, rest: list[str], options: dict[str, Any]) -> None:
    name, sign, value = str(word).partition("=")
    declared = {each.name: each for each in verb.all_options()}
    option = declared.get(name)
    if option is None:
        raise UsageProblem(
            f"{verb.name} has no option {name}", suggest(name, declared) or f"Usage: {verb.usage}"
        )
    if options[name]:
        raise UsageProblem(f"{name} is given twice", f"Usage: {verb.usage}")
    if not option.value:
        if sign:
            raise UsageProblem(f"{name} takes no value", f"Usage: {verb.usage}")
        options[name] = True
    elif sign:
        options[name] = value
    elif rest:
        options[name] = rest.pop(0)
    else:
        raise UsageProblem(f"{name} needs a value: {option.about}", f"Usage: {verb.usage}")
    if options[name] == "":
        raise UsageProblem(f"{name} is empty", f"Usage: {verb.usage}")


def _arguments(verb: Verb, places: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for argument in verb.arguments:
        if argument.many:
            found[argument.name], places = places, []
        else:
            found[argument.name] = places.pop(0) if places else None
        if argument.required and not found[argument.name]:
            raise UsageProblem(
                f"{verb.name} needs {argument.about or argument.name}", f"Usage: {verb.usage}"
            )
    if places:
        raise UsageProblem(
            f"{verb.name} got an unexpected word {str(places[0])!r}",
            f"Usage: {verb.usage}",
        )
    return found
