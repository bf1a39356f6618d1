"""Parser for extensions.conf: contexts, extensions, priorities, labels, includes, globals."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ari_notebook.simulator.config.syntax import ConfigError, Section, Setting, parse
from ari_notebook.simulator.dialplan.expressions import substitute
from ari_notebook.simulator.dialplan.patterns import ExtensionPattern, is_pattern
from ari_notebook.simulator.numbers import natural
from ari_notebook.simulator.pbx.ports import DialplanStep

__all__ = ["Dialplan"]

_PRIORITY = re.compile(r"^(n|s|hint|\d+)\s*(?:([+-])\s*(\d+))?\s*(?:\(([^)]*)\))?$", re.IGNORECASE)
_APPLICATION = re.compile(r"^\s*([\w-]+)\s*(?:\((.*)\))?\s*$", re.DOTALL)
_NO_CONTEXTS = ("general", "globals")
# Each Stasis application has a context (res/stasis/app.c).
_AUTOMATIC = "stasis-"


@dataclass(slots=True)
class _Extension:
    steps: dict[int, DialplanStep] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Context:
    extensions: dict[str, _Extension] = field(default_factory=dict)
    plain: dict[str, _Extension] = field(default_factory=dict)  # keys are names without dashes
    patterns: list[tuple[ExtensionPattern, _Extension]] = field(default_factory=list)
    includes: list[str] = field(default_factory=list)
    hints: dict[str, str] = field(default_factory=dict)
    last: int = 0  # priority of the previous line, of any extension


class Dialplan:
    """A parsed dialplan, made by `Dialplan.parse`.

    Attributes:
        text: the extensions.conf it was parsed from.
        globals: global variables it defines.
    """

    def __init__(self, text: str, is_application: Callable[[str], bool]) -> None:
        self.text = text
        self.globals: dict[str, str] = {}
        self._is_application = is_application
        self._contexts: dict[str, _Context] = {}

    @classmethod
    def parse(
        cls, text: str, is_application: Callable[[str], bool] = lambda _name: True
    ) -> Dialplan:
        """Parse extensions.conf.

        Args:
            text: content of the file.
            is_application: whether a Stasis application is registered, and so has a context.

        Raises:
            ConfigError: invalid text, with the line and the reason.
        """
        made = cls(text, is_application)
        sections = parse(text, "extensions.conf")
        for section in sections:
            if section.name.lower() == "globals":
                for each in section.settings:
                    made.globals[each.name] = made._substituted(each.value)
        for section in sections:
            if section.name.lower() not in _NO_CONTEXTS:
                context = made._contexts.setdefault(section.name, _Context())
                _read(section, context, made._substituted)
        for context in made._contexts.values():
            context.patterns.sort(key=lambda each: each[0].order)
        return made

    def _substituted(self, text: str) -> str:
        """Return a text with the global variables defined so far substituted."""
        return substitute(text, lambda name: self.globals.get(name, ""))

    @property
    def contexts(self) -> list[str]:
        """Return the names of the contexts."""
        return list(self._contexts)

    def extensions(self, context: str) -> list[str]:
        """Return the extensions that a context defines, including patterns, without includes."""
        found = self._contexts.get(context)
        return list(found.extensions) if found else []

    def find(self, context: str, exten: str, priority: int) -> DialplanStep | None:
        """Return the application at a priority of an extension, or None."""
        if context not in self._contexts and context.startswith(_AUTOMATIC):
            return self._automatic(context.removeprefix(_AUTOMATIC), exten, priority)
        for extension in self._candidates(context, exten, set()):
            if priority in extension.steps:
                return extension.steps[priority]
        return None

    def exists(self, context: str, exten: str, priority: int = 1) -> bool:
        """Return whether an extension has a priority."""
        return self.find(context, exten, priority) is not None

    def could_grow(self, context: str, typed: str) -> bool:
        """Return whether further digits could form an extension of the context."""
        return self._grows(context, typed, set())

    def _grows(self, context: str, typed: str, seen: set[str]) -> bool:
        found = self._contexts.get(context)
        if found is None or context in seen:
            return False
        seen.add(context)
        return (
            any(len(each) > len(typed) and each.startswith(typed) for each in found.plain)
            or any(pattern.could_grow(typed) for pattern, _ in found.patterns)
            or any(self._grows(included, typed, seen) for included in found.includes)
        )

    def label(self, context: str, exten: str, label: str) -> int | None:
        """Return the priority of an extension's label, or None."""
        for extension in self._candidates(context, exten, set()):
            if label in extension.labels:
                return extension.labels[label]
        return None

    def hint(self, context: str, exten: str) -> str | None:
        """Return the device of an extension's hint, or None."""
        found = self._contexts.get(context)
        return found.hints.get(exten) if found else None

    def _automatic(self, app: str, exten: str, priority: int) -> DialplanStep | None:
        if priority != 1 or not exten or not self._is_application(app):
            return None
        return DialplanStep("NoOp", "") if exten == "h" else DialplanStep("Stasis", app)

    def _candidates(self, context: str, exten: str, seen: set[str]) -> Iterator[_Extension]:
        """Yield matching extensions: the exact one, patterns by specificity, then includes."""
        found = self._contexts.get(context)
        if found is None or context in seen:
            return
        seen.add(context)
        exten = exten.replace("-", "")  # dashes are for readability only
        if exten in found.plain:
            yield found.plain[exten]
        for pattern, extension in found.patterns:
            if pattern.matches(exten):
                yield extension
        for included in found.includes:
            yield from self._candidates(included, exten, seen)


