"""Asterisk's configuration syntax: sections, templates, comments, includes.

As in ``main/config.c``: ``;`` begins a comment unless escaped, ``;--`` and ``--;`` enclose a
multi-line comment; ``[name](!)`` is a template, ``[name](template)`` begins with its settings,
``[name](+)`` extends an earlier section; ``=`` and ``=>`` are the same. A line that begins with
``#`` and includes no file is ignored with a warning.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["ConfigError", "Section", "Setting", "is_true", "parse", "read"]

log = logging.getLogger(__name__)

_SECTION = re.compile(r"^\[([^\]]*)\]\s*(?:\(([^)]*)\))?\s*(.*)$")
_DEEPEST_INCLUDE = 10


class ConfigError(Exception):
    """Invalid configuration file; the message has the file, the line and the reason."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One line ``name = value`` and its place, ``file:line``."""

    name: str
    value: str
    place: str


@dataclass(slots=True)
class Section:
    """A section and its settings in order; a name may occur more than once."""

    name: str
    place: str
    template: bool = False
    settings: list[Setting] = field(default_factory=list)

    def get(self, name: str, default: str = "") -> str:
        """Return the last value of a name, ignoring case."""
        for setting in reversed(self.settings):
            if setting.name.lower() == name:
                return setting.value
        return default

    def all(self, *names: str) -> list[Setting]:
        """Return the settings of the given names, in order."""
        return [setting for setting in self.settings if setting.name.lower() in names]


def is_true(value: str) -> bool:
    """Return whether Asterisk treats a word as true."""
    return value.strip().lower() in ("yes", "true", "y", "t", "1", "on")


def read(path: Path) -> list[Section]:
    """Return the sections of a file with templates applied; empty if there is no file.

    Raises:
        ConfigError: invalid or unreadable file.
    """
    if not path.exists():
        return []
    return parse(_text(path), path.name, path.parent)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise ConfigError(f"{path.name}: cannot be read: {error.strerror}") from None


def parse(text: str, name: str, folder: Path | None = None) -> list[Section]:
    """Parse the sections of a text.

    Args:
        text: content of a configuration file.
        name: file name, for messages.
        folder: folder of included files; None: no includes allowed.

    Raises:
        ConfigError: invalid text, with file, line and reason.
    """
    sections: list[Section] = []
    by_name: dict[str, Section] = {}
    current: Section | None = None
    for place, line in _lines(text, name, folder, 0):
        if line.startswith("["):
            found = _SECTION.match(line)
            if found is None:
                raise ConfigError(f"{place}: section without ']': {line}")
            current = _open(found[1].strip(), found[2] or "", place, sections, by_name)
            continue
        if "=" not in line:
            raise ConfigError(f"{place}: expected [section] or 'name = value': {line}")
        if current is None:
            raise ConfigError(f"{place}: setting before the first [section]: {line}")
        key, _, value = line.partition("=")
        current.settings.append(Setting(key.strip(), value.removeprefix(">").strip(), place))
    return [section for section in sections if not section.template]


def _open(
    name: str, options: str, place: str, sections: list[Section], by_name: dict[str, Section]
) -> Section:
    words = [word.strip() for word in options.split(",") if word.strip()]
    if "+" in words:
        if name not in by_name:
            raise ConfigError(f"{place}: [{name}](+): no earlier section [{name}]")
        return by_name[name]
    section = Section(name, place, "!" in words)
    for word in words:
        if word == "!":
            continue
        if word not in by_name:
            raise ConfigError(f"{place}: [{name}]: no template {word!r}")
        section.settings += by_name[word].settings
    sections.append(section)
    by_name[name] = section
    return section


def _lines(text: str, name: str, folder: Path | None, depth: int) -> Iterator[tuple[str, str]]:
    """Yield the lines with content, without comments, and their places."""
    inside = 0
    for number, raw in enumerate(text.splitlines(), 1):
        line, inside = _without_comment(raw, inside)
        line = line.strip()
        if not line:
            continue
        place = f"{name}:{number}"
        if line.startswith("#"):
            yield from _directive(line, place, folder, depth)
        else:
            yield place, line
    if inside:
        raise ConfigError(f"{name}: comment ;-- without --;")


def _without_comment(raw: str, inside: int) -> tuple[str, int]:
    if ";" not in raw:
        return "" if inside else raw, inside
    kept: list[str] = []
    at = 0
    while at < len(raw):
        if inside:
            end = raw.find("--;", at)
            if end < 0:
                return "".join(kept), inside
            inside, at = 0, end + 3
        elif raw.startswith("\\;", at):
            kept.append(";")
            at += 2
        elif raw.startswith(";--", at) and not raw.startswith(";---", at):
            inside, at = 1, at + 3
        elif raw[at] == ";":
            break
        else:
            kept.append(raw[at])
            at += 1
    return "".join(kept), inside


def _directive(line: str, place: str, folder: Path | None, depth: int) -> Iterator[tuple[str, str]]:
    word, _, argument = line[1:].partition(" ")
    wanted = argument.strip().strip('"<>')
    if word not in ("include", "tryinclude"):  # #exec would run programs
        log.warning("%s: unknown directive ignored: %s", place, line)
        return
    path = (folder / wanted).resolve() if folder else None
    if path is None or folder is None or folder.resolve() not in path.parents:
        raise ConfigError(f"{place}: only files in the same folder can be included, not {wanted}")
    if not path.exists():
        if word == "tryinclude":
            return
        raise ConfigError(f"{place}: included file not found: {wanted}")
    if depth >= _DEEPEST_INCLUDE:
        raise ConfigError(f"{place}: files include each other")
    yield from _lines(_text(path), path.name, folder, depth + 1)
