"""The grammar of `%ari`: verbs as data, and how a line is read by it.

Everything that knows the verbs reads this table: the parser, help, completion, and the page of the
docs that lists them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ari_notebook.client.errors import UsageProblem
from ari_notebook.magics.suggest import suggest

if TYPE_CHECKING:
    from ari_notebook.magics.context import Context

__all__ = ["VERBS", "Argument", "Given", "Option", "Verb", "find", "parse", "verb"]


@dataclass(frozen=True, slots=True)
class Argument:
    """What stands at a place: ``kind`` says what completes it, as ``channel`` or ``media``."""

    name: str
    about: str = ""
    required: bool = True
    many: bool = False
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """``--name``, with a value where ``value`` names one."""

    name: str
    about: str
    value: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What a line gave: arguments and options by name (None where absent), and name=value."""

    arguments: dict[str, Any]
    options: dict[str, Any]
    fields: dict[str, Any] = field(default_factory=dict)
    cell: str | None = None

    def __getitem__(self, name: str) -> Any:
        return self.arguments[name]

    def option(self, name: str) -> Any:
        """An option's value; None, or False for one that takes none, where it was not given."""
        return self.options[name]


Run = Callable[["Context", Given], Any]


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb, or a verb and its subverb.

    Attributes:
        name: ``play``, ``bridge add``.
        about: what it does, in one line.
        run: does it.
        arguments: by their places.
        options: beside those that every verb takes.
        fields: what completes ``name=value``: ``event``, or an operation's name; "" for none.
        group: under which help lists it.
        method: the same in Python.
        operation: ARI's operation, as ``POST /channels/{channelId}/play``.
        cell: whether it takes a cell: "" no, ``optional``, ``required``.
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
        """How it is typed."""
        words = ["%%ari" if self.cell == "required" else "%ari", self.name]
        for each in self.arguments:
            shown = each.name + ("…" if each.many else "")
            words.append(shown if each.required else f"[{shown}]")
        words += [f"[{o.name}{' ' + o.value if o.value else ''}]" for o in self.options]
        if self.fields:
            words.append("[name=value …]")
        return " ".join(words)

    def all_options(self) -> tuple[Option, ...]:
        """Its own options, and those that every verb takes."""
        return (*self.options, ON)


ON = Option("--on", "the session to use, where several are open", "NAME", "session")

VERBS: dict[str, Verb] = {}


def verb(
    name: str,
    about: str,
    *arguments: Argument,
    options: Sequence[Option] = (),
    **more: Any,
) -> Callable[[Run], Run]:
    """Register what runs a verb."""

    def register(run: Run) -> Run:
        VERBS[name] = Verb(name, about, run, arguments, tuple(options), **more)
        return run

    return register


def find(words: Sequence[str], operations: Iterable[str] = ()) -> tuple[Verb, int]:
    """The verb that a line begins with, and of how many words it is.

    Raises:
        UsageProblem: there is none of that name; the message has the nearest.
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
    known = [*dict.fromkeys(name.split()[0] for name in VERBS), *operations]
    raise UsageProblem(
        f"no verb is called {first!r}", suggest(first, known) or "%ari help lists them."
    )


def parse(verb: Verb, words: Sequence[str], cell: str | None = None) -> Given:
    """Read what stands behind a verb.

    Raises:
        UsageProblem: something is missing, unknown or too much; the message has the usage.
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
        elif verb.fields and _is_field(word):
            name, _, text = str(word).partition("=")
            whole = getattr(word, "value", None)
            fields[name] = text if whole is None or isinstance(whole, str) else whole
        else:
            places.append(word)
    if "" in places:
        raise UsageProblem(f"{verb.name} got an empty word", f"Usage: {verb.usage}")
    return Given(_arguments(verb, places), options, fields, cell)


def _is_field(word: str) -> bool:
    name, sign, _ = str(word).partition("=")
    return bool(sign) and name.replace("_", "a").replace(".", "a").isalnum()


def _option(verb: Verb, word: str, rest: list[str], options: dict[str, Any]) -> None:
    name, sign, value = str(word).partition("=")
    declared = {each.name: each for each in verb.all_options()}
    option = declared.get(name)
    if option is None:
        raise UsageProblem(
            f"{verb.name} has no option {name}", suggest(name, declared) or f"Usage: {verb.usage}"
        )
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
            f"{verb.name} does not know what to do with {str(places[0])!r}",
            f"Usage: {verb.usage}",
        )
    return found