def _read(section: Section, context: _Context, substituted: Callable[[str], str]) -> None:
    exten = ""
    for setting in section.settings:
        match setting.name.lower():
            case "exten":
                exten, comma, rest = setting.value.partition(",")
                exten = substituted(exten.strip())
                if not comma or not exten:
                    raise _wrong(setting, "exten => EXTENSION,PRIORITY,APPLICATION(DATA)")
                _add(context, exten, rest, setting)
            case "same":
                if not exten:
                    raise ConfigError(f"{setting.place}: 'same' has no 'exten' before it")
                _add(context, exten, setting.value, setting)
            case "include":
                # Times, as in ``include => night,18:00-08:00,*,*,*``, are ignored.
                context.includes.append(substituted(setting.value).partition(",")[0].strip())
            case "ignorepat" | "switch" | "eswitch" | "lswitch" | "autohints":
                pass
            case name:
                raise ConfigError(
                    f"{setting.place}: [{section.name}] accepts exten, same and include, not "
                    f"{name!r}"
                )


def _wrong(setting: Setting, form: str) -> ConfigError:
    return ConfigError(f"{setting.place}: expected {form}, not {setting.value!r}")


def _add(context: _Context, exten: str, text: str, setting: Setting) -> None:
    where, comma, what = text.partition(",")
    found = _PRIORITY.match(where.strip())
    if not comma or not found:
        raise _wrong(setting, "PRIORITY,APPLICATION(DATA), the priority a number, n or hint")
    kind, sign, by, label = found[1].lower(), found[2], found[3], found[4]
    if kind == "hint":
        context.hints[exten] = what.strip()
        return
    application = _APPLICATION.match(what)
    if not application:
        raise _wrong(setting, "an APPLICATION(DATA) after the priority")
    extension = context.extensions.get(exten)
    if extension is None:
        extension = context.extensions[exten] = _Extension()
        if is_pattern(exten):
            try:
                context.patterns.append((ExtensionPattern(exten), extension))
            except ValueError as error:
                raise ConfigError(f"{setting.place}: {error}") from None
        else:
            context.plain[exten.replace("-", "")] = extension
    if kind == "n":
        priority = context.last + 1
        if not extension.steps:
            raise _wrong(setting, "1 as an extension's first priority")
    elif kind == "s":
        priority = context.last
    else:
        priority = natural(kind)
    if by:
        priority += natural(by) if sign == "+" else -natural(by)
    if priority < 1:
        raise _wrong(setting, "a priority of 1 or more")
    context.last = priority
    extension.steps.setdefault(
        priority, DialplanStep(application[1], application[2] or "", setting.place)
    )
    if label:
        extension.labels[label.strip()] = priority
