"""The reference of ARI and of the verbs as HTML, with links between its pages.

A page's name is the target of links to it: ``docs NAME``, ``help VERB``; ``docs`` and ``help``
alone are indexes. Texts of the declaration come from the server and are escaped like all others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ari_notebook.schema import validation
from ari_notebook.schema.docs import remarks, type_text
from ari_notebook.schema.model import (
    Declaration,
    Model,
    Operation,
    Parameter,
    UnknownName,
    identifier,
    snake_case,
)
from ari_notebook.views.display.html import Markup, clean, element, join
from ari_notebook.views.display.render import framed

__all__ = ["HelpEntry", "ReferencePages"]

_WORD = re.compile(r"\b[A-Z]\w+\b")
_LONGEST = 4000  # characters of a text of the declaration
_SAMPLES = {
    "channelId": "$channel",
    "bridgeId": "$bridge",
    "playbackId": "$playback",
    "media": "sound:hello-world",
    "app": "hello-world",
    "applicationName": "hello-world",
    "endpoint": "Local/1000@default",
    "channel": "$channel",
}


@dataclass(frozen=True, slots=True)
class HelpEntry:
    """A verb of `%ari` in help.

    Attributes:
        name: name such as ``play``.
        usage: its syntax.
        about: description in one line.
        group: its group.
        options: options with descriptions.
        method: the equivalent in Python.
        operation: ARI's operation, such as ``POST /channels/{channelId}/play``.
        examples: example lines or cells.
    """

    name: str
    usage: str
    about: str
    group: str
    options: tuple[tuple[str, str], ...] = ()
    method: str = ""
    operation: str = ""
    examples: tuple[str, ...] = ()


class ReferencePages:
    """Creates the pages of a reference.

    Args:
        declaration: the server's declaration.
        entries: the verbs.
        dialplan: returns the text about a dialplan application or function, or "".
        words: names of dialplan applications and functions.
        live: whether links and buttons work.
    """

    def __init__(
        self,
        declaration: Declaration,
        entries: Sequence[HelpEntry],
        dialplan: Callable[[str], str],
        words: Iterable[str],
        *,
        live: bool = True,
    ) -> None:
        self._declaration = declaration
        self._entries = {entry.name: entry for entry in entries}
        self._dialplan = dialplan
        self._words = tuple(words)
        self._live = live
        self._known = {*declaration.models, *declaration.events}

    def page(self, name: str) -> Markup:
        """Return a page.

        Args:
            name: name of the page, such as ``docs channels.play``.

        Raises:
            UnknownName: no such page.
        """
        kind, _, of = name.partition(" ")
        if kind == "help":
            content = self._verb_page(of) if of else self._verbs()
        elif kind == "docs":
            content = self._reference(of) if of else self._index()
        else:
            raise UnknownName(name)
        return framed(self._way(name), *content, element("span"))

    def _way(self, name: str) -> Markup | None:
        if not self._live:
            return None
        back = element("button", "Back", type="button", data_back=True, hidden=True)
        links = [
            self._link("all of the reference", "docs") if name != "docs" else None,
            self._link("all verbs", "help") if name != "help" else None,
        ]
        shown = [part for link in links if link for part in (" · ", link)]
        return element("p", back, " ", *shown[1:], class_="k")

    def _link(self, text: str, ask: str) -> Markup:
        if not self._live:
            return element("code", text)
        return element("a", text, href="#", data_ask=ask)

    def _linked(self, text: str) -> Markup:
        """Return a text in which the names of events and models are links."""
        parts: list[object] = []
        end = 0
        text = clean(text, _LONGEST)
        for word in _WORD.finditer(text):
            name = word.group()
            # Only names of several words: "Channel" is also an ordinary word.
            if name in self._known and sum(map(str.isupper, name)) > 1:
                parts += [_text(text[end : word.start()]), self._link(name, f"docs {name}")]
                end = word.end()
        return join(*parts, _text(text[end:]))

    def _type(self, type: str) -> object:
        one = validation.element_type(type)
        if one not in self._declaration.models:
            return element("code", type)
        before, _, after = type.partition(one)
        return join(before, self._link(one, f"docs {one}"), after)

    def _try(self, *lines: str) -> Markup | None:
        return _block(
            "Try it",
            *(
                element(
                    "div",
                    element("pre", _lines(line)),
                    *self._buttons(line),
                    class_="try",
                )
                for line in lines
            ),
        )

    def _buttons(self, line: str) -> list[Markup]:
        if not self._live:
            return []
        return [
            element(
                "button", words, type="button", **{attribute: line}, aria_label=f"{words} {line}"
            )
            for words, attribute in (("insert", "data_insert"), ("copy", "data_copy"))
        ]

    # ARI.

    def _reference(self, name: str) -> list[Markup | None]:
        resource = identifier(snake_case(name))
        declaration = self._declaration
        if resource in declaration.resources:
            about = declaration.about.get(resource, "")
            return self._resource(resource, about, declaration.resources[resource])
        if name in declaration.models:
            return self._model(declaration.model(name))
        try:
            return self._operation(declaration.operation(name))
        except UnknownName:
            if name in self._entries:
                return self._verb_page(name)
            text = self._dialplan(name)
            if not text:
                raise
        return [_title(name), element("pre", _lines(text))]

    def _operation(self, operation: Operation) -> list[Markup | None]:
        given = sorted(operation.parameters, key=lambda parameter: not parameter.required)
        head = ("name", "type", "", "what it is")
        rows = [
            (
                element("code", parameter.python_name),
                self._parameter_type(parameter),
                remarks(parameter),
                self._linked(parameter.description),
            )
            for parameter in given
        ]
        needed = [parameter for parameter in given if parameter.required]
        name = operation.qualified_name
        line = " ".join([f"%ari {name}", *(f"{p.name}={_sample(p)}" for p in needed)])
        arguments = ", ".join(f"{p.python_name}={_python_sample(p)}" for p in needed)
        errors = [(element("code", str(e.code)), self._linked(e.reason)) for e in operation.errors]
        returned = None if operation.response == "void" else self._type(operation.response)
        return [
            _title(name),
            element("p", self._linked(operation.summary)),
            element(
                "p", element("span", operation.method, class_="s"), " ",
                element("code", operation.path),
            ),
            *(element("p", self._linked(text)) for text in operation.notes.split("\n\n") if text),
            _block("Parameters", _table(head, rows)) if rows else None,
            _block("Returns", element("p", returned)) if returned else None,
            _block("Errors", _table(("status", "when"), errors)) if errors else None,
            _block("Since", element("p", f"Asterisk {', '.join(operation.since)}"))
            if operation.since else None,
            self._try(line, f"ari.{name}({arguments})"),
            element("p", "Its resource: ", self._link(operation.resource_name,
                    f"docs {operation.resource_name}")),
        ]  # fmt: skip

    def _parameter_type(self, parameter: Parameter) -> object:
        return element("code", type_text(parameter))

    def _model(self, model: Model) -> list[Markup | None]:
        declaration = self._declaration
        event = model.name in declaration.events
        rows = [
            (
                element("code", each.name),
                " | ".join(map(repr, each.allowed)) if each.allowed else self._type(each.type),
                "" if each.required else "may be absent",
                self._linked(each.description),
            )
            for each in declaration.fields(model.name)
        ]
        lines = [f"%ari wait {model.name}", f"%%ari on {model.name}\nprint(event)"] if event else []
        subtypes = [self._link(name, f"docs {name}") for name in model.subtypes]
        return [
            _title(model.name),
            element("p", element("span", "event" if event else "model", class_="s")),
            element("p", self._linked(model.description)) if model.description else None,
            _block("Fields", _table(("name", "type", "", "what it is"), rows)) if rows else None,
            _block("Extended by", element("p", *_separated(subtypes))) if subtypes else None,
            self._try(*lines) if lines else None,
        ]

    def _resource(
        self, name: str, about: str, operations: Mapping[str, Operation]
    ) -> list[Markup | None]:
        rows = [
            (
                self._link(each.name, f"docs {each.qualified_name}"),
                element("span", each.method, class_="s"),
                element("code", each.path),
                self._linked(each.summary),
            )
            for each in operations.values()
        ]
        return [
            _title(name),
            element("p", self._linked(about)) if about else None,
            _block("Operations", _table(("operation", "", "path", "what it does"), rows)),
        ]

    def _index(self) -> list[Markup | None]:
        declaration = self._declaration
        groups: list[tuple[str, list[tuple[str, str]]]] = [
            (name, [(each.qualified_name, each.summary) for each in operations.values()])
            for name, operations in declaration.resources.items()
        ]
        models = declaration.models
        events = set(declaration.events)
        of_models = [(name, models[name].description) for name in sorted(models)]
        groups.append(("Events", [each for each in of_models if each[0] in events]))
        groups.append(("Models", [each for each in of_models if each[0] not in events]))
        groups.append(("Words of the dialplan", [(word, "") for word in sorted(self._words)]))
        return [
            _title("Asterisk REST Interface"),
            self._search("operations, events, models and words of the dialplan"),
            *(
                element(
                    "section",
                    element("h3", title),
                    element(
                        "ul",
                        *(
                            element(
                                "li",
                                self._link(name, f"docs {name}"),
                                f" {clean(about, 160)}" if about else "",
                                data_find=f"{name} {clean(about, 160)}",
                            )
                            for name, about in items
                        ),
                    ),
                    data_group=True,
                )
                for title, items in groups
                if items
            ),
        ]

    # The verbs.

    def _search(self, what: str) -> Markup | None:
        if not self._live:
            return None
        return element(
            "input",
            type="search",
            placeholder="Search …",
            aria_label=f"Search {what}",
            data_search=True,
            data_key="search",
        )

    def _verbs(self) -> list[Markup | None]:
        groups: dict[str, list[HelpEntry]] = {}
        for entry in self._entries.values():
            groups.setdefault(entry.group, []).append(entry)
        return [
            _title("The verbs of %ari"),
            self._search("the verbs"),
            *(
                element(
                    "section",
                    element("h3", group),
                    element(
                        "ul",
                        *(
                            element(
                                "li",
                                self._link(entry.name, f"help {entry.name}"),
                                f" {entry.about}",
                                data_find=f"{entry.name} {entry.about} {entry.operation}",
                            )
                            for entry in entries
                        ),
                    ),
                    data_group=True,
                )
                for group, entries in groups.items()
            ),
            element(
                "p",
                "Every operation of the server is a verb, too: ",
                element("code", "%ari channels.play channelId=$channel media=sound:hello-world"),
            ),
        ]

    def _verb_page(self, name: str) -> list[Markup | None]:
        family = [entry for each, entry in self._entries.items() if each.startswith(f"{name} ")]
        entry = self._entries.get(name)
        if entry is None and not family:
            raise UnknownName(name)
        members = [_block("Verbs", _table(("verb", "what it does"), [
            (self._link(each.name, f"help {each.name}"), each.about) for each in family
        ]))] if family else []  # fmt: skip
        if entry is None:
            return [_title(name), *members]
        options = [(element("code", option), about) for option, about in entry.options]
        return [
            _title(name),
            element("p", f"{entry.about[0].upper()}{entry.about[1:]}."),
            element("p", element("code", entry.usage)),
            _block("Options", _table(("option", "what it does"), options)) if options else None,
            _block("In Python", element("pre", _lines(entry.method))) if entry.method else None,
            _block("In ARI", element("p", self._operation_link(entry.operation)))
            if entry.operation
            else None,
            self._try(*entry.examples) if entry.examples else None,
            *members,
        ]

    def _operation_link(self, operation: str) -> Markup:
        for each in self._declaration.operations:
            if operation == f"{each.method} {each.path}":
                return self._link(operation, f"docs {each.qualified_name}")
        return element("code", operation)


def _title(text: str) -> Markup:
    return element("h2", text, tabindex="-1")


def _block(title: str, *content: object) -> Markup:
    return element("section", element("h3", title), *content)


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Markup:
    head = [element("th", name or element("span", "remarks", class_="unseen"), scope="col")
            for name in heads]  # fmt: skip
    body = [
        element(
            "tr",
            *(element("td", cell, data_label=name) for name, cell in zip(heads, row, strict=True)),
        )
        for row in rows
    ]
    return element(
        "table",
        element("thead", element("tr", *head)),
        element("tbody", *body),
        class_="list",
    )


def _text(text: str) -> Markup:
    """Return a long text, escaped in pieces so that none of it is truncated."""
    return join(*(text[at : at + 200] for at in range(0, len(text), 200)))


def _lines(text: str) -> Markup:
    lines = [str(element("span", line)) for line in text.rstrip().split("\n")]
    return Markup("\n".join(lines))


def _separated(parts: Sequence[Markup]) -> Sequence[object]:
    return [each for part in parts for each in (", ", part)][1:]


def _sample(parameter: Parameter) -> str:
    if parameter.allowed:
        return parameter.allowed[0]
    return _SAMPLES.get(parameter.name, parameter.name.upper())


def _python_sample(parameter: Parameter) -> str:
    sample = _sample(parameter)
    return f"{sample[1:]}.id" if sample.startswith("$") else repr(sample)
